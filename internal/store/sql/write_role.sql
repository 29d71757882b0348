SELECT
    r.rolname::text,
    r.rolsuper,
    r.rolbypassrls,
    coalesce((SELECT pg_catalog.pg_has_role(c.relowner, 'MEMBER') FROM pg_catalog.pg_class AS c
        WHERE c.oid = pg_catalog.to_regclass('{{schema}}.audit_events')), false),
    pg_catalog.to_regprocedure('{{schema}}.audit_ensure_month(timestamptz)') IS NOT NULL
        AND pg_catalog.to_regclass('{{schema}}.audit_commits') IS NOT NULL,
    coalesce(pg_catalog.has_table_privilege(pg_catalog.to_regclass('{{schema}}.audit_commits'), 'INSERT'), false),
    pg_catalog.pg_is_in_recovery(),
    pg_catalog.pg_backend_pid()
FROM pg_catalog.pg_roles AS r
WHERE r.rolname = current_user
