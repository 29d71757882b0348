SELECT tenant_id, epoch, month, from_size, until_size, size, cutoff, cut, wanted, signed, events, held_back, bytes, batches, oldest, newest
FROM {{schema}}.audit_prune_plan($1::text, $2::bigint, $3::integer)
