-- The openings whose event, known by its id, the system tenant has not.
SELECT e.tenant_id, e.note
FROM {{schema}}.audit_epochs AS e
WHERE NOT EXISTS (
    SELECT FROM {{schema}}.audit_event_ids AS i
    WHERE i.tenant_id = $1 AND i.kind = 'e'
        AND i.id = $2::text || pg_catalog.left(pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(e.note, 'UTF8')), 'hex'), $3::int4)
)
ORDER BY e.tenant_id, e.epoch
