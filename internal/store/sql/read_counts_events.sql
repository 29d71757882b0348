-- Numbers of events per month (UTC) of event_time and range of actions, of a
-- window and a part of the log: epoch $6, or those from $7 up to $8, and of them
-- from seq $9 up to $10.
SELECT e.month AT TIME ZONE 'UTC', w.place - 1, sum(e.events)::bigint
FROM (
    SELECT pg_catalog.date_trunc('month', e.event_time AT TIME ZONE 'UTC') AS month, e.action, count(*) AS events
    FROM {{schema}}.audit_events AS e
    WHERE e.tenant_id = $1
        -- event_time <= recorded_at, so this leaves whole partitions out.
        AND ($4::timestamptz IS NULL OR e.event_time >= $4 AND e.recorded_at >= $4)
        AND ($5::timestamptz IS NULL OR e.event_time < $5)
        AND ($6::bigint IS NULL OR e.epoch = $6::integer)
        AND ($7::bigint IS NULL OR e.epoch >= $7::integer)
        AND ($8::bigint IS NULL OR e.epoch < $8::integer)
        AND ($9::bigint IS NULL OR e.seq >= $9)
        AND ($10::bigint IS NULL OR e.seq < $10)
    GROUP BY 1, 2
) AS e
JOIN unnest($2::text[], $3::text[]) WITH ORDINALITY AS w (first, beyond, place)
    ON e.action >= w.first AND (w.beyond = '' OR e.action < w.beyond)
GROUP BY 1, 2
