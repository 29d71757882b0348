-- A client that stalls in mid-COPY keeps its locks: statement_timeout and
-- pg_cancel_backend have no effect on it, pg_terminate_backend has.
SELECT pg_catalog.pg_terminate_backend(a.pid)
FROM pg_catalog.pg_stat_activity AS a
WHERE a.pid IN (
        SELECT l.pid
        FROM pg_catalog.pg_locks AS l
        WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
            AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
            AND l.classid = $1::int8::oid AND l.objid = ANY ($2::int8[]::oid[])
    )
    AND a.pid <> pg_catalog.pg_backend_pid()
    AND a.usename = current_user
    AND a.wait_event_type = 'Client' AND a.wait_event = 'ClientRead'
    AND (a.query ILIKE 'copy %' OR a.state LIKE 'idle in transaction%')
    AND pg_catalog.clock_timestamp() - greatest(a.query_start, a.state_change) > $3 * interval '1 millisecond'
