SELECT h.id, h.tenant_id, h.since, h.until, h.target_type, h.target_id FROM {{schema}}.audit_open_holds() AS h
