-- The lock under which a tenant's log grows, the same that writers take.
SELECT pg_catalog.pg_advisory_xact_lock($1::int4, $2::int4)
