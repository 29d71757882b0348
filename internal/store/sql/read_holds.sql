-- The first row says whether this login sees the holds of every tenant; the
-- others are the holds that are not released.
SELECT
    NULL::text AS tenant_id, NULL::timestamptz AS since, NULL::timestamptz AS until,
    coalesce(pg_catalog.has_table_privilege(t.holds, 'SELECT'), false)
    AND (NOT pg_catalog.row_security_active(t.holds) OR EXISTS (
        SELECT FROM pg_catalog.pg_policy AS p CROSS JOIN LATERAL pg_catalog.unnest(p.polroles) AS granted (role)
        WHERE p.polrelid = t.holds AND p.polpermissive AND p.polcmd IN ('r', '*')
            AND pg_catalog.pg_get_expr(p.polqual, p.polrelid) = 'true'
            AND CASE granted.role WHEN 0 THEN true ELSE pg_catalog.pg_has_role(granted.role, 'USAGE') END
    )) AS complete
FROM (SELECT pg_catalog.to_regclass('{{schema}}.audit_legal_holds')::oid AS holds) AS t
UNION ALL
SELECT h.tenant_id, h.since, h.until, true
FROM {{schema}}.audit_legal_holds AS h
WHERE h.released_at IS NULL
