-- read_tenant.sql, and whether this login may see the tenant: row-level security has
-- none of its rows in place of an error, and so has a tenant that has none.
SELECT session_user::text, {{schema}}.audit_login_admits($1),
    pg_catalog.set_config('audit.tenant', $1, true), pg_catalog.set_config('statement_timeout', $2, true),
    pg_catalog.set_config('plan_cache_mode', 'force_custom_plan', true), pg_catalog.set_config('jit', 'off', true)
