SELECT c.size, c.prev_size, c.recorded_at, c.root, c.frontier, c.note
FROM {{schema}}.audit_commits AS c
WHERE c.tenant_id = $1::text AND c.epoch = $2::int4 AND c.size >= $3::int8 AND c.size <= $4::int8
ORDER BY c.size
LIMIT $5::int4
