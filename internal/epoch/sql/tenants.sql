-- Every tenant that has a log. One index probe per tenant: a DISTINCT would read
-- a row per transaction there ever was.
WITH RECURSIVE committed AS (
    (SELECT tenant_id FROM {{schema}}.audit_commits ORDER BY tenant_id LIMIT 1)
    UNION ALL
    SELECT (SELECT c.tenant_id FROM {{schema}}.audit_commits AS c WHERE c.tenant_id > committed.tenant_id ORDER BY c.tenant_id LIMIT 1)
    FROM committed WHERE committed.tenant_id IS NOT NULL
)
SELECT tenant_id FROM committed WHERE tenant_id IS NOT NULL
UNION
SELECT tenant_id FROM {{schema}}.audit_epochs
ORDER BY tenant_id
