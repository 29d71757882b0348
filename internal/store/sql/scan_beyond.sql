-- Events that no commit covers. One statement, so that the newest commit and
-- the events behind it are of one moment.
SELECT
    e.seq, e.recorded_at, e.event_time, e.time_unix_nano, e.observed_time_unix_nano, e.severity, e.leaf_hash, e.mac,
    e.actor_type, e.actor_id, e.target_type, e.target_id, e.request_id, e.client_ip,
    e.action, e.actor, e.attributes, e.body, e.causation_id, e.changes, e.context, e.correlation_id, e.event_id, e.event_name,
    e.flags, e.idempotency_key, e.original, e.outcome, e.payload, e.producer, e.reason, e.schema_version, e.severity_text,
    e.source, e.span_id, e.target, e.tenant_id, e.trace_id, e.tableoid::int8
FROM {{schema}}.audit_events AS e
WHERE e.tenant_id = $1::text AND e.epoch = $2::int4 AND (e.seq, e.recorded_at) > ($3::int8, $4::timestamptz)
    AND e.seq >= coalesce((
        SELECT c.size
        FROM {{schema}}.audit_commits AS c
        WHERE c.tenant_id = $1::text AND c.epoch = $2::int4
        ORDER BY c.size DESC
        LIMIT 1
    ), -9223372036854775808)
ORDER BY e.seq, e.recorded_at
LIMIT $5::int4
