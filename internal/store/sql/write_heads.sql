-- One row per tenant asked for, in that order, with the server's clock as it is
-- after the locks were taken (never now(): a transaction that began first and
-- got the lock last would go back in time).
SELECT
    pg_catalog.clock_timestamp(),
    coalesce(opened.epoch, newest.epoch),
    CASE WHEN opened.epoch IS NULL THEN newest.size ELSE 0 END,
    CASE WHEN opened.epoch IS NULL THEN newest.prev_size ELSE 0 END,
    coalesce(opened.recorded_at, newest.recorded_at),
    opened.epoch IS NOT NULL OR newest.note IS NOT NULL,
    CASE WHEN $2::bool AND opened.epoch IS NULL THEN newest.root END,
    CASE WHEN $2::bool AND opened.epoch IS NULL THEN newest.frontier END,
    CASE WHEN $2::bool AND opened.epoch IS NULL THEN newest.note END,
    CASE WHEN $2::bool THEN opened.note END,
    -- What the sealer knows of is still there, or was given up in a statement.
    -- Nothing is looked up where the head is exactly that.
    CASE WHEN wanted.known_size > 0
        AND (opened.epoch IS NOT NULL OR newest.epoch IS DISTINCT FROM wanted.known_epoch OR newest.size IS DISTINCT FROM wanted.known_size)
        THEN (SELECT c.root FROM {{schema}}.audit_commits AS c
            WHERE c.tenant_id = wanted.tenant_id AND c.epoch = wanted.known_epoch AND c.size = wanted.known_size)
    END,
    CASE WHEN wanted.known_size > 0 AND coalesce(opened.epoch, newest.epoch) > wanted.known_epoch
        THEN (SELECT e.note FROM {{schema}}.audit_epochs AS e
            WHERE e.tenant_id = wanted.tenant_id AND e.epoch > wanted.known_epoch ORDER BY e.epoch LIMIT 1)
    END
FROM unnest($1::text[], $3::int4[], $4::int8[]) WITH ORDINALITY AS wanted (tenant_id, known_epoch, known_size, ord)
LEFT JOIN LATERAL (
    SELECT c.epoch, c.size, c.prev_size, c.recorded_at, c.root, c.frontier, c.note
    FROM {{schema}}.audit_commits AS c
    WHERE c.tenant_id = wanted.tenant_id
    ORDER BY c.epoch DESC, c.size DESC
    LIMIT 1
) AS newest ON true
-- An epoch that was opened and has no commit yet.
LEFT JOIN LATERAL (
    SELECT e.epoch, e.recorded_at, e.note
    FROM {{schema}}.audit_epochs AS e
    WHERE e.tenant_id = wanted.tenant_id AND e.epoch > coalesce(newest.epoch, 0)
    ORDER BY e.epoch DESC
    LIMIT 1
) AS opened ON true
ORDER BY wanted.ord
