SELECT pg_catalog.has_function_privilege('{{schema}}.audit_quarantine_replayed(bigint, text, text, text, bigint, bytea, text)', 'EXECUTE')
