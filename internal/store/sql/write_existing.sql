-- LATERAL with LIMIT 1 makes one index probe per identity whatever the
-- statistics say; = ANY() was planned five times slower.
SELECT wanted.ord, found.fingerprint, found.epoch, found.seq
FROM unnest($1::text[], $2::"char"[], $3::text[]) WITH ORDINALITY AS wanted (tenant_id, kind, id, ord)
CROSS JOIN LATERAL (
    SELECT i.fingerprint, i.epoch, i.seq
    FROM {{schema}}.audit_event_ids AS i
    WHERE i.tenant_id = wanted.tenant_id AND i.kind = wanted.kind AND i.id = wanted.id
    LIMIT 1
) AS found
