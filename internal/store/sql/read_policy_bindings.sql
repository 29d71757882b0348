-- The logins that read some tenants only, with the name they have now: null for
-- one that is gone.
SELECT b.login::text, (SELECT r.rolname::text FROM pg_catalog.pg_roles AS r WHERE r.oid = b.login_oid), pg_catalog.array_agg(b.tenant_id ORDER BY b.tenant_id)
FROM {{schema}}.audit_login_tenants AS b
GROUP BY b.login, b.login_oid
ORDER BY 1
