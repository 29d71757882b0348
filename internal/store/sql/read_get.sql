-- recorded_at names the partition.
SELECT
    e.seq, e.epoch, e.recorded_at, e.event_time, e.leaf_hash, e.mac,
    e.time_unix_nano, e.observed_time_unix_nano, e.severity,
    e.tenant_id, e.event_id, e.action, e.outcome, e.correlation_id, e.causation_id, e.idempotency_key,
    e.trace_id, e.span_id, e.event_name, e.severity_text, e.schema_version, e.reason, e.flags,
    e.original::text, e.actor::text, e.target::text, e.changes::text, e.context::text,
    e.payload::text, e.producer::text, e.source::text, e.attributes::text, e.body::text
FROM {{schema}}.audit_events AS e
WHERE e.tenant_id = $1 AND e.epoch = $2 AND e.seq = $3 AND e.recorded_at = $4
