SELECT {{schema}}.audit_quarantine_replayed($1, $2, $3, $4, $5, $6, $7)
