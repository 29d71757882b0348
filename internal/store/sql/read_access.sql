SELECT {{schema}}.audit_access_mode()
