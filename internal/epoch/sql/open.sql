INSERT INTO {{schema}}.audit_epochs (recorded_at, prev_size, epoch, tenant_id, reason, note)
VALUES ($1, $2, $3, $4, $5, $6)
