SELECT {{schema}}.audit_tenant_known($1)
