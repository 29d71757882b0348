SELECT {{schema}}.audit_quarantine_discard($1, $2)
