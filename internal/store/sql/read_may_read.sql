-- Whether the login may read events, or at least say what a prune would remove.
SELECT
    current_user::text,
    pg_catalog.has_table_privilege('{{schema}}.audit_events', 'SELECT')
        OR pg_catalog.has_function_privilege('{{schema}}.audit_prune_plan(text, bigint, integer)', 'EXECUTE')
