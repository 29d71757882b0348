-- The commits that end at any of some sizes.
SELECT size, root FROM {{schema}}.audit_commits WHERE tenant_id = $1 AND epoch = $2 AND size = ANY ($3::bigint[])
