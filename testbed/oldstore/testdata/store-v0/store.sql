--
-- PostgreSQL database dump
--

\restrict 0wJdrXlOCZwxqgfIq1NVHJlrq88x8Jx7vrXz52fz5AtKzNTtPEGZdHaHocxJyqR

-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: audit_bind_login(); Type: FUNCTION; Schema: public; Owner: audit_owner
--

CREATE FUNCTION public.audit_bind_login() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
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


ALTER FUNCTION public.audit_bind_login() OWNER TO audit_owner;

--
-- Name: audit_ensure_month(timestamp with time zone); Type: FUNCTION; Schema: public; Owner: audit_owner
--

CREATE FUNCTION public.audit_ensure_month(at timestamp with time zone) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
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
        SELECT c.oid INTO existing FROM pg_class AS c WHERE c.relnamespace = '"public"'::regnamespace AND c.relname = partition;
        IF EXISTS (SELECT FROM pg_inherits WHERE inhrelid = existing AND inhparent = '"public".audit_events'::regclass) THEN
            RETURN partition;
        END IF;
        IF attempt = 1 THEN
            PERFORM pg_advisory_xact_lock(7021894403517551617);
        END IF;
    END LOOP;
    IF existing IS NOT NULL THEN
        RAISE EXCEPTION 'table public.% exists and is not a partition of audit_events', partition
            USING ERRCODE = '55000', HINT = 'Rename or remove that table.';
    END IF;
    -- Made apart and attached: CREATE ... PARTITION OF would lock the parent
    -- exclusively and stop every reader behind one long query.
    EXECUTE format('CREATE TABLE "public".%I (LIKE "public".audit_events INCLUDING ALL)', partition);
    EXECUTE format('CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON "public".%I
        FOR EACH STATEMENT EXECUTE FUNCTION "public".audit_refuse_change()', partition);
    -- Default privileges must not open it.
    FOR grantee IN
        SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END
        FROM pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS a
        WHERE c.relnamespace = '"public"'::regnamespace AND c.relname = partition AND a.grantee <> c.relowner
    LOOP
        EXECUTE format('REVOKE ALL ON "public".%I FROM ', partition) || grantee;
    END LOOP;
    -- No row-level security here: COPY is refused where it applies. Readers have
    -- no grant on partitions, so they meet it on the parent.
    EXECUTE format('GRANT INSERT ON "public".%I TO "audit_writer"', partition);
    EXECUTE format('GRANT SELECT ON "public".%I TO "audit_auditor"', partition);
    EXECUTE format('ALTER TABLE "public".audit_events ATTACH PARTITION "public".%I FOR VALUES FROM (%L) TO (%L)',
        partition, to_char(lower_bound, 'YYYY-MM-DD') || ' 00:00:00+00', to_char(upper_bound, 'YYYY-MM-DD') || ' 00:00:00+00');
    RETURN partition;
END
$$;


ALTER FUNCTION public.audit_ensure_month(at timestamp with time zone) OWNER TO audit_owner;

--
-- Name: audit_locate(text); Type: FUNCTION; Schema: public; Owner: audit_owner
--

CREATE FUNCTION public.audit_locate(wanted text) RETURNS TABLE(epoch integer, seq bigint, recorded_at timestamp with time zone)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
    SELECT i.epoch, i.seq, i.recorded_at
    FROM "public".audit_event_ids AS i
    WHERE i.tenant_id = current_setting('audit.tenant', true) AND i.kind = 'e' AND i.id = wanted
        AND "public".audit_login_admits(current_setting('audit.tenant', true))
$$;


ALTER FUNCTION public.audit_locate(wanted text) OWNER TO audit_owner;

--
-- Name: audit_login_admits(text); Type: FUNCTION; Schema: public; Owner: audit_owner
--

CREATE FUNCTION public.audit_login_admits(tenant text) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
    -- Bound by its name or by its number, so that renaming a login does not free
    -- it; admitted by its name only, because numbers differ after a restore.
    SELECT NOT EXISTS (
            SELECT FROM "public".audit_login_tenants
            WHERE login = session_user OR login_oid = quote_ident(session_user)::regrole::oid)
        OR EXISTS (SELECT FROM "public".audit_login_tenants WHERE login = session_user AND tenant_id = tenant)
$$;


ALTER FUNCTION public.audit_login_admits(tenant text) OWNER TO audit_owner;

--
-- Name: audit_refuse_change(); Type: FUNCTION; Schema: public; Owner: audit_owner
--

CREATE FUNCTION public.audit_refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
BEGIN
    -- Only a prune function, which runs as the owner, sets audit.pruning; a
    -- superuser who sets it is still not the owner.
    IF TG_OP = 'DELETE' AND current_user = 'audit_owner' AND current_setting('audit.pruning', true) = 'on' THEN
        RETURN OLD; -- ignored by statement triggers
    END IF;
    RAISE EXCEPTION '% on %.% is refused: audit data is append-only', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = '42501', HINT = 'Events leave by retention only.';
END
$$;


ALTER FUNCTION public.audit_refuse_change() OWNER TO audit_owner;

--
-- Name: audit_refuse_quarantine_change(); Type: FUNCTION; Schema: public; Owner: audit_owner
--

CREATE FUNCTION public.audit_refuse_quarantine_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
BEGIN
    -- A resolution may be written once, by a function that runs as the owner;
    -- what came, and why it was kept apart, never changes.
    IF TG_OP = 'UPDATE' AND current_user = 'audit_owner' AND current_setting('audit.resolving', true) = 'on'
        AND OLD.resolution IS NULL
        AND (NEW.id, NEW.received_at, NEW.tenant_id, NEW.event_id, NEW.action, NEW.reason, NEW.sqlstate, NEW.detail, NEW.sha256, NEW.otlp, NEW.otlp_encoding)
            IS NOT DISTINCT FROM
            (OLD.id, OLD.received_at, OLD.tenant_id, OLD.event_id, OLD.action, OLD.reason, OLD.sqlstate, OLD.detail, OLD.sha256, OLD.otlp, OLD.otlp_encoding)
    THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' AND current_user = 'audit_owner' AND current_setting('audit.pruning', true) = 'on' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% on %.% is refused: quarantine keeps what came', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = '42501', HINT = 'Replay or discard a record by the functions for it.';
END
$$;


ALTER FUNCTION public.audit_refuse_quarantine_change() OWNER TO audit_owner;

--
-- Name: audit_schema_version(); Type: FUNCTION; Schema: public; Owner: audit_owner
--

CREATE FUNCTION public.audit_schema_version() RETURNS integer
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$ SELECT 5 $$;


ALTER FUNCTION public.audit_schema_version() OWNER TO audit_owner;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: audit_commits; Type: TABLE; Schema: public; Owner: audit_owner
--

CREATE TABLE public.audit_commits (
    size bigint NOT NULL,
    prev_size bigint NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    epoch integer NOT NULL,
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    root bytea,
    frontier bytea,
    note text,
    CONSTRAINT audit_commits_frontier CHECK (((octet_length(frontier) % 32) = 0)),
    CONSTRAINT audit_commits_grows CHECK (((prev_size >= 0) AND (size > prev_size) AND (epoch >= 0))),
    CONSTRAINT audit_commits_root CHECK ((octet_length(root) = 32))
);

ALTER TABLE ONLY public.audit_commits FORCE ROW LEVEL SECURITY;


ALTER TABLE public.audit_commits OWNER TO audit_owner;

--
-- Name: audit_event_ids; Type: TABLE; Schema: public; Owner: audit_owner
--

CREATE TABLE public.audit_event_ids (
    recorded_at timestamp with time zone NOT NULL,
    seq bigint NOT NULL,
    epoch integer NOT NULL,
    kind "char" NOT NULL,
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    fingerprint bytea NOT NULL,
    CONSTRAINT audit_event_ids_fingerprint CHECK ((octet_length(fingerprint) = 32)),
    CONSTRAINT audit_event_ids_kind CHECK ((kind = ANY (ARRAY['e'::"char", 'k'::"char"])))
);


ALTER TABLE public.audit_event_ids OWNER TO audit_owner;

--
-- Name: audit_events; Type: TABLE; Schema: public; Owner: audit_owner
--

CREATE TABLE public.audit_events (
    seq bigint NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    time_unix_nano bigint,
    observed_time_unix_nano bigint,
    event_time timestamp with time zone GENERATED ALWAYS AS (LEAST((('1970-01-01 00:00:00'::timestamp without time zone + (((COALESCE(time_unix_nano, observed_time_unix_nano) / 1000))::double precision * '00:00:00.000001'::interval)) AT TIME ZONE 'UTC'::text), recorded_at)) STORED NOT NULL,
    epoch integer NOT NULL,
    severity smallint,
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    event_id text NOT NULL COLLATE pg_catalog."C",
    action text NOT NULL COLLATE pg_catalog."C",
    outcome text NOT NULL COLLATE pg_catalog."C",
    actor_type text GENERATED ALWAYS AS ((actor ->> 'type'::text)) STORED COLLATE pg_catalog."C",
    actor_id text GENERATED ALWAYS AS ((actor ->> 'id'::text)) STORED COLLATE pg_catalog."C",
    target_type text GENERATED ALWAYS AS ((target ->> 'type'::text)) STORED COLLATE pg_catalog."C",
    target_id text GENERATED ALWAYS AS ((target ->> 'id'::text)) STORED COLLATE pg_catalog."C",
    request_id text GENERATED ALWAYS AS ((context ->> 'request_id'::text)) STORED COLLATE pg_catalog."C",
    client_ip text GENERATED ALWAYS AS ((context ->> 'ip'::text)) STORED COLLATE pg_catalog."C",
    correlation_id text COLLATE pg_catalog."C",
    causation_id text COLLATE pg_catalog."C",
    idempotency_key text COLLATE pg_catalog."C",
    trace_id text COLLATE pg_catalog."C",
    span_id text COLLATE pg_catalog."C",
    event_name text COLLATE pg_catalog."C",
    severity_text text COLLATE pg_catalog."C",
    schema_version text COLLATE pg_catalog."C",
    reason text,
    flags text[] COLLATE pg_catalog."C",
    original jsonb,
    actor jsonb,
    target jsonb,
    changes jsonb,
    context jsonb,
    payload jsonb,
    producer jsonb,
    source jsonb,
    attributes jsonb,
    body jsonb,
    leaf_hash bytea NOT NULL,
    mac bytea,
    CONSTRAINT audit_events_leaf CHECK ((octet_length(leaf_hash) = 32)),
    CONSTRAINT audit_events_named CHECK (((tenant_id <> ''::text) AND (event_id <> ''::text) AND (action <> ''::text))),
    CONSTRAINT audit_events_outcome CHECK ((outcome = ANY (ARRAY['success'::text, 'failure'::text, 'denied'::text, 'unknown'::text]))),
    CONSTRAINT audit_events_position CHECK (((seq >= 0) AND (epoch >= 0)))
)
PARTITION BY RANGE (recorded_at);

ALTER TABLE ONLY public.audit_events FORCE ROW LEVEL SECURITY;


ALTER TABLE public.audit_events OWNER TO audit_owner;

--
-- Name: audit_events_2026_11; Type: TABLE; Schema: public; Owner: audit_owner
--

CREATE TABLE public.audit_events_2026_11 (
    seq bigint NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    time_unix_nano bigint,
    observed_time_unix_nano bigint,
    event_time timestamp with time zone GENERATED ALWAYS AS (LEAST((('1970-01-01 00:00:00'::timestamp without time zone + (((COALESCE(time_unix_nano, observed_time_unix_nano) / 1000))::double precision * '00:00:00.000001'::interval)) AT TIME ZONE 'UTC'::text), recorded_at)) STORED NOT NULL,
    epoch integer NOT NULL,
    severity smallint,
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    event_id text NOT NULL COLLATE pg_catalog."C",
    action text NOT NULL COLLATE pg_catalog."C",
    outcome text NOT NULL COLLATE pg_catalog."C",
    actor_type text GENERATED ALWAYS AS ((actor ->> 'type'::text)) STORED COLLATE pg_catalog."C",
    actor_id text GENERATED ALWAYS AS ((actor ->> 'id'::text)) STORED COLLATE pg_catalog."C",
    target_type text GENERATED ALWAYS AS ((target ->> 'type'::text)) STORED COLLATE pg_catalog."C",
    target_id text GENERATED ALWAYS AS ((target ->> 'id'::text)) STORED COLLATE pg_catalog."C",
    request_id text GENERATED ALWAYS AS ((context ->> 'request_id'::text)) STORED COLLATE pg_catalog."C",
    client_ip text GENERATED ALWAYS AS ((context ->> 'ip'::text)) STORED COLLATE pg_catalog."C",
    correlation_id text COLLATE pg_catalog."C",
    causation_id text COLLATE pg_catalog."C",
    idempotency_key text COLLATE pg_catalog."C",
    trace_id text COLLATE pg_catalog."C",
    span_id text COLLATE pg_catalog."C",
    event_name text COLLATE pg_catalog."C",
    severity_text text COLLATE pg_catalog."C",
    schema_version text COLLATE pg_catalog."C",
    reason text,
    flags text[] COLLATE pg_catalog."C",
    original jsonb,
    actor jsonb,
    target jsonb,
    changes jsonb,
    context jsonb,
    payload jsonb,
    producer jsonb,
    source jsonb,
    attributes jsonb,
    body jsonb,
    leaf_hash bytea NOT NULL,
    mac bytea,
    CONSTRAINT audit_events_leaf CHECK ((octet_length(leaf_hash) = 32)),
    CONSTRAINT audit_events_named CHECK (((tenant_id <> ''::text) AND (event_id <> ''::text) AND (action <> ''::text))),
    CONSTRAINT audit_events_outcome CHECK ((outcome = ANY (ARRAY['success'::text, 'failure'::text, 'denied'::text, 'unknown'::text]))),
    CONSTRAINT audit_events_position CHECK (((seq >= 0) AND (epoch >= 0)))
);


ALTER TABLE public.audit_events_2026_11 OWNER TO audit_owner;

--
-- Name: audit_events_2026_12; Type: TABLE; Schema: public; Owner: audit_owner
--

CREATE TABLE public.audit_events_2026_12 (
    seq bigint NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    time_unix_nano bigint,
    observed_time_unix_nano bigint,
    event_time timestamp with time zone GENERATED ALWAYS AS (LEAST((('1970-01-01 00:00:00'::timestamp without time zone + (((COALESCE(time_unix_nano, observed_time_unix_nano) / 1000))::double precision * '00:00:00.000001'::interval)) AT TIME ZONE 'UTC'::text), recorded_at)) STORED NOT NULL,
    epoch integer NOT NULL,
    severity smallint,
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    event_id text NOT NULL COLLATE pg_catalog."C",
    action text NOT NULL COLLATE pg_catalog."C",
    outcome text NOT NULL COLLATE pg_catalog."C",
    actor_type text GENERATED ALWAYS AS ((actor ->> 'type'::text)) STORED COLLATE pg_catalog."C",
    actor_id text GENERATED ALWAYS AS ((actor ->> 'id'::text)) STORED COLLATE pg_catalog."C",
    target_type text GENERATED ALWAYS AS ((target ->> 'type'::text)) STORED COLLATE pg_catalog."C",
    target_id text GENERATED ALWAYS AS ((target ->> 'id'::text)) STORED COLLATE pg_catalog."C",
    request_id text GENERATED ALWAYS AS ((context ->> 'request_id'::text)) STORED COLLATE pg_catalog."C",
    client_ip text GENERATED ALWAYS AS ((context ->> 'ip'::text)) STORED COLLATE pg_catalog."C",
    correlation_id text COLLATE pg_catalog."C",
    causation_id text COLLATE pg_catalog."C",
    idempotency_key text COLLATE pg_catalog."C",
    trace_id text COLLATE pg_catalog."C",
    span_id text COLLATE pg_catalog."C",
    event_name text COLLATE pg_catalog."C",
    severity_text text COLLATE pg_catalog."C",
    schema_version text COLLATE pg_catalog."C",
    reason text,
    flags text[] COLLATE pg_catalog."C",
    original jsonb,
    actor jsonb,
    target jsonb,
    changes jsonb,
    context jsonb,
    payload jsonb,
    producer jsonb,
    source jsonb,
    attributes jsonb,
    body jsonb,
    leaf_hash bytea NOT NULL,
    mac bytea,
    CONSTRAINT audit_events_leaf CHECK ((octet_length(leaf_hash) = 32)),
    CONSTRAINT audit_events_named CHECK (((tenant_id <> ''::text) AND (event_id <> ''::text) AND (action <> ''::text))),
    CONSTRAINT audit_events_outcome CHECK ((outcome = ANY (ARRAY['success'::text, 'failure'::text, 'denied'::text, 'unknown'::text]))),
    CONSTRAINT audit_events_position CHECK (((seq >= 0) AND (epoch >= 0)))
);


ALTER TABLE public.audit_events_2026_12 OWNER TO audit_owner;

--
-- Name: audit_events_2027_01; Type: TABLE; Schema: public; Owner: audit_owner
--

CREATE TABLE public.audit_events_2027_01 (
    seq bigint NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    time_unix_nano bigint,
    observed_time_unix_nano bigint,
    event_time timestamp with time zone GENERATED ALWAYS AS (LEAST((('1970-01-01 00:00:00'::timestamp without time zone + (((COALESCE(time_unix_nano, observed_time_unix_nano) / 1000))::double precision * '00:00:00.000001'::interval)) AT TIME ZONE 'UTC'::text), recorded_at)) STORED NOT NULL,
    epoch integer NOT NULL,
    severity smallint,
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    event_id text NOT NULL COLLATE pg_catalog."C",
    action text NOT NULL COLLATE pg_catalog."C",
    outcome text NOT NULL COLLATE pg_catalog."C",
    actor_type text GENERATED ALWAYS AS ((actor ->> 'type'::text)) STORED COLLATE pg_catalog."C",
    actor_id text GENERATED ALWAYS AS ((actor ->> 'id'::text)) STORED COLLATE pg_catalog."C",
    target_type text GENERATED ALWAYS AS ((target ->> 'type'::text)) STORED COLLATE pg_catalog."C",
    target_id text GENERATED ALWAYS AS ((target ->> 'id'::text)) STORED COLLATE pg_catalog."C",
    request_id text GENERATED ALWAYS AS ((context ->> 'request_id'::text)) STORED COLLATE pg_catalog."C",
    client_ip text GENERATED ALWAYS AS ((context ->> 'ip'::text)) STORED COLLATE pg_catalog."C",
    correlation_id text COLLATE pg_catalog."C",
    causation_id text COLLATE pg_catalog."C",
    idempotency_key text COLLATE pg_catalog."C",
    trace_id text COLLATE pg_catalog."C",
    span_id text COLLATE pg_catalog."C",
    event_name text COLLATE pg_catalog."C",
    severity_text text COLLATE pg_catalog."C",
    schema_version text COLLATE pg_catalog."C",
    reason text,
    flags text[] COLLATE pg_catalog."C",
    original jsonb,
    actor jsonb,
    target jsonb,
    changes jsonb,
    context jsonb,
    payload jsonb,
    producer jsonb,
    source jsonb,
    attributes jsonb,
    body jsonb,
    leaf_hash bytea NOT NULL,
    mac bytea,
    CONSTRAINT audit_events_leaf CHECK ((octet_length(leaf_hash) = 32)),
    CONSTRAINT audit_events_named CHECK (((tenant_id <> ''::text) AND (event_id <> ''::text) AND (action <> ''::text))),
    CONSTRAINT audit_events_outcome CHECK ((outcome = ANY (ARRAY['success'::text, 'failure'::text, 'denied'::text, 'unknown'::text]))),
    CONSTRAINT audit_events_position CHECK (((seq >= 0) AND (epoch >= 0)))
);


ALTER TABLE public.audit_events_2027_01 OWNER TO audit_owner;

--
-- Name: audit_legal_holds; Type: TABLE; Schema: public; Owner: audit_owner
--

CREATE TABLE public.audit_legal_holds (
    id bigint NOT NULL,
    since timestamp with time zone,
    until timestamp with time zone,
    placed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    released_at timestamp with time zone,
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    reason text NOT NULL,
    placed_by text DEFAULT SESSION_USER NOT NULL,
    released_by text,
    CONSTRAINT audit_legal_holds_window CHECK (((since IS NULL) OR (until IS NULL) OR (since < until)))
);

ALTER TABLE ONLY public.audit_legal_holds FORCE ROW LEVEL SECURITY;


ALTER TABLE public.audit_legal_holds OWNER TO audit_owner;

--
-- Name: audit_legal_holds_id_seq; Type: SEQUENCE; Schema: public; Owner: audit_owner
--

ALTER TABLE public.audit_legal_holds ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.audit_legal_holds_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: audit_login_tenants; Type: TABLE; Schema: public; Owner: audit_owner
--

CREATE TABLE public.audit_login_tenants (
    login name NOT NULL,
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    login_oid oid NOT NULL
);

ALTER TABLE ONLY public.audit_login_tenants FORCE ROW LEVEL SECURITY;


ALTER TABLE public.audit_login_tenants OWNER TO audit_owner;

--
-- Name: audit_migrations; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.audit_migrations (
    id integer NOT NULL,
    version_id bigint NOT NULL,
    is_applied boolean NOT NULL,
    tstamp timestamp without time zone DEFAULT (now() AT TIME ZONE 'UTC'::text) NOT NULL
);


ALTER TABLE public.audit_migrations OWNER TO postgres;

--
-- Name: audit_migrations_id_seq; Type: SEQUENCE; Schema: public; Owner: postgres
--

ALTER TABLE public.audit_migrations ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.audit_migrations_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: audit_pruned_leaves; Type: TABLE; Schema: public; Owner: audit_owner
--

CREATE TABLE public.audit_pruned_leaves (
    seq bigint NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    pruned_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    epoch integer NOT NULL,
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    leaf_hash bytea NOT NULL,
    CONSTRAINT audit_pruned_leaves_leaf CHECK ((octet_length(leaf_hash) = 32))
);

ALTER TABLE ONLY public.audit_pruned_leaves FORCE ROW LEVEL SECURITY;


ALTER TABLE public.audit_pruned_leaves OWNER TO audit_owner;

--
-- Name: audit_prunes; Type: TABLE; Schema: public; Owner: audit_owner
--

CREATE TABLE public.audit_prunes (
    id bigint NOT NULL,
    size bigint NOT NULL,
    cutoff timestamp with time zone NOT NULL,
    deleted bigint NOT NULL,
    recorded_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    epoch integer NOT NULL,
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    intent_event_id text COLLATE pg_catalog."C",
    completion_event_id text COLLATE pg_catalog."C",
    root bytea,
    frontier bytea,
    note text,
    pruned_by text DEFAULT SESSION_USER NOT NULL,
    CONSTRAINT audit_prunes_counts CHECK (((size > 0) AND (deleted >= 0)))
);

ALTER TABLE ONLY public.audit_prunes FORCE ROW LEVEL SECURITY;


ALTER TABLE public.audit_prunes OWNER TO audit_owner;

--
-- Name: audit_prunes_id_seq; Type: SEQUENCE; Schema: public; Owner: audit_owner
--

ALTER TABLE public.audit_prunes ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.audit_prunes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: audit_quarantine; Type: TABLE; Schema: public; Owner: audit_owner
--

CREATE TABLE public.audit_quarantine (
    id bigint NOT NULL,
    received_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    tenant_id text COLLATE pg_catalog."C",
    event_id text COLLATE pg_catalog."C",
    action text COLLATE pg_catalog."C",
    reason text NOT NULL COLLATE pg_catalog."C",
    sqlstate text COLLATE pg_catalog."C",
    detail text,
    sha256 bytea NOT NULL,
    otlp bytea NOT NULL,
    otlp_encoding text DEFAULT 'json'::text NOT NULL COLLATE pg_catalog."C",
    resolved_at timestamp with time zone,
    resolution text COLLATE pg_catalog."C",
    resolution_reason text,
    resolved_by text,
    CONSTRAINT audit_quarantine_encoding CHECK ((otlp_encoding = ANY (ARRAY['json'::text, 'protobuf'::text]))),
    CONSTRAINT audit_quarantine_resolution CHECK ((resolution = ANY (ARRAY['replayed'::text, 'discarded'::text]))),
    CONSTRAINT audit_quarantine_resolved CHECK (((resolution IS NULL) = (resolved_at IS NULL))),
    CONSTRAINT audit_quarantine_sha256 CHECK ((octet_length(sha256) = 32))
);

ALTER TABLE ONLY public.audit_quarantine FORCE ROW LEVEL SECURITY;


ALTER TABLE public.audit_quarantine OWNER TO audit_owner;

--
-- Name: audit_quarantine_id_seq; Type: SEQUENCE; Schema: public; Owner: audit_owner
--

ALTER TABLE public.audit_quarantine ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.audit_quarantine_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: audit_retention; Type: TABLE; Schema: public; Owner: audit_owner
--

CREATE TABLE public.audit_retention (
    keep_days integer NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    updated_by text DEFAULT SESSION_USER NOT NULL,
    CONSTRAINT audit_retention_days CHECK ((keep_days >= 1))
);

ALTER TABLE ONLY public.audit_retention FORCE ROW LEVEL SECURITY;


ALTER TABLE public.audit_retention OWNER TO audit_owner;

--
-- Name: audit_events_2026_11; Type: TABLE ATTACH; Schema: public; Owner: audit_owner
--

ALTER TABLE ONLY public.audit_events ATTACH PARTITION public.audit_events_2026_11 FOR VALUES FROM ('2026-11-01 00:00:00+00') TO ('2026-12-01 00:00:00+00');


--
-- Name: audit_events_2026_12; Type: TABLE ATTACH; Schema: public; Owner: audit_owner
--

ALTER TABLE ONLY public.audit_events ATTACH PARTITION public.audit_events_2026_12 FOR VALUES FROM ('2026-12-01 00:00:00+00') TO ('2027-01-01 00:00:00+00');


--
-- Name: audit_events_2027_01; Type: TABLE ATTACH; Schema: public; Owner: audit_owner
--

ALTER TABLE ONLY public.audit_events ATTACH PARTITION public.audit_events_2027_01 FOR VALUES FROM ('2027-01-01 00:00:00+00') TO ('2027-02-01 00:00:00+00');


--
-- Data for Name: audit_commits; Type: TABLE DATA; Schema: public; Owner: audit_owner
--

INSERT INTO public.audit_commits VALUES (6, 0, '2026-11-22 10:59:25.276791+00', 0, 'acme', NULL, NULL, NULL);
INSERT INTO public.audit_commits VALUES (6, 0, '2026-11-22 10:59:25.28324+00', 0, 'globex', NULL, NULL, NULL);
INSERT INTO public.audit_commits VALUES (6, 0, '2026-11-22 10:59:25.289398+00', 0, 'initech', NULL, NULL, NULL);
INSERT INTO public.audit_commits VALUES (12, 6, '2026-11-22 10:59:25.290358+00', 0, 'acme', NULL, NULL, NULL);
INSERT INTO public.audit_commits VALUES (12, 6, '2026-11-22 10:59:25.29223+00', 0, 'globex', NULL, NULL, NULL);
INSERT INTO public.audit_commits VALUES (12, 6, '2026-11-22 10:59:25.292995+00', 0, 'initech', NULL, NULL, NULL);
INSERT INTO public.audit_commits VALUES (18, 12, '2026-11-22 10:59:25.29369+00', 0, 'acme', NULL, NULL, NULL);
INSERT INTO public.audit_commits VALUES (18, 12, '2026-11-22 10:59:25.294342+00', 0, 'globex', NULL, NULL, NULL);
INSERT INTO public.audit_commits VALUES (18, 12, '2026-11-22 10:59:25.295012+00', 0, 'initech', NULL, NULL, NULL);


--
-- Data for Name: audit_event_ids; Type: TABLE DATA; Schema: public; Owner: audit_owner
--

INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.276791+00', 0, 0, 'e', 'acme', 'event-0001', '\x4c139fde16043a7bc6dc55363c79b8d86a5d9b5ff7828d3b47264a44aeaba52e');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.276791+00', 1, 0, 'e', 'acme', 'event-0002', '\x9a07129b932dc14a720055403b4474ff5af60eacbc1837e051b8ec5c8a25a698');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.276791+00', 2, 0, 'e', 'acme', 'event-0003', '\x4f05581101c78eaa251f708a0da081f8bddcfa7575db9d8a63eacf304294d6f5');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.276791+00', 3, 0, 'e', 'acme', 'event-0004', '\x1f8375261bdbf770c20301d6b437fba0c50e7b992bdfc5d3d9c36edb423dbea5');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.276791+00', 4, 0, 'e', 'acme', 'event-0005', '\x375d1a622ec0323d547f5b0e011aac961b5c1a10c474b8067b6042a08119050b');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.276791+00', 5, 0, 'e', 'acme', 'event-0006', '\xda01a80d4cc283acf63469783aafac410dcd1807136286457c7507dd145ed31f');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.276791+00', 2, 0, 'k', 'acme', 'Iv5', '\x4f05581101c78eaa251f708a0da081f8bddcfa7575db9d8a63eacf304294d6f5');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.276791+00', 3, 0, 'k', 'acme', ';,CS', '\x1f8375261bdbf770c20301d6b437fba0c50e7b992bdfc5d3d9c36edb423dbea5');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.276791+00', 4, 0, 'k', 'acme', '.򚬏/򸸐ﴚ2', '\x375d1a622ec0323d547f5b0e011aac961b5c1a10c474b8067b6042a08119050b');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.28324+00', 0, 0, 'e', 'globex', 'event-0007', '\xa190cbdf710f7fda24bed48d47a424216651b94a2c17879140ed3e0c238b4d6c');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.28324+00', 1, 0, 'e', 'globex', 'event-0008', '\x39a44a7818045dd046d08e2c92871e0f70e9eef2697151792ec9ac65e32c8d87');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.28324+00', 2, 0, 'e', 'globex', 'event-0009', '\xb2611a68dfb9fe42f0242bd9b8e54aad35a67aea11a9429ea3d54e481445c950');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.28324+00', 3, 0, 'e', 'globex', 'event-0010', '\xac0a32ad8204a987b75b98910845b5ab6d57d79af346c2e27902eeb48a811703');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.28324+00', 4, 0, 'e', 'globex', 'event-0011', '\xacd5112759c8b43a968798b8936182c00a60291f494cc93b2949e4a4a7f6d5f6');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.28324+00', 5, 0, 'e', 'globex', 'event-0012', '\x04cd7c1ce24a9139a8d8b55963c3c762ccb8159e80bf10ba4ae98289a19e086c');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.28324+00', 1, 0, 'k', 'globex', ')}4m![g', '\x39a44a7818045dd046d08e2c92871e0f70e9eef2697151792ec9ac65e32c8d87');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.28324+00', 3, 0, 'k', 'globex', '_Ac񺪉#Y', '\xac0a32ad8204a987b75b98910845b5ab6d57d79af346c2e27902eeb48a811703');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.289398+00', 0, 0, 'e', 'initech', 'event-0013', '\xe82d309abcd059cda6532ad6d55b74011c2789d572b8c8af60811e7414652a4e');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.289398+00', 1, 0, 'e', 'initech', 'event-0014', '\x130ad79d3b06a89daf5f71bab81c098810db1b96139f39bd1e6a6ace509a10c5');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.289398+00', 2, 0, 'e', 'initech', 'event-0015', '\xe3f7689816ba3e6ed38b7b0cea7d02bf508a0cd10b56184aadd94da9f385182a');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.289398+00', 3, 0, 'e', 'initech', 'event-0016', '\x1ec0926fd0079f323c0410ab278e0e5d5a0cc9822484884392e579b6c446c2b9');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.289398+00', 4, 0, 'e', 'initech', 'event-0017', '\xd3311c202125f29a3a405534b8743808aae5cd29c6218a0bd49a44ad21ddaed1');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.289398+00', 5, 0, 'e', 'initech', 'event-0018', '\xfd0bb76c81311f6206392d8932aca05d5529c6f2223e54f190ae8b590360b4b8');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.289398+00', 1, 0, 'k', 'initech', 'ﵘ;B&}*WJ/', '\x130ad79d3b06a89daf5f71bab81c098810db1b96139f39bd1e6a6ace509a10c5');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.290358+00', 6, 0, 'e', 'acme', 'event-0019', '\x4c139fde16043a7bc6dc55363c79b8d86a5d9b5ff7828d3b47264a44aeaba52e');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.290358+00', 7, 0, 'e', 'acme', 'event-0020', '\x2fbef99a0bd8b3b53334f77ea976f7a50ec501db24109dba0fd7c69b603d70a6');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.290358+00', 8, 0, 'e', 'acme', 'event-0021', '\x575b3c5a4d4d3cd12d63b491f2712e4fd563ee3d07fe42fa8ccef9061ed2b22d');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.290358+00', 9, 0, 'e', 'acme', 'event-0022', '\x7a65cd4ab87db7a59f25014640a33f5129ea3b0da56d95509f25bfa92836b862');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.290358+00', 10, 0, 'e', 'acme', 'event-0023', '\x71e27b80a50594ed5931b7e1376d9ebb0c9d792fab43af410dc67d1555039fb7');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.290358+00', 11, 0, 'e', 'acme', 'event-0024', '\x2be2d5088b96ee185071601a4aecbba0556ba9b1c96df96f5f67884cc01db83d');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.290358+00', 8, 0, 'k', 'acme', '({,VYE', '\x575b3c5a4d4d3cd12d63b491f2712e4fd563ee3d07fe42fa8ccef9061ed2b22d');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.29223+00', 6, 0, 'e', 'globex', 'event-0025', '\xa190cbdf710f7fda24bed48d47a424216651b94a2c17879140ed3e0c238b4d6c');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.29223+00', 7, 0, 'e', 'globex', 'event-0026', '\x4ababef4c273019bd5fc09491841d81cf966775e9fcc060f1e03e9339457b0b2');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.29223+00', 8, 0, 'e', 'globex', 'event-0027', '\x9f6e3cd774b253ae96c29274188af9e1f65ae0bf569e674d59bff8d23c937f76');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.29223+00', 9, 0, 'e', 'globex', 'event-0028', '\x51c4e6e6f764f678c2c3f37be67bc7d4def3728d049ae24ffb8de023c0c375df');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.29223+00', 10, 0, 'e', 'globex', 'event-0029', '\x7089c0755e2f63c8c0289e0cae6f46c014d715c5876bdd412aa3cc93de39eee9');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.29223+00', 11, 0, 'e', 'globex', 'event-0030', '\xd2777df58b33427da85f6ebb339a31b41345700defe6a6959d2879a6fd8fd804');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.29223+00', 7, 0, 'k', 'globex', 'f𼏐SqP	|', '\x4ababef4c273019bd5fc09491841d81cf966775e9fcc060f1e03e9339457b0b2');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.29223+00', 9, 0, 'k', 'globex', 'E)󒄘9}b{_', '\x51c4e6e6f764f678c2c3f37be67bc7d4def3728d049ae24ffb8de023c0c375df');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.29223+00', 10, 0, 'k', 'globex', 'p	{', '\x7089c0755e2f63c8c0289e0cae6f46c014d715c5876bdd412aa3cc93de39eee9');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.292995+00', 6, 0, 'e', 'initech', 'event-0031', '\xe82d309abcd059cda6532ad6d55b74011c2789d572b8c8af60811e7414652a4e');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.292995+00', 7, 0, 'e', 'initech', 'event-0032', '\x82289d1141b1a451abf6097f117dcd00ebf5dd4c9b8f1854e3d3092ad15c485a');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.292995+00', 8, 0, 'e', 'initech', 'event-0033', '\x8266bfb883fa2ee9850f2f14957de5c65d068347c8007c06ab744b79c3474e64');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.292995+00', 9, 0, 'e', 'initech', 'event-0034', '\xc185a19eb0e94f1d35bf7aab2032fc3464b08112fbfedcd94e2cc0f64a1758be');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.292995+00', 10, 0, 'e', 'initech', 'event-0035', '\xb5c4baf26fa6ec8a1105bc9f87a98ec4acc90692115df5386bd15656aea0c1b0');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.292995+00', 11, 0, 'e', 'initech', 'event-0036', '\x8583297a88cf9db18674ebc57f379a783f4f6674b51852d0da646438ffc629d3');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.292995+00', 8, 0, 'k', 'initech', '(奈k', '\x8266bfb883fa2ee9850f2f14957de5c65d068347c8007c06ab744b79c3474e64');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.292995+00', 10, 0, 'k', 'initech', '-!c򐨌Zu[=g𥇣y', '\xb5c4baf26fa6ec8a1105bc9f87a98ec4acc90692115df5386bd15656aea0c1b0');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.292995+00', 11, 0, 'k', 'initech', '.T', '\x8583297a88cf9db18674ebc57f379a783f4f6674b51852d0da646438ffc629d3');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.29369+00', 12, 0, 'e', 'acme', 'event-0037', '\x4c139fde16043a7bc6dc55363c79b8d86a5d9b5ff7828d3b47264a44aeaba52e');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.29369+00', 13, 0, 'e', 'acme', 'event-0038', '\x1c821863fcf49e32a38e750b1ca605d3a9dca946c6677a19f3dd211fac759233');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.29369+00', 14, 0, 'e', 'acme', 'event-0039', '\x8525a4cf422ba77d5c7a610e274478dc6f0b00b2ff0f20654a3acf141f910d20');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.29369+00', 15, 0, 'e', 'acme', 'event-0040', '\x7eb6a708e40bf59c8edf30c56c60cb9aa69327af9be3da683a88275d68c409e1');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.29369+00', 16, 0, 'e', 'acme', 'event-0041', '\xb05bea98e01af411c3dc84d00d0869c0b9579dae2ef44fef7d893910c78f0057');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.29369+00', 17, 0, 'e', 'acme', 'event-0042', '\xf990bbf7c7252abd9e81049c1680ba7030655f7aa24bc7591eb9c117a706c1f7');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.29369+00', 13, 0, 'k', 'acme', 'n/pM', '\x1c821863fcf49e32a38e750b1ca605d3a9dca946c6677a19f3dd211fac759233');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.29369+00', 15, 0, 'k', 'acme', '', '\x7eb6a708e40bf59c8edf30c56c60cb9aa69327af9be3da683a88275d68c409e1');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.29369+00', 16, 0, 'k', 'acme', '-)CT(5', '\xb05bea98e01af411c3dc84d00d0869c0b9579dae2ef44fef7d893910c78f0057');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.294342+00', 12, 0, 'e', 'globex', 'event-0043', '\xa190cbdf710f7fda24bed48d47a424216651b94a2c17879140ed3e0c238b4d6c');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.294342+00', 13, 0, 'e', 'globex', 'event-0044', '\xccb623f454a1b138706ac497ef9a591766d1e89e28f7ae1935d22fc897558b97');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.294342+00', 14, 0, 'e', 'globex', 'event-0045', '\xbd33a97916e664ed203b72ded19a37ed71d86c3bbef5d1e9c8f9066eeea33203');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.294342+00', 15, 0, 'e', 'globex', 'event-0046', '\xfc7318e05ef9d055375d63ad3d0624ff0df8819c62759d20fefe1f4c2619068d');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.294342+00', 16, 0, 'e', 'globex', 'event-0047', '\x480d72aa8b904e12351aa63d234e26ed8926c0bba21590af10b86a3261c79ba1');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.294342+00', 17, 0, 'e', 'globex', 'event-0048', '\xc661c716100f30fa3e4309f43e255c5cd2ea08a56976e349b0874d680a564ff3');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.294342+00', 14, 0, 'k', 'globex', '򆱳', '\xbd33a97916e664ed203b72ded19a37ed71d86c3bbef5d1e9c8f9066eeea33203');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.295012+00', 12, 0, 'e', 'initech', 'event-0049', '\xe82d309abcd059cda6532ad6d55b74011c2789d572b8c8af60811e7414652a4e');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.295012+00', 13, 0, 'e', 'initech', 'event-0050', '\xfec4655ea381af90267bbaedb7eccdb45b42acbc1c69700faf0f6aac2d799571');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.295012+00', 14, 0, 'e', 'initech', 'event-0051', '\xeb31f275eff3749aacecf6ec24a5d34355d221e9579fae51294555943046d270');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.295012+00', 15, 0, 'e', 'initech', 'event-0052', '\x54c0c8be6077a6bdcae5bab39905a58a7929b4027793007b27d54ad1f0847330');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.295012+00', 16, 0, 'e', 'initech', 'event-0053', '\xbabdf220f61cdd97858ddfd85447280f26f6ef90366c4c66b0e0a1d1eb79ab02');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.295012+00', 17, 0, 'e', 'initech', 'event-0054', '\x2cc30c20374f207d883a60963ca1a72a9af873b370464d6c10d7932ab11aee85');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.295012+00', 13, 0, 'k', 'initech', '{1/qT_', '\xfec4655ea381af90267bbaedb7eccdb45b42acbc1c69700faf0f6aac2d799571');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.295012+00', 15, 0, 'k', 'initech', '"', '\x54c0c8be6077a6bdcae5bab39905a58a7929b4027793007b27d54ad1f0847330');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.295012+00', 16, 0, 'k', 'initech', '𾼋<HfZ:$', '\xbabdf220f61cdd97858ddfd85447280f26f6ef90366c4c66b0e0a1d1eb79ab02');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 10:59:25.295012+00', 17, 0, 'k', 'initech', '!*z#[(}C', '\x2cc30c20374f207d883a60963ca1a72a9af873b370464d6c10d7932ab11aee85');


--
-- Data for Name: audit_events_2026_11; Type: TABLE DATA; Schema: public; Owner: audit_owner
--

INSERT INTO public.audit_events_2026_11 VALUES (0, '2026-11-22 10:59:25.276791+00', 1767225600123456789, 1767225600200000000, DEFAULT, 0, 9, 'acme', 'event-0001', 'invoice.refund', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'ord_7781', NULL, NULL, '4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7', NULL, 'INFO', NULL, 'duplicate charge', NULL, NULL, '{"id": "usr_42", "type": "user", "email": "jo@example.com"}', '{"id": "inv_889", "type": "invoice"}', '{"patch": [{"op": "replace", "path": "/status", "value": "refunded"}]}', '{"ip": "203.0.113.7", "request_id": "req_01J9ZK4C8Q", "user_agent": "Mozilla/5.0 (X11; Linux x86_64)"}', '{"amount": 129.9, "currency": "EUR"}', NULL, '{"service.name": "billing", "service.version": "1.14.2", "deployment.environment.name": "production"}', '{"http.route": "/api/invoices/{id}/refund", "http.request.method": "POST", "http.response.status_code": 200}', '"invoice refunded"', '\x77f8f1a01a83773695b7ad4d6e26379bf58b6d366860649f79299d8650a0c562', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (1, '2026-11-22 10:59:25.276791+00', 8286037763279719788, NULL, DEFAULT, 0, 14, 'acme', 'event-0002', 'VR}􋭀6_{[', 'denied', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, '/m', NULL, NULL, '7b71859472713763e585880526c9f06e', 'fc88ee30902e7c7c', '\Y*', NULL, NULL, NULL, '{time_observed}', '{"service.name": false}', '{"id": "\u0007ﳀ", "type": "\t=!Y𗪁}p\u0003[", "audit.flags": {"€": true}, "audit.payload.a": 0.00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000007523111116481673, "audit.tenant.id": "", "audit.quarantine.reason": null}', NULL, NULL, '{"audit.actor.": [null, 1085095312244989700000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000]}', '""', '{"ip": "", "audit.flags": "9\r7}_O/"}', '{"a.": "^Fﴋ\u001b-", "displayName": ["`s邏"]}', NULL, '{"": [66356497363624480000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000, null, [null]], "audit.quarantine.reason": "{}"}', '\xffdcd5b7ec1815b81ed26f9e06ba2695dfa1f692ec14f8ec2bc07e300fac0880', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (2, '2026-11-22 10:59:25.276791+00', 1924666105623465718, 8826306830900389546, DEFAULT, 0, 22, 'acme', 'event-0003', 'C\ 󁵽"(/s<󠛆g', 'unknown', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, NULL, 'Iv5', NULL, NULL, '򈊣򥶩ｷ', 'S^󟱧E;r<''5', '򗫗|VF', 'ks', '{actor_missing}', '{"}򴷾/v": "?t", "audit.mark": null, "request_id": null}', '{"id": "\u001ay}*H񞮩,", "type": ">.N}0Y򠵺u;"}', '{"id": "F", "type": "{\u001ee"}', '"򓁓\u00116)\\\\,"', '{"a": "", "id": -347113369835343700000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000, "audit.tenant.id": 11254468196716265000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000}', NULL, '{"a..b": "!󃒭/{򰁛", "http.route": "y", "audit.actor": true, "audit.actor.id": "-("}', NULL, '{"a": "", "display_name": null, "Gc򜡶''y\u0018:,=O": {".": "", "displayName": "{\u001eBBG=2", "otel.scope.name": {"a..b": null, "type": "[1,2]", "}\\FRmw": "", "(着󰰠RlV,": false, "sampling.priority": "Q^"}, "sampling.priority": "KaW񖲥󊇒\u0017jW>", "sampling.threshold": ["}+󅞩", false]}}', '"?}wnW"', '\xaa864db166a86d9ecf030a660e148c7b53202e4af07fdb06ac2f64a530e883a2', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (3, '2026-11-22 10:59:25.276791+00', 6700378122605196001, 6375111055775207631, DEFAULT, 0, 7, 'acme', 'event-0004', 'T𯒑|!5=f.]', 'unknown', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'Hca򥸘򂭍 #o񷜩', 'ﵡF1''', ';,CS', 'a80a4c8240032493fe85b0ecaaa8bf7b', '4e20e3fdd6413d04', 'Sr6*dK', NULL, NULL, 'ﾱ,&3', '{number_as_text}', NULL, '{"": false, ".a": ["[1,2]"], "id": "\u0011''>e򜒟fmEv|", "a..b": 655, "type": "]\"p󹌭4{Vr", "😀": "i.\u001d򀟢?!.$󑊑x"}', NULL, '{"uqK8i`:": true}', '{"!\u000fo": "", "ﴄ//5/QQ^": "[]", "audit.actor": "", "audit.actor.a.b": true}', '{".": {"ip": 0.00000000000000000000000000000000000000000000000000000000000000000000000000000000000001039949423462817, "󘂋4.Dr򠟠P": "5744200466786792332"}, "ip": "\u001a\u0016"}', '{"audit.flags": "12"}', '{"e": "12", "=򫞀s9\teT": {"a": "{\"a\":1}", "displayName": "n", "audit.payload.a": "𘄵r*iNQ𤩨r9", ";󬈼w@\">q": "8814293372506025581"}, "audit.actor": null, "displayName": "true"}', '{"tenantId": null, "7[淚:\"b\"": "𺳪", "audit.kind": "w{"}', NULL, '\xd1182b9f4a94c4f0dcc33beb41a4c036720f98f2a5dd67d14570727df9607b73', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (4, '2026-11-22 10:59:25.276791+00', 1615057770075660679, NULL, DEFAULT, 0, 9, 'acme', 'event-0005', '_45;𔹲\', 'denied', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'E]', NULL, '.򚬏/򸸐ﴚ2', NULL, NULL, '.6', 'Wiv_t7c', NULL, 'Q%6+1oW0', '{time_observed}', '{"񥵍(": false, "^7kTZ}<$Z": 0.000000000000000000000000000000000000000000000000000000000004422653337782895, "tenant.id": "[1,2]", "service.name": "{}"}', '{"id": ":$򊶱", "type": "7򂳪򷧢#>񜑞mK.", "audit.kind": false, "request_id": {"patch": null, "displayName": false, "audit.source": -259}, "audit.tenant.id": true}', '{"id": "t}C򊁰", "type": "\u0001閭ox𸶮[{|%﵁"}', '"xP{"', '{"ip": [null, null, 31], "tenant.id": ["!{ ].񘮊"]}', '{"id": "2303359296220963791", "s1󝯓\\": "{\"a\":1}", "audit.attributes": 113}', '{"audit.flags": "967040188995327361024", "audit.context.traceId": -12}', '{"a.": "4731996385978529078", "type": [true, -699, "\u0019r4;x\u000e\u0015𢎎z"], "log.record.uid": "", "audit.canonical": true, "otel.scope.name": {"ip": "q&\u0007􁽧.򈭾Y󽀎$}:", "€": "8236561592502698951", "displayName": "C''", "3A𛜙M|T": 0.00000000000000000000000000000015488639955644611, "sampling.priority": null}}', '{"=;": [1825881588488347700000000000000000000000000000000000000000, null, "H6\u0014f"], "email": "[]", "request_id": "53217338872648955"}', NULL, '\x0d19002aef8aa7a022208aa40d6900b3ae7e723a4dcc3155aad6b6932de001a1', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (5, '2026-11-22 10:59:25.276791+00', 4384074033403662073, NULL, DEFAULT, 0, 2, 'acme', 'event-0006', '|{"3', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, '񃄒,F%񰮷F', NULL, NULL, '2e4386a4a940e7e2c55f7f6bbc399cd0', '40f13668be9822fd', NULL, NULL, NULL, '􌉤Vp)񎁷', '{actor_missing,number_as_text}', '{"audit.actor.": -36142684472003186000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000, "sampling.priority": "null"}', '{"id": "򙹜", "type": "!eWB"}', NULL, '"s"', '{"id": "\u001c\\@YZ|", "http.route": false, "audit.action": "", "򓕎]>U$񻁇<": "12", "audit.actor.a.b": "]{V"}', NULL, '{"b": 0.000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000005875428764392689, "after": "I[%򼼶FW?''", "audit.actor": true, "displayName": true, "sampling.priority": {"\b)L)r.": false}}', '{"audit.payload": "q8ASu.\u0007\r[5"}', NULL, NULL, '\x56a7e6feebb4e3d64608b697b01d4a97232b55b09ce3b97655019ee385dee6f9', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (0, '2026-11-22 10:59:25.28324+00', 1767225600123456789, 1767225600200000000, DEFAULT, 0, 9, 'globex', 'event-0007', 'invoice.refund', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'ord_7781', NULL, NULL, '4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7', NULL, 'INFO', NULL, 'duplicate charge', NULL, NULL, '{"id": "usr_42", "type": "user", "email": "jo@example.com"}', '{"id": "inv_889", "type": "invoice"}', '{"patch": [{"op": "replace", "path": "/status", "value": "refunded"}]}', '{"ip": "203.0.113.7", "request_id": "req_01J9ZK4C8Q", "user_agent": "Mozilla/5.0 (X11; Linux x86_64)"}', '{"amount": 129.9, "currency": "EUR"}', NULL, '{"service.name": "billing", "service.version": "1.14.2", "deployment.environment.name": "production"}', '{"http.route": "/api/invoices/{id}/refund", "http.request.method": "POST", "http.response.status_code": 200}', '"invoice refunded"', '\xf03bffd217abc9832fc7f4a91355347bbaa082bdad8ffc231989711ef1d661f9', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (1, '2026-11-22 10:59:25.28324+00', 2043340531299960551, 3509831648115976223, DEFAULT, 0, 19, 'globex', 'event-0008', '\uXo}', 'denied', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, '', ')}4m![g', NULL, NULL, NULL, '3D7V]:𣦵t0', 'KW aP#K|', NULL, '{repaired_text}', '{"before": ".\u0005^l)2"}', '{"\u0001": "{}", "id": ")󃈻񗍬[s", "type": "o򰪬\u0007t.𪨄 \u001d", "before": [], "requestId": "667429508819500496", "client.address": "7488394762999908645"}', NULL, 'null', '{"q\"\\": 266066274406400340000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000, "audit": "z*", "audit.payload": {"b": null, ".a": "{}", "audit.source": 0.000004956824184022222}, "sampling.priority": null}', 'null', '{"audit.payload.a": {"+,}Rx񳻋YQ\\": false, "audit.payload": null, "󡐲.:\u0003󁯨h𮍻": "\u0014T/4ce"}}', '{"\u001cV|:": "", "a..b": "8981090268280826259", "audit.": -177183313899568180000000000000000000000000000000000000000, "requestId": "x<", "audit.payload": {"audit.context.traceId": ""}}', '{"audit.flags": "$\"\u0004ﻭ", "audit.payload.a": true}', NULL, '\x6fee5a5181f177ec5fb16ae3175f3a6e9f265a5848e0ea2ab86819ff2d21dc79', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (8, '2026-11-22 10:59:25.292995+00', 7492075835080309357, NULL, DEFAULT, 0, 1, 'initech', 'event-0033', '𴜮$_uw.', 'failure', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'w!W%u', NULL, '(奈k', NULL, NULL, '{K<;-\', '2UQ(^R', 'r󐘶>325''<', NULL, '{number_as_text,time_observed}', '{"\u0001": 0.0000000000000000000000000000000000798068872066028, "id": -75, "D+U&5q": "m{u1o𿀠}ﳖ"}', '{"": 0.00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000018144103397537345, "id": "󡒝q4?󢳟", "type": "26廙", "audit": [true, null, false], "audit.actor.": false, "audit.payload.a": true}', NULL, '-377', '{"דּ": "true", "😀": null, "\u0019s𞵂": null, "\b&ZN\\%hWP": null}', NULL, NULL, '{".a": "[1,2]", "דּ": -0.00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000013136065491149398, "audit.mark": -475, "audit.payload.a": 100593341562862400000000}', NULL, NULL, '\xf5929562392d88db8828b83ea2d4856b433dc954607c701fce54396d86f75cf0', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (2, '2026-11-22 10:59:25.28324+00', 8907985906853013580, NULL, DEFAULT, 0, 21, 'globex', 'event-0009', 'g󶷩u', 'failure', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, 'L􊂀(?𐯝', NULL, 'd90be4e6a7ac8009a67107fb638b239c', 'f82117fdda491551', '*%񲙓/', 'sZn,?:/F', NULL, '"򪀞5[􄧭ﶂx񦥷as/', NULL, '{".a": true, "a.": ":", "audit.source": true, "audit.actor.a.b": "?\u0013wE{"}', '{"\\": {"client.address": true}, "a": "", "id": "|S\"Q", "type": "[<𧢝NG", "audit.kind": true}', '{"id": "V3\u001en*e\u0006z.[", "type": "u[", "￶a \":|vc": "6279239821609623466", "audit.attributes": "", "sampling.priority": "{}"}', '"true"', NULL, '"|򖻽^%/Pfp"', '{"": -0.000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000014461233348940916, "\u0015ota[Zg+": " 𺾴v["}', '{"Z": 21683541101346570000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000, "audit.actor": [null, ">P􅭯<\u001cV|E", ""], "audit.action": 0.000000000000000000000000000000000000000000000000000000000000000000000000000005737459528177388}', '{":i\"4q9/": -0.000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000016731391272755006, "A󬧌4\u0015:hx": "", "audit.actor": 0.000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000013281400293762496, "audit.context.traceId": {".a": "", "q\"\\": null, "email": [false, "[1,2]", true]}}', NULL, '\x81eb9d03274a08fbfb58468df136bff4d38e5d10ff9d8bb7f2fe8abaffbd9694', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (3, '2026-11-22 10:59:25.28324+00', 4675855981743099343, 4678574495710353549, DEFAULT, 0, 20, 'globex', 'event-0010', 'n]𱜳/#򊷢 ', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, NULL, '_Ac񺪉#Y', 'edba976950929f8bc57c262adfd289bd', '8f0d37617cc768c0', '`/6vAX򹨙!9', NULL, './e.1', NULL, '{actor_missing}', '{"audit.action": -937}', '{"b": "#5W B򏻷b!\u0006{#", ".a": "l", "id": "$c!\u000ez&E_𯑛D", "€": "", "type": "{ :\u0019\tq򷤁\b{\u0011;𚐱", "sampling.priority": ".?|[𮑩34%", "sampling.threshold": -0.0000000000000000000000000000000000000000000000000000000000000000000000000008757866551172239}', '{"id": "\r\u0003}", "type": "LwQN}$+", "patch": [null], "p򯮑񰈪2": true, "otel.scope.name": [""]}', NULL, '{"PK)oy": "3280005601849207090"}', '"/.H/9\"3{/"', '{"email": ["GG.p"], "fL*lv": true, "displayName": "P𩑼2lpv"}', '{"(": "{\"a\":1}", "ip": "􏃫\"!w}X󥝧]x2𣙈|", "audit.tenant.id": []}', '{"}6ﻷ2󾰎𛽵cD": {"\u0001": "[1,2]", "after": "[]", "audit.": "Ct򄙭", "Z:ﲷ": ["[]"], "audit.action": null}, "sampling.threshold": null, "audit.quarantine.reason": null}', '[]', '\xe46a41c0ab82dc88a99fc888d3983129b8ed46f2ec1af39fe72f75db040b66b4', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (4, '2026-11-22 10:59:25.28324+00', 7105800352718409325, 5505461541576136867, DEFAULT, 0, 11, 'globex', 'event-0011', '򹌊񒴱[', 'unknown', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, '𸥠f', NULL, '60e1f037b6c66fc22da63db163f72a9c', 'a18497a827127a59', NULL, NULL, NULL, NULL, NULL, '{"": "true", "\b": "{\"a\":1}", "audit.": null, "audit.source": "4066013709246944636", "\r@I,󶑘\\3s0כֿ": "ﰦ]j3"}', '{"id": "7}d\"\u001b\u0007:\tJ", "type": "\\/31", "audit.tenant.id": null}', '{"id": "OG󳅷`(s/B", "a.b": [false, null], "type": "b\u0005:\rﷹ𵬬/6u76|", "patch": [-0.0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000039816544031885193]}', '"8477154925339911092"', '{"audit.x": -651, "הּ\u0013kM,": "", "otel.scope.name": ["[1,2]", false]}', '"true"', '{"sampling.priority": "0@\u0015\\"}', '{"before": null}', '{"service.name": -3544672250959010000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000}', NULL, '\x2bf4e7f02600df37cf7ebd3171eea1d31b7e00e6fd3ef129077e713b6cea9947', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (5, '2026-11-22 10:59:25.28324+00', 5266821700035533181, NULL, DEFAULT, 0, 5, 'globex', 'event-0012', 'Af"W.e/', 'unknown', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, '9QIU"T0<', NULL, 'a96cdcf131387979116c06a370043c4e', '0ed90f4e226899fe', NULL, NULL, '[', NULL, NULL, '{"id": "Z]w{%nc2K", "patch": null, "JE_YxW": null, "audit.action": true, "display_name": false}', '{"id": "\\S", "type": "1#r", "audit.payload": "BfMB", "audit.canonical": "7700258552870132708"}', NULL, 'true', '{"x ": {"type": null, "audit.tenant.id": "", "sampling.threshold": "true"}, "audit.x": "M.%{\u0018"}', NULL, '{"patch": "y<[>eJ\u0006\u0005", "tenantId": ""}', '{"b": [""], "audit.kind": "", "\\F\u0018𝦗-R\t2": ["!{T", ",\u0011+r\r]X}򱗄C", true]}', '{"\u0001": [], "ip": "''t\u0013[梨\t󰕷W", "service.name": "[\fY\"kb\u001fE", "audit.tenant.id": 704}', '"48598674633053020160"', '\xf7e07781194f7c09d4db00e60d4ed80c059be2ed0e6921b37a03af881e90ccd6', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (0, '2026-11-22 10:59:25.289398+00', 1767225600123456789, 1767225600200000000, DEFAULT, 0, 9, 'initech', 'event-0013', 'invoice.refund', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'ord_7781', NULL, NULL, '4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7', NULL, 'INFO', NULL, 'duplicate charge', NULL, NULL, '{"id": "usr_42", "type": "user", "email": "jo@example.com"}', '{"id": "inv_889", "type": "invoice"}', '{"patch": [{"op": "replace", "path": "/status", "value": "refunded"}]}', '{"ip": "203.0.113.7", "request_id": "req_01J9ZK4C8Q", "user_agent": "Mozilla/5.0 (X11; Linux x86_64)"}', '{"amount": 129.9, "currency": "EUR"}', NULL, '{"service.name": "billing", "service.version": "1.14.2", "deployment.environment.name": "production"}', '{"http.route": "/api/invoices/{id}/refund", "http.request.method": "POST", "http.response.status_code": 200}', '"invoice refunded"', '\xce92b826bec9cd19453d8066dab45d54a648583a76a404fd5ca7d5d86cc9d7bb', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (1, '2026-11-22 10:59:25.289398+00', 3809815715278347595, 4499763405436010442, DEFAULT, 0, 13, 'initech', 'event-0014', '8(9Q', 'denied', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, '^DqlZﴝ', NULL, 'ﵘ;B&}*WJ/', NULL, NULL, NULL, NULL, '𫉾򾶸􎹇｜`B', NULL, NULL, '{"a": "4Y]gsOJ\u0005N\u0012g", "patch": -262, "audit.actor.id": "6172727254505184905"}', '{"id": "&m4D񰚹", "type": "T+x-򼍆\u0003\u0010!\u0018", "audit.payload": null}', '{"b": {"a": null, "ip": true, "audit.": "[]", "ﰊ:!#𷇯_": "L\u001c\u0004/#\\1eHD"}, "id": "mE\u0012/\b󹩮\u0001\"", "q\"\\": {"a..b": "", "audit.mark": true, "񦱺\u000e$:r%m": -0.000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001096633202962792, "displayName": "{\"a\":1}", "client.address": "{\"a\":1}"}, "type": "Sa]I8!", "audit.mark": null}', '""', NULL, '{}', '{"€": "ae\"/ﲐwv\u00158", "displayName": true}', '{"V": null, "request_id": "{}"}', '{"\u0001": ["283441003976484227"], "b": [false, false, [false]], "type": "[]", "}SC": "", "audit.source": null}', NULL, '\x437a34f9525ed8f84b7a3ac94e8f40b6a8167cceeaf20a1ce09328931a218e3f', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (2, '2026-11-22 10:59:25.289398+00', 7250422284008852378, 37477038400158041, DEFAULT, 0, 24, 'initech', 'event-0015', '򵹼eM', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'Vo^,[4sg:', '񐘫10︑QHI&B', NULL, '2bc7e631552f38a62f3eb46dcd533dc8', '23cce396dc5c293a', '󆨕V$39:@', '5,vB^u', '^G^zשּׁ/', '^򺄦', NULL, '{"email": "T=C\nn-", "before": true, "PjG\\\u001cKOp": "", "audit.action": "BNkQ\u0005i", "audit.actor.a.b": null}', '{",.": "\u0015/񙌇<5j\u0015", "id": "復Ui\u0010", "type": "-@S+R\u001bYn;8", "before": -0.00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000003288895959808175, ".񩧕v:6dn": {"b": "", "tenantId": "j\u001b􏲫𽞘b里DCP@", "audit.payload.a": "z\\%]\u0002Wh", "audit.context.traceId": ""}, "򸃫42*zD57f\u0003򑨑": [0.00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000237217147831966, "[1,2]", "l"]}', '{"id": "]}|", "type": "eRFzy8u7RiQ", "before": [96379292554290280000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000, "null", true], "audit.actor.id": "", "\u0019﷽ｅH1?\u000e\"I": -601}', NULL, NULL, '-819', '{"patch": ""}', '{"דּ": true, "before": -499, "*򯎬V򢥩󏏜3\b": false, "audit.quarantine.reason": -0.0000000000000000008153057765523459}', '{"`_mE''\u000b󥈠": false, "audit.context.traceId": "򤧞a:,E"}', NULL, '\x46c7e08a4c12182741e3747a5b03df44abd5c1f7fe64d9712f852cbf70c8dffb', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (3, '2026-11-22 10:59:25.289398+00', 3370010972024187773, NULL, DEFAULT, 0, 8, 'initech', 'event-0016', 'g''', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, ':@Xz炙Q', NULL, NULL, NULL, '>/b򿙙.𢺏򅹝5sN^', 'p', NULL, NULL, '{repaired_text,time_observed}', '{"%\u0005T\\": "true", "񁶜,": "@\u001c(", "audit.canonical": 721}', '{"id": "L\u000f4P", "type": "\f8"}', '{"id": "ﳃ:", "q\"\\": true, "type": "}:򜺰Plq", "audit.actor.id": null, "i񰟘u񕾋򤳢&#\u000fx": "[1,2]"}', 'false', '{"\u0001": "`R9k", "audit.": [true, ""], "Zy𮕹o": true, "audit.actor.a.b": {"kA(񔻅񼶅/c": "?u89\u0004"}, "audit.canonical": "[G"}', NULL, '{"tenantId": "$mM򈼕 v", "http.route": "[1,2]"}', '{".": {}, "q\"\\": [null, null], "audit.actor.": "[1,2]"}', '{"😀": 708011834626100500000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000, "after": {}, "audit.flags": true}', NULL, '\xbb753bebd5f933c4c9848cf3c69eea835151563bcd3b268caf320c4c6bd8794f', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (9, '2026-11-22 10:59:25.292995+00', 1156511619114538661, NULL, DEFAULT, 0, 16, 'initech', 'event-0034', '8`6\򲥻E&_D4K', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '3@u𓞛/-', NULL, '{time_observed}', '{".a": "[1,2]", "x ": "Q#VQZ_0!./", "before": -0.00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000034234990236236985, "http.route": "{}", "service.name": "true"}', '{"id": "k[H&\u0011(", "type": "U.𜇫hD7𰄢PG"}', NULL, NULL, NULL, '[]', '{"€": null, "requestId": -0.00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000004323388212325745, "audit.attributes": -0.0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000003787510038122084, "MRC[#:￪=}񓞈D": 543}', '{"type": "{7 x", "audit.attributes": "{}"}', NULL, '"2765460084327499685"', '\x0e5d96b7316c758014e9cb3053aacd48926711edda51339fbd851da002206bfb', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (4, '2026-11-22 10:59:25.289398+00', 8100606991409711317, 6117749664542878526, DEFAULT, 0, 9, 'initech', 'event-0017', '[_Q', 'denied', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, NULL, NULL, '188ce4810d4e603ddf8b8a0b27cd4b74', 'd0b14284c10fc73d', 'Mr/ﳈEd', '8]', 'B.xTyEm', NULL, '{number_as_text,repaired_text}', '{"a.b": "", "q\"\\": true, "": "", "email": 978098453565483200000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000}', '{"id": "uYq\"", "type": "{\u000b\"mG}񼕙,򬵻", "audit.": 141}', '{"id": "", "type": "h> Bq", "displayName": ","}', '""', NULL, '"j\u0010/Dp\u0016\u001b"', '{"€": -85100115103038600000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000, "audit.actor.a.b": {"audit": null, "audit.flags": "7358815019418043050"}, "sampling.priority": []}', '{"type": "\u001b9=@Q,򛳀-ﶅdN", "audit.x": [null, "null"], "audit.action": {"audit.x": "\\{", "request_id": -0.0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000004383888404739821, "audit.actor": "KL򹰋񿺩Tp", "service.name": null}}', '{"a.": "l\u001e.\u001c!6]", "񾥙7]}": [true, "/ﾶ󳭭"], "_\\\n=\"a\u0015": "w]aDi!c"}', '718', '\x1b7c8387647fb468301b83aa3c66464847230f67b39f158c5f2357aa49cca7e0', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (5, '2026-11-22 10:59:25.289398+00', 8881480018498694734, NULL, DEFAULT, 0, 19, 'initech', 'event-0018', 'e', 'unknown', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, NULL, NULL, '1426f83deefc7f9eb293978f4e07d797', 'dd74f69fc7843e50', NULL, '񴩗@Wm񟜊t}', '"Qf`/', NULL, '{number_as_text}', '{"audit.": "", "tenantId": "", "displayName": null, "audit.tenant.id": 1280087401952412000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000}', '{"id": "g\"]Cg󴵘\"", "type": "\u001e\"=.w*k2", "audit.": -0.00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000007744938456623795, "audit.actor.id": {"Yw\u0014V": "{\"a\":1}", "𸷏{i{Y]_": "", "audit.payload": "[]", "log.record.uid": null, "audit.quarantine.reason": -0.000000000000000000000000000000000000000000000026030347526132737}}', '{"id": "V\\Q", "type": "\u0017"}', '{"audit": {"uGhW+j2Zq": ["{}"]}, "R{J񲅶": "null", "audit.kind": "", "audit.tenant.id": -303, "sampling.threshold": null}', NULL, '[{"q\"\\": null, "audit.": "{\"a\":1}", "display_name": null, "otel.scope.name": "12"}]', NULL, '{"audit.kind": true, "audit.actor.a.b": {"ip": "null", " ^$`[LLflﭖ": 103}}', '{"audit.canonical": "Gp|AiPﮪhv"}', '-40', '\x075af03070a60bf38d957ba331f26ccd90f2738e4046ef3cb9c72d10125c764c', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (6, '2026-11-22 10:59:25.290358+00', 1767225600123456789, 1767225600200000000, DEFAULT, 0, 9, 'acme', 'event-0019', 'invoice.refund', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'ord_7781', NULL, NULL, '4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7', NULL, 'INFO', NULL, 'duplicate charge', NULL, NULL, '{"id": "usr_42", "type": "user", "email": "jo@example.com"}', '{"id": "inv_889", "type": "invoice"}', '{"patch": [{"op": "replace", "path": "/status", "value": "refunded"}]}', '{"ip": "203.0.113.7", "request_id": "req_01J9ZK4C8Q", "user_agent": "Mozilla/5.0 (X11; Linux x86_64)"}', '{"amount": 129.9, "currency": "EUR"}', NULL, '{"service.name": "billing", "service.version": "1.14.2", "deployment.environment.name": "production"}', '{"http.route": "/api/invoices/{id}/refund", "http.request.method": "POST", "http.response.status_code": 200}', '"invoice refunded"', '\x9664a5995daf2bafe6f64c19cf64d2879da531794643eef22111e6addcae2e18', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (7, '2026-11-22 10:59:25.290358+00', 7403208051400358459, 5135212794945071116, DEFAULT, 0, 13, 'acme', 'event-0020', '1.n:MUJy"', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '-Wizt+', '+9y*zﶷy5q', '{actor_missing,repaired_text}', '{"דּ": "8ｪTjlM񂻤", "type": false, "audit.action": "zXY\u0016\"AS]6#{", "audit.actor.id": "", ":Dni\u0003/0y񥾄\u0011": "[]"}', '{"id": ":\":", "type": "{w[p3\\"}', '{".": "", "id": "\"\u001b\u001ab", "type": "+", "򛝝Iu}\u0017|": null, "\u000bｑU\u001d񾰴fC0X": "{\"a\":1}", "audit.actor.a.b": "a;[''𬳩e]o\u0006Mp"}', '{"id": "{}", "tenantId": 396}', NULL, NULL, NULL, '{"GB\u0018": "", "before": "[]", "tenantId": ["true", "true", 331]}', '{"€": {}, "patch": 7260017371270214000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000, "tenantId": "5𡒜(]X\\6U)\"", "display_name": {"": [null, "񄄴\ne>X󲜛"], "4Uu,{": "\u0018\u00041IP}t3Ef"}}', NULL, '\xd91f54542a1907f1e09d2febf53b63a5c43552b068b359d4c35d15d77d9e68ee', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (8, '2026-11-22 10:59:25.290358+00', 350305552387896929, NULL, DEFAULT, 0, 4, 'acme', 'event-0021', '?JipU-', 'unknown', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'S󙲀b[s''[', NULL, '({,VYE', NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"audit.": null, "audit.actor.id": "Vﯪ񶘨P[,\u0019\u000fI", "audit.canonical": 603226546415728700000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000}', '{"id": "\u0014Q>r]", "type": "\"\"^/S"}', '{"id": "\u0019W\"!", "type": "d}y[x", "requestId": -776}', '[{"a..b": "c7"}, "[1,2]"]', '{"sampling.threshold": []}', 'true', '{"audit.": 0.000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000029610398269635934, "audit.flags": ""}', '{"audit.kind": "", "audit.actor.a.b": {"a.b": -0.000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000003833546973663702}, "audit.tenant.id": null, "otel.scope.name": "7657010963154459587"}', '{".a": "<?򾞷𜈒-;y{\"LHL", "email": "", "requestId": "", "request_id": ";/", "􊥮hY🏞簾m?l}>": "{r󏚋:ji"}', '[":󫡃qe", ["[1,2]"], false]', '\x858e4adf8e5f02992dbd9fef24054bd4ff413edecfac52822468343d1985edda', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (9, '2026-11-22 10:59:25.290358+00', 5725690595731667566, 6033094499812596795, DEFAULT, 0, 21, 'acme', 'event-0022', '󲍫MX', 'failure', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, '9DI6-🆛j-(𣒽]A', NULL, 'aeed091f5b63c0a54a2f73a751103241', 'cdd3f0f5592aa2d1', 'v<ia.>񾘑', 'hlr򃮨􂒬', 't5_񂕔CS', NULL, '{repaired_text}', '{"email": "[1,2]", "audit.flags": false, "audit.tenant.id": -1673740488451904400000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000}', '{"id": "\u0010𫯋", "type": ":X[h\u0019LH", "audit.actor": -127518438.27375442, "audit.actor.a.b": "!J("}', NULL, NULL, NULL, 'null', '{"type": false, "/S{Iy\u0014S\\,f#": "09{,񿫂<", "log.record.uid": "{\"a\":1}"}', '{"before": null, "tenantId": "5256961371124884961", "audit.actor.": 426, "log.record.uid": false, "audit.canonical": []}', NULL, '"12"', '\x515db7eb9b890b79c1eda2bdf6dd363de50baf6593498cdfb847fbf3c68415f2', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (10, '2026-11-22 10:59:25.290358+00', 1361497737032241380, 8576089755493127450, DEFAULT, 0, 22, 'acme', 'event-0023', '''L ', 'failure', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'N3󑚦,0.
0󰵓', '!PylwB[/', NULL, NULL, NULL, '.3,謹', NULL, NULL, NULL, NULL, NULL, '{"id": "ｸsj$X\"1", "type": "\u0017:E3", "audit.kind": [], "audit.payload": "1241500175065044846"}', '{"id": "2a\u001d𕦇6", "q\"\\": ["+7@2𩨟{"], "type": "5\bv\"t&", "audit.action": [], "=BG:򦵊󾪢\u0006\u000bY": "{}", "sampling.threshold": "ﱺ\u0018OR"}', '[null, "''񺴶", false]', '{"audit.actor.a.b": -0.0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000007473544211515503}', '[null]', '{"http.route": ""}', '{"": ["󯥗\u0001", "Vdp󔻀i#\u001f", "12"]}', '{"a.b": {"email": false, "audit.actor.id": "6167957303177608243", "audit.payload.a": null}, "tenantId": {"ip": [], "log.record.uid": {"display_name": "{\"a\":1}"}}, "tenant.id": {"id": null, "displayName": "", "GVY򶡭-a󶛝": "i\u001f]"}, "http.route": "u)rG_"}', '"i"', '\x38b05a0f1a4f6c3bddcb1bd0131fb22c54f799f88e7abb99075a8be28884681d', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (11, '2026-11-22 10:59:25.290358+00', 7988098728580275453, NULL, DEFAULT, 0, 16, 'acme', 'event-0024', 'V`2E', 'unknown', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'ﮕx2', 'qfT\񼂵]񮕠񀘦򮴂]=', NULL, NULL, NULL, NULL, 'J𸽣PJf󳡤}.D,B"', NULL, 'l𩪦R4DK}h[', '{time_observed}', '{"displayName": "N#J\u000bNﱶ\u0014", "service.name": 0.00000000000000000000000000000000000000000000000000000000000000000021248976262281965}', '{"id": ".", "type": "𭻽|;󄸐A\u0013#", "audit.quarantine.reason": "#%*[\u0012*]"}', '{"id": "\u0013\u0015󛣴R,Ｄ򰥒},", "type": "򓟳7wo\u0014\u0007\n\u0010/L\u0010b", "R}|p`\"\u001b|}va\u0013": "{}"}', '"5903911620615153637"', '{"\"6+򦳙򢟝S": "8768913458618727916"}', '"\u001dCc󑧂"', '{".a": false, "דּ": {",􎙐𹧰񁌩󸝾 \t": 0.000000000000000000000000000000000000000000001131779981734245}, "😀": [], "audit.x": null, "audit.actor.": {"service.name": true, "audit.actor.a.b": null}}', NULL, '{"€": 486, "x ": false, "requestId": "12", "audit.tenant.id": null, "audit.context.traceId": null}', '{}', '\x98d6622941f1b224f028c82f3bce43b60a6f8ec7cd48207355b2d5c8eafa0f3f', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (15, '2026-11-22 10:59:25.295012+00', 8337279393164142741, 5974352204612179568, DEFAULT, 0, 8, 'initech', 'event-0052', 'c󁈾靈', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'y.Ae', NULL, '"', '62b3e4b2c75ba2d0e1ad83597a9996cc', 'f772b9e5ade784ee', 'L"󐉈}K', 'K', 'G', '1Mnt}R󍉥|', '{number_as_text,repaired_text}', NULL, '{"id": "Z\"񃽖", "type": "d/5M並O\u0018hJD%", "audit.": {"email": "\\\u001aR95)", "audit.mark": false}}', NULL, '{"audit.flags": null}', '{"q\"\\": ""}', NULL, '{"a.b": "{}"}', '{"😀": ["Il\\\b4\\", -0.00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000005044177675879047], "patch": "", "tenantId": ["󜔀\u000e\u00170pa.H2", null, "^\u0001F\u0019]oY󇧦,\u001e"], "audit.tenant.id": -41446032609272444000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000}', '{"": -649, "a..b": ["null"], "😀": 0.00000000000000000000000000000000000000000000000000000000000000000000000000000000000007884741672596953}', NULL, '\x7c01bdc3249af87b08448e8a3e393dd773c08089a587de321695e582af6436c3', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (6, '2026-11-22 10:59:25.29223+00', 1767225600123456789, 1767225600200000000, DEFAULT, 0, 9, 'globex', 'event-0025', 'invoice.refund', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'ord_7781', NULL, NULL, '4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7', NULL, 'INFO', NULL, 'duplicate charge', NULL, NULL, '{"id": "usr_42", "type": "user", "email": "jo@example.com"}', '{"id": "inv_889", "type": "invoice"}', '{"patch": [{"op": "replace", "path": "/status", "value": "refunded"}]}', '{"ip": "203.0.113.7", "request_id": "req_01J9ZK4C8Q", "user_agent": "Mozilla/5.0 (X11; Linux x86_64)"}', '{"amount": 129.9, "currency": "EUR"}', NULL, '{"service.name": "billing", "service.version": "1.14.2", "deployment.environment.name": "production"}', '{"http.route": "/api/invoices/{id}/refund", "http.request.method": "POST", "http.response.status_code": 200}', '"invoice refunded"', '\x95f2bf981957beaf47781e8f9470da33cb93e4c09d634ddf05a04f370a1dcb52', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (7, '2026-11-22 10:59:25.29223+00', 979821238902874159, NULL, DEFAULT, 0, 20, 'globex', 'event-0026', 'lMsV]l', 'denied', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'S', NULL, 'f𼏐SqP	|', 'dba33e4d1082e2470e365671f2843c2d', '4ef908957be4ddce', '8.𑒯7A', 'Cy[ﴐ7n6', NULL, NULL, '{actor_missing}', '{"*B.3": -0.000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000014515401786783842}', '{"id": "q`XER𯎹,", "type": "\u0011rV", "xﮁ''{\u000b󣂂": [":󛄇apz]󹬩!", true, ".o\u0004"]}', '{"id": "hQ\u0006;mL", "type": "g"}', NULL, NULL, '{"CA\b\u000f": false, "requestId": {"r*": true, "a..b": null}, "sampling.priority": ":", "򤡾a#Tfs6{pbf": ["b/\u000b񛐼񧜬''򳸉a", "", true]}', '{"a..b": false, "tenantId": ["{\"a\":1}"], "audit.canonical": {"audit": true, "i\u0002g𭩬b󘁓": null}, "sampling.priority": true, "audit.context.traceId": "{}"}', '{"a..b": 0.00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001774844370237394, "type": "", "LA\"🞵''XM.": "[1,2]", "audit.tenant.id": null}', NULL, '{"id": null, "\u0007Nt\u000fc": {"audit.actor.": {}}, "audit.": 0.0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000024253872008767034, "\bE+''5C": null}', '\xd8ef2c78ca4f4531714bfd843e1d2ea7c6690c7657a6dc26407074d49472e5f5', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (8, '2026-11-22 10:59:25.29223+00', 8519653647628767282, 1618483736934542850, DEFAULT, 0, 16, 'globex', 'event-0027', 'q񗔰d', 'denied', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, '_qv/Bje.𒼪', NULL, 'ea66d60504cf1985f5d6bdd8c91908e2', '286cfc8ad7e52c2f', '􀌋..mQU%נּ', NULL, NULL, NULL, '{actor_missing}', '{".": -364982337375637370000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000, "$\"\"*򎭭": "/񩎩", "audit.actor.a.b": true}', '{"id": "􁃔񨹤􉵗c[6$򡭷\\?", "type": "\u0014<{񏔭_9"}', '{"id": "$=a]ﯠ\u000bf:\u0015u", "type": "9[wa U&\\"}', '["p򡃖\u0006j񔳈", 0.000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000008923362092536852, "oV\u0015,x[e"]', '{"audit.source": {}}', NULL, '{"a.": ["", "}3r𼏘8:43.󼔵", "true"], "a..b": null, "otel.scope.name": "[1,2]"}', '{"b": ""}', NULL, '"!"', '\x764e0f3e66620a417a3827d9b27b3ea29fac20f787f242977b9da9174964a8de', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (9, '2026-11-22 10:59:25.29223+00', 8579564106472481787, NULL, DEFAULT, 0, 12, 'globex', 'event-0028', 'S^򤃄I"', 'failure', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, '9hh(򩝑Wm_?', 'E)󒄘9}b{_', '9f7034a685195de9b64efe492ba61a98', '1c50810885d6b9cc', '+''"񶻤LAf(', NULL, '/$Z󆽩GCS+', NULL, NULL, '{"\u0001": "\u0013e;L| %,8@"}', '{"id": "e\u001c򧵰%&amsS$", "uy": "5055884328673903975", "type": "C𭻡LTk{V\u0019", "audit.actor.a.b": ""}', '{"b": true, "id": "򆍘", "q\"\\": "", "type": "{WZ\"Dz:I\u001a]", "򜞛E_-bE?": null, "񩹿m\u000e,\u0006hq;txz": null}', NULL, '{"email": 33939541155598680000000000000000000000, "audit.quarantine.reason": "null"}', NULL, '{"tenant.id": {"C/mVI": "8846047934791771524", "audit.flags": null, "audit.tenant.id": ":KXv<W􅁟"}, "audit.flags": "[1,2]", "displayName": "\u0019$N", "audit.actor.": [null, null, null], "log.record.uid": {"audit.actor.": ""}}', '{"031Z󀞒": false, ".2節fOZｈ.6": null, "audit.actor.a.b": -962789154153673600000000000000, "R|󨴉nK󽘗򩱶ﾊﴙ=": "[1,2]"}', NULL, '[656, "\u0007\ff=9򿳰", []]', '\xb9e8b2ca4c1a83ff2554e2f2c6d476be7652e5055d4752f9af46069d497c32d3', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (10, '2026-11-22 10:59:25.29223+00', 261096581781931965, 2266814169631011424, DEFAULT, 0, 10, 'globex', 'event-0029', '>', 'failure', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, NULL, 'p	{', NULL, NULL, NULL, '壷﹈', 'SuC.󢕩', 'uCFl', NULL, '{"email": "{\"a\":1}", "audit.": null, "audit.mark": -44000623920800600000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000, "k򸑀W񏢷!": false, "audit.context.traceId": null}', '{"id": "k", "type": ".8BA&K", "requestId": {"patch": "7qF\\0+:p񥹩J\\", "l\"1,􍤐": null, "*rv󹪙&򫞫;􃏧:": "4500145921825866864"}, "client.address": ""}', '{"id": "𹫀\t\"󊬡A\u0006f\u0017󽂏7", "[": "\u00138:Y%i", "type": "V>{ZP%2s\u0005Zz", "😀": "@R,X\u0011*Z", "client.address": null}', 'false', '{"": null, ".": true, "a.b": null, "requestId": null, "displayName": "𳘋"}', NULL, '{"email": {"b": true, "service.name": "{}", "C\u0014tv󡉁\u0002z,": false, "audit.context.traceId": -86}, "audit.action": [], "audit.source": false, "client.address": 2017523841733564800000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000}', '{">": "true", "type": null}', '{"]ﬂ\tK1J": ""}', NULL, '\xdb02b8534b898d43182008dc3d4fd97a5a2904a1679b5bc418d3a636f8d14f7c', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (11, '2026-11-22 10:59:25.29223+00', 8341347546910729933, NULL, DEFAULT, 0, 23, 'globex', 'event-0030', '?O_򣡸V]', 'denied', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, '嵐J6OP[j', NULL, NULL, '50091ba60645d35a5feccfa1beb1eb81', '0f5ffb58b98bb3dc', NULL, NULL, NULL, NULL, '{actor_missing}', '{"︫\"\u0006": "Ly}", "tenant.id": "[1,2]", "audit.action": -832, "audit.actor.": "c𙩹AL𴻨v\u0013pc􎞛", "service.name": null}', '{"id": "pj&x}q!;", "type": "<''?3񖇗;H𠇾\""}', NULL, '{"audit.flags": [2032984135908904500000000000000000000000000000000000000000000000000000000000000000000000], "sampling.threshold": {"id": "󗣰", "audit": ";+`\u0007Hn", "display_name": null}, "audit.context.traceId": {"id": -2127097636329322500000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000, "a.b": "jMH", "😀": ""}}', '{"ip": -430704278877636100000000000000000000000000000000000000000000000000000, "audit.context.traceId": "\""}', NULL, '{"a.b": ""}', '{"audit.flags": "v󽴉\\\u0019<5''}{", "otel.scope.name": "[1,2]"}', '{"󊡾u|N.": null}', NULL, '\x471a35ddc58c75f45431c6b8fc76f0ffcddbdf7742c9c06bf11ac90826cf15ba', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (6, '2026-11-22 10:59:25.292995+00', 1767225600123456789, 1767225600200000000, DEFAULT, 0, 9, 'initech', 'event-0031', 'invoice.refund', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'ord_7781', NULL, NULL, '4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7', NULL, 'INFO', NULL, 'duplicate charge', NULL, NULL, '{"id": "usr_42", "type": "user", "email": "jo@example.com"}', '{"id": "inv_889", "type": "invoice"}', '{"patch": [{"op": "replace", "path": "/status", "value": "refunded"}]}', '{"ip": "203.0.113.7", "request_id": "req_01J9ZK4C8Q", "user_agent": "Mozilla/5.0 (X11; Linux x86_64)"}', '{"amount": 129.9, "currency": "EUR"}', NULL, '{"service.name": "billing", "service.version": "1.14.2", "deployment.environment.name": "production"}', '{"http.route": "/api/invoices/{id}/refund", "http.request.method": "POST", "http.response.status_code": 200}', '"invoice refunded"', '\x6098b31a7ddd1c839ae8ea72136d941608b7a5f3b55ad5a61c9ffb03188923d1', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (7, '2026-11-22 10:59:25.292995+00', 5516855975652290644, 4057380122312211232, DEFAULT, 0, 2, 'initech', 'event-0032', '0𩯺]', 'denied', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, '	', '', NULL, NULL, NULL, '^@;dbrR񝍘R', NULL, NULL, '򻶶5b', NULL, '{"email": "", "audit.source": "{\"a\":1}", "sampling.threshold": "7791021797189461218", "audit.quarantine.reason": true}', '{"id": "\"", "type": "n", "audit.": {"audit": "{}"}}', '{"\u0001": "12", "id": "E\u0014\"􄟨01HK5", "type": "]]M򁡦{\u0002ﻃq"}', '-0.00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000004028475695469967', NULL, '[{"id": null}]', '{"after": []}', '{"email": "\b2", "audit.mark": false, "service.name": 0.0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000015065747482366337, "otel.scope.name": 0.0000000000000000000000000000000000000000000000000000000000000000017627155543103294}', '{".a": "mKbfx2\\\\I󨜑", "\u001bkd\u00112ilKf:": "", "audit.payload": 538, "audit.actor.id": {"audit.payload": -0.00000000000000000000000000000000000000839414115354885}, "$DCsUJ./Ja𒾔": 276917231445.5102}', '{"sampling.priority": false}', '\x22ae7a89c08db9bf32bfd28b01da069b9d689538fee560eade9592c695854c63', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (10, '2026-11-22 10:59:25.292995+00', 4836472777569491110, NULL, DEFAULT, 0, NULL, 'initech', 'event-0035', '񒎢', 'unknown', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, '2:[', NULL, '-!c򐨌Zu[=g𥇣y', 'b27a4bb1931e9fa9062a6fee42dd1d75', '9268240da65dd669', NULL, NULL, '}e<:', '񱍎vB&󞽧a"L', '{time_observed}', '{"a.b": 136087291599034870000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000, "client.address": -373}', '{"id": "Gﭦs:EJ/R", "a..b": 234, "type": "{{f$𶉞!+S>Y"}', '{".a": 5112362210127491000000000000000000000, "id": "f ", "type": " 򧵚X_񮬰", "UQ]}\u001fw\u0013": "\u0003qL\f\u0001", "audit.mark": [true, "gtbz"], "audit.payload": false}', '"{\"a\":1}"', '{"audit.mark": {"a.b": "[]", "audit.": ",8*Y\n"}}', NULL, '{"\u0001": "6񠊛7]e\u0002^﻿", "type": "", "request_id": 0.0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001297395187580912}', '{"audit.action": null}', '{".": null, "tenant.id": "{5jo\\i", "audit.source": "7.󲔶d\fbF񎢂", "ig_/>Mx𴴕h]": "@\t=}\u0002]UO-}my"}', NULL, '\x5d342c03a426b1e538cf762468baf74951c74a3118c386612350571a8f525981', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (11, '2026-11-22 10:59:25.292995+00', 7044369167831872541, 6219640163169077744, DEFAULT, 0, 15, 'initech', 'event-0036', '𧛱j"jT', 'failure', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'TD/', NULL, '.T', NULL, NULL, '󊛐%Z', NULL, NULL, NULL, NULL, '{"email": "\u0012", "audit.source": null, "client.address": 54887925457107180000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000, "audit.context.traceId": "/{:󫴔:"}', '{"\u0001": null, ".a": "[]", "id": "򒝋D>Db5hb", "type": "_", "audit.kind": "true", "client.address": null}', '{"id": "f\"򰞑T43\\[", "type": "󥄲𤽮,MZz7e\n]", "after": "lLK\u001a", "audit.tenant.id": {}, "otel.scope.name": "12", "{?\u001a򭌆.*>.": null}', '"{\"a\":1}"', '{"audit.actor.id": ""}', '{"displayName": false, "service.name": false, "򵼠`Lsﲸqﱗ": {}}', '{"id": "=", "😀": null, "before": "L񼌚", "audit.source": false, "log.record.uid": "true"}', '{"tenantId": null, "http.route": "3&,𞻧\n", "displayName": ""}', '{"ip": "񘹤8", "before": null, "display_name": null}', NULL, '\x905e3904f8049a51df6c5af7fbb4a500d83c2c775a61ddfce20bf9ad9b8da921', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (12, '2026-11-22 10:59:25.29369+00', 1767225600123456789, 1767225600200000000, DEFAULT, 0, 9, 'acme', 'event-0037', 'invoice.refund', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'ord_7781', NULL, NULL, '4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7', NULL, 'INFO', NULL, 'duplicate charge', NULL, NULL, '{"id": "usr_42", "type": "user", "email": "jo@example.com"}', '{"id": "inv_889", "type": "invoice"}', '{"patch": [{"op": "replace", "path": "/status", "value": "refunded"}]}', '{"ip": "203.0.113.7", "request_id": "req_01J9ZK4C8Q", "user_agent": "Mozilla/5.0 (X11; Linux x86_64)"}', '{"amount": 129.9, "currency": "EUR"}', NULL, '{"service.name": "billing", "service.version": "1.14.2", "deployment.environment.name": "production"}', '{"http.route": "/api/invoices/{id}/refund", "http.request.method": "POST", "http.response.status_code": 200}', '"invoice refunded"', '\xad45b024a97313999759086373f44d5e4352f3093fdce3708639041f673d9443', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (13, '2026-11-22 10:59:25.29369+00', 265516787426899655, NULL, DEFAULT, 0, 22, 'acme', 'event-0038', '4降/Z5=', 'denied', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, ' 򨮂WwG	d', 'kT$𡚫,x-w', 'n/pM', '97dcd689694c60190b7d5961af5b3e7f', '3c9c3d9257a4dc5a', 'U2dd.jW', NULL, 'u癩{\0', NULL, '{actor_missing,time_observed}', '{"S.S=M6r": -846}', '{"id": "󶵻f?pl%5", "type": "\"h@ZQ:q"}', NULL, 'false', '{"a": "12", "\\\n\u001f3": false, "audit.x": null, "tenant.id": "", "audit.source": "񝒱)}."}', '[""]', '{"audit.": null, "7􂉾Xw[": true, "audit.actor.id": ["{}", "a,񖧪򏢧7F", false], "audit.quarantine.reason": null}', '{".a": []}', NULL, NULL, '\xe3fc7c55caa4564477be16e0ec9efe3135421dfe919ee45a0d0ccad2b4c5119f', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (14, '2026-11-22 10:59:25.29369+00', 6224464137495869062, 5121990541434849931, DEFAULT, 0, 7, 'acme', 'event-0039', '=', 'unknown', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, 'p.n', NULL, 'ea94cac398edd2e77a44c5a8b3b15a5f', 'cd217e8316bdf440', NULL, NULL, '[JZ }𚙞,', ',wQ', '{time_observed}', '{".": true, "id": "{\"a\":1}", "otel.scope.name": "XE>*񽞴\t􆐆[+"}', '{"id": "\nHl\u0017h.H:hM", "€": "(.,0Z", "type": "򟣯:󷩁(", "audit.": false, "audit.actor.a.b": "{\"a\":1}"}', NULL, '""', '{"򉃪": {"a": null, "audit.payload": "xYG\u0003l)6"}, "Yt󀊚G": "2f", "sampling.priority": -1665447493038697500000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000}', '[null]', '{"a.": "", "x ": "jC\u0005", "before": null}', '{"a.b": "M.", "request_id": "0\u001b.𐘃1#8\u000f{󤨏"}', '{"A=\\": null, "x ": "", "audit.source": -500635374780731000000000000000000000000000}', '0.000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000007669314833785105', '\xa0d922b5132743571b3f0c112877a3ecd96a164ab72234cde572549449ea8707', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (15, '2026-11-22 10:59:25.29369+00', 771417436507200674, NULL, DEFAULT, 0, 9, 'acme', 'event-0040', '66', 'failure', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'a.>77(4', NULL, '', NULL, NULL, '', NULL, '碑#?/FR1', '(;Lhjm', '{actor_missing}', '{"patch": true, "audit.attributes": null}', '{".a": "", "id": "fA", "type": "𴖤I<Cx", "l;Y": ["\u001e}lp{򏕁\u0006/\u0019", "kיּwﱔ<", null], "audit.kind": true}', NULL, NULL, '{"דּ": "&\\^[Oe", "after": null, "H󋿾{򵃩\u0015!t": 0.0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000024630078246304886, "_{m,𫙣": -0.00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000003136012095659093}', 'false', '{"]2": 20222359230701520000000000000000000000000000000000000000000000000000000000000000000000000000, "audit.actor.": [true, null, -37975369017321]}', '{".񰨤q": "true"}', '{".": 117, "דּ": "O\u0004", "requestId": false, "displayName": null, "audit.source": {"audit.quarantine.reason": "7436049003787192234"}}', NULL, '\x4f44350456417ce25b8b8cdd2d5b7a3fbd6635c7c9446984b947aad947c50ce3', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (16, '2026-11-22 10:59:25.29369+00', 5007968220524177895, NULL, DEFAULT, 0, NULL, 'acme', 'event-0041', 'R0ｓ ', 'failure', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, 'BRriJ: ', '-)CT(5', NULL, NULL, '񩓇򏫡 3Z\D', 'ﳽ9?|', NULL, NULL, '{number_as_text}', NULL, '{"id": "4,/w𦂉\u000b\nﲸ7", "type": "禮J{ﯣR"}', '{"id": "jGﾸp", "type": "w/m4", "audit.actor": ["true"], "displayName": {"after": "", "http.route": -0.0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000003600246165505616, ".#]*C/Yf򴨷Ai": ""}}', NULL, NULL, '"􋶨󚙁񲂈u"', '{"ip": -0.00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000022166922334279693, "email": null, "patch": {"audit.": "󞄧:Pj=''", "Hw󶦾B": true, "audit.actor.": ".r", "audit.actor.a.b": 0.0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000006407885991564868, "\u0015e󜠛;jd\u0001\u001as\u001b󫅝": null}, "http.route": "12", "display_name": {"a": "[]", "ip": 0.0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000007107035138520883, "after": "[]", "audit.actor.a.b": -0.000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000002980067189519904}}', '{"﹂\u0007_": "true"}', '{".a": {"€": "1605698448804240533", "a..b": "{\"a\":1}", "patch": null, "display_name": ""}, "id": null, "audit.action": "8911312840327495050"}', '-338121437238791000000000000000000000000000000000000000000000000000000000000', '\x39b623c1ad23509b0fed6ecfafdf448b32a06378861af0845835e51bc4192f0d', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (17, '2026-11-22 10:59:25.29369+00', 6008372710609094156, 3853813582683424621, DEFAULT, 0, 5, 'acme', 'event-0042', '8H&[', 'failure', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, '廒z|', NULL, NULL, NULL, NULL, 'l8_󏧧{', NULL, NULL, '2$i𓚖;><=𦳇﷡󫳁Z', NULL, '{"דּ": -22501701564030536000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000}', '{"id": "mB\u001a\u0007", "type": "[I8", "request_id": "", "displayName": false, "audit.actor.id": "d", "audit.quarantine.reason": true}', NULL, '"{}"', '{"a.b": "{}", "email": "󶚾򧤓)\u0012%\u0013", "request_id": "𶟭.I񺫚4]񨩃Yb", "displayName": null, "display_name": "\u0012牢\u0019}:y[,"}', 'null', '{"audit.tenant.id": []}', '{"audit.": "4Gl3;@", "i@de\"K": false}', '{"\u0019": "_GgE\u0016%?q\u001c,", "after": {"b": "VH@y𱨪\u0007P", "after": "W*TB[^N4:w", "audit.source": true, "service.name": null, "audit.quarantine.reason": 28372627333657017000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000}}', '-598', '\x942d6a8ae0e0f5a31547cce06b5bcdf218c191ac1dac095e7499adf58bf083f9', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (12, '2026-11-22 10:59:25.294342+00', 1767225600123456789, 1767225600200000000, DEFAULT, 0, 9, 'globex', 'event-0043', 'invoice.refund', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'ord_7781', NULL, NULL, '4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7', NULL, 'INFO', NULL, 'duplicate charge', NULL, NULL, '{"id": "usr_42", "type": "user", "email": "jo@example.com"}', '{"id": "inv_889", "type": "invoice"}', '{"patch": [{"op": "replace", "path": "/status", "value": "refunded"}]}', '{"ip": "203.0.113.7", "request_id": "req_01J9ZK4C8Q", "user_agent": "Mozilla/5.0 (X11; Linux x86_64)"}', '{"amount": 129.9, "currency": "EUR"}', NULL, '{"service.name": "billing", "service.version": "1.14.2", "deployment.environment.name": "production"}', '{"http.route": "/api/invoices/{id}/refund", "http.request.method": "POST", "http.response.status_code": 200}', '"invoice refunded"', '\xb7e0b2585e93333942b009131c372fe0eee4bf75f4db86f85803adf775115f15', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (13, '2026-11-22 10:59:25.294342+00', 5750408559084773158, 5890620788310803146, DEFAULT, 0, 13, 'globex', 'event-0044', 'QZ', 'unknown', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 't4󪛛KﳂfE6G', '?k{|', NULL, '296f4d1153df14dea4d9c0d802562d62', '02f00bfac74b7727', ':󎞩;%', NULL, NULL, NULL, '{actor_missing,number_as_text}', NULL, '{"id": ",U", "type": "''\u0015{b", "displayName": null, "audit.source": null}', '{"": "", "a": [null, -2901178820533907000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000, ""], "id": "r]}t", "דּ": "null", "type": "CD\u0005", "email": {"a": null, "x ": "WpRﻸA", "Fr": "", "request_id": 1090515935555104900000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000, "displayName": ""}}', NULL, '{"audit.": {"\u0001": "5875107537550317783"}, "sampling.threshold": null}', NULL, '{"audit.actor.id": null, "audit.payload.a": [], "PV\u0001z񦏂w%􌿊_": "K"}', NULL, '{"after": ["", -831], "tenantId": "h", "yi.󈜨\u0001\"*": -368, "5}򸉝ﳒM\\y,\u001dE": {"": {"": false, "service.name": ""}, "after": true, "audit.actor": " n򲾺T,񵸿TF糧"}, "audit.quarantine.reason": ""}', 'true', '\x234df623c39ccc8e03d29c6124d046ab2893787676824c5744741857f4d2a3cc', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (14, '2026-11-22 10:59:25.294342+00', 5282132403932191563, 7619368277878620392, DEFAULT, 0, 11, 'globex', 'event-0045', 'Oq_c', 'unknown', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, '𒻊="񒩤򉓈|,V=', '𽐜d''R', '򆱳', NULL, NULL, 'h,R8`,f-', 'Ｄ', NULL, 'l_`', '{number_as_text,time_observed}', '{"a..b": null, "audit.kind": "2304711422640528062", "display_name": true, "audit.payload": "12", "audit.actor.id": true}', '{"id": "M#[@", "type": ":f@++N\u0016}W}", "tenant.id": null, "audit.actor.id": ":/?", "audit.payload.a": null}', NULL, '"{jT𗶣>]n󡇝"', '{"email": "5554326576009299559", "request_id": "", "R􊮍BK6\u0015x\u000e4b": "􁧉[[򢺆o񹞑P]򆇀򂯂", "audit.attributes": {"audit.kind": false, "audit.attributes": "true"}}', '"]ｋW󻘡ABp/\f;"', '{"דּ": false, "before": "\f򅇬-", "audit.actor": -327734432431980600000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000, " )3&J_\u0003\\8(\u001d%": false, "sampling.threshold": -577}', '{"a": "Qi<4QnUL", "\u0016tFt#G:7l": {}, "audit.source": "92", "audit.payload": "&򡼘󖶛F\u001d$cL", "audit.payload.a": ""}', '{"A": true, "דּ": "G1𥟀|r", "}\u001e\"ca\"#\tc\u001f": {"z\u0010": null, "a..b": [-152, ""], "P1\u001fMﾟ}z\u0011\"": []}, "sampling.priority": ""}', '"-O"', '\xb4003036276680b2a1e5b064fad3ae30d923110c897769777f7adcd248e60e61', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (15, '2026-11-22 10:59:25.294342+00', 4560548915686750784, NULL, DEFAULT, 0, 17, 'globex', 'event-0046', '0)$<Q`H`Y', 'failure', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, '.[!', NULL, 'e7492d1d5523f6d1707c97b4082323f7', 'e81912fe2f3bd336', '}򪦷u', 'ﴳl', NULL, NULL, NULL, '{"": null, ".": "\u0019P#", "''󷺌": "2131682846103001684", "displayName": false, "sampling.priority": null}', '{"id": "oN\\-A򊅈E", "ip": {"audit.source": "n6.򵺅"}, "type": "\u0005K\f\\bzK", "tenantId": {"a..b": "", "audit.kind": null, "audit.payload.a": -0.00000000000000000000000000000314183344816619, "B.񔕇ﷅ/i𼛓吏i": "BAgg,"}, "client.address": "", "audit.quarantine.reason": null}', NULL, '"[]"', '{".a": 0.000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000011956284506233465, "audit.action": 927}', '["", "true"]', '{"G喇QJ''": "{}", "audit.quarantine.reason": -346}', '{".a": [], "😀": "", "audit": null, "$\u0017;\u0012\u0012*.\u0006": null}', '{".a": {"\\": "\b𮙍NW\n𿣧c@#\u0002"}, "/O": null, "audit.action": "{\"a\":1}", "audit.tenant.id": "3GB񽯏{ulV,F^"}', '[true, ""]', '\x6ff544c993f57b73be39bc0123876c9469747864dd7cad21022f9c2a32e9cf2f', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (16, '2026-11-22 10:59:25.294342+00', 6249118414342076700, NULL, DEFAULT, 0, 2, 'globex', 'event-0047', '', 'denied', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, '񘌎v', 'Gc.', NULL, NULL, NULL, NULL, 'Dc󥰱Rﴰ򝋹v', '+6𜁥*s󄤋', 'zH', '{number_as_text}', '{"\u0001": "{}", "id": null, "type": false, "audit.": null}', '{"id": "L򇑠y0z\u0010*", "€": -8782632591402837000000000, "type": "vSy\u0010bO\u000fbUo", "displayName": "{}", "audit.context.traceId": {}}', '{"id": "；񼜘", "דּ": "lU", "type": "n򉡓G1󏑜;R Sc\u000f", "x ": "", "log.record.uid": false}', '"\u0012}<\\\u0003\"["', '{"x ": -665, "R򢗑񚔚": {".": null, "b": true, "email": "i", "tS*R󨤸": -0.0000000000000000000000000000000000000000000000000000000000000000000000000002283431343728952, "HZ9KV\"\u0007\r1": true}}', NULL, '{"tenantId": -33, "audit.kind": ["", "4231280372128636829", "_"], "request_id": null, "audit.source": "[", "audit.attributes": "\u0004iﰂﶌ\nS\u0003}:]"}', NULL, '{".": [["A#oq\u0003]O\f", null, true]]}', '"[]"', '\xfe68ee857dd02f3614f3baab4e9a9cbc85dfa80d782fb04da85fd777c8c61bb7', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (17, '2026-11-22 10:59:25.294342+00', 631613979048288926, NULL, DEFAULT, 0, 1, 'globex', 'event-0048', '6񡓼', 'failure', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'Qaﵲ', '`u]j', NULL, '0c22f7bcdcb7a2e7aeabecef29196acb', '0ebedd06b6ba9eac', '(\:>1󦾛^?"K|a', NULL, 'I^"?/1t񮈚",/', '&>B󐌏󬈁', NULL, '{"after": null, "patch": 0.0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000009707074801462255, "tenantId": -0.000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000005236233492469698, "http.route": "[]", "audit.payload.a": "\u0013:<K/>HQ_Oa"}', '{"id": "2T", "type": "u{𽷸:"}', NULL, '"5918336004938381003"', '{"b": [null, true, "[]"]}', NULL, '{"audit.": -80262077520292050000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000, "audit.actor": "𯸃)<", "sampling.priority": "[]", "+b}x𮋈\"uAﴩa": {".C\\O[Rz省": false}, "audit.quarantine.reason": [null, false, "{\\l#M|񔨾7{񲚾s"]}', NULL, '{"email": [[]], "audit.actor.a.b": null}', '"\\Y4\u0017\u0001񔩪|ud]\u0013"', '\xbbc77f324c908b38e0c295331e4234eee9cc9dd1d1de9141f6362ece58c75595', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (12, '2026-11-22 10:59:25.295012+00', 1767225600123456789, 1767225600200000000, DEFAULT, 0, 9, 'initech', 'event-0049', 'invoice.refund', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'ord_7781', NULL, NULL, '4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7', NULL, 'INFO', NULL, 'duplicate charge', NULL, NULL, '{"id": "usr_42", "type": "user", "email": "jo@example.com"}', '{"id": "inv_889", "type": "invoice"}', '{"patch": [{"op": "replace", "path": "/status", "value": "refunded"}]}', '{"ip": "203.0.113.7", "request_id": "req_01J9ZK4C8Q", "user_agent": "Mozilla/5.0 (X11; Linux x86_64)"}', '{"amount": 129.9, "currency": "EUR"}', NULL, '{"service.name": "billing", "service.version": "1.14.2", "deployment.environment.name": "production"}', '{"http.route": "/api/invoices/{id}/refund", "http.request.method": "POST", "http.response.status_code": 200}', '"invoice refunded"', '\x88207d78414c1824a883fdbb7e8f189eda521ffd2f5f6488acf0089c4330f97f', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (13, '2026-11-22 10:59:25.295012+00', 9191665711296613918, NULL, DEFAULT, 0, 5, 'initech', 'event-0050', '%v0$*[h', 'unknown', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, '[t"B[o񣆡j/', 'pJ-', '{1/qT_', NULL, NULL, 'Sjf', NULL, 'w񑟛', NULL, '{repaired_text}', '{"b": 124, "audit": 943, "audit.source": null, "audit.attributes": ""}', '{"id": "m򽲀\u000e\u0014H.LQ\u0005]o", "type": "$qm5''\u000f}\u0015𠏶", "x ": "", "󕛂": "\b[񝾠p", "audit.action": -39470779418370476000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000}', '{"d": {}, "id": "{_a`", "type": "\u0011 \u000f5𦭷:-I񇫮|Q", "tenant.id": "}\u0014\\*$_\u0006", "audit.actor.": "{\"a\":1}", "s񐑌,bsy\bcY)A\u001a": false}', '[{"😀": "s4:x\"\u001b\u0002"}]', NULL, NULL, NULL, '{"ip": {"V\u0007\u0016s\\": null, "audit.action": -20843350853995485000000000000000000000000000000000}, "audit.payload": false}', '{"a.b": null, "tenant.id": {"\u0001": "3`%}tIE", "€": "v:7j`.;{", "audit.canonical": ["9190586647264884262"]}, "request_id": "H", "displayName": "[]", "log.record.uid": "R,8"}', '["4669122648458953387", "true"]', '\x4322592af79f6a52b4fc008f7bebd7f6996897d504d3ac2dea1ee906d2497a5d', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (14, '2026-11-22 10:59:25.295012+00', 6684233901537149808, NULL, DEFAULT, 0, 16, 'initech', 'event-0051', '񵡿󁪁󒬶\tHTB򶧬[?', 'denied', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, '򏱗"}u%S񡻁T', '"', NULL, '6f6e3aa1f1372227579dda37b07ecd96', '2e15c85392c56820', NULL, 'M+􍡙Rj,񊑂:9󤇒', '򅕊KDqu', NULL, '{number_as_text}', '{"€": "{\"a\":1}", "audit": "", "audit.x": "true", "audit.quarantine.reason": null}', '{"id": "A\\O󙽪", "+c.": true, "q\"\\": "null", "type": "\u001e$\\:\\;/", "email": "ZVQtu", "audit.attributes": ""}', '{"id": "\u0015\u000b񖒟:*%>", "type": "rsP]f", "knNVXS": "\u001e񰟾:", "audit.actor.": []}', NULL, '{"sampling.priority": "12"}', '"12"', '{"a": true}', '{"ip": null, "a..b": 21, "email": null, "audit.kind": null}', '{"display_name": 18170851691586290000000000000000000000000000000000000000000000000000000000000000000, "audit.attributes": "null"}', '[]', '\x18ddf8ce56c3fcbc199d9940d0762eff751ce0e11627ba85aa185cd509f9d3c6', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (16, '2026-11-22 10:59:25.295012+00', 4124927264687526601, 1372483155357934938, DEFAULT, 0, 18, 'initech', 'event-0053', 'lT?H|%', 'unknown', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, NULL, '𾼋<HfZ:$', NULL, NULL, 'G={(;<180x', 'b?=򄌒wGVSE:', 'AJ𔾀.', '"J|kK%dS]l', '{actor_missing}', NULL, '{"id": "''%", "type": "f\u0015H\u0013!􊽏=", "audit.actor": "[1,2]", "p}M\\$ﳊ{I": null}', NULL, NULL, '{"displayName": "񱬹sdk,", "log.record.uid": 246}', '{"c\u0013d0ﴫ/": null, "󹹑,.J&񅅍\u0005Va": {"patch": "G񅍈\u0010Y[0c", "audit.flags": {"request_id": "[]"}}, "audit.context.traceId": true}', '{"q\"\\": null, "patch": [-0.0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000007308433201698423], "audit.x": false, "audit.flags": true, "7]J/F/.\u00180𦔤󦋌": ""}', '{"ip": {"tenantId": "", "http.route": null}, "displayName": true}', '{"audit.x": {"audit.": "", "fXX": [-0.000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000003509952568285033, 195284170764774920000000000000000000000000000000000000000000000000000, 5060341624355485000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000], "audit.mark": 144, "{XZ(0T8": false, "audit.actor.a.b": -0.0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000009237114499813652}, "request_id": null, "audit.payload": true, "log.record.uid": [[null], "12"], "audit.canonical": {"audit.actor": -0.0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000267693656987823, "audit.attributes": null}}', NULL, '\xf42f62445f2801afe23caddc929fc5ce484204d94b607a1716b821268f755189', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (17, '2026-11-22 10:59:25.295012+00', 1080622440436506470, 7752922366840992229, DEFAULT, 0, 4, 'initech', 'event-0054', 'Q', 'failure', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'Ai(K''򫖴qj', NULL, '!*z#[(}C', NULL, NULL, ' e8I', NULL, '0O<󹆧k', NULL, '{number_as_text}', '{"audit.mark": null, "audit.actor.": null, "\u0013\u001f򎯃𩉞h𵾞k\u001f": ""}', '{"id": "/}IL)J", "type": "\u001e(tS", "log.record.uid": null}', '{"id": "󅳱yf\u001aJ/P[\u0011x", "type": "񳔗\u0007>", "client.address": null, "log.record.uid": "Zh=", "audit.payload.a": "x:\u0004v", "sampling.threshold": -0.0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000002377835256490864}', '"{}"', '{"a": [], "דּ": null, "tenant.id": true, "log.record.uid": {"😀": "𐷱\u0019Rh󨴳!", "http.route": true, "audit.actor": -69557603073479570000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000}}', '86', '{"a..b": ["n:Kan񯿫", null], "audit.mark": "12", "otel.scope.name": null}', '{".a": [], "type": false, "x ": "}", "audit.canonical": "l\"Dn\u000e2", "audit.quarantine.reason": "[1,2]"}', '{"q": [false, null], "€": null, "x ": [{}, ["", true]], "audit.": {"id": "pIH`l[A}l", "email": 0.00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000004932827538002416, "{Oo{\u0001,\u001a/.": "3491177562568034329"}}', NULL, '\xedfaeaa4fa442289f8b4d4b70f4c68389c66774687c8082527ea94db4b166ac7', NULL);


--
-- Data for Name: audit_events_2026_12; Type: TABLE DATA; Schema: public; Owner: audit_owner
--



--
-- Data for Name: audit_events_2027_01; Type: TABLE DATA; Schema: public; Owner: audit_owner
--



--
-- Data for Name: audit_legal_holds; Type: TABLE DATA; Schema: public; Owner: audit_owner
--



--
-- Data for Name: audit_login_tenants; Type: TABLE DATA; Schema: public; Owner: audit_owner
--



--
-- Data for Name: audit_migrations; Type: TABLE DATA; Schema: public; Owner: postgres
--

INSERT INTO public.audit_migrations VALUES (1, 0, true, '2026-11-22 10:59:24.947156');
INSERT INTO public.audit_migrations VALUES (2, 1, true, '2026-11-22 10:59:24.957043');
INSERT INTO public.audit_migrations VALUES (3, 2, true, '2026-11-22 10:59:24.960842');
INSERT INTO public.audit_migrations VALUES (4, 3, true, '2026-11-22 10:59:24.992973');
INSERT INTO public.audit_migrations VALUES (5, 4, true, '2026-11-22 10:59:24.994405');
INSERT INTO public.audit_migrations VALUES (6, 5, true, '2026-11-22 10:59:25.017098');


--
-- Data for Name: audit_pruned_leaves; Type: TABLE DATA; Schema: public; Owner: audit_owner
--



--
-- Data for Name: audit_prunes; Type: TABLE DATA; Schema: public; Owner: audit_owner
--



--
-- Data for Name: audit_quarantine; Type: TABLE DATA; Schema: public; Owner: audit_owner
--



--
-- Data for Name: audit_retention; Type: TABLE DATA; Schema: public; Owner: audit_owner
--



--
-- Name: audit_legal_holds_id_seq; Type: SEQUENCE SET; Schema: public; Owner: audit_owner
--

SELECT pg_catalog.setval('public.audit_legal_holds_id_seq', 1, false);


--
-- Name: audit_migrations_id_seq; Type: SEQUENCE SET; Schema: public; Owner: postgres
--

SELECT pg_catalog.setval('public.audit_migrations_id_seq', 6, true);


--
-- Name: audit_prunes_id_seq; Type: SEQUENCE SET; Schema: public; Owner: audit_owner
--

SELECT pg_catalog.setval('public.audit_prunes_id_seq', 1, false);


--
-- Name: audit_quarantine_id_seq; Type: SEQUENCE SET; Schema: public; Owner: audit_owner
--

SELECT pg_catalog.setval('public.audit_quarantine_id_seq', 1, false);


--
-- Name: audit_commits audit_commits_pkey; Type: CONSTRAINT; Schema: public; Owner: audit_owner
--

ALTER TABLE ONLY public.audit_commits
    ADD CONSTRAINT audit_commits_pkey PRIMARY KEY (tenant_id, epoch, size);


--
-- Name: audit_commits audit_commits_prev; Type: CONSTRAINT; Schema: public; Owner: audit_owner
--

ALTER TABLE ONLY public.audit_commits
    ADD CONSTRAINT audit_commits_prev UNIQUE (tenant_id, epoch, prev_size);


--
-- Name: audit_event_ids audit_event_ids_pkey; Type: CONSTRAINT; Schema: public; Owner: audit_owner
--

ALTER TABLE ONLY public.audit_event_ids
    ADD CONSTRAINT audit_event_ids_pkey PRIMARY KEY (tenant_id, kind, id);


--
-- Name: audit_events audit_events_pkey; Type: CONSTRAINT; Schema: public; Owner: audit_owner
--

ALTER TABLE ONLY public.audit_events
    ADD CONSTRAINT audit_events_pkey PRIMARY KEY (tenant_id, epoch, seq, recorded_at);


--
-- Name: audit_events_2026_11 audit_events_2026_11_pkey; Type: CONSTRAINT; Schema: public; Owner: audit_owner
--

ALTER TABLE ONLY public.audit_events_2026_11
    ADD CONSTRAINT audit_events_2026_11_pkey PRIMARY KEY (tenant_id, epoch, seq, recorded_at);


--
-- Name: audit_events_2026_12 audit_events_2026_12_pkey; Type: CONSTRAINT; Schema: public; Owner: audit_owner
--

ALTER TABLE ONLY public.audit_events_2026_12
    ADD CONSTRAINT audit_events_2026_12_pkey PRIMARY KEY (tenant_id, epoch, seq, recorded_at);


--
-- Name: audit_events_2027_01 audit_events_2027_01_pkey; Type: CONSTRAINT; Schema: public; Owner: audit_owner
--

ALTER TABLE ONLY public.audit_events_2027_01
    ADD CONSTRAINT audit_events_2027_01_pkey PRIMARY KEY (tenant_id, epoch, seq, recorded_at);


--
-- Name: audit_legal_holds audit_legal_holds_pkey; Type: CONSTRAINT; Schema: public; Owner: audit_owner
--

ALTER TABLE ONLY public.audit_legal_holds
    ADD CONSTRAINT audit_legal_holds_pkey PRIMARY KEY (id);


--
-- Name: audit_login_tenants audit_login_tenants_pkey; Type: CONSTRAINT; Schema: public; Owner: audit_owner
--

ALTER TABLE ONLY public.audit_login_tenants
    ADD CONSTRAINT audit_login_tenants_pkey PRIMARY KEY (login, tenant_id);


--
-- Name: audit_migrations audit_migrations_pkey; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.audit_migrations
    ADD CONSTRAINT audit_migrations_pkey PRIMARY KEY (id);


--
-- Name: audit_pruned_leaves audit_pruned_leaves_pkey; Type: CONSTRAINT; Schema: public; Owner: audit_owner
--

ALTER TABLE ONLY public.audit_pruned_leaves
    ADD CONSTRAINT audit_pruned_leaves_pkey PRIMARY KEY (tenant_id, epoch, seq);


--
-- Name: audit_prunes audit_prunes_pkey; Type: CONSTRAINT; Schema: public; Owner: audit_owner
--

ALTER TABLE ONLY public.audit_prunes
    ADD CONSTRAINT audit_prunes_pkey PRIMARY KEY (id);


--
-- Name: audit_quarantine audit_quarantine_pkey; Type: CONSTRAINT; Schema: public; Owner: audit_owner
--

ALTER TABLE ONLY public.audit_quarantine
    ADD CONSTRAINT audit_quarantine_pkey PRIMARY KEY (id);


--
-- Name: audit_retention audit_retention_pkey; Type: CONSTRAINT; Schema: public; Owner: audit_owner
--

ALTER TABLE ONLY public.audit_retention
    ADD CONSTRAINT audit_retention_pkey PRIMARY KEY (tenant_id);


--
-- Name: audit_events_action; Type: INDEX; Schema: public; Owner: audit_owner
--

CREATE INDEX audit_events_action ON ONLY public.audit_events USING btree (tenant_id, action, event_time DESC, seq DESC);


--
-- Name: audit_events_2026_11_tenant_id_action_event_time_seq_idx; Type: INDEX; Schema: public; Owner: audit_owner
--

CREATE INDEX audit_events_2026_11_tenant_id_action_event_time_seq_idx ON public.audit_events_2026_11 USING btree (tenant_id, action, event_time DESC, seq DESC);


--
-- Name: audit_events_actor; Type: INDEX; Schema: public; Owner: audit_owner
--

CREATE INDEX audit_events_actor ON ONLY public.audit_events USING btree (tenant_id, actor_id, event_time DESC, seq DESC);


--
-- Name: audit_events_2026_11_tenant_id_actor_id_event_time_seq_idx; Type: INDEX; Schema: public; Owner: audit_owner
--

CREATE INDEX audit_events_2026_11_tenant_id_actor_id_event_time_seq_idx ON public.audit_events_2026_11 USING btree (tenant_id, actor_id, event_time DESC, seq DESC);


--
-- Name: audit_events_causation; Type: INDEX; Schema: public; Owner: audit_owner
--

CREATE INDEX audit_events_causation ON ONLY public.audit_events USING btree (tenant_id, causation_id, event_time DESC, seq DESC) WHERE (causation_id IS NOT NULL);


--
-- Name: audit_events_2026_11_tenant_id_causation_id_event_time_seq_idx; Type: INDEX; Schema: public; Owner: audit_owner
--

CREATE INDEX audit_events_2026_11_tenant_id_causation_id_event_time_seq_idx ON public.audit_events_2026_11 USING btree (tenant_id, causation_id, event_time DESC, seq DESC) WHERE (causation_id IS NOT NULL);


--
-- Name: audit_events_correlation; Type: INDEX; Schema: public; Owner: audit_owner
--

CREATE INDEX audit_events_correlation ON ONLY public.audit_events USING btree (tenant_id, correlation_id, event_time DESC, seq DESC) WHERE (correlation_id IS NOT NULL);


--
-- Name: audit_events_2026_11_tenant_id_correlation_id_event_time_se_idx; Type: INDEX; Schema: public; Owner: audit_owner
--

CREATE INDEX audit_events_2026_11_tenant_id_correlation_id_event_time_se_idx ON public.audit_events_2026_11 USING btree (tenant_id, correlation_id, event_time DESC, seq DESC) WHERE (correlation_id IS NOT NULL);


--
-- Name: audit_events_time; Type: INDEX; Schema: public; Owner: audit_owner
--

CREATE INDEX audit_events_time ON ONLY public.audit_events USING btree (tenant_id, event_time DESC, seq DESC);


--
-- Name: audit_events_2026_11_tenant_id_event_time_seq_idx; Type: INDEX; Schema: public; Owner: audit_owner
--

CREATE INDEX audit_events_2026_11_tenant_id_event_time_seq_idx ON public.audit_events_2026_11 USING btree (tenant_id, event_time DESC, seq DESC);


--
-- Name: audit_events_outcome; Type: INDEX; Schema: public; Owner: audit_owner
--

CREATE INDEX audit_events_outcome ON ONLY public.audit_events USING btree (tenant_id, outcome, event_time DESC, seq DESC) WHERE (outcome <> 'success'::text);


--
-- Name: audit_events_2026_11_tenant_id_outcome_event_time_seq_idx; Type: INDEX; Schema: public; Owner: audit_owner
--

CREATE INDEX audit_events_2026_11_tenant_id_outcome_event_time_seq_idx ON public.audit_events_2026_11 USING btree (tenant_id, outcome, event_time DESC, seq DESC) WHERE (outcome <> 'success'::text);


--
-- Name: audit_events_target; Type: INDEX; Schema: public; Owner: audit_owner
--

CREATE INDEX audit_events_target ON ONLY public.audit_events USING btree (tenant_id, target_id, event_time DESC, seq DESC) WHERE (target_id IS NOT NULL);


--
-- Name: audit_events_2026_11_tenant_id_target_id_event_time_seq_idx; Type: INDEX; Schema: public; Owner: audit_owner
--

CREATE INDEX audit_events_2026_11_tenant_id_target_id_event_time_seq_idx ON public.audit_events_2026_11 USING btree (tenant_id, target_id, event_time DESC, seq DESC) WHERE (target_id IS NOT NULL);


--
-- Name: audit_events_2026_12_tenant_id_action_event_time_seq_idx; Type: INDEX; Schema: public; Owner: audit_owner
--

CREATE INDEX audit_events_2026_12_tenant_id_action_event_time_seq_idx ON public.audit_events_2026_12 USING btree (tenant_id, action, event_time DESC, seq DESC);


--
-- Name: audit_events_2026_12_tenant_id_actor_id_event_time_seq_idx; Type: INDEX; Schema: public; Owner: audit_owner
--

CREATE INDEX audit_events_2026_12_tenant_id_actor_id_event_time_seq_idx ON public.audit_events_2026_12 USING btree (tenant_id, actor_id, event_time DESC, seq DESC);


--
-- Name: audit_events_2026_12_tenant_id_causation_id_event_time_seq_idx; Type: INDEX; Schema: public; Owner: audit_owner
--

CREATE INDEX audit_events_2026_12_tenant_id_causation_id_event_time_seq_idx ON public.audit_events_2026_12 USING btree (tenant_id, causation_id, event_time DESC, seq DESC) WHERE (causation_id IS NOT NULL);


--
-- Name: audit_events_2026_12_tenant_id_correlation_id_event_time_se_idx; Type: INDEX; Schema: public; Owner: audit_owner
--

CREATE INDEX audit_events_2026_12_tenant_id_correlation_id_event_time_se_idx ON public.audit_events_2026_12 USING btree (tenant_id, correlation_id, event_time DESC, seq DESC) WHERE (correlation_id IS NOT NULL);


--
-- Name: audit_events_2026_12_tenant_id_event_time_seq_idx; Type: INDEX; Schema: public; Owner: audit_owner
--

CREATE INDEX audit_events_2026_12_tenant_id_event_time_seq_idx ON public.audit_events_2026_12 USING btree (tenant_id, event_time DESC, seq DESC);


--
-- Name: audit_events_2026_12_tenant_id_outcome_event_time_seq_idx; Type: INDEX; Schema: public; Owner: audit_owner
--

CREATE INDEX audit_events_2026_12_tenant_id_outcome_event_time_seq_idx ON public.audit_events_2026_12 USING btree (tenant_id, outcome, event_time DESC, seq DESC) WHERE (outcome <> 'success'::text);


--
-- Name: audit_events_2026_12_tenant_id_target_id_event_time_seq_idx; Type: INDEX; Schema: public; Owner: audit_owner
--

CREATE INDEX audit_events_2026_12_tenant_id_target_id_event_time_seq_idx ON public.audit_events_2026_12 USING btree (tenant_id, target_id, event_time DESC, seq DESC) WHERE (target_id IS NOT NULL);


--
-- Name: audit_events_2027_01_tenant_id_action_event_time_seq_idx; Type: INDEX; Schema: public; Owner: audit_owner
--

CREATE INDEX audit_events_2027_01_tenant_id_action_event_time_seq_idx ON public.audit_events_2027_01 USING btree (tenant_id, action, event_time DESC, seq DESC);


--
-- Name: audit_events_2027_01_tenant_id_actor_id_event_time_seq_idx; Type: INDEX; Schema: public; Owner: audit_owner
--

CREATE INDEX audit_events_2027_01_tenant_id_actor_id_event_time_seq_idx ON public.audit_events_2027_01 USING btree (tenant_id, actor_id, event_time DESC, seq DESC);


--
-- Name: audit_events_2027_01_tenant_id_causation_id_event_time_seq_idx; Type: INDEX; Schema: public; Owner: audit_owner
--

CREATE INDEX audit_events_2027_01_tenant_id_causation_id_event_time_seq_idx ON public.audit_events_2027_01 USING btree (tenant_id, causation_id, event_time DESC, seq DESC) WHERE (causation_id IS NOT NULL);


--
-- Name: audit_events_2027_01_tenant_id_correlation_id_event_time_se_idx; Type: INDEX; Schema: public; Owner: audit_owner
--

CREATE INDEX audit_events_2027_01_tenant_id_correlation_id_event_time_se_idx ON public.audit_events_2027_01 USING btree (tenant_id, correlation_id, event_time DESC, seq DESC) WHERE (correlation_id IS NOT NULL);


--
-- Name: audit_events_2027_01_tenant_id_event_time_seq_idx; Type: INDEX; Schema: public; Owner: audit_owner
--

CREATE INDEX audit_events_2027_01_tenant_id_event_time_seq_idx ON public.audit_events_2027_01 USING btree (tenant_id, event_time DESC, seq DESC);


--
-- Name: audit_events_2027_01_tenant_id_outcome_event_time_seq_idx; Type: INDEX; Schema: public; Owner: audit_owner
--

CREATE INDEX audit_events_2027_01_tenant_id_outcome_event_time_seq_idx ON public.audit_events_2027_01 USING btree (tenant_id, outcome, event_time DESC, seq DESC) WHERE (outcome <> 'success'::text);


--
-- Name: audit_events_2027_01_tenant_id_target_id_event_time_seq_idx; Type: INDEX; Schema: public; Owner: audit_owner
--

CREATE INDEX audit_events_2027_01_tenant_id_target_id_event_time_seq_idx ON public.audit_events_2027_01 USING btree (tenant_id, target_id, event_time DESC, seq DESC) WHERE (target_id IS NOT NULL);


--
-- Name: audit_legal_holds_tenant; Type: INDEX; Schema: public; Owner: audit_owner
--

CREATE INDEX audit_legal_holds_tenant ON public.audit_legal_holds USING btree (tenant_id) WHERE (released_at IS NULL);


--
-- Name: audit_prunes_tenant; Type: INDEX; Schema: public; Owner: audit_owner
--

CREATE INDEX audit_prunes_tenant ON public.audit_prunes USING btree (tenant_id, epoch, size);


--
-- Name: audit_quarantine_once; Type: INDEX; Schema: public; Owner: audit_owner
--

CREATE UNIQUE INDEX audit_quarantine_once ON public.audit_quarantine USING btree (sha256, COALESCE(tenant_id, ''::text));


--
-- Name: audit_quarantine_tenant; Type: INDEX; Schema: public; Owner: audit_owner
--

CREATE INDEX audit_quarantine_tenant ON public.audit_quarantine USING btree (tenant_id, id DESC);


--
-- Name: audit_events_2026_11_pkey; Type: INDEX ATTACH; Schema: public; Owner: audit_owner
--

ALTER INDEX public.audit_events_pkey ATTACH PARTITION public.audit_events_2026_11_pkey;


--
-- Name: audit_events_2026_11_tenant_id_action_event_time_seq_idx; Type: INDEX ATTACH; Schema: public; Owner: audit_owner
--

ALTER INDEX public.audit_events_action ATTACH PARTITION public.audit_events_2026_11_tenant_id_action_event_time_seq_idx;


--
-- Name: audit_events_2026_11_tenant_id_actor_id_event_time_seq_idx; Type: INDEX ATTACH; Schema: public; Owner: audit_owner
--

ALTER INDEX public.audit_events_actor ATTACH PARTITION public.audit_events_2026_11_tenant_id_actor_id_event_time_seq_idx;


--
-- Name: audit_events_2026_11_tenant_id_causation_id_event_time_seq_idx; Type: INDEX ATTACH; Schema: public; Owner: audit_owner
--

ALTER INDEX public.audit_events_causation ATTACH PARTITION public.audit_events_2026_11_tenant_id_causation_id_event_time_seq_idx;


--
-- Name: audit_events_2026_11_tenant_id_correlation_id_event_time_se_idx; Type: INDEX ATTACH; Schema: public; Owner: audit_owner
--

ALTER INDEX public.audit_events_correlation ATTACH PARTITION public.audit_events_2026_11_tenant_id_correlation_id_event_time_se_idx;


--
-- Name: audit_events_2026_11_tenant_id_event_time_seq_idx; Type: INDEX ATTACH; Schema: public; Owner: audit_owner
--

ALTER INDEX public.audit_events_time ATTACH PARTITION public.audit_events_2026_11_tenant_id_event_time_seq_idx;


--
-- Name: audit_events_2026_11_tenant_id_outcome_event_time_seq_idx; Type: INDEX ATTACH; Schema: public; Owner: audit_owner
--

ALTER INDEX public.audit_events_outcome ATTACH PARTITION public.audit_events_2026_11_tenant_id_outcome_event_time_seq_idx;


--
-- Name: audit_events_2026_11_tenant_id_target_id_event_time_seq_idx; Type: INDEX ATTACH; Schema: public; Owner: audit_owner
--

ALTER INDEX public.audit_events_target ATTACH PARTITION public.audit_events_2026_11_tenant_id_target_id_event_time_seq_idx;


--
-- Name: audit_events_2026_12_pkey; Type: INDEX ATTACH; Schema: public; Owner: audit_owner
--

ALTER INDEX public.audit_events_pkey ATTACH PARTITION public.audit_events_2026_12_pkey;


--
-- Name: audit_events_2026_12_tenant_id_action_event_time_seq_idx; Type: INDEX ATTACH; Schema: public; Owner: audit_owner
--

ALTER INDEX public.audit_events_action ATTACH PARTITION public.audit_events_2026_12_tenant_id_action_event_time_seq_idx;


--
-- Name: audit_events_2026_12_tenant_id_actor_id_event_time_seq_idx; Type: INDEX ATTACH; Schema: public; Owner: audit_owner
--

ALTER INDEX public.audit_events_actor ATTACH PARTITION public.audit_events_2026_12_tenant_id_actor_id_event_time_seq_idx;


--
-- Name: audit_events_2026_12_tenant_id_causation_id_event_time_seq_idx; Type: INDEX ATTACH; Schema: public; Owner: audit_owner
--

ALTER INDEX public.audit_events_causation ATTACH PARTITION public.audit_events_2026_12_tenant_id_causation_id_event_time_seq_idx;


--
-- Name: audit_events_2026_12_tenant_id_correlation_id_event_time_se_idx; Type: INDEX ATTACH; Schema: public; Owner: audit_owner
--

ALTER INDEX public.audit_events_correlation ATTACH PARTITION public.audit_events_2026_12_tenant_id_correlation_id_event_time_se_idx;


--
-- Name: audit_events_2026_12_tenant_id_event_time_seq_idx; Type: INDEX ATTACH; Schema: public; Owner: audit_owner
--

ALTER INDEX public.audit_events_time ATTACH PARTITION public.audit_events_2026_12_tenant_id_event_time_seq_idx;


--
-- Name: audit_events_2026_12_tenant_id_outcome_event_time_seq_idx; Type: INDEX ATTACH; Schema: public; Owner: audit_owner
--

ALTER INDEX public.audit_events_outcome ATTACH PARTITION public.audit_events_2026_12_tenant_id_outcome_event_time_seq_idx;


--
-- Name: audit_events_2026_12_tenant_id_target_id_event_time_seq_idx; Type: INDEX ATTACH; Schema: public; Owner: audit_owner
--

ALTER INDEX public.audit_events_target ATTACH PARTITION public.audit_events_2026_12_tenant_id_target_id_event_time_seq_idx;


--
-- Name: audit_events_2027_01_pkey; Type: INDEX ATTACH; Schema: public; Owner: audit_owner
--

ALTER INDEX public.audit_events_pkey ATTACH PARTITION public.audit_events_2027_01_pkey;


--
-- Name: audit_events_2027_01_tenant_id_action_event_time_seq_idx; Type: INDEX ATTACH; Schema: public; Owner: audit_owner
--

ALTER INDEX public.audit_events_action ATTACH PARTITION public.audit_events_2027_01_tenant_id_action_event_time_seq_idx;


--
-- Name: audit_events_2027_01_tenant_id_actor_id_event_time_seq_idx; Type: INDEX ATTACH; Schema: public; Owner: audit_owner
--

ALTER INDEX public.audit_events_actor ATTACH PARTITION public.audit_events_2027_01_tenant_id_actor_id_event_time_seq_idx;


--
-- Name: audit_events_2027_01_tenant_id_causation_id_event_time_seq_idx; Type: INDEX ATTACH; Schema: public; Owner: audit_owner
--

ALTER INDEX public.audit_events_causation ATTACH PARTITION public.audit_events_2027_01_tenant_id_causation_id_event_time_seq_idx;


--
-- Name: audit_events_2027_01_tenant_id_correlation_id_event_time_se_idx; Type: INDEX ATTACH; Schema: public; Owner: audit_owner
--

ALTER INDEX public.audit_events_correlation ATTACH PARTITION public.audit_events_2027_01_tenant_id_correlation_id_event_time_se_idx;


--
-- Name: audit_events_2027_01_tenant_id_event_time_seq_idx; Type: INDEX ATTACH; Schema: public; Owner: audit_owner
--

ALTER INDEX public.audit_events_time ATTACH PARTITION public.audit_events_2027_01_tenant_id_event_time_seq_idx;


--
-- Name: audit_events_2027_01_tenant_id_outcome_event_time_seq_idx; Type: INDEX ATTACH; Schema: public; Owner: audit_owner
--

ALTER INDEX public.audit_events_outcome ATTACH PARTITION public.audit_events_2027_01_tenant_id_outcome_event_time_seq_idx;


--
-- Name: audit_events_2027_01_tenant_id_target_id_event_time_seq_idx; Type: INDEX ATTACH; Schema: public; Owner: audit_owner
--

ALTER INDEX public.audit_events_target ATTACH PARTITION public.audit_events_2027_01_tenant_id_target_id_event_time_seq_idx;


--
-- Name: audit_commits audit_append_only; Type: TRIGGER; Schema: public; Owner: audit_owner
--

CREATE TRIGGER audit_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_commits FOR EACH STATEMENT EXECUTE FUNCTION public.audit_refuse_change();


--
-- Name: audit_event_ids audit_append_only; Type: TRIGGER; Schema: public; Owner: audit_owner
--

CREATE TRIGGER audit_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_event_ids FOR EACH STATEMENT EXECUTE FUNCTION public.audit_refuse_change();


--
-- Name: audit_events audit_append_only; Type: TRIGGER; Schema: public; Owner: audit_owner
--

CREATE TRIGGER audit_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_events FOR EACH STATEMENT EXECUTE FUNCTION public.audit_refuse_change();


--
-- Name: audit_events_2026_11 audit_append_only; Type: TRIGGER; Schema: public; Owner: audit_owner
--

CREATE TRIGGER audit_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_events_2026_11 FOR EACH STATEMENT EXECUTE FUNCTION public.audit_refuse_change();


--
-- Name: audit_events_2026_12 audit_append_only; Type: TRIGGER; Schema: public; Owner: audit_owner
--

CREATE TRIGGER audit_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_events_2026_12 FOR EACH STATEMENT EXECUTE FUNCTION public.audit_refuse_change();


--
-- Name: audit_events_2027_01 audit_append_only; Type: TRIGGER; Schema: public; Owner: audit_owner
--

CREATE TRIGGER audit_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_events_2027_01 FOR EACH STATEMENT EXECUTE FUNCTION public.audit_refuse_change();


--
-- Name: audit_pruned_leaves audit_append_only; Type: TRIGGER; Schema: public; Owner: audit_owner
--

CREATE TRIGGER audit_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_pruned_leaves FOR EACH STATEMENT EXECUTE FUNCTION public.audit_refuse_change();


--
-- Name: audit_prunes audit_append_only; Type: TRIGGER; Schema: public; Owner: audit_owner
--

CREATE TRIGGER audit_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_prunes FOR EACH STATEMENT EXECUTE FUNCTION public.audit_refuse_change();


--
-- Name: audit_quarantine audit_append_only; Type: TRIGGER; Schema: public; Owner: audit_owner
--

CREATE TRIGGER audit_append_only BEFORE TRUNCATE ON public.audit_quarantine FOR EACH STATEMENT EXECUTE FUNCTION public.audit_refuse_quarantine_change();


--
-- Name: audit_events audit_append_only_row; Type: TRIGGER; Schema: public; Owner: audit_owner
--

CREATE TRIGGER audit_append_only_row BEFORE DELETE OR UPDATE ON public.audit_events FOR EACH ROW EXECUTE FUNCTION public.audit_refuse_change();


--
-- Name: audit_quarantine audit_append_only_row; Type: TRIGGER; Schema: public; Owner: audit_owner
--

CREATE TRIGGER audit_append_only_row BEFORE DELETE OR UPDATE ON public.audit_quarantine FOR EACH ROW EXECUTE FUNCTION public.audit_refuse_quarantine_change();


--
-- Name: audit_login_tenants audit_bind_login; Type: TRIGGER; Schema: public; Owner: audit_owner
--

CREATE TRIGGER audit_bind_login BEFORE INSERT OR UPDATE ON public.audit_login_tenants FOR EACH ROW EXECUTE FUNCTION public.audit_bind_login();


--
-- Name: audit_commits audit_auditor; Type: POLICY; Schema: public; Owner: audit_owner
--

CREATE POLICY audit_auditor ON public.audit_commits FOR SELECT TO audit_auditor USING (true);


--
-- Name: audit_events audit_auditor; Type: POLICY; Schema: public; Owner: audit_owner
--

CREATE POLICY audit_auditor ON public.audit_events FOR SELECT TO audit_auditor USING (true);


--
-- Name: audit_legal_holds audit_auditor; Type: POLICY; Schema: public; Owner: audit_owner
--

CREATE POLICY audit_auditor ON public.audit_legal_holds FOR SELECT TO audit_auditor USING (true);


--
-- Name: audit_login_tenants audit_auditor; Type: POLICY; Schema: public; Owner: audit_owner
--

CREATE POLICY audit_auditor ON public.audit_login_tenants FOR SELECT TO audit_auditor USING (true);


--
-- Name: audit_pruned_leaves audit_auditor; Type: POLICY; Schema: public; Owner: audit_owner
--

CREATE POLICY audit_auditor ON public.audit_pruned_leaves FOR SELECT TO audit_auditor USING (true);


--
-- Name: audit_prunes audit_auditor; Type: POLICY; Schema: public; Owner: audit_owner
--

CREATE POLICY audit_auditor ON public.audit_prunes FOR SELECT TO audit_auditor USING (true);


--
-- Name: audit_quarantine audit_auditor; Type: POLICY; Schema: public; Owner: audit_owner
--

CREATE POLICY audit_auditor ON public.audit_quarantine FOR SELECT TO audit_auditor USING (true);


--
-- Name: audit_retention audit_auditor; Type: POLICY; Schema: public; Owner: audit_owner
--

CREATE POLICY audit_auditor ON public.audit_retention FOR SELECT TO audit_auditor USING (true);


--
-- Name: audit_commits; Type: ROW SECURITY; Schema: public; Owner: audit_owner
--

ALTER TABLE public.audit_commits ENABLE ROW LEVEL SECURITY;

--
-- Name: audit_events; Type: ROW SECURITY; Schema: public; Owner: audit_owner
--

ALTER TABLE public.audit_events ENABLE ROW LEVEL SECURITY;

--
-- Name: audit_legal_holds; Type: ROW SECURITY; Schema: public; Owner: audit_owner
--

ALTER TABLE public.audit_legal_holds ENABLE ROW LEVEL SECURITY;

--
-- Name: audit_login_tenants; Type: ROW SECURITY; Schema: public; Owner: audit_owner
--

ALTER TABLE public.audit_login_tenants ENABLE ROW LEVEL SECURITY;

--
-- Name: audit_quarantine audit_operator; Type: POLICY; Schema: public; Owner: audit_owner
--

CREATE POLICY audit_operator ON public.audit_quarantine FOR SELECT TO audit_operator USING (true);


--
-- Name: audit_commits audit_owner; Type: POLICY; Schema: public; Owner: audit_owner
--

CREATE POLICY audit_owner ON public.audit_commits TO audit_owner USING (true) WITH CHECK (true);


--
-- Name: audit_legal_holds audit_owner; Type: POLICY; Schema: public; Owner: audit_owner
--

CREATE POLICY audit_owner ON public.audit_legal_holds TO audit_owner USING (true) WITH CHECK (true);


--
-- Name: audit_login_tenants audit_owner; Type: POLICY; Schema: public; Owner: audit_owner
--

CREATE POLICY audit_owner ON public.audit_login_tenants TO audit_owner USING (true) WITH CHECK (true);


--
-- Name: audit_pruned_leaves audit_owner; Type: POLICY; Schema: public; Owner: audit_owner
--

CREATE POLICY audit_owner ON public.audit_pruned_leaves TO audit_owner USING (true) WITH CHECK (true);


--
-- Name: audit_prunes audit_owner; Type: POLICY; Schema: public; Owner: audit_owner
--

CREATE POLICY audit_owner ON public.audit_prunes TO audit_owner USING (true) WITH CHECK (true);


--
-- Name: audit_quarantine audit_owner; Type: POLICY; Schema: public; Owner: audit_owner
--

CREATE POLICY audit_owner ON public.audit_quarantine TO audit_owner USING (true) WITH CHECK (true);


--
-- Name: audit_retention audit_owner; Type: POLICY; Schema: public; Owner: audit_owner
--

CREATE POLICY audit_owner ON public.audit_retention TO audit_owner USING (true) WITH CHECK (true);


--
-- Name: audit_pruned_leaves; Type: ROW SECURITY; Schema: public; Owner: audit_owner
--

ALTER TABLE public.audit_pruned_leaves ENABLE ROW LEVEL SECURITY;

--
-- Name: audit_prunes; Type: ROW SECURITY; Schema: public; Owner: audit_owner
--

ALTER TABLE public.audit_prunes ENABLE ROW LEVEL SECURITY;

--
-- Name: audit_quarantine; Type: ROW SECURITY; Schema: public; Owner: audit_owner
--

ALTER TABLE public.audit_quarantine ENABLE ROW LEVEL SECURITY;

--
-- Name: audit_commits audit_reader; Type: POLICY; Schema: public; Owner: audit_owner
--

CREATE POLICY audit_reader ON public.audit_commits FOR SELECT TO audit_reader USING (((tenant_id = current_setting('audit.tenant'::text, true)) AND public.audit_login_admits(current_setting('audit.tenant'::text, true))));


--
-- Name: audit_events audit_reader; Type: POLICY; Schema: public; Owner: audit_owner
--

CREATE POLICY audit_reader ON public.audit_events FOR SELECT TO audit_reader USING (((tenant_id = current_setting('audit.tenant'::text, true)) AND public.audit_login_admits(current_setting('audit.tenant'::text, true))));


--
-- Name: audit_legal_holds audit_reader; Type: POLICY; Schema: public; Owner: audit_owner
--

CREATE POLICY audit_reader ON public.audit_legal_holds FOR SELECT TO audit_reader USING (((tenant_id = current_setting('audit.tenant'::text, true)) AND public.audit_login_admits(current_setting('audit.tenant'::text, true))));


--
-- Name: audit_pruned_leaves audit_reader; Type: POLICY; Schema: public; Owner: audit_owner
--

CREATE POLICY audit_reader ON public.audit_pruned_leaves FOR SELECT TO audit_reader USING (((tenant_id = current_setting('audit.tenant'::text, true)) AND public.audit_login_admits(current_setting('audit.tenant'::text, true))));


--
-- Name: audit_prunes audit_reader; Type: POLICY; Schema: public; Owner: audit_owner
--

CREATE POLICY audit_reader ON public.audit_prunes FOR SELECT TO audit_reader USING (((tenant_id = current_setting('audit.tenant'::text, true)) AND public.audit_login_admits(current_setting('audit.tenant'::text, true))));


--
-- Name: audit_retention audit_reader; Type: POLICY; Schema: public; Owner: audit_owner
--

CREATE POLICY audit_reader ON public.audit_retention FOR SELECT TO audit_reader USING (((tenant_id = current_setting('audit.tenant'::text, true)) AND public.audit_login_admits(current_setting('audit.tenant'::text, true))));


--
-- Name: audit_retention; Type: ROW SECURITY; Schema: public; Owner: audit_owner
--

ALTER TABLE public.audit_retention ENABLE ROW LEVEL SECURITY;

--
-- Name: audit_commits audit_writer; Type: POLICY; Schema: public; Owner: audit_owner
--

CREATE POLICY audit_writer ON public.audit_commits FOR SELECT TO audit_writer USING (true);


--
-- Name: audit_commits audit_writer_insert; Type: POLICY; Schema: public; Owner: audit_owner
--

CREATE POLICY audit_writer_insert ON public.audit_commits FOR INSERT TO audit_writer WITH CHECK (true);


--
-- Name: audit_quarantine audit_writer_insert; Type: POLICY; Schema: public; Owner: audit_owner
--

CREATE POLICY audit_writer_insert ON public.audit_quarantine FOR INSERT TO audit_writer WITH CHECK ((resolution IS NULL));


--
-- Name: SCHEMA public; Type: ACL; Schema: -; Owner: pg_database_owner
--

GRANT ALL ON SCHEMA public TO audit_owner;
GRANT USAGE ON SCHEMA public TO audit_writer;
GRANT USAGE ON SCHEMA public TO audit_reader;
GRANT USAGE ON SCHEMA public TO audit_auditor;
GRANT USAGE ON SCHEMA public TO audit_pruner;
GRANT USAGE ON SCHEMA public TO audit_operator;


--
-- Name: FUNCTION audit_bind_login(); Type: ACL; Schema: public; Owner: audit_owner
--

REVOKE ALL ON FUNCTION public.audit_bind_login() FROM PUBLIC;


--
-- Name: FUNCTION audit_ensure_month(at timestamp with time zone); Type: ACL; Schema: public; Owner: audit_owner
--

REVOKE ALL ON FUNCTION public.audit_ensure_month(at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.audit_ensure_month(at timestamp with time zone) TO audit_writer;


--
-- Name: FUNCTION audit_locate(wanted text); Type: ACL; Schema: public; Owner: audit_owner
--

REVOKE ALL ON FUNCTION public.audit_locate(wanted text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.audit_locate(wanted text) TO audit_reader;
GRANT ALL ON FUNCTION public.audit_locate(wanted text) TO audit_auditor;


--
-- Name: FUNCTION audit_login_admits(tenant text); Type: ACL; Schema: public; Owner: audit_owner
--

REVOKE ALL ON FUNCTION public.audit_login_admits(tenant text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.audit_login_admits(tenant text) TO audit_reader;
GRANT ALL ON FUNCTION public.audit_login_admits(tenant text) TO audit_auditor;


--
-- Name: FUNCTION audit_refuse_change(); Type: ACL; Schema: public; Owner: audit_owner
--

REVOKE ALL ON FUNCTION public.audit_refuse_change() FROM PUBLIC;


--
-- Name: FUNCTION audit_refuse_quarantine_change(); Type: ACL; Schema: public; Owner: audit_owner
--

REVOKE ALL ON FUNCTION public.audit_refuse_quarantine_change() FROM PUBLIC;


--
-- Name: FUNCTION audit_schema_version(); Type: ACL; Schema: public; Owner: audit_owner
--

REVOKE ALL ON FUNCTION public.audit_schema_version() FROM PUBLIC;
GRANT ALL ON FUNCTION public.audit_schema_version() TO audit_writer;
GRANT ALL ON FUNCTION public.audit_schema_version() TO audit_reader;
GRANT ALL ON FUNCTION public.audit_schema_version() TO audit_auditor;
GRANT ALL ON FUNCTION public.audit_schema_version() TO audit_pruner;
GRANT ALL ON FUNCTION public.audit_schema_version() TO audit_operator;


--
-- Name: TABLE audit_commits; Type: ACL; Schema: public; Owner: audit_owner
--

GRANT SELECT ON TABLE public.audit_commits TO audit_auditor;
GRANT SELECT ON TABLE public.audit_commits TO audit_reader;
GRANT SELECT,INSERT ON TABLE public.audit_commits TO audit_writer;


--
-- Name: TABLE audit_event_ids; Type: ACL; Schema: public; Owner: audit_owner
--

GRANT SELECT,INSERT ON TABLE public.audit_event_ids TO audit_writer;
GRANT SELECT ON TABLE public.audit_event_ids TO audit_auditor;


--
-- Name: TABLE audit_events; Type: ACL; Schema: public; Owner: audit_owner
--

GRANT SELECT ON TABLE public.audit_events TO audit_reader;
GRANT SELECT ON TABLE public.audit_events TO audit_auditor;


--
-- Name: TABLE audit_events_2026_11; Type: ACL; Schema: public; Owner: audit_owner
--

GRANT INSERT ON TABLE public.audit_events_2026_11 TO audit_writer;
GRANT SELECT ON TABLE public.audit_events_2026_11 TO audit_auditor;


--
-- Name: TABLE audit_events_2026_12; Type: ACL; Schema: public; Owner: audit_owner
--

GRANT INSERT ON TABLE public.audit_events_2026_12 TO audit_writer;
GRANT SELECT ON TABLE public.audit_events_2026_12 TO audit_auditor;


--
-- Name: TABLE audit_events_2027_01; Type: ACL; Schema: public; Owner: audit_owner
--

GRANT INSERT ON TABLE public.audit_events_2027_01 TO audit_writer;
GRANT SELECT ON TABLE public.audit_events_2027_01 TO audit_auditor;


--
-- Name: TABLE audit_legal_holds; Type: ACL; Schema: public; Owner: audit_owner
--

GRANT SELECT ON TABLE public.audit_legal_holds TO audit_auditor;
GRANT SELECT ON TABLE public.audit_legal_holds TO audit_reader;


--
-- Name: TABLE audit_login_tenants; Type: ACL; Schema: public; Owner: audit_owner
--

GRANT SELECT ON TABLE public.audit_login_tenants TO audit_auditor;


--
-- Name: TABLE audit_pruned_leaves; Type: ACL; Schema: public; Owner: audit_owner
--

GRANT SELECT ON TABLE public.audit_pruned_leaves TO audit_auditor;
GRANT SELECT ON TABLE public.audit_pruned_leaves TO audit_reader;


--
-- Name: TABLE audit_prunes; Type: ACL; Schema: public; Owner: audit_owner
--

GRANT SELECT ON TABLE public.audit_prunes TO audit_auditor;
GRANT SELECT ON TABLE public.audit_prunes TO audit_reader;


--
-- Name: TABLE audit_quarantine; Type: ACL; Schema: public; Owner: audit_owner
--

GRANT SELECT ON TABLE public.audit_quarantine TO audit_auditor;
GRANT INSERT ON TABLE public.audit_quarantine TO audit_writer;
GRANT SELECT ON TABLE public.audit_quarantine TO audit_operator;


--
-- Name: TABLE audit_retention; Type: ACL; Schema: public; Owner: audit_owner
--

GRANT SELECT ON TABLE public.audit_retention TO audit_auditor;
GRANT SELECT ON TABLE public.audit_retention TO audit_reader;


--
-- PostgreSQL database dump complete
--

\unrestrict 0wJdrXlOCZwxqgfIq1NVHJlrq88x8Jx7vrXz52fz5AtKzNTtPEGZdHaHocxJyqR

