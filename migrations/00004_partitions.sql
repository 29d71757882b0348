-- Partitions by month. Bounds are explicit UTC literals: evaluated in a caller's
-- time zone they would overlap or leave gaps. There is no default partition: it
-- would have to be scanned under a lock for every new one.

-- +goose Up
SET ROLE {{owner}};

-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_ensure_month(at timestamptz) RETURNS text
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
DECLARE
    this_month constant timestamptz := date_trunc('month', clock_timestamp());
    lower_bound constant timestamptz := date_trunc('month', at);
    upper_bound constant timestamptz := lower_bound + interval '1 month';
    partition constant text := 'audit_events_' || to_char(lower_bound, 'YYYY_MM');
    existing oid;
    grantee text;
BEGIN
    -- A writer's clock, or its bug, must not be able to make a thousand tables.
    IF at IS NULL OR lower_bound < this_month - interval '1 month' OR lower_bound > this_month + interval '2 months' THEN
        RAISE EXCEPTION 'audit_ensure_month: % is not within one month before and two months after the current one',
            coalesce(to_char(at, 'YYYY-MM-DD'), 'null')
            USING ERRCODE = '55000';
    END IF;
    FOR attempt IN 1..2 LOOP
        -- A query, not to_regclass: that asks a cache which does not yet know
        -- what another session committed while this one waited for the lock.
        SELECT c.oid INTO existing FROM pg_class AS c WHERE c.relnamespace = '{{schema}}'::regnamespace AND c.relname = partition;
        IF EXISTS (SELECT FROM pg_inherits WHERE inhrelid = existing AND inhparent = '{{schema}}.audit_events'::regclass) THEN
            RETURN partition;
        END IF;
        IF attempt = 1 THEN
            PERFORM pg_advisory_xact_lock({{partition_lock}});
        END IF;
    END LOOP;
    IF existing IS NOT NULL THEN
        RAISE EXCEPTION 'table {{schema_name}}.% exists and is not a partition of audit_events', partition
            USING ERRCODE = '55000', HINT = 'Rename or remove that table.';
    END IF;
    -- Made apart and attached: CREATE ... PARTITION OF would lock the parent
    -- exclusively and stop every reader behind one long query.
    EXECUTE format('CREATE TABLE {{schema}}.%I (LIKE {{schema}}.audit_events INCLUDING ALL)', partition);
    EXECUTE format('CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {{schema}}.%I
        FOR EACH STATEMENT EXECUTE FUNCTION {{schema}}.audit_refuse_change()', partition);
    -- Default privileges must not open it.
    FOR grantee IN
        SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END
        FROM pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS a
        WHERE c.relnamespace = '{{schema}}'::regnamespace AND c.relname = partition AND a.grantee <> c.relowner
    LOOP
        EXECUTE format('REVOKE ALL ON {{schema}}.%I FROM ', partition) || grantee;
    END LOOP;
    -- No row-level security here: COPY is refused where it applies. Readers have
    -- no grant on partitions, so they meet it on the parent.
    EXECUTE format('GRANT INSERT ON {{schema}}.%I TO {{writer}}', partition);
    EXECUTE format('GRANT SELECT ON {{schema}}.%I TO {{auditor}}', partition);
    EXECUTE format('ALTER TABLE {{schema}}.audit_events ATTACH PARTITION {{schema}}.%I FOR VALUES FROM (%L) TO (%L)',
        partition, to_char(lower_bound, 'YYYY-MM-DD') || ' 00:00:00+00', to_char(upper_bound, 'YYYY-MM-DD') || ' 00:00:00+00');
    RETURN partition;
END
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_ensure_month(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {{schema}}.audit_ensure_month(timestamptz) TO {{writer}};

COMMENT ON FUNCTION {{schema}}.audit_ensure_month(timestamptz) IS
    'Makes the partition of the month (UTC) of the given time if it is missing and returns its name, without schema. Call it in a transaction of its own.';

SELECT {{schema}}.audit_ensure_month(date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' + ahead * interval '32 days')
    FROM generate_series(0, 2) AS ahead;

RESET ROLE;

-- +goose Down
SET ROLE {{owner}};
DROP FUNCTION {{schema}}.audit_ensure_month(timestamptz);
RESET ROLE;
