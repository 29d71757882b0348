-- read_export_extent
-- Every log of a tenant with its size, what retention has removed of it, and what
-- read_export_head says of its last commit, oldest first: one index lookup per log, however many commits it has.
WITH RECURSIVE heads AS (
    (SELECT c.epoch, c.size, c.root, c.recorded_at FROM {{schema}}.audit_commits AS c WHERE c.tenant_id = $1::text ORDER BY c.epoch DESC, c.size DESC LIMIT 1)
    UNION ALL
    SELECT older.epoch, older.size, older.root, older.recorded_at
    FROM heads CROSS JOIN LATERAL (
        SELECT c.epoch, c.size, c.root, c.recorded_at FROM {{schema}}.audit_commits AS c
        WHERE c.tenant_id = $1::text AND c.epoch < heads.epoch
        ORDER BY c.epoch DESC, c.size DESC
        LIMIT 1
    ) AS older
)
SELECT heads.epoch, heads.size,
    coalesce((SELECT max(p.size) FROM {{schema}}.audit_prunes AS p WHERE p.tenant_id = $1::text AND p.epoch = heads.epoch), 0),
    coalesce(pg_catalog.encode(heads.root, 'hex'), pg_catalog.to_char(heads.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'))
FROM heads
ORDER BY heads.epoch
