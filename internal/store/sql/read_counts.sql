-- Numbers of one tenant's events per month (UTC) of event_time and per range of
-- actions, in the one snapshot of this statement: what is rolled up by day, what
-- came after that, and what of it lies in a day that the window cuts. So the
-- numbers are exact however old the rollups are.
WITH rolled AS MATERIALIZED (
    SELECT c.epoch, c.size, lead(c.epoch) OVER (ORDER BY c.epoch) AS next_epoch
    FROM {{schema}}.audit_counted AS c
    WHERE c.tenant_id = $1
), ahead AS MATERIALIZED ( -- positions that are not rolled up, without knowing which epochs there are
    SELECT r.epoch, r.size, coalesce(r.next_epoch, 2147483647) AS next_epoch FROM rolled AS r
    UNION ALL
    SELECT 0, 0, coalesce(min(r.epoch), 2147483647) FROM rolled AS r
), counted AS (
    SELECT pg_catalog.date_trunc('month', c.day::timestamp) AS month, c.action, sum(c.events) AS events
    FROM {{schema}}.audit_counts AS c
    WHERE c.tenant_id = $1
        AND ($4::timestamptz IS NULL OR c.day >= ($4 AT TIME ZONE 'UTC')::date)
        AND ($5::timestamptz IS NULL OR c.day < ($5 AT TIME ZONE 'UTC')::date)
    GROUP BY 1, 2
    UNION ALL
    SELECT pg_catalog.date_trunc('month', e.event_time AT TIME ZONE 'UTC'), e.action, count(*)
    FROM ahead AS a
    JOIN {{schema}}.audit_events AS e ON (e.epoch, e.seq) >= (a.epoch, a.size) AND e.epoch < a.next_epoch
    WHERE e.tenant_id = $1
        -- event_time <= recorded_at, so this leaves whole partitions out.
        AND ($2::timestamptz IS NULL OR e.event_time >= $2 AND e.recorded_at >= $2)
        AND ($3::timestamptz IS NULL OR e.event_time < $3)
    GROUP BY 1, 2
    UNION ALL
    SELECT pg_catalog.date_trunc('month', e.event_time AT TIME ZONE 'UTC'), e.action, count(*)
    FROM {{schema}}.audit_events AS e
    JOIN rolled AS r ON e.epoch = r.epoch AND e.seq < r.size
    WHERE e.tenant_id = $1 AND $6::timestamptz IS NOT NULL
        AND e.event_time >= $6 AND e.recorded_at >= $6 AND e.event_time < $7::timestamptz
    GROUP BY 1, 2
    UNION ALL
    SELECT pg_catalog.date_trunc('month', e.event_time AT TIME ZONE 'UTC'), e.action, count(*)
    FROM {{schema}}.audit_events AS e
    JOIN rolled AS r ON e.epoch = r.epoch AND e.seq < r.size
    WHERE e.tenant_id = $1 AND $8::timestamptz IS NOT NULL
        AND e.event_time >= $8 AND e.recorded_at >= $8 AND e.event_time < $9::timestamptz
    GROUP BY 1, 2
)
-- The first range is that of the empty prefix: the total.
SELECT c.month AT TIME ZONE 'UTC', w.place - 1, sum(c.events)::bigint
FROM counted AS c
JOIN unnest($10::text[], $11::text[]) WITH ORDINALITY AS w (first, beyond, place)
    ON c.action >= w.first AND (w.beyond = '' OR c.action < w.beyond)
GROUP BY 1, 2
