-- A record that was sent again and went to quarantine again: the bytes as they
-- were sent, or the conflict that became of them.
SELECT
    q.id, q.received_at, q.tenant_id, q.event_id, q.action, q.reason, q.sqlstate, q.detail, q.sha256,
    q.resolved_at, q.resolution, q.resolution_reason, q.resolved_by
FROM {{schema}}.audit_quarantine AS q
WHERE q.id <> $1 AND q.sha256 = $2
ORDER BY q.id DESC
LIMIT 1
