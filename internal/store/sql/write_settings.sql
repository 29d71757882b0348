SELECT
    -- A role or database with synchronous_commit off lost acknowledged rows; only
    -- remote_apply promises more than on.
    pg_catalog.set_config('synchronous_commit',
        CASE pg_catalog.current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, true),
    pg_catalog.set_config('lock_timeout', $1, true),
    pg_catalog.set_config('statement_timeout', $2, true),
    pg_catalog.set_config('idle_in_transaction_session_timeout', $3, true),
    pg_catalog.set_config('tcp_user_timeout', $3, true),
    pg_catalog.set_config('client_encoding', 'UTF8', true),
    -- A commit that did not wait for its synchronous standby says so in a warning,
    -- which a role can have set not to be sent.
    pg_catalog.set_config('client_min_messages', 'warning', true),
    -- Plans are kept per connection. One made while a table was empty must not
    -- read all of it once it is full.
    pg_catalog.set_config('plan_cache_mode', 'force_generic_plan', true),
    pg_catalog.set_config('enable_seqscan', 'off', true),
    pg_catalog.set_config('enable_bitmapscan', 'off', true)
