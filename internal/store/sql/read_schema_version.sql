-- The last migration, and whether this login may ask what it is bound to: the roles
-- that row-level security does not bind may not.
SELECT {{schema}}.audit_schema_version(),
    coalesce(pg_catalog.has_function_privilege(pg_catalog.to_regprocedure('{{schema}}.audit_login_admits(text)')::oid, 'EXECUTE'), false)
