-- The program puts the name of each table with tenant and epoch in this place.
-- The epochs of one tenant. A condition on the tenant, because row-level
-- security alone would walk over all the others.
WITH RECURSIVE logs (tenant_id, epoch) AS (
    (
        SELECT t.tenant_id, t.epoch
        FROM {{schema}}.audit_commits AS t
        WHERE t.tenant_id = $1::text
        ORDER BY t.epoch
        LIMIT 1
    )
    UNION ALL
    SELECT logs.tenant_id, next.epoch
    FROM logs
    CROSS JOIN LATERAL (
        SELECT t.epoch
        FROM {{schema}}.audit_commits AS t
        WHERE t.tenant_id = $1::text AND t.epoch > logs.epoch
        ORDER BY t.epoch
        LIMIT 1
    ) AS next
)
SELECT logs.tenant_id, logs.epoch FROM logs
