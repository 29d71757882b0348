-- The reserved names first, as they hold for many.
SELECT r.tenant_id, r.keep_days, r.framework, r.reason, r.updated_at, r.updated_by
FROM {{schema}}.audit_retention AS r
ORDER BY r.tenant_id NOT LIKE '\_%', r.tenant_id
