SELECT tenant FROM {{schema}}.audit_prune_forgettable() AS tenant
