-- A standby has its primary's: of the cluster, the database and the login.
SELECT pg_catalog.concat_ws(' ', s.system_identifier, d.oid, session_user::text)
FROM pg_catalog.pg_control_system() AS s, pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()
