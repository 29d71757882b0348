SELECT {{schema}}.audit_keep_days($1)
