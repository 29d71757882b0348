-- Some events of one month, committed together per tenant: the first tenant has
-- half of all events, the others ever fewer. $1 is the number of events, $2 the
-- number of tenants, $3 and $4 the time they span (recorded_at is its end), $5
-- the number of the first one.
WITH drawn AS MATERIALIZED (
    SELECT
        $5::bigint + n AS n,
        CASE WHEN random() < 0.5 OR $2::int = 1 THEN 0 ELSE 1 + floor(($2::int - 1) * power(random(), 2))::int END AS tenant,
        $3::timestamptz + ($4::timestamptz - $3::timestamptz) * random() AS happened,
        power(random(), 3) AS action, random() AS outcome, random() AS actor_type, power(random(), 2) AS actor,
        random() AS target_type, random() AS target, random() AS cause
    FROM generate_series(0, $1::int - 1) AS n
), placed AS (
    SELECT d.*, coalesce(h.size, 0) + row_number() OVER (PARTITION BY d.tenant ORDER BY d.happened) - 1 AS seq
    FROM drawn AS d LEFT JOIN bench_heads AS h USING (tenant)
), events AS (
    INSERT INTO PARTITION (seq, recorded_at, time_unix_nano, epoch, tenant_id, event_id, action, outcome, actor, target, context,
        correlation_id, causation_id, trace_id, reason, payload, leaf_hash)
    SELECT
        seq, $4, (extract(epoch FROM happened) * 1000000)::bigint * 1000, 0, 'tenant-' || tenant, 'event-' || n,
        CASE WHEN action > 0.9999 THEN 'tenant.rename'
            ELSE (ARRAY['order', 'invoice', 'user', 'document', 'session', 'report'])[1 + floor(action * 6)::int] || '.' ||
                (ARRAY['view', 'update', 'create', 'list', 'export', 'refund', 'delete', 'approve', 'share', 'archive'])[1 + floor(action * 60)::int % 10] END,
        CASE WHEN outcome < 0.95 THEN 'success' WHEN outcome < 0.98 THEN 'failure' WHEN outcome < 0.9999 THEN 'denied' ELSE 'unknown' END,
        jsonb_build_object('type', CASE WHEN actor_type < 0.8 THEN 'user' WHEN actor_type < 0.999 THEN 'service' WHEN actor_type < 0.99999 THEN 'api_key' ELSE 'system' END,
            'id', 'actor-' || floor(actor * 20000)::int),
        CASE WHEN target_type < 0.8 THEN jsonb_build_object(
            'type', CASE WHEN target_type < 0.5 THEN 'order' WHEN target_type < 0.79 THEN 'invoice' WHEN target_type < 0.79999 THEN 'document' ELSE 'contract' END,
            'id', 'target-' || floor(target * 200000)::int) END,
        jsonb_build_object('request_id', 'request-' || n / 2, 'ip', '10.0.' || floor(actor * 80)::int || '.' || n % 250),
        'flow-' || n / 4, CASE WHEN cause < 0.3 THEN 'event-' || n - 1 END, md5(n::text),
        CASE WHEN outcome >= 0.95 THEN 'policy ' || floor(actor * 90)::int || ' refused what was asked for' WHEN cause > 0.9 THEN 'asked for by ticket ' || n END,
        jsonb_build_object('amount', n % 5000, 'currency', 'EUR', 'note', md5((n * 7)::text) || md5((n * 11)::text)),
        sha256(n::text::bytea)
    FROM placed
), heads AS (
    INSERT INTO bench_heads (tenant, prev_size, size)
    SELECT tenant, min(seq), max(seq) + 1 FROM placed GROUP BY tenant
    ON CONFLICT (tenant) DO UPDATE SET prev_size = excluded.prev_size, size = excluded.size
    RETURNING tenant, prev_size, size
)
INSERT INTO audit_commits (tenant_id, epoch, size, prev_size, recorded_at)
SELECT 'tenant-' || tenant, 0, size, prev_size, $4 FROM heads
