-- Columns and constraints of the tables of the log, and between which times a
-- partition's rows are: the planner believes all of them and looks at no row
-- that they exclude. The session writes times in UTC.
WITH tables AS (
    SELECT c.oid, c.relname, c.relkind, c.relpartbound, '' AS part_of
    FROM pg_catalog.pg_class AS c
    WHERE c.relnamespace = pg_catalog.to_regnamespace($1::text)
        AND c.relname IN ('audit_events', 'audit_event_ids', 'audit_commits', 'audit_epochs', 'audit_prunes', 'audit_pruned_leaves')
    UNION ALL
    SELECT c.oid, c.relname, c.relkind, c.relpartbound, parent.relname
    FROM pg_catalog.pg_inherits AS i
    JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
    JOIN pg_catalog.pg_class AS parent ON parent.oid = i.inhparent
    WHERE parent.relnamespace = pg_catalog.to_regnamespace($1::text) AND parent.relname = 'audit_events'
)
SELECT
    'column', t.relname::text, t.part_of::text, a.attname::text,
    pg_catalog.format_type(a.atttypid, a.atttypmod) || coalesce(' ' || l.collname, '') || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
FROM tables AS t
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.oid
LEFT JOIN pg_catalog.pg_collation AS l ON l.oid = a.attcollation AND l.collname <> 'default'
WHERE a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT
    'constraint', t.relname::text, t.part_of::text, CASE k.contype WHEN 'p' THEN 'primary key' ELSE k.conname::text END,
    pg_catalog.pg_get_constraintdef(k.oid) || CASE WHEN k.convalidated THEN '' ELSE ' NOT VALID' END
FROM tables AS t
JOIN pg_catalog.pg_constraint AS k ON k.conrelid = t.oid
-- NOT NULL stands at the columns, and is a constraint, too, since PostgreSQL 18.
WHERE k.contype NOT IN ('n', 't')
UNION ALL
SELECT
    'bounds', t.relname::text, t.part_of::text, t.oid::text,
    coalesce(CASE t.relkind WHEN 'p' THEN pg_catalog.pg_get_partkeydef(t.oid) ELSE pg_catalog.pg_get_expr(t.relpartbound, t.oid) END, '')
FROM tables AS t
WHERE t.relname = 'audit_events' OR t.part_of <> ''
