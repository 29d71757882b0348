SELECT {{schema}}.audit_trace($1, $2, $3, $4, $5)
