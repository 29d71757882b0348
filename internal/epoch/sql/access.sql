-- Whether the tables are there and this login may write them. Under row-level
-- security a login that may only read would see no log at all.
SELECT
    pg_catalog.to_regclass('{{schema}}.audit_epochs') IS NOT NULL,
    coalesce(pg_catalog.has_table_privilege(pg_catalog.to_regclass('{{schema}}.audit_epochs'), 'INSERT'), false),
    session_user::text
