-- The tables. Fixed-width columns come first, because padding between them
-- would be paid for in every row. Identifiers are COLLATE "C": bytes order them,
-- on every operating system, and an index on them is cheaper to compare.

-- +goose Up
SET ROLE {{owner}};

CREATE TABLE {{schema}}.audit_events (
    seq                    bigint      NOT NULL,
    recorded_at            timestamptz NOT NULL,
    time_unix_nano         bigint,
    observed_time_unix_nano bigint,
    -- The time by which events are ordered and windows are cut. An event dated
    -- 2099 must not head every list, hence least(). to_timestamp() is neither
    -- immutable in every version nor exact, hence the interval.
    event_time             timestamptz NOT NULL GENERATED ALWAYS AS (
        least(
            (timestamp 'epoch' + (coalesce(time_unix_nano, observed_time_unix_nano) / 1000) * interval '1 microsecond') AT TIME ZONE 'UTC',
            recorded_at
        )
    ) STORED,
    epoch                  integer     NOT NULL,
    severity               smallint,
    tenant_id              text COLLATE "C" NOT NULL,
    event_id               text COLLATE "C" NOT NULL,
    action                 text COLLATE "C" NOT NULL,
    outcome                text COLLATE "C" NOT NULL,
    actor_type             text COLLATE "C" GENERATED ALWAYS AS (actor ->> 'type') STORED,
    actor_id               text COLLATE "C" GENERATED ALWAYS AS (actor ->> 'id') STORED,
    target_type            text COLLATE "C" GENERATED ALWAYS AS (target ->> 'type') STORED,
    target_id              text COLLATE "C" GENERATED ALWAYS AS (target ->> 'id') STORED,
    request_id             text COLLATE "C" GENERATED ALWAYS AS (context ->> 'request_id') STORED,
    -- Text, never inet: it may hold ciphertext one day.
    client_ip              text COLLATE "C" GENERATED ALWAYS AS (context ->> 'ip') STORED,
    correlation_id         text COLLATE "C",
    causation_id           text COLLATE "C",
    idempotency_key        text COLLATE "C",
    trace_id               text COLLATE "C",
    span_id                text COLLATE "C",
    event_name             text COLLATE "C",
    severity_text          text COLLATE "C",
    schema_version         text COLLATE "C",
    reason                 text,
    flags                  text[] COLLATE "C",
    original               jsonb,
    actor                  jsonb,
    target                 jsonb,
    changes                jsonb,
    context                jsonb,
    payload                jsonb,
    producer               jsonb,
    source                 jsonb,
    attributes             jsonb,
    body                   jsonb,
    leaf_hash              bytea NOT NULL,
    mac                    bytea,
    CONSTRAINT audit_events_pkey PRIMARY KEY (tenant_id, epoch, seq, recorded_at),
    CONSTRAINT audit_events_position CHECK (seq >= 0 AND epoch >= 0),
    CONSTRAINT audit_events_named CHECK (tenant_id <> '' AND event_id <> '' AND action <> ''),
    CONSTRAINT audit_events_outcome CHECK (outcome IN ('success', 'failure', 'denied', 'unknown')),
    CONSTRAINT audit_events_leaf CHECK (octet_length(leaf_hash) = 32)
) PARTITION BY RANGE (recorded_at);

COMMENT ON TABLE {{schema}}.audit_events IS 'Committed audit events, one row each, append-only; partitioned by the month (UTC) of recorded_at.';
COMMENT ON COLUMN {{schema}}.audit_events.seq IS 'From 0, per tenant and epoch, without gaps: the leaf index of the tenant''s RFC 6962 tree.';
COMMENT ON COLUMN {{schema}}.audit_events.recorded_at IS 'The database server''s clock, read under the tenant''s lock; never goes back within a tenant.';
COMMENT ON COLUMN {{schema}}.audit_events.event_time IS 'The earlier of the record''s own time and recorded_at, in microseconds; lists and windows use it.';
COMMENT ON COLUMN {{schema}}.audit_events.leaf_hash IS 'SHA-256(0x00 || canonical record), 32 bytes.';

-- Every index costs a tenth of the write rate or more, so these carry the filters
-- people page through. Denials and failures are what auditors look for, and are
-- few. Trace, request id, address and actor type alone are read from the rows
-- that a tenant and a window have narrowed down (0.5 s per million of them).
CREATE INDEX audit_events_time        ON {{schema}}.audit_events (tenant_id, event_time DESC, seq DESC);
CREATE INDEX audit_events_action      ON {{schema}}.audit_events (tenant_id, action, event_time DESC, seq DESC);
CREATE INDEX audit_events_actor       ON {{schema}}.audit_events (tenant_id, actor_id, event_time DESC, seq DESC);
CREATE INDEX audit_events_target      ON {{schema}}.audit_events (tenant_id, target_id, event_time DESC, seq DESC) WHERE target_id IS NOT NULL;
CREATE INDEX audit_events_correlation ON {{schema}}.audit_events (tenant_id, correlation_id, event_time DESC, seq DESC) WHERE correlation_id IS NOT NULL;
CREATE INDEX audit_events_outcome     ON {{schema}}.audit_events (tenant_id, outcome, event_time DESC, seq DESC) WHERE outcome <> 'success';
CREATE INDEX audit_events_causation   ON {{schema}}.audit_events (tenant_id, causation_id, event_time DESC, seq DESC) WHERE causation_id IS NOT NULL;

-- +goose StatementBegin
DO $$
DECLARE
    column_name text;
BEGIN
    IF pg_catalog.current_setting('server_version_num')::int < 140000 THEN
        RETURN;
    END IF;
    FOREACH column_name IN ARRAY ARRAY[
        'original', 'actor', 'target', 'changes', 'context', 'payload', 'producer', 'source', 'attributes', 'body'
    ] LOOP
        EXECUTE pg_catalog.format('ALTER TABLE {{schema}}.audit_events ALTER COLUMN %I SET COMPRESSION lz4', column_name);
    END LOOP;
EXCEPTION WHEN feature_not_supported THEN
    NULL; -- this server was built without lz4; pglz it is
END
$$;
-- +goose StatementEnd

-- Not partitioned: a unique key of a partitioned table must contain the
-- partition key, and then the same event sent again next month would be new.
CREATE TABLE {{schema}}.audit_event_ids (
    recorded_at timestamptz NOT NULL,
    seq         bigint      NOT NULL,
    epoch       integer     NOT NULL,
    kind        "char"      NOT NULL,
    tenant_id   text COLLATE "C" NOT NULL,
    id          text COLLATE "C" NOT NULL,
    fingerprint bytea       NOT NULL,
    CONSTRAINT audit_event_ids_pkey PRIMARY KEY (tenant_id, kind, id),
    CONSTRAINT audit_event_ids_kind CHECK (kind IN ('e', 'k')),
    CONSTRAINT audit_event_ids_fingerprint CHECK (octet_length(fingerprint) = 32)
);

COMMENT ON TABLE {{schema}}.audit_event_ids IS 'The identities of events: a second record with one of them is a duplicate (same fingerprint) or a conflict.';
COMMENT ON COLUMN {{schema}}.audit_event_ids.kind IS 'e: event id; k: idempotency key.';

CREATE TABLE {{schema}}.audit_commits (
    size        bigint      NOT NULL,
    prev_size   bigint      NOT NULL,
    recorded_at timestamptz NOT NULL,
    epoch       integer     NOT NULL,
    tenant_id   text COLLATE "C" NOT NULL,
    root        bytea,
    frontier    bytea,
    note        text,
    CONSTRAINT audit_commits_pkey PRIMARY KEY (tenant_id, epoch, size),
    -- Two commits on one predecessor would be a fork: impossible even if the
    -- locking of the writers is wrong.
    CONSTRAINT audit_commits_prev UNIQUE (tenant_id, epoch, prev_size),
    CONSTRAINT audit_commits_grows CHECK (prev_size >= 0 AND size > prev_size AND epoch >= 0),
    CONSTRAINT audit_commits_root CHECK (octet_length(root) = 32),
    CONSTRAINT audit_commits_frontier CHECK (octet_length(frontier) % 32 = 0)
);

COMMENT ON TABLE {{schema}}.audit_commits IS 'One row per tenant and transaction: events prev_size to size - 1 were committed together.';
COMMENT ON COLUMN {{schema}}.audit_commits.frontier IS 'Roots of the complete subtrees of the tree of this size, largest first, 32 bytes each.';

CREATE TABLE {{schema}}.audit_quarantine (
    id                bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    received_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    tenant_id         text COLLATE "C",
    event_id          text COLLATE "C",
    action            text COLLATE "C",
    reason            text COLLATE "C" NOT NULL,
    sqlstate          text COLLATE "C",
    detail            text,
    sha256            bytea       NOT NULL,
    otlp              bytea       NOT NULL,
    otlp_encoding     text COLLATE "C" NOT NULL DEFAULT 'json',
    resolved_at       timestamptz,
    resolution        text COLLATE "C",
    resolution_reason text,
    resolved_by       text,
    CONSTRAINT audit_quarantine_pkey PRIMARY KEY (id),
    CONSTRAINT audit_quarantine_sha256 CHECK (octet_length(sha256) = 32),
    CONSTRAINT audit_quarantine_encoding CHECK (otlp_encoding IN ('json', 'protobuf')),
    CONSTRAINT audit_quarantine_resolution CHECK (resolution IN ('replayed', 'discarded')),
    CONSTRAINT audit_quarantine_resolved CHECK ((resolution IS NULL) = (resolved_at IS NULL))
);

-- What makes a record sent again one row. Per tenant, because two may send the
-- same bytes where the tenant is that of their authentication. An expression,
-- because two absent tenants would differ (NULLS NOT DISTINCT is PostgreSQL 15).
CREATE UNIQUE INDEX audit_quarantine_once ON {{schema}}.audit_quarantine (sha256, (coalesce(tenant_id, '')));
CREATE INDEX audit_quarantine_tenant ON {{schema}}.audit_quarantine (tenant_id, id DESC);

COMMENT ON TABLE {{schema}}.audit_quarantine IS 'Redacted records that could not become events, with the reason; tenant_id is a claim, not a fact.';
COMMENT ON COLUMN {{schema}}.audit_quarantine.sha256 IS 'SHA-256 of the single record as it came, before redaction, as deterministic OTLP protobuf.';
COMMENT ON COLUMN {{schema}}.audit_quarantine.otlp IS 'OTLP LogsData with one resource, one scope and one log record, after redaction.';

CREATE TABLE {{schema}}.audit_prunes (
    id                  bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    size                bigint      NOT NULL,
    cutoff              timestamptz NOT NULL,
    deleted             bigint      NOT NULL,
    recorded_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    epoch               integer     NOT NULL,
    tenant_id           text COLLATE "C" NOT NULL,
    intent_event_id     text COLLATE "C",
    completion_event_id text COLLATE "C",
    root                bytea,
    frontier            bytea,
    note                text,
    pruned_by           text        NOT NULL DEFAULT session_user,
    CONSTRAINT audit_prunes_pkey PRIMARY KEY (id),
    CONSTRAINT audit_prunes_counts CHECK (size > 0 AND deleted >= 0)
);

CREATE INDEX audit_prunes_tenant ON {{schema}}.audit_prunes (tenant_id, epoch, size);

COMMENT ON TABLE {{schema}}.audit_prunes IS 'Removals by retention: events of the tenant before seq = size are gone, the rest starts with this frontier and note.';

CREATE TABLE {{schema}}.audit_pruned_leaves (
    seq         bigint      NOT NULL,
    recorded_at timestamptz NOT NULL,
    pruned_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    epoch       integer     NOT NULL,
    tenant_id   text COLLATE "C" NOT NULL,
    leaf_hash   bytea       NOT NULL,
    CONSTRAINT audit_pruned_leaves_pkey PRIMARY KEY (tenant_id, epoch, seq),
    CONSTRAINT audit_pruned_leaves_leaf CHECK (octet_length(leaf_hash) = 32)
);

COMMENT ON TABLE {{schema}}.audit_pruned_leaves IS 'Events removed one by one: the leaf stays, so that the tree can still be recomputed.';

CREATE TABLE {{schema}}.audit_legal_holds (
    id          bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    since       timestamptz,
    until       timestamptz,
    placed_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    released_at timestamptz,
    tenant_id   text COLLATE "C" NOT NULL,
    reason      text        NOT NULL,
    placed_by   text        NOT NULL DEFAULT session_user,
    released_by text,
    CONSTRAINT audit_legal_holds_pkey PRIMARY KEY (id),
    CONSTRAINT audit_legal_holds_window CHECK (since IS NULL OR until IS NULL OR since < until)
);

CREATE INDEX audit_legal_holds_tenant ON {{schema}}.audit_legal_holds (tenant_id) WHERE released_at IS NULL;

COMMENT ON TABLE {{schema}}.audit_legal_holds IS 'While a hold is not released, nothing recorded in its window is pruned; absent bounds are open.';

CREATE TABLE {{schema}}.audit_retention (
    keep_days  integer     NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    tenant_id  text COLLATE "C" NOT NULL,
    updated_by text        NOT NULL DEFAULT session_user,
    CONSTRAINT audit_retention_pkey PRIMARY KEY (tenant_id),
    CONSTRAINT audit_retention_days CHECK (keep_days >= 1)
);

COMMENT ON TABLE {{schema}}.audit_retention IS 'How long events are kept, in days since recorded_at; tenant_id _default holds for all others.';

CREATE TABLE {{schema}}.audit_login_tenants (
    login     name NOT NULL,
    tenant_id text COLLATE "C" NOT NULL,
    login_oid oid  NOT NULL,
    CONSTRAINT audit_login_tenants_pkey PRIMARY KEY (login, tenant_id)
);

COMMENT ON TABLE {{schema}}.audit_login_tenants IS 'A login named here reads these tenants only, whatever audit.tenant it sets; one not named is not bound.';
COMMENT ON COLUMN {{schema}}.audit_login_tenants.login_oid IS 'Filled in from the name. A login that is renamed stays bound by it, and reads nothing until its new name stands here.';

-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_bind_login() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
BEGIN
    NEW.login_oid := to_regrole(quote_ident(NEW.login));
    IF NEW.login_oid IS NULL THEN
        RAISE EXCEPTION 'login "%" does not exist', NEW.login
            USING ERRCODE = '42704', HINT = 'Create the login before it is bound.';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_bind_login() FROM PUBLIC;
CREATE TRIGGER audit_bind_login BEFORE INSERT OR UPDATE ON {{schema}}.audit_login_tenants
    FOR EACH ROW EXECUTE FUNCTION {{schema}}.audit_bind_login();

-- Default privileges, of the server or of the role, may have given others rights
-- on what was just made. Who may do what is said in 00005 and nowhere else.
-- +goose StatementBegin
DO $$
DECLARE
    granted record;
BEGIN
    FOR granted IN
        SELECT c.oid::regclass AS relation, c.relkind, a.grantee
        FROM pg_catalog.pg_class AS c CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) AS a
        WHERE c.relnamespace = '{{schema}}'::regnamespace AND c.relowner = '{{owner}}'::regrole AND a.grantee <> c.relowner
            AND (c.relkind = 'S' OR c.relname IN (
                'audit_events', 'audit_event_ids', 'audit_commits', 'audit_quarantine', 'audit_prunes', 'audit_pruned_leaves',
                'audit_legal_holds', 'audit_retention', 'audit_login_tenants'))
    LOOP
        EXECUTE pg_catalog.format('REVOKE ALL ON %s %s FROM %s', CASE granted.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
            granted.relation, CASE granted.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(granted.grantee)) END);
    END LOOP;
END
$$;
-- +goose StatementEnd

RESET ROLE;

-- +goose Down
SET ROLE {{owner}};

-- +goose StatementBegin
DO $$
DECLARE
    kept regclass;
    found boolean;
BEGIN
    -- Nothing may arrive between the look and the drop.
    LOCK TABLE {{schema}}.audit_events, {{schema}}.audit_event_ids, {{schema}}.audit_quarantine IN ACCESS EXCLUSIVE MODE;
    -- Under forced row-level security the owner would see no rows and no error.
    ALTER TABLE {{schema}}.audit_quarantine NO FORCE ROW LEVEL SECURITY;
    FOR kept IN
        SELECT inhrelid::regclass FROM pg_catalog.pg_inherits WHERE inhparent = '{{schema}}.audit_events'::regclass
        UNION ALL SELECT '{{schema}}.audit_event_ids'::regclass
        UNION ALL SELECT '{{schema}}.audit_quarantine'::regclass
    LOOP
        EXECUTE pg_catalog.format('SELECT EXISTS (SELECT FROM %s)', kept) INTO found;
        IF found THEN
            RAISE EXCEPTION '% is not empty: audit data is never removed by a migration', kept
                USING ERRCODE = '55000', HINT = 'Prune the events first, or keep the tables.';
        END IF;
    END LOOP;
END
$$;
-- +goose StatementEnd

DROP TABLE {{schema}}.audit_login_tenants;
DROP FUNCTION {{schema}}.audit_bind_login();
DROP TABLE {{schema}}.audit_retention;
DROP TABLE {{schema}}.audit_legal_holds;
DROP TABLE {{schema}}.audit_pruned_leaves;
DROP TABLE {{schema}}.audit_prunes;
DROP TABLE {{schema}}.audit_quarantine;
DROP TABLE {{schema}}.audit_commits;
DROP TABLE {{schema}}.audit_event_ids;
DROP TABLE {{schema}}.audit_events;

RESET ROLE;
