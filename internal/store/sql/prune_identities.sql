SELECT deleted, last_kind, last_id FROM {{schema}}.audit_prune_identities($1::text, $2::text, $3::text, $4::integer)
