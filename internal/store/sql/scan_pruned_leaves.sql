SELECT l.seq, l.recorded_at, l.leaf_hash
FROM {{schema}}.audit_pruned_leaves AS l
WHERE l.tenant_id = $1::text AND l.epoch = $2::int4 AND l.seq > $3::int8
ORDER BY l.seq
LIMIT $4::int4
