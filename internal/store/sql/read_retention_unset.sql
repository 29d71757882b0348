SELECT {{schema}}.audit_retention_unset($1, $2)
