-- Any login can take the lock, so it is said who has.
SELECT l.pid, coalesce(pg_catalog.pg_get_userbyid(a.usesysid), '')::text FROM pg_catalog.pg_locks AS l
LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
    AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
    AND (l.classid::bigint << 32) | l.objid::bigint = 7021894403517551620
