SELECT {{schema}}.audit_retention_set($1, $2, $3, $4)
