-- Events of one tenant as the collector stores them, made by the server: every
-- column is that of a stored event (template), except what differs from event to
-- event. COLUMNS and VALUES are filled in from the catalog.
-- $1 tenant, $2 first seq, $3 how many, $4 recorded_at, $5 time of the first and
-- $6 nanoseconds between two.
WITH made AS MATERIALIZED (
    SELECT
        $2::bigint + i AS seq, $5::bigint + i * $6::bigint AS happened, md5($1::text || ($2::bigint + i)) AS random,
        sha256(convert_to($1::text || ':' || ($2::bigint + i), 'UTF8')) AS leaf
    FROM generate_series(0, $3::bigint - 1) AS i
), named AS MATERIALIZED (
    -- A derived event id: a UUIDv8 whose first 48 bits are the time in milliseconds.
    SELECT made.*,
        substr(ms, 1, 8) || '-' || substr(ms, 9, 4) || '-8' || substr(random, 1, 3) || '-a' || substr(random, 4, 3) || '-' || substr(random, 7, 12) AS id
    FROM made CROSS JOIN LATERAL (SELECT lpad(to_hex(happened / 1000000), 12, '0') AS ms) AS m
), identities AS (
    INSERT INTO audit_event_ids (recorded_at, seq, epoch, kind, tenant_id, id, fingerprint)
    SELECT $4::timestamptz, seq, 0, 'e', $1::text, id, leaf FROM named
)
INSERT INTO PARTITION (COLUMNS)
SELECT VALUES FROM named CROSS JOIN TEMPLATE AS template
