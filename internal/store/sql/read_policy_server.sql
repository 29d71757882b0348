SELECT pg_catalog.current_setting('server_version'), {{schema}}.audit_schema_version(), session_user::text,
    coalesce((SELECT s.ssl FROM pg_catalog.pg_stat_ssl AS s WHERE s.pid = pg_catalog.pg_backend_pid()), false)
