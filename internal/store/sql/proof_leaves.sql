-- The leaves of ranges of seq, in their order, with those of events that were
-- removed one by one.
SELECT wanted.ord, leaf.seq, leaf.leaf_hash
FROM unnest($3::int8[], $4::int8[]) WITH ORDINALITY AS wanted (low, high, ord)
CROSS JOIN LATERAL (
    SELECT e.seq, e.leaf_hash
    FROM {{schema}}.audit_events AS e
    WHERE e.tenant_id = $1::text AND e.epoch = $2::int4 AND e.seq >= wanted.low AND e.seq < wanted.high
    UNION ALL
    SELECT l.seq, l.leaf_hash
    FROM {{schema}}.audit_pruned_leaves AS l
    WHERE l.tenant_id = $1::text AND l.epoch = $2::int4 AND l.seq >= wanted.low AND l.seq < wanted.high
) AS leaf
