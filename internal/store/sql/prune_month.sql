SELECT deleted, logs FROM {{schema}}.audit_prune_month($1::date, $2::jsonb)
