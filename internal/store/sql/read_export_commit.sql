-- read_export_commit
-- The commit that a seq is in: its first seq, its size, and when it was made.
SELECT c.prev_size, c.size, c.recorded_at
FROM {{schema}}.audit_commits AS c
WHERE c.tenant_id = $1::text AND c.epoch = $2::int4 AND c.size > $3::int8
ORDER BY c.size
LIMIT 1
