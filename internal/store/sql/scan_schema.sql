-- What the tables of the log are, one row each, and what guards their rows, one
-- row per policy. Expressions are deparsed with an empty search path, so that
-- every name has its schema; that of the log is cut off.
WITH tables AS (
    SELECT c.oid, c.relname, c.relkind, c.relrowsecurity, c.relforcerowsecurity, '' AS part_of
    FROM pg_catalog.pg_class AS c
    WHERE c.relnamespace = pg_catalog.to_regnamespace($1::text)
        AND c.relname IN ('audit_events', 'audit_event_ids', 'audit_commits', 'audit_epochs', 'audit_prunes', 'audit_pruned_leaves')
    UNION ALL
    SELECT c.oid, c.relname, c.relkind, c.relrowsecurity, c.relforcerowsecurity, parent.relname
    FROM pg_catalog.pg_inherits AS i
    JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
    JOIN pg_catalog.pg_class AS parent ON parent.oid = i.inhparent
    WHERE parent.relnamespace = pg_catalog.to_regnamespace($1::text)
        AND parent.relname IN ('audit_events', 'audit_event_ids', 'audit_commits', 'audit_epochs', 'audit_prunes', 'audit_pruned_leaves')
)
SELECT
    'table', t.relname::text, t.part_of::text, t.relkind::text,
    CASE WHEN t.relrowsecurity THEN 'enabled' ELSE '' END || CASE WHEN t.relforcerowsecurity THEN ' forced' ELSE '' END,
    coalesce((
        SELECT pg_catalog.string_agg(r.rulename::text, ', ' ORDER BY r.rulename)
        FROM pg_catalog.pg_rewrite AS r
        WHERE r.ev_class = t.oid
    ), ''),
    coalesce((
        SELECT pg_catalog.string_agg(a.attname::text, ', ' ORDER BY k.n)
        FROM pg_catalog.pg_index AS x
        CROSS JOIN LATERAL pg_catalog.unnest(x.indkey::int2[]) WITH ORDINALITY AS k (attnum, n)
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = x.indrelid AND a.attnum = k.attnum
        WHERE x.indrelid = t.oid AND x.indisprimary AND x.indisunique AND x.indisvalid AND x.indislive AND x.indpred IS NULL
    ), '')
FROM tables AS t
UNION ALL
SELECT
    'policy', t.relname::text, p.polname::text, p.polcmd::text || CASE WHEN p.polpermissive THEN '' ELSE ' restrictive' END,
    coalesce((
        SELECT pg_catalog.string_agg(CASE granted.role WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(granted.role)::text END, ', ' ORDER BY granted.role)
        FROM pg_catalog.unnest(p.polroles) AS granted (role)
    ), ''),
    pg_catalog.replace(coalesce(pg_catalog.pg_get_expr(p.polqual, p.polrelid), ''), own.functions, ''),
    pg_catalog.replace(coalesce(pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid), ''), own.functions, '')
FROM tables AS t
JOIN pg_catalog.pg_policy AS p ON p.polrelid = t.oid
CROSS JOIN (SELECT pg_catalog.quote_ident(n.nspname) || '.' AS functions FROM pg_catalog.pg_namespace AS n WHERE n.oid = pg_catalog.to_regnamespace($1::text)) AS own
ORDER BY 1, 2, 3
