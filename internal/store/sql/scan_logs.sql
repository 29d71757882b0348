-- The program puts the name of each table with tenant and epoch in this place.
-- A loose scan: the next tenant and epoch behind the last one, as often as a
-- page has rows. DISTINCT would read every row of the table.
WITH RECURSIVE logs (tenant_id, epoch, n) AS (
    (
        SELECT t.tenant_id, t.epoch, 1
        FROM {{schema}}.audit_commits AS t
        WHERE (t.tenant_id, t.epoch) > ($1::text, $2::int4)
        ORDER BY t.tenant_id, t.epoch
        LIMIT 1
    )
    UNION ALL
    SELECT next.tenant_id, next.epoch, logs.n + 1
    FROM logs
    CROSS JOIN LATERAL (
        SELECT t.tenant_id, t.epoch
        FROM {{schema}}.audit_commits AS t
        WHERE (t.tenant_id, t.epoch) > (logs.tenant_id, logs.epoch)
        ORDER BY t.tenant_id, t.epoch
        LIMIT 1
    ) AS next
    WHERE logs.n < $3::int4
)
SELECT logs.tenant_id, logs.epoch FROM logs
