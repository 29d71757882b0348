-- Tenants that have identities, one by one behind the last.
WITH RECURSIVE tenants (tenant_id, n) AS (
    (
        SELECT i.tenant_id, 1
        FROM {{schema}}.audit_event_ids AS i
        WHERE i.tenant_id > $1::text
        ORDER BY i.tenant_id
        LIMIT 1
    )
    UNION ALL
    SELECT next.tenant_id, tenants.n + 1
    FROM tenants
    CROSS JOIN LATERAL (
        SELECT i.tenant_id
        FROM {{schema}}.audit_event_ids AS i
        WHERE i.tenant_id > tenants.tenant_id
        ORDER BY i.tenant_id
        LIMIT 1
    ) AS next
    WHERE tenants.n < $2::int4
)
SELECT tenants.tenant_id FROM tenants
