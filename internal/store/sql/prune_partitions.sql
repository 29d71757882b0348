SELECT name, month, events_estimate, bytes, tenants, oldest, newest FROM {{schema}}.audit_partitions()
