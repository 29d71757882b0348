SELECT size, deleted FROM {{schema}}.audit_prune_batch($1::text, $2::integer, $3::bigint, $4::integer, $5::timestamptz, $6::text)
