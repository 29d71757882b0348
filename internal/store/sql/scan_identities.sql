SELECT i.kind, i.id, i.fingerprint, i.epoch, i.seq, i.recorded_at
FROM {{schema}}.audit_event_ids AS i
WHERE i.tenant_id = $1::text AND (i.kind, i.id) > ($2::"char", $3::text)
ORDER BY i.kind, i.id
LIMIT $4::int4
