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
    CONSTRAINT audit_counted_position CHECK (size > 0 AND epoch >= 0)
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
        EXECUTE pg_catalog.format('CREATE POLICY audit_reader ON {{schema}}.%I FOR SELECT TO {{reader}}
            USING (tenant_id = current_setting(''audit.tenant'', true) AND {{schema}}.audit_login_admits(current_setting(''audit.tenant'', true)))', derived);
        EXECUTE pg_catalog.format('GRANT SELECT ON {{schema}}.%I TO {{auditor}}, {{reader}}', derived);
    END LOOP;
END
$$;
-- +goose StatementEnd

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
DROP TABLE {{schema}}.audit_counted;
DROP TABLE {{schema}}.audit_counts;
RESET ROLE;
