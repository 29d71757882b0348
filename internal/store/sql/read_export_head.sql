-- read_export_head
-- What tells the commit that ends with a size from one of another log: the root,
-- or when it was made, where none is stored.
SELECT coalesce(pg_catalog.encode(c.root, 'hex'), pg_catalog.to_char(c.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'))
FROM {{schema}}.audit_commits AS c
WHERE c.tenant_id = $1::text AND c.epoch = $2::int4 AND c.size = $3::int8
