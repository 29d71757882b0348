-- Where events of the tenant in audit.tenant are that somebody says he sent, by
-- event id, and whether they are still there: identities outlive their events.
SELECT
    wanted.ord,
    EXISTS (
        SELECT
        FROM {{schema}}.audit_events AS e
        WHERE e.tenant_id = $1::text AND e.epoch = l.epoch AND e.seq = l.seq AND e.recorded_at = l.recorded_at
    )
FROM unnest($2::text[]) WITH ORDINALITY AS wanted (id, ord)
CROSS JOIN LATERAL {{schema}}.audit_locate(wanted.id) AS l
