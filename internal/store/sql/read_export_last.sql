-- read_export_last
-- Where the last events of one log between two seqs stand, newest first. The
-- filter is that of read_export.
SELECT e.seq
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
    AND ($20::timestamptz IS NULL OR e.event_time >= $20 AND e.recorded_at >= $20)
    AND ($21::timestamptz IS NULL OR e.event_time < $21)
    AND ($22::text IS NULL OR pg_catalog.strpos(e.reason COLLATE "C", $22) > 0)
ORDER BY e.seq DESC, e.recorded_at DESC
LIMIT $6::int4
