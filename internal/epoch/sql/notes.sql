-- The newest signatures of a tenant, in any epoch.
SELECT note FROM {{schema}}.audit_commits WHERE tenant_id = $1 AND note IS NOT NULL ORDER BY epoch DESC, size DESC LIMIT 100
