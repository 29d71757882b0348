-- A tenant's newest commit and newest epoch.
SELECT
    c.epoch, c.size, c.prev_size, c.recorded_at, c.root, c.frontier, c.note,
    e.epoch, e.recorded_at, e.note
FROM (VALUES ($1::text)) AS wanted (tenant_id)
LEFT JOIN LATERAL (
    SELECT * FROM {{schema}}.audit_commits AS c
    WHERE c.tenant_id = wanted.tenant_id ORDER BY c.epoch DESC, c.size DESC LIMIT 1
) AS c ON true
LEFT JOIN LATERAL (
    SELECT * FROM {{schema}}.audit_epochs AS e
    WHERE e.tenant_id = wanted.tenant_id ORDER BY e.epoch DESC LIMIT 1
) AS e ON true
