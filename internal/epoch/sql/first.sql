-- Where an epoch's commits begin: not at 0 where retention removed some.
SELECT coalesce((SELECT prev_size FROM {{schema}}.audit_commits WHERE tenant_id = $1 AND epoch = $2 ORDER BY size LIMIT 1), 0)
