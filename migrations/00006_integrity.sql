-- What the signed log needs beside its commits: where a tenant's log begins
-- anew, and the MAC that a processor at the edge made.

-- +goose Up
SET ROLE {{owner}};

-- A key id and a MAC are text. Nothing was ever written to the old column, and
-- dropping one and adding another rewrites no rows, as changing its type would.
ALTER TABLE {{schema}}.audit_events DROP COLUMN mac;
ALTER TABLE {{schema}}.audit_events ADD COLUMN mac text COLLATE "C";
COMMENT ON COLUMN {{schema}}.audit_events.mac IS 'hmac-sha256:<key id>:<base64url of HMAC-SHA256 over leaf_hash>, made by the processor; not under the leaf.';

CREATE TABLE {{schema}}.audit_epochs (
    recorded_at timestamptz NOT NULL,
    prev_size   bigint      NOT NULL,
    epoch       integer     NOT NULL,
    tenant_id   text COLLATE "C" NOT NULL,
    reason      text        NOT NULL,
    note        text        NOT NULL,
    opened_by   text        NOT NULL DEFAULT session_user,
    CONSTRAINT audit_epochs_pkey PRIMARY KEY (tenant_id, epoch),
    CONSTRAINT audit_epochs_position CHECK (epoch >= 1 AND prev_size >= 0),
    CONSTRAINT audit_epochs_reason CHECK (reason <> '')
);

COMMENT ON TABLE {{schema}}.audit_epochs IS 'Where a tenant''s log begins anew at seq 0, because what was before is lost or was never signed: a statement signed by the log''s key.';
COMMENT ON COLUMN {{schema}}.audit_epochs.prev_size IS 'Number of events of epoch - 1 that the store had when this epoch was opened.';

CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {{schema}}.audit_epochs
    FOR EACH STATEMENT EXECUTE FUNCTION {{schema}}.audit_refuse_change();

-- Default privileges may have opened what was just made.
-- +goose StatementBegin
DO $$
DECLARE
    grantee text;
BEGIN
    FOR grantee IN
        SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END
        FROM pg_catalog.pg_class AS c CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) AS a
        WHERE c.oid = '{{schema}}.audit_epochs'::regclass AND a.grantee <> c.relowner
    LOOP
        EXECUTE 'REVOKE ALL ON {{schema}}.audit_epochs FROM ' || grantee;
    END LOOP;
END
$$;
-- +goose StatementEnd

ALTER TABLE {{schema}}.audit_epochs ENABLE ROW LEVEL SECURITY;
ALTER TABLE {{schema}}.audit_epochs FORCE ROW LEVEL SECURITY;
CREATE POLICY audit_owner ON {{schema}}.audit_epochs TO {{owner}} USING (true) WITH CHECK (true);
CREATE POLICY audit_auditor ON {{schema}}.audit_epochs FOR SELECT TO {{auditor}} USING (true);
CREATE POLICY audit_reader ON {{schema}}.audit_epochs FOR SELECT TO {{reader}}
    USING (tenant_id = current_setting('audit.tenant', true) AND {{schema}}.audit_login_admits(current_setting('audit.tenant', true)));
CREATE POLICY audit_writer ON {{schema}}.audit_epochs FOR SELECT TO {{writer}} USING (true);
CREATE POLICY audit_writer_insert ON {{schema}}.audit_epochs FOR INSERT TO {{writer}} WITH CHECK (true);
GRANT SELECT ON {{schema}}.audit_epochs TO {{auditor}}, {{reader}};
-- Whoever holds the log's key signs the statement; without that it is worth nothing.
GRANT SELECT, INSERT ON {{schema}}.audit_epochs TO {{writer}};

CREATE OR REPLACE FUNCTION {{schema}}.audit_schema_version() RETURNS integer
    LANGUAGE sql IMMUTABLE
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$ SELECT 6 $$;

RESET ROLE;

-- +goose Down
SET ROLE {{owner}};
CREATE OR REPLACE FUNCTION {{schema}}.audit_schema_version() RETURNS integer
    LANGUAGE sql IMMUTABLE
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$ SELECT 5 $$;
DROP TABLE {{schema}}.audit_epochs;
ALTER TABLE {{schema}}.audit_events DROP COLUMN mac;
ALTER TABLE {{schema}}.audit_events ADD COLUMN mac bytea;
RESET ROLE;
