-- Who may do what. Row-level security stands on every table with a tenant that
-- readers may see. It guards against forgetful code, not against somebody who
-- can run SQL as a reader and set another tenant; for those, bind the login in
-- audit_login_tenants.

-- +goose Up
SET ROLE {{owner}};

-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_schema_version() RETURNS integer
    LANGUAGE sql IMMUTABLE
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$ SELECT 5 $$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_schema_version() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {{schema}}.audit_schema_version() TO {{writer}}, {{reader}}, {{auditor}}, {{pruner}}, {{operator}};

COMMENT ON FUNCTION {{schema}}.audit_schema_version() IS
    'The number of the last migration, however it was applied: programs ask here whether they fit.';

-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_login_admits(tenant text) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
    -- Bound by its name or by its number, so that renaming a login does not free
    -- it; admitted by its name only, because numbers differ after a restore.
    SELECT NOT EXISTS (
            SELECT FROM {{schema}}.audit_login_tenants
            WHERE login = session_user OR login_oid = quote_ident(session_user)::regrole::oid)
        OR EXISTS (SELECT FROM {{schema}}.audit_login_tenants WHERE login = session_user AND tenant_id = tenant)
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_login_admits(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {{schema}}.audit_login_admits(text) TO {{reader}}, {{auditor}};

-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_locate(wanted text) RETURNS TABLE (epoch integer, seq bigint, recorded_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
    SELECT i.epoch, i.seq, i.recorded_at
    FROM {{schema}}.audit_event_ids AS i
    WHERE i.tenant_id = current_setting('audit.tenant', true) AND i.kind = 'e' AND i.id = wanted
        AND {{schema}}.audit_login_admits(current_setting('audit.tenant', true))
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_locate(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {{schema}}.audit_locate(text) TO {{reader}}, {{auditor}};

COMMENT ON FUNCTION {{schema}}.audit_locate(text) IS 'Where the event with this id of the tenant in audit.tenant is stored.';

-- Without a policy for the owner, the owner reads nothing through the parent:
-- an application that runs as the owner by mistake sees no tenant's events.
ALTER TABLE {{schema}}.audit_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE {{schema}}.audit_events FORCE ROW LEVEL SECURITY;
CREATE POLICY audit_reader ON {{schema}}.audit_events FOR SELECT TO {{reader}}
    USING (tenant_id = current_setting('audit.tenant', true) AND {{schema}}.audit_login_admits(current_setting('audit.tenant', true)));
CREATE POLICY audit_auditor ON {{schema}}.audit_events FOR SELECT TO {{auditor}} USING (true);
GRANT SELECT ON {{schema}}.audit_events TO {{reader}}, {{auditor}};

-- No row-level security on the identities: writers COPY into them and look up
-- many tenants at once. Readers reach them by audit_locate only.
GRANT SELECT, INSERT ON {{schema}}.audit_event_ids TO {{writer}};
GRANT SELECT ON {{schema}}.audit_event_ids TO {{auditor}};

-- +goose StatementBegin
DO $$
DECLARE
    tenant_table text;
BEGIN
    FOREACH tenant_table IN ARRAY ARRAY[
        'audit_commits', 'audit_prunes', 'audit_pruned_leaves', 'audit_legal_holds', 'audit_retention', 'audit_login_tenants', 'audit_quarantine'
    ] LOOP
        EXECUTE pg_catalog.format('ALTER TABLE {{schema}}.%I ENABLE ROW LEVEL SECURITY', tenant_table);
        EXECUTE pg_catalog.format('ALTER TABLE {{schema}}.%I FORCE ROW LEVEL SECURITY', tenant_table);
        EXECUTE pg_catalog.format('CREATE POLICY audit_owner ON {{schema}}.%I TO {{owner}} USING (true) WITH CHECK (true)', tenant_table);
        EXECUTE pg_catalog.format('CREATE POLICY audit_auditor ON {{schema}}.%I FOR SELECT TO {{auditor}} USING (true)', tenant_table);
        EXECUTE pg_catalog.format('GRANT SELECT ON {{schema}}.%I TO {{auditor}}', tenant_table);
        IF tenant_table IN ('audit_login_tenants', 'audit_quarantine') THEN
            CONTINUE;
        END IF;
        EXECUTE pg_catalog.format('CREATE POLICY audit_reader ON {{schema}}.%I FOR SELECT TO {{reader}}
            USING (tenant_id = current_setting(''audit.tenant'', true) AND {{schema}}.audit_login_admits(current_setting(''audit.tenant'', true)))', tenant_table);
        EXECUTE pg_catalog.format('GRANT SELECT ON {{schema}}.%I TO {{reader}}', tenant_table);
    END LOOP;
END
$$;
-- +goose StatementEnd

CREATE POLICY audit_writer ON {{schema}}.audit_commits FOR SELECT TO {{writer}} USING (true);
CREATE POLICY audit_writer_insert ON {{schema}}.audit_commits FOR INSERT TO {{writer}} WITH CHECK (true);
GRANT SELECT, INSERT ON {{schema}}.audit_commits TO {{writer}};

CREATE POLICY audit_writer_insert ON {{schema}}.audit_quarantine FOR INSERT TO {{writer}} WITH CHECK (resolution IS NULL);
GRANT INSERT ON {{schema}}.audit_quarantine TO {{writer}};
CREATE POLICY audit_operator ON {{schema}}.audit_quarantine FOR SELECT TO {{operator}} USING (true);
GRANT SELECT ON {{schema}}.audit_quarantine TO {{operator}};

RESET ROLE;

-- +goose Down
SET ROLE {{owner}};

-- +goose StatementBegin
DO $$
DECLARE
    policy record;
BEGIN
    FOR policy IN
        SELECT tablename, policyname FROM pg_catalog.pg_policies
        -- An application's own tables may be called audit_something too.
        WHERE schemaname = '{{schema_name}}' AND tablename IN (
            'audit_events', 'audit_commits', 'audit_prunes', 'audit_pruned_leaves', 'audit_legal_holds', 'audit_retention',
            'audit_login_tenants', 'audit_quarantine')
            AND policyname IN ('audit_owner', 'audit_auditor', 'audit_reader', 'audit_writer', 'audit_writer_insert', 'audit_operator')
    LOOP
        EXECUTE pg_catalog.format('DROP POLICY %I ON {{schema}}.%I', policy.policyname, policy.tablename);
        EXECUTE pg_catalog.format('ALTER TABLE {{schema}}.%I NO FORCE ROW LEVEL SECURITY', policy.tablename);
        EXECUTE pg_catalog.format('ALTER TABLE {{schema}}.%I DISABLE ROW LEVEL SECURITY', policy.tablename);
    END LOOP;
END
$$;
-- +goose StatementEnd

REVOKE ALL ON {{schema}}.audit_events, {{schema}}.audit_event_ids, {{schema}}.audit_commits, {{schema}}.audit_prunes,
    {{schema}}.audit_pruned_leaves, {{schema}}.audit_legal_holds, {{schema}}.audit_retention, {{schema}}.audit_login_tenants,
    {{schema}}.audit_quarantine
    FROM {{writer}}, {{reader}}, {{auditor}}, {{pruner}}, {{operator}};
DROP FUNCTION {{schema}}.audit_locate(text);
DROP FUNCTION {{schema}}.audit_login_admits(text);
DROP FUNCTION {{schema}}.audit_schema_version();
RESET ROLE;
