-- The newest commit of every log, where it is younger than $1. One index probe
-- per tenant: a DISTINCT would read a row per transaction there ever was.
WITH RECURSIVE logs AS (
    (SELECT tenant_id FROM {{schema}}.audit_commits ORDER BY tenant_id LIMIT 1)
    UNION ALL
    SELECT (SELECT c.tenant_id FROM {{schema}}.audit_commits AS c WHERE c.tenant_id > logs.tenant_id ORDER BY c.tenant_id LIMIT 1)
    FROM logs WHERE logs.tenant_id IS NOT NULL
)
SELECT head.tenant_id, head.recorded_at, head.note
FROM logs
CROSS JOIN LATERAL (
    SELECT c.tenant_id, c.recorded_at, c.note FROM {{schema}}.audit_commits AS c
    WHERE c.tenant_id = logs.tenant_id ORDER BY c.epoch DESC, c.size DESC LIMIT 1
) AS head
WHERE head.recorded_at > $1 AND head.note IS NOT NULL
ORDER BY head.recorded_at DESC
