SELECT {{schema}}.audit_outbox_discard($1, $2)
