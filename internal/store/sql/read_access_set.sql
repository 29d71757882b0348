SELECT coalesce({{schema}}.audit_access_set($1, $2, $3), '')
