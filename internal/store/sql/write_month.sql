SELECT {{schema}}.audit_ensure_month($1)
