SELECT cleared, oldest FROM {{schema}}.audit_outbox_clear()
