-- A page of one tenant's events, newest first. Parameters that are NULL do not
-- filter: the statement is planned with its values known, so they cost nothing.
SELECT
    e.seq, e.epoch, e.recorded_at, e.event_time, e.leaf_hash, e.mac,
    e.time_unix_nano, e.observed_time_unix_nano, e.severity,
    e.tenant_id, e.event_id, e.action, e.outcome, e.correlation_id, e.causation_id, e.idempotency_key,
    e.trace_id, e.span_id, e.event_name, e.severity_text, e.schema_version, e.reason, e.flags,
    e.original::text, e.actor::text, e.target::text, e.changes::text, e.context::text,
    e.payload::text, e.producer::text, e.source::text, e.attributes::text, e.body::text
FROM {{schema}}.audit_events AS e
WHERE e.tenant_id = $1
    AND ($2::text IS NULL OR e.action = $2)
    AND ($3::text IS NULL OR e.action >= $3)
    AND ($4::text IS NULL OR e.action < $4)
    AND ($5::text IS NULL OR e.actor_type = $5)
    AND ($6::text IS NULL OR e.actor_id = $6)
    AND ($7::text IS NULL OR e.target_type = $7)
    AND ($8::text IS NULL OR e.target_id = $8)
    AND ($9::text IS NULL OR e.outcome = $9)
    AND ($10::text IS NULL OR e.correlation_id = $10)
    AND ($11::text IS NULL OR e.causation_id = $11)
    AND ($12::text IS NULL OR e.trace_id = $12)
    AND ($13::text IS NULL OR e.request_id = $13)
    AND ($14::text IS NULL OR e.client_ip = $14)
    -- event_time <= recorded_at, so this leaves whole partitions out.
    AND ($15::timestamptz IS NULL OR e.event_time >= $15 AND e.recorded_at >= $15)
    AND ($16::timestamptz IS NULL OR e.event_time < $16)
    AND ($17::timestamptz IS NULL OR (e.event_time, e.seq, e.epoch) < ($17, $18::bigint, $19::integer))
    -- Not LIKE: % and _ are what they are. In "C", bytes are compared.
    AND ($21::text IS NULL OR pg_catalog.strpos(e.reason COLLATE "C", $21) > 0)
ORDER BY e.event_time DESC, e.seq DESC, e.epoch DESC
LIMIT $20
