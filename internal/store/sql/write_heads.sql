-- One row per tenant asked for, in that order, with the server's clock as it is
-- after the locks were taken (never now(): a transaction that began first and
-- got the lock last would go back in time).
SELECT
    pg_catalog.clock_timestamp(),
    head.epoch,
    head.size,
    head.recorded_at,
    CASE WHEN $2::bool THEN head.root END,
    CASE WHEN $2::bool THEN head.frontier END,
    CASE WHEN $2::bool THEN head.note END
FROM unnest($1::text[]) WITH ORDINALITY AS wanted (tenant_id, ord)
LEFT JOIN LATERAL (
    SELECT c.epoch, c.size, c.recorded_at, c.root, c.frontier, c.note
    FROM {{schema}}.audit_commits AS c
    WHERE c.tenant_id = wanted.tenant_id
    ORDER BY c.epoch DESC, c.size DESC
    LIMIT 1
) AS head ON true
ORDER BY wanted.ord
