SELECT o.event_id, o.placed_at, o.record::text FROM {{schema}}.audit_outbox AS o
WHERE (o.placed_at, o.event_id) > (coalesce($1::timestamptz, '-infinity'), $2 COLLATE "C")
ORDER BY o.placed_at, o.event_id LIMIT $3
