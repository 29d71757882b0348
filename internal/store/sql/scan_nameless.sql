-- The program puts the name of each table in this place. The last tenant, which is
-- none where a row has none: NULL stands behind all others in the index.
SELECT t.tenant_id
FROM {{schema}}.audit_commits AS t
ORDER BY t.tenant_id DESC
LIMIT 1
