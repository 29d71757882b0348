-- The commit that ends at a size.
SELECT root FROM {{schema}}.audit_commits WHERE tenant_id = $1 AND epoch = $2 AND size = $3
