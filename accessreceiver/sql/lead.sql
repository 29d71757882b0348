-- Once per session: a lock that is held already is not taken again, so that it
-- goes with the session. Behind a pooler in transaction mode the session is
-- another each time; whoever does not lead passes on later, and no less.
SELECT EXISTS (
        SELECT FROM pg_catalog.pg_locks AS l
        WHERE l.locktype = 'advisory' AND l.pid = pg_catalog.pg_backend_pid() AND l.granted
            AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
            AND l.classid = 1635083369 AND l.objid::bigint = '{{schema}}'::regnamespace::oid::bigint AND l.objsubid = 2)
    OR pg_catalog.pg_try_advisory_lock(1635083369, '{{schema}}'::regnamespace::oid::integer)
