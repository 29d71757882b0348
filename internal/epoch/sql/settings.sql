-- What the answer to COMMIT must mean, whatever the role or a pooler has set.
SELECT
    pg_catalog.set_config('synchronous_commit',
        CASE pg_catalog.current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, true),
    pg_catalog.set_config('lock_timeout', '15s', true),
    pg_catalog.set_config('statement_timeout', '60s', true)
