-- read_export_leaves
-- How many events between two seqs were removed one by one.
SELECT count(*)
FROM {{schema}}.audit_pruned_leaves AS l
WHERE l.tenant_id = $1::text AND l.epoch = $2::int4 AND l.seq >= $3::int8 AND l.seq < $4::int8
