SELECT note FROM {{schema}}.audit_epochs WHERE tenant_id = $1 ORDER BY epoch
