SELECT tenant_id, epoch, size FROM {{schema}}.audit_prune_announced($1::integer, $2::bigint) ORDER BY tenant_id, epoch
