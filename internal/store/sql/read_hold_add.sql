SELECT {{schema}}.audit_hold_add($1, $2, $3, $4, $5, $6)
