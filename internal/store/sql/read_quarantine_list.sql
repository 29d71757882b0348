-- Newest first. The tenant is what the record claimed.
SELECT
    q.id, q.received_at, q.tenant_id, q.event_id, q.action, q.reason, q.sqlstate, q.detail, q.sha256,
    q.resolved_at, q.resolution, q.resolution_reason, q.resolved_by
FROM {{schema}}.audit_quarantine AS q
WHERE ($1::text IS NULL OR q.tenant_id = $1)
    AND ($2::text IS NULL OR q.reason = $2)
    AND ($3::bigint IS NULL OR q.id < $3)
    AND ($4::boolean OR q.resolved_at IS NULL)
ORDER BY q.id DESC
LIMIT $5
