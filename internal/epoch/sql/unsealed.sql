-- Every tenant whose newest commit carries no signature and ends no epoch. Two
-- index probes per tenant.
WITH RECURSIVE committed AS (
    (SELECT tenant_id FROM {{schema}}.audit_commits ORDER BY tenant_id LIMIT 1)
    UNION ALL
    SELECT (SELECT c.tenant_id FROM {{schema}}.audit_commits AS c WHERE c.tenant_id > committed.tenant_id ORDER BY c.tenant_id LIMIT 1)
    FROM committed WHERE committed.tenant_id IS NOT NULL
)
SELECT h.tenant_id
FROM committed
CROSS JOIN LATERAL (
    SELECT c.tenant_id, c.epoch, c.note FROM {{schema}}.audit_commits AS c
    WHERE c.tenant_id = committed.tenant_id ORDER BY c.epoch DESC, c.size DESC LIMIT 1
) AS h
WHERE coalesce(h.note, '') = ''
    AND NOT EXISTS (SELECT FROM {{schema}}.audit_epochs AS e WHERE e.tenant_id = h.tenant_id AND e.epoch > h.epoch)
ORDER BY h.tenant_id
