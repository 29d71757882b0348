-- Numbers of events per month (UTC) of event_time and range of actions, of whole
-- days that are rolled up. The first range is that of the empty prefix: the total.
SELECT c.month AT TIME ZONE 'UTC', w.place - 1, sum(c.events)::bigint
FROM (
    SELECT pg_catalog.date_trunc('month', c.day::timestamp) AS month, c.action, sum(c.events) AS events
    FROM {{schema}}.audit_counts AS c
    WHERE c.tenant_id = $1
        AND ($4::timestamptz IS NULL OR c.day >= ($4 AT TIME ZONE 'UTC')::date)
        AND ($5::timestamptz IS NULL OR c.day < ($5 AT TIME ZONE 'UTC')::date)
    GROUP BY 1, 2
) AS c
JOIN unnest($2::text[], $3::text[]) WITH ORDINALITY AS w (first, beyond, place)
    ON c.action >= w.first AND (w.beyond = '' OR c.action < w.beyond)
GROUP BY 1, 2
