-- Held until the transaction ends, however: also when the program is killed. It
-- waits for nothing meanwhile and holds back no vacuum.
SELECT pg_catalog.pg_try_advisory_xact_lock(7021894403517551620), pg_catalog.clock_timestamp(),
    pg_catalog.has_function_privilege('{{schema}}.audit_prune_batch(text, integer, bigint, integer, timestamptz, text)', 'EXECUTE'),
    session_user::text,
    pg_catalog.set_config('idle_in_transaction_session_timeout', '0', true)
