SELECT o.epoch, o.prev_size, o.recorded_at, o.reason, o.note
FROM {{schema}}.audit_epochs AS o
WHERE o.tenant_id = $1::text
ORDER BY o.epoch
