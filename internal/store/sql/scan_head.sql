SELECT c.size
FROM {{schema}}.audit_commits AS c
WHERE c.tenant_id = $1::text AND c.epoch = $2::int4
ORDER BY c.size DESC
LIMIT 1
