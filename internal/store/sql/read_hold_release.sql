SELECT {{schema}}.audit_hold_release($1, $2)
