SELECT epoch, seq, recorded_at FROM {{schema}}.audit_locate($1)
