-- Events of a window, of one tenant or of all that are not the system's own.
SELECT
    tenant_id, event_id, action, outcome,
    coalesce(actor_type, ''), coalesce(actor_id, ''), coalesce(target_type, ''), coalesce(target_id, ''),
    coalesce(request_id, ''), coalesce(client_ip, ''),
    coalesce(correlation_id, ''), coalesce(causation_id, ''), coalesce(trace_id, ''),
    coalesce(reason, ''),
    coalesce(coalesce(time_unix_nano, observed_time_unix_nano) / 1000 > (extract(epoch FROM recorded_at) * 1000000)::bigint, false),
    coalesce(flags, '{}'),
    actor::text, target::text, changes::text, context::text, payload::text, attributes::text, body::text, original::text, source::text
FROM {{schema}}.audit_events {{sampling}}
WHERE {{whose}} AND recorded_at >= $2::text::timestamptz
{{order}}
LIMIT $3::int
