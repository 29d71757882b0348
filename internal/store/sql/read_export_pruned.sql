-- read_export_pruned
-- What retention has removed of a log by now: everything below a seq.
SELECT coalesce(max(p.size), 0)
FROM {{schema}}.audit_prunes AS p
WHERE p.tenant_id = $1::text AND p.epoch = $2::int4
