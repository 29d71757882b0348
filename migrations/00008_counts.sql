-- Counts of what is stored, so that counting a large tenant does not read all of
-- it. They are rolled up after the commit, never within it: what is not yet in
-- them is counted from the events, so a count is exact however old they are.

-- +goose Up
SET ROLE {{owner}};

CREATE TABLE {{schema}}.audit_counts (
    events    bigint NOT NULL,
    day       date   NOT NULL,
    month     date   NOT NULL,
    tenant_id text COLLATE "C" NOT NULL,
    action    text COLLATE "C" NOT NULL,
    CONSTRAINT audit_counts_pkey PRIMARY KEY (tenant_id, day, action, month),
    CONSTRAINT audit_counts_positive CHECK (events > 0)
);

COMMENT ON TABLE {{schema}}.audit_counts IS 'Numbers of events that are there, of those before audit_counted.size. Derived: the events can rebuild it.';
COMMENT ON COLUMN {{schema}}.audit_counts.day IS 'Day (UTC) of event_time.';
COMMENT ON COLUMN {{schema}}.audit_counts.month IS 'First day of the month (UTC) of recorded_at: the partition, so that its removal takes its counts along.';

CREATE TABLE {{schema}}.audit_counted (
    size      bigint  NOT NULL,
    epoch     integer NOT NULL,
    tenant_id text COLLATE "C" NOT NULL,
    CONSTRAINT audit_counted_pkey PRIMARY KEY (tenant_id, epoch),
    CONSTRAINT audit_counted_position CHECK (size >= 0 AND epoch >= 0)
);

COMMENT ON TABLE {{schema}}.audit_counted IS 'Events before this seq of the tenant''s epoch are in audit_counts.';

-- +goose StatementBegin
DO $$
DECLARE
    derived text;
    grantee text;
BEGIN
    FOREACH derived IN ARRAY ARRAY['audit_counts', 'audit_counted'] LOOP
        -- Default privileges may have opened what was just made.
        FOR grantee IN
            SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END
            FROM pg_catalog.pg_class AS c CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) AS a
            WHERE c.relnamespace = '{{schema}}'::regnamespace AND c.relname = derived AND a.grantee <> c.relowner
        LOOP
            EXECUTE pg_catalog.format('REVOKE ALL ON {{schema}}.%I FROM ', derived) || grantee;
        END LOOP;
        EXECUTE pg_catalog.format('ALTER TABLE {{schema}}.%I ENABLE ROW LEVEL SECURITY', derived);
        EXECUTE pg_catalog.format('ALTER TABLE {{schema}}.%I FORCE ROW LEVEL SECURITY', derived);
        EXECUTE pg_catalog.format('CREATE POLICY audit_owner ON {{schema}}.%I TO {{owner}} USING (true) WITH CHECK (true)', derived);
        EXECUTE pg_catalog.format('CREATE POLICY audit_auditor ON {{schema}}.%I FOR SELECT TO {{auditor}} USING (true)', derived);
        -- Asked once, in a query of its own, and not for every one of many rows.
        EXECUTE pg_catalog.format('CREATE POLICY audit_reader ON {{schema}}.%I FOR SELECT TO {{reader}}
            USING (tenant_id = current_setting(''audit.tenant'', true) AND (SELECT {{schema}}.audit_login_admits(current_setting(''audit.tenant'', true))))', derived);
        EXECUTE pg_catalog.format('GRANT SELECT ON {{schema}}.%I TO {{auditor}}, {{reader}}', derived);
    END LOOP;
END
$$;
-- +goose StatementEnd

-- Whoever changes audit_counts of a log holds this lock until it commits: what
-- rolls up, and what removes events and takes them off. The row is made where it
-- is missing, because nobody can lock a row that is not there.
-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_lock_counts(tenant text, log_epoch integer) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
DECLARE
    counted bigint;
BEGIN
    INSERT INTO {{schema}}.audit_counted (tenant_id, epoch, size) VALUES (tenant, log_epoch, 0) ON CONFLICT DO NOTHING;
    SELECT c.size INTO STRICT counted FROM {{schema}}.audit_counted AS c
        WHERE c.tenant_id = tenant AND c.epoch = log_epoch FOR UPDATE;
    RETURN counted;
END
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_lock_counts(text, integer) FROM PUBLIC;

COMMENT ON FUNCTION {{schema}}.audit_lock_counts(text, integer) IS
    'Locks the counts of a tenant''s epoch until the transaction ends and returns how many of its events are in them. For functions of the owner only.';

-- Rolls up what was committed. A writer that has not committed is not waited
-- for and not seen; a removal that holds a tenant's counts or a partition is
-- not waited for either, the tenant's turn comes again.
-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_roll_counts(most_events bigint, most_tenants integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
    SET lock_timeout = '100ms'
    -- The statistics of a new partition say that it is empty.
    SET enable_seqscan = off
AS $$
DECLARE
    -- Fewer are counted from the events as fast, and every roll writes.
    worthwhile constant bigint := 10000;
    rolled bigint := 0;
    behind record;
    counted bigint;
    upto bigint;
    first_month text;
    last_month text;
    partition name;
BEGIN
    IF most_events IS NULL OR most_events NOT BETWEEN 1 AND 1000000 OR most_tenants IS NULL OR most_tenants NOT BETWEEN 1 AND 10000 THEN
        RAISE EXCEPTION 'audit_roll_counts: want 1 to 1000000 events and 1 to 10000 tenants at once'
            USING ERRCODE = '22023';
    END IF;
    FOR behind IN
        -- The newest commit of every log, each found from the one before.
        WITH RECURSIVE heads AS (
            (SELECT c.tenant_id, c.epoch, c.size FROM {{schema}}.audit_commits AS c
                ORDER BY c.tenant_id DESC, c.epoch DESC, c.size DESC LIMIT 1)
            UNION ALL
            SELECT next.tenant_id, next.epoch, next.size
            FROM heads AS h CROSS JOIN LATERAL (
                SELECT c.tenant_id, c.epoch, c.size FROM {{schema}}.audit_commits AS c
                WHERE (c.tenant_id, c.epoch) < (h.tenant_id, h.epoch)
                ORDER BY c.tenant_id DESC, c.epoch DESC, c.size DESC LIMIT 1) AS next
        )
        SELECT h.tenant_id, h.epoch, h.size
        FROM heads AS h LEFT JOIN {{schema}}.audit_counted AS c ON c.tenant_id = h.tenant_id AND c.epoch = h.epoch
        WHERE h.size - coalesce(c.size, 0) >= worthwhile
        ORDER BY h.size - coalesce(c.size, 0) DESC
        LIMIT most_tenants
    LOOP
        EXIT WHEN rolled >= most_events;
        BEGIN
            counted := {{schema}}.audit_lock_counts(behind.tenant_id, behind.epoch);
            upto := least(behind.size, counted + most_events - rolled);
            CONTINUE WHEN upto <= counted; -- another collector was here
            -- recorded_at never goes back within a tenant, so its commits say
            -- which months to look into.
            SELECT to_char(min(c.recorded_at), '"audit_events_"YYYY_MM'), to_char(max(c.recorded_at), '"audit_events_"YYYY_MM')
                INTO first_month, last_month
                FROM ((SELECT c.recorded_at FROM {{schema}}.audit_commits AS c
                        WHERE c.tenant_id = behind.tenant_id AND c.epoch = behind.epoch AND c.size > counted ORDER BY c.size LIMIT 1)
                    UNION ALL
                    (SELECT c.recorded_at FROM {{schema}}.audit_commits AS c
                        WHERE c.tenant_id = behind.tenant_id AND c.epoch = behind.epoch AND c.size >= upto ORDER BY c.size LIMIT 1)) AS c;
            -- By name, because the owner sees nothing through the parent.
            FOR partition IN
                SELECT c.relname FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
                WHERE i.inhparent = '{{schema}}.audit_events'::regclass
                    AND (c.relname !~ '^audit_events_\d{4}_\d{2}$' OR c.relname BETWEEN first_month AND last_month)
            LOOP
                EXECUTE format('INSERT INTO {{schema}}.audit_counts (tenant_id, day, action, month, events)
                    SELECT e.tenant_id, e.event_time::date, e.action, date_trunc(''month'', e.recorded_at)::date, count(*)
                    FROM {{schema}}.%I AS e
                    WHERE e.tenant_id = $1 AND e.epoch = $2 AND e.seq >= $3 AND e.seq < $4
                    GROUP BY 1, 2, 3, 4
                    ON CONFLICT ON CONSTRAINT audit_counts_pkey DO UPDATE SET events = audit_counts.events + excluded.events', partition)
                    USING behind.tenant_id, behind.epoch, counted, upto;
            END LOOP;
            UPDATE {{schema}}.audit_counted AS c SET size = upto WHERE c.tenant_id = behind.tenant_id AND c.epoch = behind.epoch;
            rolled := rolled + upto - counted;
        EXCEPTION WHEN lock_not_available OR deadlock_detected OR undefined_table THEN
            NULL;
        END;
    END LOOP;
    RETURN rolled;
END
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_roll_counts(bigint, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {{schema}}.audit_roll_counts(bigint, integer) TO {{writer}};

COMMENT ON FUNCTION {{schema}}.audit_roll_counts(bigint, integer) IS
    'Adds committed events to audit_counts, of at most so many tenants and so many events, largest backlog first; returns how many.';

-- Whose type is rare or absent was looked for in all of a tenant's events: 4 s
-- among 5 million. The entries of one type follow one another in time, so these
-- are written nearly in order.
CREATE INDEX audit_events_actor_type  ON {{schema}}.audit_events (tenant_id, actor_type, event_time DESC, seq DESC);
CREATE INDEX audit_events_target_type ON {{schema}}.audit_events (tenant_id, target_type, event_time DESC, seq DESC) WHERE target_type IS NOT NULL;

CREATE OR REPLACE FUNCTION {{schema}}.audit_schema_version() RETURNS integer
    LANGUAGE sql IMMUTABLE
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$ SELECT 8 $$;

RESET ROLE;

-- +goose Down
SET ROLE {{owner}};
CREATE OR REPLACE FUNCTION {{schema}}.audit_schema_version() RETURNS integer
    LANGUAGE sql IMMUTABLE
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$ SELECT 7 $$;
DROP INDEX {{schema}}.audit_events_target_type;
DROP INDEX {{schema}}.audit_events_actor_type;
DROP FUNCTION {{schema}}.audit_roll_counts(bigint, integer);
DROP FUNCTION {{schema}}.audit_lock_counts(text, integer);
DROP TABLE {{schema}}.audit_counted;
DROP TABLE {{schema}}.audit_counts;
RESET ROLE;
