-- This month and the ones ahead by the server's clock, which is returned.
SELECT
    pg_catalog.clock_timestamp(),
    {{schema}}.audit_ensure_month(
        (pg_catalog.date_trunc('month', pg_catalog.clock_timestamp() AT TIME ZONE 'UTC') + ahead * interval '1 month') AT TIME ZONE 'UTC')
FROM pg_catalog.generate_series(0, $1::int4) AS ahead
ORDER BY ahead
