SELECT event_id, record::text FROM {{schema}}.audit_outbox_read($1)
