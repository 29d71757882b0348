-- Without EXECUTE, asking the function itself would be an error; without the
-- schema, its name would not resolve.
SELECT
    current_user::text,
    f.oid IS NOT NULL,
    coalesce(pg_catalog.has_function_privilege(f.oid, 'EXECUTE'), false)
FROM (SELECT pg_catalog.to_regprocedure('{{schema}}.audit_schema_version()')::oid AS oid) AS f
