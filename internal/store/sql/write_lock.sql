-- Sorted by key: sorted by tenant name, two writers deadlock.
SELECT pg_catalog.pg_advisory_xact_lock($1::int4, k) FROM unnest($2::int4[]) AS k ORDER BY k
