-- read_export
-- A page of one log in the order of its commits, behind a key and below a seq,
-- every column as it is stored and in the order of scan_events. Parameters that
-- are NULL do not filter, as in read_list_oldest.
SELECT
    e.seq, e.recorded_at, e.event_time, e.time_unix_nano, e.observed_time_unix_nano, e.severity, e.leaf_hash, e.mac,
    e.actor_type, e.actor_id, e.target_type, e.target_id, e.request_id, e.client_ip,
    e.action, e.actor, e.attributes, e.body, e.causation_id, e.changes, e.context, e.correlation_id, e.event_id, e.event_name,
    e.flags, e.idempotency_key, e.original, e.outcome, e.payload, e.producer, e.reason, e.schema_version, e.severity_text,
    e.source, e.span_id, e.target, e.tenant_id, e.trace_id, e.tableoid::int8
FROM {{schema}}.audit_events AS e
WHERE e.tenant_id = $1::text AND e.epoch = $2::int4 AND (e.seq, e.recorded_at) > ($3::int8, $4::timestamptz) AND e.seq < $5::int8
    AND ($7::text IS NULL OR e.action = $7)
    AND ($8::text IS NULL OR e.action >= $8)
    AND ($9::text IS NULL OR e.action < $9)
    AND ($10::text IS NULL OR e.actor_type = $10)
    AND ($11::text IS NULL OR e.actor_id = $11)
    AND ($12::text IS NULL OR e.target_type = $12)
    AND ($13::text IS NULL OR e.target_id = $13)
    AND ($14::text IS NULL OR e.outcome = $14)
    AND ($15::text IS NULL OR e.correlation_id = $15)
    AND ($16::text IS NULL OR e.causation_id = $16)
    AND ($17::text IS NULL OR e.trace_id = $17)
    AND ($18::text IS NULL OR e.request_id = $18)
    AND ($19::text IS NULL OR e.client_ip = $19)
    -- event_time <= recorded_at, so this leaves whole partitions out.
    AND ($20::timestamptz IS NULL OR e.event_time >= $20 AND e.recorded_at >= $20)
    AND ($21::timestamptz IS NULL OR e.event_time < $21)
    AND ($22::text IS NULL OR pg_catalog.strpos(e.reason COLLATE "C", $22) > 0)
ORDER BY e.seq, e.recorded_at
LIMIT $6::int4
