SELECT
    q.id, q.received_at, q.tenant_id, q.event_id, q.action, q.reason, q.sqlstate, q.detail, q.sha256,
    q.resolved_at, q.resolution, q.resolution_reason, q.resolved_by,
    q.otlp, q.otlp_encoding
FROM {{schema}}.audit_quarantine AS q
WHERE q.id = $1
