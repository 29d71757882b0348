-- The leaves of ranges of seq, in no order, with those of events that were
-- removed one by one: 8 bytes of seq and 32 of leaf each. A row per range and
-- not per leaf, whose protocol would cost more than the leaf.
SELECT wanted.ord, found.leaves
FROM unnest($3::int8[], $4::int8[]) WITH ORDINALITY AS wanted (low, high, ord)
CROSS JOIN LATERAL (
    SELECT pg_catalog.string_agg(pg_catalog.int8send(leaf.seq) || leaf.leaf_hash, '\x'::bytea) AS leaves
    FROM (
        SELECT e.seq, e.leaf_hash
        FROM {{schema}}.audit_events AS e
        WHERE e.tenant_id = $1::text AND e.epoch = $2::int4 AND e.seq >= wanted.low AND e.seq < wanted.high
        UNION ALL
        SELECT l.seq, l.leaf_hash
        FROM {{schema}}.audit_pruned_leaves AS l
        WHERE l.tenant_id = $1::text AND l.epoch = $2::int4 AND l.seq >= wanted.low AND l.seq < wanted.high
    ) AS leaf
) AS found
