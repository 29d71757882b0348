SELECT {{schema}}.audit_schema_version()
