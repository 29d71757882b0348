SELECT {{schema}}.audit_recorded($1)
