SELECT event_id, record::text, placed_at, age FROM {{schema}}.audit_outbox_read($1, $2, $3)
