-- read_export_extent
-- Every log of a tenant with its size and what retention has removed of it,
-- oldest first: one index lookup per log, however many commits it has.
WITH RECURSIVE heads AS (
    (SELECT c.epoch, c.size FROM {{schema}}.audit_commits AS c WHERE c.tenant_id = $1::text ORDER BY c.epoch DESC, c.size DESC LIMIT 1)
    UNION ALL
    SELECT older.epoch, older.size
    FROM heads CROSS JOIN LATERAL (
        SELECT c.epoch, c.size FROM {{schema}}.audit_commits AS c
        WHERE c.tenant_id = $1::text AND c.epoch < heads.epoch
        ORDER BY c.epoch DESC, c.size DESC
        LIMIT 1
    ) AS older
)
SELECT heads.epoch, heads.size,
    coalesce((SELECT max(p.size) FROM {{schema}}.audit_prunes AS p WHERE p.tenant_id = $1::text AND p.epoch = heads.epoch), 0)
FROM heads
ORDER BY heads.epoch
