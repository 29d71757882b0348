-- Gone with the transaction, all of it. remote_apply promises more than on.
SELECT pg_catalog.set_config('audit.actor', $1, true), pg_catalog.set_config('audit.os_user', $2, true),
    pg_catalog.set_config('statement_timeout', $3, true),
    pg_catalog.set_config('synchronous_commit',
        CASE pg_catalog.current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, true)
