SELECT
    h.id, h.tenant_id, h.since, h.until, h.target_type, h.target_id, h.reason, h.placed_at, h.placed_by,
    h.released_at, h.released_by, h.release_reason
FROM {{schema}}.audit_legal_holds AS h
WHERE ($1::text IS NULL OR h.tenant_id = $1)
    AND ($2::boolean OR h.released_at IS NULL)
ORDER BY h.id
