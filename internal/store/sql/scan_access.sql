-- Which rows this login sees: those of every tenant, of the one it names, or
-- none at all, as the owner does under row-level security without a policy.
SELECT
    current_user::text,
    coalesce(pg_catalog.has_table_privilege(t.events, 'SELECT') AND pg_catalog.has_table_privilege(t.commits, 'SELECT')
        AND pg_catalog.has_table_privilege(t.epochs, 'SELECT') AND pg_catalog.has_table_privilege(t.prunes, 'SELECT'), false)
        AND (NOT pg_catalog.row_security_active(t.events) OR policies.some),
    NOT pg_catalog.row_security_active(t.events) OR policies.everything,
    coalesce(pg_catalog.has_table_privilege(t.ids, 'SELECT'), false)
FROM (
    SELECT
        pg_catalog.to_regclass('{{schema}}.audit_events')::oid AS events,
        pg_catalog.to_regclass('{{schema}}.audit_commits')::oid AS commits,
        pg_catalog.to_regclass('{{schema}}.audit_epochs')::oid AS epochs,
        pg_catalog.to_regclass('{{schema}}.audit_prunes')::oid AS prunes,
        pg_catalog.to_regclass('{{schema}}.audit_event_ids')::oid AS ids
) AS t
CROSS JOIN LATERAL (
    SELECT
        count(*) > 0 AS some,
        coalesce(pg_catalog.bool_or(pg_catalog.pg_get_expr(p.polqual, p.polrelid) = 'true'), false) AS everything
    FROM pg_catalog.pg_policy AS p CROSS JOIN LATERAL pg_catalog.unnest(p.polroles) AS granted (role)
    WHERE p.polrelid = t.events AND p.polpermissive AND p.polcmd IN ('r', '*')
        AND CASE granted.role WHEN 0 THEN true ELSE pg_catalog.pg_has_role(granted.role, 'USAGE') END
) AS policies
