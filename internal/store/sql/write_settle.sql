-- Where a synchronous standby is configured, a COMMIT that wrote nothing does not
-- wait for it, whatever it read: one that wrote this does, and so for everything
-- that was committed before. Elsewhere it writes nothing.
SELECT pg_catalog.pg_logical_emit_message(true, 'otelaudit', '')
WHERE pg_catalog.current_setting('synchronous_standby_names') <> ''
