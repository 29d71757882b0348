--
-- PostgreSQL database dump
--

\restrict loNgXYXg4ZmaMqqMZZ47Zw1IHrVE1I7N4TUJ9bheTLH9S8CfffPWMdRXNTIhyc7

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
    AS $$ SELECT 6 $$;


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
-- Name: audit_epochs; Type: TABLE; Schema: public; Owner: audit_owner
--

CREATE TABLE public.audit_epochs (
    recorded_at timestamp with time zone NOT NULL,
    prev_size bigint NOT NULL,
    epoch integer NOT NULL,
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    reason text NOT NULL,
    note text NOT NULL,
    opened_by text DEFAULT SESSION_USER NOT NULL,
    CONSTRAINT audit_epochs_position CHECK (((epoch >= 1) AND (prev_size >= 0))),
    CONSTRAINT audit_epochs_reason CHECK ((reason <> ''::text))
);

ALTER TABLE ONLY public.audit_epochs FORCE ROW LEVEL SECURITY;


ALTER TABLE public.audit_epochs OWNER TO audit_owner;

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
    mac text COLLATE pg_catalog."C",
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
    mac text COLLATE pg_catalog."C",
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
    mac text COLLATE pg_catalog."C",
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
    mac text COLLATE pg_catalog."C",
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

INSERT INTO public.audit_commits VALUES (8, 0, '2026-11-22 11:43:10.455938+00', 0, 'acme', '\x32eebcc810f26148e6df82cd494c4628302abe30d65e624f49e10336b29857c2', '\x32eebcc810f26148e6df82cd494c4628302abe30d65e624f49e10336b29857c2', 'audit.example.com/fixture/t-822b33ad87c148a0a20a5ba7cd5ebcaa
8
Mu68yBDyYUjm34LNSUxGKDAqvjDWXmJPSeEDNrKYV8I=
recorded_at 2026-11-22T11:43:10.455938Z
prev_size 0

— audit.example.com/fixture iTaAg3FWfesXHQ6zIHZODSvEDbVKEbBs1X9K/th53klvpRqavcDFUmYxbrGnetDsWuiN2kjkIm31XFAoyS8bsWN7lgc=
');
INSERT INTO public.audit_commits VALUES (5, 0, '2026-11-22 11:43:10.460698+00', 0, 'globex', '\x9e294d1949f41985e7152d5f3c34f2e291418989db49c7c91db949158d7d9528', '\xb67db1fdf36df2f907518a0b80ba8824daaa4943f873df566294882a2ca3de5df0e3f43b9fc8d5466158b7c5760ed74a9969624d0295694c8189d946f66469e4', 'audit.example.com/fixture/t-5bc1a08d28e40fe79ca3ecb077b3bd14
5
nilNGUn0GYXnFS1fPDTy4pFBiYnbScfJHblJFY19lSg=
recorded_at 2026-11-22T11:43:10.460698Z
prev_size 0

— audit.example.com/fixture iTaAgw1ZlEqwIwkhnhJ3MWSv0pm+OS98cngv+rQIu7GW+YaJiVhShPoMBH93D6ZSrQ38FSh3XzGrle0t3vbfYxZUfAA=
');
INSERT INTO public.audit_commits VALUES (3, 0, '2026-11-22 11:43:10.464485+00', 0, 'initech', '\xcc3c2c95c3814b1e070db805f947037fd001040d3abeab2e9be030f1febfd5cd', '\x03fa177c71dcf3bfdcaed95e722c318971747a27aec99713d8b68414a5bd31e6eb2dc3612cd62c12db85be7b6ce7bec4f6482876e09d74f02a0b0d6b4ce103e5', 'audit.example.com/fixture/t-4cdc1a4207f45b03d3c39228a396cfa0
3
zDwslcOBSx4HDbgF+UcDf9ABBA06vqsum+Aw8f6/1c0=
recorded_at 2026-11-22T11:43:10.464485Z
prev_size 0

— audit.example.com/fixture iTaAg2sFakK1tdyvc2jcfiZIn9FJQlwQVO+mGyozPhP56JUdYG16YxOnKNyD0UyGzN0E6DhcmPcm3rxKRhBRMHjA5A0=
');
INSERT INTO public.audit_commits VALUES (16, 8, '2026-11-22 11:43:10.467716+00', 0, 'acme', '\x51489c867f48bd5a6c1f7a30ca340148e774710f73f63a33e53dcec2b3d20c70', '\x51489c867f48bd5a6c1f7a30ca340148e774710f73f63a33e53dcec2b3d20c70', 'audit.example.com/fixture/t-822b33ad87c148a0a20a5ba7cd5ebcaa
16
UUichn9IvVpsH3owyjQBSOd0cQ9z9joz5T3OwrPSDHA=
recorded_at 2026-11-22T11:43:10.467716Z
prev_size 8

— audit.example.com/fixture iTaAg2ysqVFKa/+cbFvn53lTb7+VZpDl72p6T/iCeoe4DUdANXdFJMOsWV+B8sRGJ2OHWQMGqUT3cdt6XFWBNDvWvQM=
');
INSERT INTO public.audit_commits VALUES (10, 5, '2026-11-22 11:43:10.469588+00', 0, 'globex', '\xf4ff08ab4d0d09b4433e699937a940af7a11a2b150b422325980f52232df5695', '\x28e6e1dc591e3787926bda23e081e40341ad2592755ec5629bbd54932c633952d328f3156bb04f6e32c86c6550dce7424e3a539f7673a451bc196ec985a99369', 'audit.example.com/fixture/t-5bc1a08d28e40fe79ca3ecb077b3bd14
10
9P8Iq00NCbRDPmmZN6lAr3oRorFQtCIyWYD1IjLfVpU=
recorded_at 2026-11-22T11:43:10.469588Z
prev_size 5

— audit.example.com/fixture iTaAg3xKNCOs9DSO9bPkKOyqObXKCjCpXAuaaC1eVFubszxNa0t8CR/8HcQxVNmyDD8swqgeYHY688HuIe8z+1nzKAg=
');
INSERT INTO public.audit_commits VALUES (6, 3, '2026-11-22 11:43:10.471789+00', 0, 'initech', '\xffcb4ccaad265416c04eea78563a50ca059d1c5228fc28eeb8509280a030396d', '\x6871dd0b3b581c1858dc651a8783db2a7562b733a1cbd1ad109c5bcf9977b740863cb12ec004d1d4c2e71489b95e7ae174bcb8bafbbcda80eace2e1ac828bf2b', 'audit.example.com/fixture/t-4cdc1a4207f45b03d3c39228a396cfa0
6
/8tMyq0mVBbATup4VjpQygWdHFIo/CjuuFCSgKAwOW0=
recorded_at 2026-11-22T11:43:10.471789Z
prev_size 3

— audit.example.com/fixture iTaAgx4FS40cScsdFD/fJVhibXPdrHVgjjjpUcMSRDwfbaLbmM0CcZ+zJDHUsJmqo8LKYHa23R61u7uB6aRoxUI8LwM=
');
INSERT INTO public.audit_commits VALUES (24, 16, '2026-11-22 11:43:10.474085+00', 0, 'acme', '\x36ab11a8168afced60516028baae3c8d1353b68eb19013b402f078512c26a92b', '\x51489c867f48bd5a6c1f7a30ca340148e774710f73f63a33e53dcec2b3d20c7032fcf22351884396c3563d7642b7150180ce104778cea66121d63c02e263f2e0', 'audit.example.com/fixture/t-822b33ad87c148a0a20a5ba7cd5ebcaa
24
NqsRqBaK/O1gUWAouq48jRNTto6xkBO0AvB4USwmqSs=
recorded_at 2026-11-22T11:43:10.474085Z
prev_size 16

— audit.example.com/fixture iTaAg75JL2hw4O+zCoDU4LB/T2sKkwZBMCcfGtpmemuWWzBig6odAY7dSi86MxfGQKrJJGv8uqxZnKYY2LCEQLw4UQc=
');
INSERT INTO public.audit_commits VALUES (15, 10, '2026-11-22 11:43:10.49292+00', 0, 'globex', '\x4dc917360376f60ff4eb5b052769e9a4e16c62a516e2613efacc45343f6c43ae', '\x28e6e1dc591e3787926bda23e081e40341ad2592755ec5629bbd54932c6339528b6fd92a966c519fed9fee4b8c5695eff05efc1c42f071659b4ea1f3d0e49f3ac5be88b1ea260f2c38bb255e5b0f04f67bcaf36a56ff1ecf81120a5e79e58e02ec00661940845702d9661d6abfe2ded430fe0903a6f264d1cb78ef6aeb68b780', 'audit.example.com/fixture/t-5bc1a08d28e40fe79ca3ecb077b3bd14
15
TckXNgN29g/061sFJ2nppOFsYqUW4mE++sxFND9sQ64=
recorded_at 2026-11-22T11:43:10.492920Z
prev_size 10

— audit.example.com/fixture iTaAg07iwjKU4Eeu/CzLw6Z6f7TEQ64lKPI9HsnVb2WA8Vcsg8J6N1C4lp0A3hzpzKpDYbrBPihW2tpCrlE419fcKAM=
');
INSERT INTO public.audit_commits VALUES (1, 0, '2026-11-22 11:43:10.681516+00', 0, '_system', '\xa70a9798f77d6278554003e72c1f5c37358fb775c4cdefe2eca5d0bbddc08d79', '\xa70a9798f77d6278554003e72c1f5c37358fb775c4cdefe2eca5d0bbddc08d79', 'audit.example.com/fixture/t-ee3df3979817a58db967eda129ecc6a5
1
pwqXmPd9YnhVQAPnLB9cNzWPt3XEze/i7KXQu93AjXk=
recorded_at 2026-11-22T11:43:10.681516Z
prev_size 0

— audit.example.com/fixture iTaAg6iaOvLooYnmFQP0ZDDoGDQcWwqYOQiAMypAPao5LFlVccMfZ1IavWEsROvIruppyDoJM1vzoUx5IKTCnj0+5wg=
— audit.example.com/fixture kB7ntf2K4gIROqR1qHQxkX4sIZpIYFpGo9UR5sbdSav2il3spV1WSNoJvnp3JgcsKltDxD+u0QGxNyaGM77bo214vQM=
');
INSERT INTO public.audit_commits VALUES (32, 24, '2026-11-22 11:43:10.686296+00', 0, 'acme', '\x6b75628b58998eba793e12bc846ada8571bddf90b795f42171333b2a26705486', '\x6b75628b58998eba793e12bc846ada8571bddf90b795f42171333b2a26705486', 'audit.example.com/fixture/t-822b33ad87c148a0a20a5ba7cd5ebcaa
32
a3Vii1iZjrp5PhK8hGrahXG935C3lfQhcTM7KiZwVIY=
recorded_at 2026-11-22T11:43:10.686296Z
prev_size 24

— audit.example.com/fixture iTaAg/QWau7ImSHLZFrUwkU0/ZcOrmM0yYop2lm9T05jvLrzMzsgfImY3j/vYHUkGsw8QqzX403EyS+lSAfuJGlOgAw=
— audit.example.com/fixture kB7ntfzl17lNK2Ia1fFFT7T87I4Cnc/EtMzd6E2pD9+9deSC/HflRUOmP3tRyT8ndRI98HN3acLFcr0uOAnP2UfLXQM=
');
INSERT INTO public.audit_commits VALUES (4, 0, '2026-11-22 11:43:10.701505+00', 1, 'initech', '\x15a1ef968369791979da79873eca20c5c68d3fad7cbbc5a757c29003f7c1db95', '\x15a1ef968369791979da79873eca20c5c68d3fad7cbbc5a757c29003f7c1db95', 'audit.example.com/fixture/t-4cdc1a4207f45b03d3c39228a396cfa0/e1
4
FaHvloNpeRl52nmHPsogxcaNP618u8WnV8KQA/fB25U=
recorded_at 2026-11-22T11:43:10.701505Z
prev_size 0

— audit.example.com/fixture iTaAg4MaTR2NaRmBlKZ9TrId2etzjn6CUTtb/ivA4NoPsH0XNkG3EobEPp13p6jVP+XswXdpcVuf/w85PIfLZ+gJDAM=
— audit.example.com/fixture kB7ntZU31V/BHcuHmCUzRF7rPQr+0SYBSI67I5MMaM5N8laLrROpRy52KXLYundMNEWMSMWPMAY/DLPboCv//gNA/A8=
');
INSERT INTO public.audit_commits VALUES (2, 1, '2026-11-22 11:43:10.750303+00', 0, '_system', '\xd259ec7b8af9605d863876cc35e3f30850e80bf7d5d9502ccadfb9af7150229d', '\xd259ec7b8af9605d863876cc35e3f30850e80bf7d5d9502ccadfb9af7150229d', 'audit.example.com/fixture/t-ee3df3979817a58db967eda129ecc6a5
2
0lnse4r5YF2GOHbMNePzCFDoC/fV2VAsyt+5r3FQIp0=
recorded_at 2026-11-22T11:43:10.750303Z
prev_size 1

— audit.example.com/fixture kB7ntVZ6ht21qGjQmmDMjzD20lTxta0YaSrLZTAPgYsmkHtBz5tYA1RCokla04OaQbgynHrRJiN13DLZJVqbwJk7GQs=
');
INSERT INTO public.audit_commits VALUES (3, 2, '2026-11-22 11:43:10.82603+00', 0, '_system', '\x8099dc2312b608fe84113ed3bc6dfe9f41d9845dac85e3dadbac104c8be740f4', '\xd259ec7b8af9605d863876cc35e3f30850e80bf7d5d9502ccadfb9af7150229da442824beae2f8c4f0870ca09064512bd5a66218363d83c1b41caee58495c461', 'audit.example.com/fixture/t-ee3df3979817a58db967eda129ecc6a5
3
gJncIxK2CP6EET7TvG3+n0HZhF2shePa26wQTIvnQPQ=
recorded_at 2026-11-22T11:43:10.826030Z
prev_size 2

— audit.example.com/fixture kB7ntdUNAVvpenSDfjG2Agk32Qnsx08l+B12lW6UL3gGp2cfE+0i0X6ADAoPTdN+1rqXd46iSDLOJUOL0zGpD5nrUgY=
');
INSERT INTO public.audit_commits VALUES (40, 32, '2026-11-22 11:43:10.845311+00', 0, 'acme', '\x54e9b2a6f2b86470b258109c36caa8ff27cd29580dab71716f2d3ec0f2371775', '\x6b75628b58998eba793e12bc846ada8571bddf90b795f42171333b2a267054862dc0192a76a95d156c1f904c323c3f77bff0fd8d2728091ae466986c8a76dcae', 'audit.example.com/fixture/t-822b33ad87c148a0a20a5ba7cd5ebcaa
40
VOmypvK4ZHCyWBCcNsqo/yfNKVgNq3Fxby0+wPI3F3U=
recorded_at 2026-11-22T11:43:10.845311Z
prev_size 32

— audit.example.com/fixture kB7ntXNEEmnnRWTMTDplMDyzgODrekpamV0qe9bnLjh0iRljSPw/N9URlxqcrCoCyKTS5Z+YX3+SQI0eZr+tYgoIIwo=
');
INSERT INTO public.audit_commits VALUES (20, 15, '2026-11-22 11:43:10.87271+00', 0, 'globex', '\x9fcdefc0c1c86cf82cefc6b7fb819c753e8a0cb7b0fe3b44b64408769b8af4d1', '\x21459df7d979bd9f10f5b9a41e5678de63fcaa0d493fbaaf7d3c65dbaa1b7a289bc399721ae3bc9ade2512ce537f463349c02f9c497ca1a762f39d97d9e458ae', 'audit.example.com/fixture/t-5bc1a08d28e40fe79ca3ecb077b3bd14
20
n83vwMHIbPgs78a3+4GcdT6KDLew/jtEtkQIdpuK9NE=
recorded_at 2026-11-22T11:43:10.872710Z
prev_size 15

— audit.example.com/fixture kB7ntRUS0Zs+JYLri6filKMWRtFKb2zazUFr0pZKCRPHudi8fI8+lbWSQRt2im9895zVE30fwacDABAfaGszwRlYkwk=
');


--
-- Data for Name: audit_epochs; Type: TABLE DATA; Schema: public; Owner: audit_owner
--

INSERT INTO public.audit_epochs VALUES ('2026-11-22 11:43:10.63876+00', 6, 1, 'initech', 'restored from the backup of Sunday', 'otelaudit epoch v1
origin audit.example.com/fixture/t-4cdc1a4207f45b03d3c39228a396cfa0/e1
previous_origin audit.example.com/fixture/t-4cdc1a4207f45b03d3c39228a396cfa0
previous_size 6
previous_root /8tMyq0mVBbATup4VjpQygWdHFIo/CjuuFCSgKAwOW0=
lost_size 9
lost_root gmKIjX9lCvgxAYkIHTu4g23OMfC6trgjCjrBYk3L/yM=
recorded_at 2026-11-22T11:43:10.638760Z
reason restored from the backup of Sunday

— audit.example.com/fixture iTaAg1XJroinG/UxX0qwEie8VFUJqnl5x53FasHwsqALzJmOS6xyzqrrQkY3evBRE5wAJxkbIOdjCpKcAXyZMiLWEg4=
', 't1_writer');


--
-- Data for Name: audit_event_ids; Type: TABLE DATA; Schema: public; Owner: audit_owner
--

INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.455938+00', 0, 0, 'e', 'acme', 'event-0001', '\x4c139fde16043a7bc6dc55363c79b8d86a5d9b5ff7828d3b47264a44aeaba52e');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.455938+00', 1, 0, 'e', 'acme', 'event-0002', '\x01725d107f3d1829281427abb926e40085dfbe8b39a5dadc561901d9cd032292');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.455938+00', 2, 0, 'e', 'acme', 'event-0003', '\xdf928143695d6a43330ac72ceb4e912b5298cefbe552cc7f991cff78dee3937d');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.455938+00', 3, 0, 'e', 'acme', 'event-0004', '\x9aaea240faad577c870717f6cc79e658c7fb1d01ec9aef65a90c4007ad8244dc');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.455938+00', 4, 0, 'e', 'acme', 'event-0005', '\xc32466ce45cde18a5b2f5261637c70950237f296408787842aa38cd9ff19606d');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.455938+00', 5, 0, 'e', 'acme', 'event-0006', '\x71c780ad4063485accf99ea3c2596e2807269689c29d5081db7e31ffe9d10e74');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.455938+00', 6, 0, 'e', 'acme', 'event-0007', '\xe529434bf7911aae9d56089ea50df78b74f8db1f7d8dc41c74f4fd63b3f555d5');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.455938+00', 7, 0, 'e', 'acme', 'event-0008', '\x8462bc80f0ff8f566bb71749a007ea4c55535d47133457452c1afb6d8a838f80');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.455938+00', 1, 0, 'k', 'acme', '2M/+yZ6﹇', '\x01725d107f3d1829281427abb926e40085dfbe8b39a5dadc561901d9cd032292');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.455938+00', 2, 0, 'k', 'acme', 'm󍝜ﾺ喝n9`', '\xdf928143695d6a43330ac72ceb4e912b5298cefbe552cc7f991cff78dee3937d');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.455938+00', 3, 0, 'k', 'acme', 'Kh򉿝񃛭PO8􀖧', '\x9aaea240faad577c870717f6cc79e658c7fb1d01ec9aef65a90c4007ad8244dc');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.455938+00', 4, 0, 'k', 'acme', 'd\-A
6', '\xc32466ce45cde18a5b2f5261637c70950237f296408787842aa38cd9ff19606d');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.455938+00', 6, 0, 'k', 'acme', '=.񊪟3W', '\xe529434bf7911aae9d56089ea50df78b74f8db1f7d8dc41c74f4fd63b3f555d5');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.460698+00', 0, 0, 'e', 'globex', 'event-0009', '\xa190cbdf710f7fda24bed48d47a424216651b94a2c17879140ed3e0c238b4d6c');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.460698+00', 1, 0, 'e', 'globex', 'event-0010', '\xca8a7a9090731ece846ae2800739dbb37886092397ec3314edee04c48362841e');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.460698+00', 2, 0, 'e', 'globex', 'event-0011', '\x843dcd361fef825ff6a1bb084b6bbcbeacdefc4506b2abfd636c133c87f093c1');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.460698+00', 3, 0, 'e', 'globex', 'event-0012', '\x30bb1d4b2eec9ddddf9d684cc6f4c29ae54c87c32fdb0f186abe1d338c67db07');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.460698+00', 4, 0, 'e', 'globex', 'event-0013', '\x196a29cbff85b25a77cb20c811a06a28104de26fa118fa5beee7bb80ee550dcd');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.460698+00', 1, 0, 'k', 'globex', 'K', '\xca8a7a9090731ece846ae2800739dbb37886092397ec3314edee04c48362841e');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.460698+00', 3, 0, 'k', 'globex', '}.', '\x30bb1d4b2eec9ddddf9d684cc6f4c29ae54c87c32fdb0f186abe1d338c67db07');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.460698+00', 4, 0, 'k', 'globex', ')	', '\x196a29cbff85b25a77cb20c811a06a28104de26fa118fa5beee7bb80ee550dcd');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.464485+00', 0, 0, 'e', 'initech', 'event-0014', '\xe82d309abcd059cda6532ad6d55b74011c2789d572b8c8af60811e7414652a4e');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.464485+00', 1, 0, 'e', 'initech', 'event-0015', '\xf9b071d8449c22bb7621a8ad6181d3a7b599cb87b9613a40bb9d8e7d72d62db4');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.464485+00', 2, 0, 'e', 'initech', 'event-0016', '\x698da50b7197f6a54f4cbc20997845df978e6a245f40e71d5badb8b091b5292b');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.464485+00', 1, 0, 'k', 'initech', '7fV>񣌿.', '\xf9b071d8449c22bb7621a8ad6181d3a7b599cb87b9613a40bb9d8e7d72d62db4');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.464485+00', 2, 0, 'k', 'initech', ')𘄢''p;񇽙', '\x698da50b7197f6a54f4cbc20997845df978e6a245f40e71d5badb8b091b5292b');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.467716+00', 8, 0, 'e', 'acme', 'event-0017', '\x4c139fde16043a7bc6dc55363c79b8d86a5d9b5ff7828d3b47264a44aeaba52e');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.467716+00', 9, 0, 'e', 'acme', 'event-0018', '\xff96164b1725accdfd053a7058a4890c270203f6daf00022a2a2016b4c4dc4f0');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.467716+00', 10, 0, 'e', 'acme', 'event-0019', '\xd4d75a2ff5c7b196fd6e9200543ba42fe9b6af0db4b6b581bd82c2ceb8c19a1d');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.467716+00', 11, 0, 'e', 'acme', 'event-0020', '\x01d07b993783f5f7571e76dcb19117b465328e8947f669b48200dce1d4af3ef9');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.467716+00', 12, 0, 'e', 'acme', 'event-0021', '\x840581a680eab1221c67bab2c423ba7feecfc5c87ca0e14c30801dca9d160830');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.467716+00', 13, 0, 'e', 'acme', 'event-0022', '\xb4a3f17fa2859d9566c39dbef1cd1a670e74a9cf3bb42a215c914bf6f6864513');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.467716+00', 14, 0, 'e', 'acme', 'event-0023', '\xe20584604d69927e7fd74ee546563bf780ed30f9a1bf5950540a6294aedaad99');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.467716+00', 15, 0, 'e', 'acme', 'event-0024', '\xa8e78f86bab88f5c81a4880a4a52f6fc023f8925fdd7be4d8c3bdeab5bfc1afc');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.467716+00', 9, 0, 'k', 'acme', ',J', '\xff96164b1725accdfd053a7058a4890c270203f6daf00022a2a2016b4c4dc4f0');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.467716+00', 10, 0, 'k', 'acme', 'XOMu離6', '\xd4d75a2ff5c7b196fd6e9200543ba42fe9b6af0db4b6b581bd82c2ceb8c19a1d');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.467716+00', 14, 0, 'k', 'acme', '󹕋B\.DD+3󆓎', '\xe20584604d69927e7fd74ee546563bf780ed30f9a1bf5950540a6294aedaad99');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.467716+00', 15, 0, 'k', 'acme', '=a', '\xa8e78f86bab88f5c81a4880a4a52f6fc023f8925fdd7be4d8c3bdeab5bfc1afc');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.469588+00', 5, 0, 'e', 'globex', 'event-0025', '\xa190cbdf710f7fda24bed48d47a424216651b94a2c17879140ed3e0c238b4d6c');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.469588+00', 6, 0, 'e', 'globex', 'event-0026', '\x33578361dced535507e6129413f4cf7ce59e780f32d81c7a581f3f793c7e8ef6');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.469588+00', 7, 0, 'e', 'globex', 'event-0027', '\x76ecb8340d8676cfdd676d5bca3ae45bea11555bc45f11f400dfc7fbb461b3b9');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.469588+00', 8, 0, 'e', 'globex', 'event-0028', '\x23f9ec556b2ad63eb6be406fe9c33d202203742c9ea45dd8fcef15e362694983');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.469588+00', 9, 0, 'e', 'globex', 'event-0029', '\x542ffdc5c7d8b5638b23b03252886dbfdf16fe06503eafea3fc93f1e9324982e');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.469588+00', 8, 0, 'k', 'globex', ',@S𜀑pmCEDx', '\x23f9ec556b2ad63eb6be406fe9c33d202203742c9ea45dd8fcef15e362694983');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.469588+00', 9, 0, 'k', 'globex', '󡘸𿕙*<]s`p􌰍^', '\x542ffdc5c7d8b5638b23b03252886dbfdf16fe06503eafea3fc93f1e9324982e');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.471789+00', 3, 0, 'e', 'initech', 'event-0030', '\xe82d309abcd059cda6532ad6d55b74011c2789d572b8c8af60811e7414652a4e');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.471789+00', 4, 0, 'e', 'initech', 'event-0031', '\x612ffda160b454518cf014c155dfe41f51e661072eaa9e7a8d7b24374d4bc1e3');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.471789+00', 5, 0, 'e', 'initech', 'event-0032', '\x3810c3b4da7a6013360604e1d980ee7e17727e95888e1d07c20cf4154801414c');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.471789+00', 5, 0, 'k', 'initech', '}ﳰ)]t6', '\x3810c3b4da7a6013360604e1d980ee7e17727e95888e1d07c20cf4154801414c');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.474085+00', 16, 0, 'e', 'acme', 'event-0033', '\x4c139fde16043a7bc6dc55363c79b8d86a5d9b5ff7828d3b47264a44aeaba52e');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.474085+00', 17, 0, 'e', 'acme', 'event-0034', '\xbea95b68bf6ae2457a17fd4e4123a60f2111178f3d58fb7e285aefe9cd9e6d07');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.474085+00', 18, 0, 'e', 'acme', 'event-0035', '\x0011916cf5a9734f028ff36d06bf324d6ac4aaddca71aad9374a6ad7b6d5d319');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.474085+00', 19, 0, 'e', 'acme', 'event-0036', '\x7364dcb5d115996e7c0dd2fb78311f562d49ae4d598b868930029b05bab83238');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.474085+00', 20, 0, 'e', 'acme', 'event-0037', '\x49d9279e531884eae3d50faf290f734ab602e74ae1bcdd1ccb590e639ae606a9');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.474085+00', 21, 0, 'e', 'acme', 'event-0038', '\xe4f9ee516ca0ece32c88690a77a8ae69b8bce17ca12a37d21b6b28368f6a38da');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.474085+00', 22, 0, 'e', 'acme', 'event-0039', '\x1772db5de66bda00dcb482594e77cb256d4edcb71ce543c5d641dc459613ab44');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.474085+00', 23, 0, 'e', 'acme', 'event-0040', '\x43475ad5c744cb45e61cfbef49902201a3080a58c99467f9fcc84961dd6c095a');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.474085+00', 19, 0, 'k', 'acme', 'E-}\', '\x7364dcb5d115996e7c0dd2fb78311f562d49ae4d598b868930029b05bab83238');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.474085+00', 22, 0, 'k', 'acme', 'b,/ﯙ\𴳘', '\x1772db5de66bda00dcb482594e77cb256d4edcb71ce543c5d641dc459613ab44');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.49292+00', 10, 0, 'e', 'globex', 'event-0041', '\xa190cbdf710f7fda24bed48d47a424216651b94a2c17879140ed3e0c238b4d6c');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.49292+00', 11, 0, 'e', 'globex', 'event-0042', '\xf549dcea14569a81eac8041a11e3e03f3f5a3e07d4d346d8effe2c644475c20e');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.49292+00', 12, 0, 'e', 'globex', 'event-0043', '\x0bc24a012c578085ebc1a11f4ebe0eb7dc9c66277ff015fa9ec98d37e2bd59a9');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.49292+00', 13, 0, 'e', 'globex', 'event-0044', '\x4cecb6905d1113ae473ef4f9046376de6de8349601edd8ec6cec3813cafde56e');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.49292+00', 14, 0, 'e', 'globex', 'event-0045', '\x00cf91fb599bce7c5e0c402930c257a7cc1c6bfd3e6ce8fba832336088d9ed44');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.49292+00', 12, 0, 'k', 'globex', '$', '\x0bc24a012c578085ebc1a11f4ebe0eb7dc9c66277ff015fa9ec98d37e2bd59a9');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.49292+00', 14, 0, 'k', 'globex', 'Fed', '\x00cf91fb599bce7c5e0c402930c257a7cc1c6bfd3e6ce8fba832336088d9ed44');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.681516+00', 0, 0, 'e', '_system', 'system-0049', '\x244852ec314a4f80bd2174eb5f319dca082cc8114fe8b35a71352eb16956d1c6');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.686296+00', 24, 0, 'e', 'acme', 'event-0050', '\x4c139fde16043a7bc6dc55363c79b8d86a5d9b5ff7828d3b47264a44aeaba52e');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.686296+00', 25, 0, 'e', 'acme', 'event-0051', '\x057da67385cc3d100baf0e3576179ec8f247bdf97a574943fce0fd411a6054ed');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.686296+00', 26, 0, 'e', 'acme', 'event-0052', '\xc784c98cd6d607ed27077b697aa99d4072210c0dd6966471040c79f5357d28ac');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.686296+00', 27, 0, 'e', 'acme', 'event-0053', '\x2147941213ee1b793726016660f627d8d4ea250518f49bf08e94dfca7cd4beb6');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.686296+00', 28, 0, 'e', 'acme', 'event-0054', '\x326b781f0edafde19419e6bf70015f002ca3af931c321a729ae11c9fe2164b7a');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.686296+00', 29, 0, 'e', 'acme', 'event-0055', '\x9cc05be2e03cb2b8ec7417571d0c1082d62a91828cd02cce292017536ebc3258');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.686296+00', 30, 0, 'e', 'acme', 'event-0056', '\x51afc2bb2aa103c31f1753f9784f03f52567c67d0d3e6e1c93fb9258ae4eb2e1');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.686296+00', 31, 0, 'e', 'acme', 'event-0057', '\x93239efde6fdd33933414c3c5538c53c93434de4c371aa47f4c48d81f1a088ce');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.686296+00', 25, 0, 'k', 'acme', '[,!>%F&', '\x057da67385cc3d100baf0e3576179ec8f247bdf97a574943fce0fd411a6054ed');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.686296+00', 26, 0, 'k', 'acme', 'N#Rmfs', '\xc784c98cd6d607ed27077b697aa99d4072210c0dd6966471040c79f5357d28ac');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.686296+00', 27, 0, 'k', 'acme', 'vNp臭7', '\x2147941213ee1b793726016660f627d8d4ea250518f49bf08e94dfca7cd4beb6');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.686296+00', 30, 0, 'k', 'acme', '󧕟U"hc𥳐', '\x51afc2bb2aa103c31f1753f9784f03f52567c67d0d3e6e1c93fb9258ae4eb2e1');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.701505+00', 0, 1, 'e', 'initech', 'event-0058', '\xe82d309abcd059cda6532ad6d55b74011c2789d572b8c8af60811e7414652a4e');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.701505+00', 1, 1, 'e', 'initech', 'event-0059', '\xfd5a415b4fecc27aab28db540f4763de5a59789dd4732a166575cd710ea9d6f4');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.701505+00', 2, 1, 'e', 'initech', 'event-0060', '\x215ae9911d878d0b4aaaea83653f4675d8bdc1265727b0c25997495cf35fbe96');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.701505+00', 3, 1, 'e', 'initech', 'event-0061', '\x3a2aabcd2fce4fc2db99918843820157e11aff907ec0434644ad1349e0818cc9');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.701505+00', 1, 1, 'k', 'initech', '*ﮫ+h𚟬', '\xfd5a415b4fecc27aab28db540f4763de5a59789dd4732a166575cd710ea9d6f4');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.750303+00', 1, 0, 'e', '_system', 'system-0062', '\xd3662d3445234f98b2ba7bc7c509928b5402f94d163f0b9b99be598444285c0a');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.82603+00', 2, 0, 'e', '_system', 'system-0063', '\x5ce7eaad50a26e1e6842bd57da018d876dee4611274669dcbfe9838ad2422785');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.845311+00', 32, 0, 'e', 'acme', 'event-0064', '\x4c139fde16043a7bc6dc55363c79b8d86a5d9b5ff7828d3b47264a44aeaba52e');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.845311+00', 33, 0, 'e', 'acme', 'event-0065', '\xf4f2db1ddc9240530f8b109a8804d0116a00319fec640dd0ddf222f9d83d0d34');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.845311+00', 34, 0, 'e', 'acme', 'event-0066', '\x03cfdb9b3a0993ae87af68e49341e11fce8a846beae0d4cc6dda2ceadcd02a5d');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.845311+00', 35, 0, 'e', 'acme', 'event-0067', '\x8514a452fb9b25ef8927326ca420acd29144086e5b90c1148e0882278b309143');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.845311+00', 36, 0, 'e', 'acme', 'event-0068', '\x2d80b87ed51556e64c3e6ac6b78a29eb68532f4dd6249ba8fd87c9c228ff44a1');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.845311+00', 37, 0, 'e', 'acme', 'event-0069', '\x21fe0db9afe8b62527ec4a34bdee8db5eb53968dca2d72e719057b193bbb2168');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.845311+00', 38, 0, 'e', 'acme', 'event-0070', '\x00b1ed8a799bbe6cade465861b26b7263d605f07f188220eec1110f9ec5b47fc');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.845311+00', 39, 0, 'e', 'acme', 'event-0071', '\x9e29c8edc672dd23e64b0013a8dd23cfa2874d7bbeeaae8371d0dd57940c9aef');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.845311+00', 36, 0, 'k', 'acme', 'pS򰬚"x', '\x2d80b87ed51556e64c3e6ac6b78a29eb68532f4dd6249ba8fd87c9c228ff44a1');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.87271+00', 15, 0, 'e', 'globex', 'event-0072', '\xa190cbdf710f7fda24bed48d47a424216651b94a2c17879140ed3e0c238b4d6c');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.87271+00', 16, 0, 'e', 'globex', 'event-0073', '\xcf7392d8404a74a4b5acf376e9c2fa1c8a9df1450ec3575c958c3129c7238fba');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.87271+00', 17, 0, 'e', 'globex', 'event-0074', '\x0fa4e64ec1e769220e398260d92d825d75441441a464abadf099b3b2ddea3c2b');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.87271+00', 18, 0, 'e', 'globex', 'event-0075', '\x51c036524d67468dfe583c368e08d2ba1c73c576772a9bed44979cf0fce09629');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.87271+00', 19, 0, 'e', 'globex', 'event-0076', '\x0348346c3a0318170a37a7970df4a78ab58332f7a094d5d4d417f532242659c3');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.87271+00', 16, 0, 'k', 'globex', ',9', '\xcf7392d8404a74a4b5acf376e9c2fa1c8a9df1450ec3575c958c3129c7238fba');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.87271+00', 17, 0, 'k', 'globex', '@򎼗B:#ﵾ', '\x0fa4e64ec1e769220e398260d92d825d75441441a464abadf099b3b2ddea3c2b');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.87271+00', 18, 0, 'k', 'globex', '1?c/''^:', '\x51c036524d67468dfe583c368e08d2ba1c73c576772a9bed44979cf0fce09629');
INSERT INTO public.audit_event_ids VALUES ('2026-11-22 11:43:10.87271+00', 19, 0, 'k', 'globex', 'c\５w󵊍.T', '\x0348346c3a0318170a37a7970df4a78ab58332f7a094d5d4d417f532242659c3');


--
-- Data for Name: audit_events_2026_11; Type: TABLE DATA; Schema: public; Owner: audit_owner
--

INSERT INTO public.audit_events_2026_11 VALUES (0, '2026-11-22 11:43:10.455938+00', 1767225600123456789, 1767225600200000000, DEFAULT, 0, 9, 'acme', 'event-0001', 'invoice.refund', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'ord_7781', NULL, NULL, '4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7', NULL, 'INFO', NULL, 'duplicate charge', NULL, NULL, '{"id": "usr_42", "type": "user", "email": "jo@example.com"}', '{"id": "inv_889", "type": "invoice"}', '{"patch": [{"op": "replace", "path": "/status", "value": "refunded"}]}', '{"ip": "203.0.113.7", "request_id": "req_01J9ZK4C8Q", "user_agent": "Mozilla/5.0 (X11; Linux x86_64)"}', '{"amount": 129.9, "currency": "EUR"}', NULL, '{"service.name": "billing", "service.version": "1.14.2", "deployment.environment.name": "production"}', '{"http.route": "/api/invoices/{id}/refund", "http.request.method": "POST", "http.response.status_code": 200}', '"invoice refunded"', '\x77f8f1a01a83773695b7ad4d6e26379bf58b6d366860649f79299d8650a0c562', 'hmac-sha256:edge-1:FTTY98zfHnDPI_Hcs_y1zdL4HTxvOiX4YjBfgybJ8mo');
INSERT INTO public.audit_events_2026_11 VALUES (1, '2026-11-22 11:43:10.455938+00', 7593407574111546187, NULL, DEFAULT, 0, 9, 'acme', 'event-0002', 'Yl"𻍖򩓝m[\(', 'denied', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'N', '}򉇊wo{tgU', '2M/+yZ6﹇', 'a7db1c79e851a5af8bc46c4ef33cec50', '263425b86cfc8431', '*:cﴲD%.勺P>', '}!''+_X}', '񞀝AXvCH:	Le', '􀟼󫆖{*', '{number_as_text,time_observed}', '{"": null, "a.b": "true"}', '{"": {"a.": "null", "f 󪗎U": "T*<󆿄\u0013<J4𧨅SS", "ﲦKe": "jR@]"}, "id": "\u000f/;Pnm", "i.e[": "", "type": ",N􋙉}+I^", "request_id": "", "6U\u0004\n/\u0012 ": {}}', '{"id": "]AﺤjH[.B", "type": "\f\\B\t]򗙽.-", "😀": ["𘑄\u0010Y/a", "Rp", "null"], "audit.x": true, "audit.actor.a.b": "{}", "otel.scope.name": "12"}', NULL, '{"a..b": [], "audit.source": "2904895708987748959"}', NULL, NULL, '{"audit.canonical": "{"}', '{"b": 0.0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000007617003382987062, "דּ": "O`d4󘾦lP􊀓uE\u001bN", "after": false}', NULL, '\x07c767ff098505b854eeedd0baf87d06d2a94b4d66fea4eb237e8a3f63819a11', 'hmac-sha256:edge-1:qoeyTYbnnCIYEflEcaXbWvPXIUgLGeNW2bjBXD4rVes');
INSERT INTO public.audit_events_2026_11 VALUES (2, '2026-11-22 11:43:10.455938+00', 3361217017344281058, NULL, DEFAULT, 0, NULL, 'acme', 'event-0003', '''', 'unknown', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'YH󆪲', '/3', 'm󍝜ﾺ喝n9`', NULL, NULL, ',Nt', NULL, '-q', '', NULL, NULL, '{"b": true, "id": "+\u0001𺄞?Cz&e", "type": "?{>\\.:\u0011t;", "http.route": null, "request_id": "", "audit.attributes": "C￷\"/񊆹"}', '{"id": "$󦏟", "דּ": {"x ": "", "displayName": "{}", "audit.actor.": true, "audit.quarantine.reason": "]<_?"}, "type": "p{\u00043\u001c+", "audit.action": "\u0004J򮱀39H񍌑+", "audit.payload": [], "񧙩4ﷂG:,x''w𘱰f": {"audit.flags": "G/\u0011{?"}}', 'null', NULL, '"]\"^{󸜑"', '{"Ac8Wz": -0.00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000016092032915063218}', '{".a": -818, "audit.payload": "\"j\b^c򜙒"}', '{"q\"\\": {"a..b": {"audit.attributes": -300}, "audit": [], "displayName": 71906930013698840000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000, "audit.canonical": [false, false, "true"]}, "x ": ",Wl", "before": ["[]", "\u00137hT(#\u001d{L"], "audit.source": -359, "log.record.uid": "7109231105383439513"}', '{"\u0001": true, "b": -308, "audit.flags": ""}', '\x663acb55f505b59502d6705e4d8d5a74aad6748bc184e24e9904eeeed64bc2a6', 'hmac-sha256:edge-1:49n2om6dynF4SEzLT4tTRHQdJl_DcdYzNkkpBX-_no4');
INSERT INTO public.audit_events_2026_11 VALUES (3, '2026-11-22 11:43:10.455938+00', 3024816640326474299, 8714412141279606761, DEFAULT, 0, 4, 'acme', 'event-0004', '', 'failure', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, NULL, 'Kh򉿝񃛭PO8􀖧', NULL, NULL, NULL, NULL, ']_頻[gl', NULL, '{actor_missing,number_as_text}', '{".a": -240, "after": ",@)}J\u0003\u001e.)-g0", "LY-Si-": null, "http.route": null}', '{"id": "N4򕄇\u0004\u0019#7\t\u001fS", "type": "#聾N]J\t:,"}', '{"id": "<![q9}h񒱩", "type": "\u0007\t/E", "𨯦)DE\"": "null", "log.record.uid": "", "audit.actor.a.b": "3\\\u001d;K6V\u001c"}', '23', '{"a": false, "audit.context.traceId": {}}', NULL, '{"": [null, "V\u0018:s(E=w\\", 906], "𪮊]": true, "tenant.id": null, "displayName": "0񽗩;", "sampling.priority": "lW}\u001b]񥾏:v}M\u001a"}', '{"[P\u001db": 0.0000000000000000000000000000000000000000000000000000000000000000000000002440788299763552}', '{"\u0001": [-0.00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000004884973699248331]}', '[]', '\x804080f9a2325651f38ce44a86ce881e731bf6761d3e6d9b22fdab7fb91ed5a1', 'hmac-sha256:edge-1:ae9g1HhgXmtDe3Y14s3ffuqqJ01ZELU90lfhRQQJLEM');
INSERT INTO public.audit_events_2026_11 VALUES (4, '2026-11-22 11:43:10.455938+00', 8430022456314684361, 4113832559439748606, DEFAULT, 0, 11, 'acme', 'event-0005', '\Hns5*󊂯f', 'failure', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, '򆻲𙄦PV񄆙IS', 'd\-A
6', '7fbdc26517a2cd1f8885f41c8aeca273', '74c20e649a449910', ',G[/K', '若, GN/󐵛]', NULL, '0w_LX^6g&', '{repaired_text}', '{"after": 0.0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000006441187706637958, "tenant.id": "12", "displayName": "12", ".J񗩐]1\r": true, "sampling.threshold": "8110425676861770672"}', '{"id": "=\u0002O_se", "type": "񜮣i''.", "audit.x": [null], "log.record.uid": "\u000b75f?>\\򞲑"}', NULL, NULL, '{"displayName": null, "audit.payload.a": "[", "sampling.priority": null}', '{"audit.context.traceId": {}, "audit.quarantine.reason": "S`2G"}', '{".": "91oagX񏀔|﹍=", "a": "񘥜󛥱v6𚶩=b[S41>", "a.b": true}', '{"ip": null, "email": true, "patch": false, "display_name": ""}', '{".": null, "ip": "", "😀": "`񘷶|na𲈾@𴔨G", "tenantId": "ﷸ,\u0004\u0001g\u001ca+?[v"}', '[]', '\xfb16385b5e4dc2e6c0951169461293e5fda92c08825b535886a775247d081705', 'hmac-sha256:edge-1:NcoO3T8KmoRNEwOiLaIElQyjfnjUD32uAlVmFJw5ux8');
INSERT INTO public.audit_events_2026_11 VALUES (5, '2026-11-22 11:43:10.455938+00', 1877757503140181476, NULL, DEFAULT, 0, 18, 'acme', 'event-0006', '𳝁', 'denied', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, NULL, NULL, NULL, NULL, '񁣙?#.Max#,', NULL, NULL, 'iZ󨈨?,b[$d{X', '{time_observed}', '{"דּ": "0\\W\"![*{S", "audit.mark": null, "audit.source": " ", "service.name": "\b񉵀󜽟l񡘙񭅫UEpL,", "sampling.threshold": "4514679018738303096"}', '{"id": "T-In\u001d`", "type": "s\u001f\u0016clt/\\񎼢\u0017j", "email": "o"}', NULL, NULL, '{"tenantId": "ggL((󿩢\b", "client.address": null, "audit.payload.a": "5T\u0016f"}', NULL, NULL, '{"": null, "😀": null, "after": true, "%򉔹)kSH84": [null, null, 0.0000000000000000000000000000000000000000000000000000000001625473004459], "otel.scope.name": [null, "{}", null]}', '{"5𩞇H": null}', NULL, '\xd9130e189cfd1a777f40a995e92dcf0986c9cd17766234302847dae75f94dfbb', 'hmac-sha256:edge-1:IQTNGobIVjo-o1qr4WzHNaidVZbBDwNKIcimkhU6qeA');
INSERT INTO public.audit_events_2026_11 VALUES (6, '2026-11-22 11:43:10.455938+00', 6683997607077301890, NULL, DEFAULT, 0, 15, 'acme', 'event-0007', '&%', 'denied', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, 'r', '=.񊪟3W', '7742201d5ddbe91b5cb7e8a66efe6338', '67e6386aa7cf3a67', NULL, NULL, NULL, NULL, NULL, '{"😀": false, "after": null, "displayName": "[]"}', '{"id": "2\"g\u0016{:﷐", "(זּ": "3:𓉛WZ񂫕\"﫦O\\)", "type": "兀,", "sampling.priority": {"patch": null, "http.route": 0.0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000006319782197516365}}', '{"id": "\u0010\n︜%}#", "type": ".GPx;cD𞎰", "x ": "", "audit.actor.id": {}, "otel.scope.name": [null, null, null]}', 'false', '{"a.": {"audit.action": "true"}, "ip": ["{}"], "audit.actor.": -61, "audit.actor.id": "{\"a\":1}"}', '{"a.b": "D8\u0001", "service.name": null, ".\\H]:􁩓p\\]\u0002Z2": "{\"a\":1}"}', '{"€": "𬥎\u001a", "audit.": true}', '{"b": "6894587575916020244", "display_name": "\u0015z𯹖{a,\f^mU\u001d", "audit.payload.a": [], "sampling.priority": "|s\\{\u0017U", "audit.quarantine.reason": ""}', '{"id": {}, "ip": {"x ": -898}, "x ": {"a": "''\\7𑓤 fu}\u0013񽭙򑘸", "email": {}, "audit.kind": "[1,2]", "audit.actor": ["&Ly$7\u0012", "2012064538689020300"]}, "audit.quarantine.reason": false}', '{"sampling.threshold": {"<]Zide󄐉": "0\u000e\"񥢁&"}}', '\x66b29c5b790922a4199347636aabff1a100b7ba0da5f63a1f70b5f3e98b5d93b', 'hmac-sha256:edge-1:c9RBSCULF9GJe_6I8Nxnk8Avyb69Ehd8Z8FAmMDwUuM');
INSERT INTO public.audit_events_2026_11 VALUES (7, '2026-11-22 11:43:10.455938+00', 447151945673508990, NULL, DEFAULT, 0, 23, 'acme', 'event-0008', '/[', 'failure', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, '"򙝛C1[', NULL, NULL, NULL, NULL, NULL, '򯣬M廒{񖴍', NULL, '{number_as_text,time_observed}', '{"email": null}', '{"id": "\u0017=,򉃤Wpj𰹍6=n", "type": "陵_:}S"}', NULL, 'true', '{"audit.source": "\u0004JpV"}', NULL, '{"audit.flags": [null]}', '{"€": {"tenant.id": "-\u0001n񛑘\\jL󟍊$J<R"}, "😀": "dG􁶾", "audit.kind": null, "audit.source": null, "audit.tenant.id": true}', '{"a..b": [true], "log.record.uid": null}', '""', '\xc91c49d2584b42d5cc132ca896cc6e541f0ce9a185caeac475b7a01f19aac479', 'hmac-sha256:edge-1:9pXAPlh7bReIZzhWtikqkVFVXiDwT9Xv8RpZN7MiUFQ');
INSERT INTO public.audit_events_2026_11 VALUES (0, '2026-11-22 11:43:10.464485+00', 1767225600123456789, 1767225600200000000, DEFAULT, 0, 9, 'initech', 'event-0014', 'invoice.refund', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'ord_7781', NULL, NULL, '4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7', NULL, 'INFO', NULL, 'duplicate charge', NULL, NULL, '{"id": "usr_42", "type": "user", "email": "jo@example.com"}', '{"id": "inv_889", "type": "invoice"}', '{"patch": [{"op": "replace", "path": "/status", "value": "refunded"}]}', '{"ip": "203.0.113.7", "request_id": "req_01J9ZK4C8Q", "user_agent": "Mozilla/5.0 (X11; Linux x86_64)"}', '{"amount": 129.9, "currency": "EUR"}', NULL, '{"service.name": "billing", "service.version": "1.14.2", "deployment.environment.name": "production"}', '{"http.route": "/api/invoices/{id}/refund", "http.request.method": "POST", "http.response.status_code": 200}', '"invoice refunded"', '\xef3775c57e6f35bd29419ab8d67ba8624b7d797d1e50a229d8521894a963a5d5', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (1, '2026-11-22 11:43:10.464485+00', 7233035704086421194, NULL, DEFAULT, 0, 24, 'initech', 'event-0015', 'HD', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, 'ﺷ񍻪l󯩟:Jcv', '7fV>񣌿.', 'aa27e38a26d890876f14ab810af613f1', '602db892401b7659', 'ﺜX
(q', '{\Q-G', ')񷟲{Y.VXlOb[', NULL, '{time_observed}', '{".": "{}", "Al\f": false, "a.b": "0𭼇", "http.route": "{\"a\":1}", "log.record.uid": -629699232.1998026}', '{"id": "5\"AJ", "דּ": null, "type": "G󹸘./c"}', '{".": null, "id": "𬺍", "type": "慄D󟀄", "patch": "411554631743571829", "before": [false, null], "audit.mark": {"b": null, "audit.kind": null}, "audit.attributes": "[]"}', 'true', '{"a.b": null, "a..b": "\u000f{B󺒙/L", "tenantId": false}', NULL, '{"/um]\"": [], "before": 749}', '{"a..b": "{}", "display_name": null, "audit.attributes": null}', NULL, '"{}"', '\xb40fa39db02d147c7bb1febf78322b9ebef81470c60de2e2e63c95a6c21ebbc5', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (2, '2026-11-22 11:43:10.464485+00', 5662390988058952177, NULL, DEFAULT, 0, 21, 'initech', 'event-0016', '9b[h&:M,Q6', 'unknown', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'JH', NULL, ')𘄢''p;񇽙', 'd025bc0117469693979040a303ff2187', '3f9c0441b3b61c1c', '5󅹽K', NULL, NULL, NULL, NULL, '{"6l?t򓼝[E9s": null}', '{"id": "񧲗\u0013F<mS", "ip": ["6oc[&:", "12"], "type": "''", "request_id": "|#]𳿀[eN"}', NULL, NULL, NULL, '{"\u0001": {"󕎙(CY\u0006": "1071569091443873707"}, "a.": {"requestId": null}, "audit.kind": "C", "audit.payload": "[]", "log.record.uid": 859}', '{"a": null, "audit.kind": true}', '{"ip": "`,?WX􋆘", "a..b": [false, null, 115978934961431880000000000000000000000000000000000000000000000000000000000000000], "audit.flags": null, "|h?F\u0012\f4\u000f": null, "audit.source": null}', '{"audit.actor.": null, "log.record.uid": ""}', NULL, '\xeb2dc3612cd62c12db85be7b6ce7bec4f6482876e09d74f02a0b0d6b4ce103e5', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (8, '2026-11-22 11:43:10.467716+00', 1767225600123456789, 1767225600200000000, DEFAULT, 0, 9, 'acme', 'event-0017', 'invoice.refund', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'ord_7781', NULL, NULL, '4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7', NULL, 'INFO', NULL, 'duplicate charge', NULL, NULL, '{"id": "usr_42", "type": "user", "email": "jo@example.com"}', '{"id": "inv_889", "type": "invoice"}', '{"patch": [{"op": "replace", "path": "/status", "value": "refunded"}]}', '{"ip": "203.0.113.7", "request_id": "req_01J9ZK4C8Q", "user_agent": "Mozilla/5.0 (X11; Linux x86_64)"}', '{"amount": 129.9, "currency": "EUR"}', NULL, '{"service.name": "billing", "service.version": "1.14.2", "deployment.environment.name": "production"}', '{"http.route": "/api/invoices/{id}/refund", "http.request.method": "POST", "http.response.status_code": 200}', '"invoice refunded"', '\x12bc8ef67a91eda40956e1502b895de7a4042e72ce2587f28cba46c84cd9423e', 'hmac-sha256:edge-1:5VkVyn-qNim9tV_B9Yo41p4UduiRJf-PaeDfy35PfwE');
INSERT INTO public.audit_events_2026_11 VALUES (9, '2026-11-22 11:43:10.467716+00', 422746590062158154, 7233118379436768801, DEFAULT, 0, 16, 'acme', 'event-0018', '7h&', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, ':', NULL, ',J', 'c96ec2b4872c7acf108764029b15c531', 'fd96bd5aa1d18f04', NULL, NULL, '{{񑇌𗠃x2򰖥C7', NULL, '{repaired_text}', '{"log.record.uid": "\"Q=\\", "\u000e8r\"JF\".?𮅚": "{[\"^\u0003}񂩗\"}", "sampling.priority": null}', '{"id": "56yjQQ>,?", "דּ": 799, "type": "h[^O3򠮷", "before": {"patch": null, "u;o@\b.6,": 0.0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000010643450533999356, "g\u0019v\u0003\u001f|": "{}", "display_name": "k5\bGO\u0001*𼪢]!񺂣"}, "-GX:,W\t,": [], "requestId": null, "audit.mark": null}', '{"id": "\u001fz}OJ*r:W6", "type": "](", "tenantId": {}, "display_name": -0.000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000022117319891414724, "service.name": "/{#1`)"}', '""', '{"😀": ""}', '{"דּ": {"9\u001e.\u001f\u001b/{=?t": "@f/B𾏛,J\\\\􍅻", "displayName": {"\u0001": null, ".a": "", "q\"\\": "", "after": true, "audit.mark": true}, "{/􀙔Dr=\u0014Z": null, "audit.actor.a.b": ";\u0016=", "otel.scope.name": 0.000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000006085142449043974}, "tenantId": ["%S", "[1,2]", "{}"], "audit.flags": {"דּ": "M􏱾e", "http.route": {"patch": [true, null], "(񄚑BbH": {"id": "񝙧\u001e", "tL﫴8-7[?": ",`]\"", "W.\u000e.s1򟕜<o2": "+󪟊R[.YPVm"}, "client.address": true}, "audit.source": [-95503381549513930000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000], "audit.payload": false, "otel.scope.name": true}}', '{"lr": ["4620025040332021402"], "requestId": -0.000000000000000000000000000000000000000000000000000000000000000000000000003321325015502434, "audit.source": {".a": "", "id": true, "audit.": "true", "\u0011}{O𨿸": true}, "audit.payload": ["null"]}', '{"": "{,)d\u0015/DABPP", "[\u0016b:": [false, "%zﯔ"]}', '{"type": null, "audit.flags": {"request_id": ""}, "audit.actor.id": null}', '"８s[\u00160/sgv"', '\xb4a41111519c8812b60688aab4fb61cf4d2581f1e462d120a09ffadb40915c4f', 'hmac-sha256:edge-1:O24Vvj7DdZsVmoBIdBEoxO1eU-aNdJOMdYzpDxQRAOg');
INSERT INTO public.audit_events_2026_11 VALUES (10, '2026-11-22 11:43:10.467716+00', 3495285486372370715, 2894461864190034858, DEFAULT, 0, 1, 'acme', 'event-0019', 'h\3xkaN\', 'failure', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, '5E(i򝻓/Cr\,Q', NULL, 'XOMu離6', NULL, NULL, NULL, NULL, 'g/e:$`h', '5L/', '{actor_missing,number_as_text}', '{"patch": null, "audit.payload": "|\u000f$y[\u000e?󅸊r"}', '{".": [], "id": "񏽍6\u0003N󔝎4!\u0012\u0004k\"", "type": ".\u0002FngRb1", "GUo󆻾\u0010Z􌽔": ["󢲋:cZ/\u0010:Sq", ""], "audit.quarantine.reason": -87}', '{"a.": false, "id": "m񤚟''Y$CvUo\u001cU", "": "7146729115418190140", "a..b": false, "type": "+g\u0010!邏\u0011󛱛"}', '[null]', NULL, '868', '{".": {"\u0001": true}, "403": false, "x ": "[]", "audit.flags": "[]", "audit.payload": 0.00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000021891894053378813}', '{".": [true, "[1,2]"], "𘬸E/7P": null, "\u0017@4\u0014{wc": "f''-=.[e񴊖%\u0006"}', '{"id": null, "audit.": "null", "audit.source": {".a": {"M󲹼jE{": -189135587740372920000000}, "id": [], "before": false, "audit.mark": "{\"a\":1}", "audit.flags": ""}}', NULL, '\x9180395053333fda874ee4c1931767e71a703b5731f39b7a8cbf0f72568dc651', 'hmac-sha256:edge-1:AJbj2lDY-TAnaYXoqfS8rfIXxTQFcz1YvHZT4x14FOw');
INSERT INTO public.audit_events_2026_11 VALUES (11, '2026-11-22 11:43:10.467716+00', 1269825118050976835, NULL, DEFAULT, 0, 23, 'acme', 'event-0020', '_d7}y$𬔪 I', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, NULL, NULL, NULL, NULL, NULL, ']', 'e\󝻔`:UfL', 'r^8', '{actor_missing}', '{"audit.payload.a": "!PK''NS"}', '{"": null, "id": "\"_a\u0004e:", "type": "?Gh//\f''", "audit.x": "#/IP\u0005.}`", "service.name": "n񱞠,\u0018\u001emCOﶗ", "I﷥򬰊O%f\\>e񟈮=": "h.\n=A\u001dX", "audit.quarantine.reason": {"\u0001": "", "דּ": "\u001bF𢞹(\\[說0", "audit.x": -668700331715313900000000000000000000000000000000, "tenant.id": false}}', '{"a.": "5u\u0016}C", "id": "ﯖ", "דּ": null, "type": ":"}', '"1714494898591898937"', NULL, 'false', '{"f[ﳱZ)E>\u0012\"": null, "audit.attributes": true}', NULL, '{"€": "12", "tenant.id": null, "http.route": -4684135616844348400000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000, "audit.flags": 0.0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000002571966790856476, "v Ej\u000f?򄒃5adI": "{}"}', '-29310916848869230000000000000000000000000000000000000000000000000000000000000', '\xf923fe4dafab942bcc35ff9e96a05bdac38c9131def6b4984619197898ccaff6', 'hmac-sha256:edge-1:CY5Wv3tpFnwDRdarDoY4g-sPg3-rYgNncAqiyBFlz6Y');
INSERT INTO public.audit_events_2026_11 VALUES (12, '2026-11-22 11:43:10.467716+00', 273259311370914809, NULL, DEFAULT, 0, 17, 'acme', 'event-0021', '%+', 'unknown', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, '^7S)MA]', NULL, NULL, NULL, NULL, 'bx9QU,l0,,', ']8', NULL, '𕢙rj', '{number_as_text,repaired_text}', '{"type": 0.00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000033818977777656866, "audit.x": "蘭[", "audit.source": "", "󬎍򋉅.&JH<@": null}', '{"id": "𠖓", "type": "􃾘Y񀸄@3/J\";", "audit.actor.": {}, "display_name": true, "\n񶰻}B\u0014ﱓgP\\W.}": {"sampling.threshold": -840}}', NULL, 'null', '{"audit.kind": [], "request_id": "*r/񒉳KW?", "񦵄1)DLd/\u000b\r=\u0011": {"type": "Qo\u0014?d"}}', '{"request_id": 0.0000000000000008052940136268978, "audit.action": -0.000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000005352637888931553, "audit.canonical": -936050403010629800000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000, "\u0002)[{_\u0019󝣲𠠿]": false}', NULL, '{"€": "񯆥t-; `3;[\u0018񞚊", "http.route": null, "displayName": "DL%z"}', '{"-": ">a\u0007H", "q\"\\": -617771112546910900000000000000000000000000000000, "audit.payload": ""}', '"{}"', '\x5fff6e0319cac0e3cc9f834b7e6a92f512d82b61c815af6d8613749f675b13e9', 'hmac-sha256:edge-1:XPnHNVz-Pvl1yJz6J2OYugE0tWCrD9w6ObnhNqpb3g0');
INSERT INTO public.audit_events_2026_11 VALUES (13, '2026-11-22 11:43:10.467716+00', 8422625291865596811, 5301665555333903267, DEFAULT, 0, 2, 'acme', 'event-0022', 'u.) 𲏔|jﻎ', 'denied', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'c', '""򂸏ＺxOV".A', NULL, '97c1d7779aade66226ca31e4ae3041ac', 'a1396d2da0144fea', 'P', NULL, NULL, NULL, '{time_observed}', '{"audit.x": "\r", "request_id": 0.00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000003129497695773752, "audit.flags": null, "client.address": "񌳠-𨞷\u0014"}', '{"id": "aq0\u0001", "type": "$)\"[O𱗓", "audit.mark": -64, ":P\biqK󓯥)ﺤr": []}', '{"id": "@f\u0017", "a.b": [], "דּ": "", "type": ":\rh", "email": "[1,2]", "displayName": ""}', 'true', '{"a": false, "דּ": true, "l𧸟>": -0.0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000007382092159799887, "J:d[\u0007w": [], "VT+^\u001f(sDoA\\": ",j<񼜌5U"}', '"null"', '{"audit.kind": {"patch": "jP򥺾e]X񀶺Z,/\u000b", "otel.scope.name": null}}', '{"sampling.threshold": ""}', '{"K": null, "q\"\\": 198, "type": [{}, "12", []], "x ": ["򔀿\"bV", -125]}', NULL, '\xd2388097e6feddf3d7a926232ca3b8f862d235173b43ad1e9a6c884576a2a197', 'hmac-sha256:edge-1:yjM-lnwjyRRtPdrYuRFHQW9XhdiKaO-M7uS9MKZtxSY');
INSERT INTO public.audit_events_2026_11 VALUES (14, '2026-11-22 11:43:10.467716+00', 1342441032349868446, 1194789415829146184, DEFAULT, 0, 23, 'acme', 'event-0023', '󀌋.pckcE𼣓', 'failure', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'D\{', NULL, '󹕋B\.DD+3󆓎', NULL, NULL, '}{}''󰱊>򛆴,ﻇ9:', NULL, 'Wl򅇟b<pr', NULL, NULL, '{"audit.source": "7191831400360465195", "log.record.uid": null}', '{"id": "n󩫭\u000eN?r,\u0004", "type": "u\n\u0007Sd:h񠒸X􀭃"}', NULL, '"]aﱏ"', '{"\u0001": "Up:5x", "audit.tenant.id": "{\"a\":1}", "audit.attributes": "true", "audit.context.traceId": ["4696201322566995464", "?"]}', '"true"', '{"q\"\\": -0.0000000017129817758543475, "a..b": {"audit.": "D", "audit.kind": false, "audit.payload": ""}, "audit.mark": "P;$"}', '{"audit.kind": 0.0000000000000000000000000000000000000000000000000000000000000000000000000000000000017922999904241377}', NULL, '904', '\x6283571a34210f098e13afd4853789a83888e380850df80ad9746bc71386bd39', 'hmac-sha256:edge-1:rGyxCHSzin7HtNctyLsU6A9gbeSM-xJBw7AjquW4lxg');
INSERT INTO public.audit_events_2026_11 VALUES (16, '2026-11-22 11:43:10.474085+00', 1767225600123456789, 1767225600200000000, DEFAULT, 0, 9, 'acme', 'event-0033', 'invoice.refund', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'ord_7781', NULL, NULL, '4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7', NULL, 'INFO', NULL, 'duplicate charge', NULL, NULL, '{"id": "usr_42", "type": "user", "email": "jo@example.com"}', '{"id": "inv_889", "type": "invoice"}', '{"patch": [{"op": "replace", "path": "/status", "value": "refunded"}]}', '{"ip": "203.0.113.7", "request_id": "req_01J9ZK4C8Q", "user_agent": "Mozilla/5.0 (X11; Linux x86_64)"}', '{"amount": 129.9, "currency": "EUR"}', NULL, '{"service.name": "billing", "service.version": "1.14.2", "deployment.environment.name": "production"}', '{"http.route": "/api/invoices/{id}/refund", "http.request.method": "POST", "http.response.status_code": 200}', '"invoice refunded"', '\x0a70fa6a47f880fc27303d2724d1bc124b0e0c46c43946ef66b04509f20e2a69', 'hmac-sha256:edge-1:0kyANzzT8Hjs_qI5f9VuVXWihKPlRKD1fus7mEgxEJM');
INSERT INTO public.audit_events_2026_11 VALUES (15, '2026-11-22 11:43:10.467716+00', 3936698537300726831, 1888396419494808401, DEFAULT, 0, 9, 'acme', 'event-0024', 'Y:󰠣󏩯', 'failure', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, ')qZ򷄁62,,', '󆾭]&', '=a', '7bae1dfb700c4084aade773d747f863d', '8afac8af2acbf717', '	M&:[/󖧬u', NULL, 'HlNn', 'T', '{number_as_text}', '{"audit": "DZ񣖇"}', '{"b": "ft󇦤񑠓{[:", "id": ".R9#S]\u0014", "type": "<nv\u0011.בּ\f", "😀": [false], "displayName": "@zs񫟈N:6`T", "service.name": "ﹷKr\\񨩷I", "sampling.priority": "L[|\u0015d"}', '{"a": "m𒪫j0<pwIgjS", "id": ".\u000bQ\u0011{g񕲤+p0", "€": {"": null, "tenantId": "", "\u0006\n$n)+A񼠪m": "true", "log.record.uid": ""}, "type": "C/", "request_id": "񻟧O7>>M", "audit.actor.a.b": true}', '"/fQ5Z\u0005_n򕌞Q:"', '{"audit.x": -931, "http.route": null, "audit.actor": "", "sampling.priority": [null, "null"]}', '{"\u0001": null, ".&": [{"b": " [HxZb(9<\f;", "a..b": [61905161155914950000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000], "tenantId": false, "requestId": "", "request_id": ["{}"]}], "ip": "\b<:Mt\u0010\u0017﷠w", "requestId": "", "audit.canonical": ".oIpc"}', '{"audit.action": {"audit.attributes": true}}', NULL, '{"audit.": 460965982636105100000000000000000000000000000000000000000000000000000000000000000000000000, "service.name": "W\u0012K|2Zt8", "client.address": false, "log.record.uid": true}', NULL, '\x25bc50149cfe6b93f3f55904877489a1a468b498e78d58544fdaea1c6cd0f4c7', 'hmac-sha256:edge-1:qj73hZWMEFqWZtTcfdzMGNyaLR3l8E23ZD-4kGEfKdA');
INSERT INTO public.audit_events_2026_11 VALUES (5, '2026-11-22 11:43:10.469588+00', 1767225600123456789, 1767225600200000000, DEFAULT, 0, 9, 'globex', 'event-0025', 'invoice.refund', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'ord_7781', NULL, NULL, '4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7', NULL, 'INFO', NULL, 'duplicate charge', NULL, NULL, '{"id": "usr_42", "type": "user", "email": "jo@example.com"}', '{"id": "inv_889", "type": "invoice"}', '{"patch": [{"op": "replace", "path": "/status", "value": "refunded"}]}', '{"ip": "203.0.113.7", "request_id": "req_01J9ZK4C8Q", "user_agent": "Mozilla/5.0 (X11; Linux x86_64)"}', '{"amount": 129.9, "currency": "EUR"}', NULL, '{"service.name": "billing", "service.version": "1.14.2", "deployment.environment.name": "production"}', '{"http.route": "/api/invoices/{id}/refund", "http.request.method": "POST", "http.response.status_code": 200}', '"invoice refunded"', '\x95f2bf981957beaf47781e8f9470da33cb93e4c09d634ddf05a04f370a1dcb52', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (6, '2026-11-22 11:43:10.469588+00', 2471673983518388157, NULL, DEFAULT, 0, 24, 'globex', 'event-0026', 'lDu', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, ']Ic􋯂l', NULL, NULL, NULL, NULL, '落6𷫪,tm20u>', NULL, NULL, NULL, '{"a": true, ":[": true, "audit.flags": true, "audit.payload.a": "7202866349929434779"}', '{"id": "Tca;", "type": "\t򵭄"}', NULL, 'null', '{"€": {"before": "null", "requestId": "BI\u0007.", "򙎏r񛻄:B򃱎,H": "\u000f!Y,<F\u0015"}, "audit.action": null}', 'true', '{"דּ": false, "audit.x": "PNoAK񈫱&6HB9"}', '{"\u0001": {"b": "1?򞂚F", "x ": "\u0018\"u_)v=/\"a{", "audit": "true", "display_name": "2250929195027720420", "log.record.uid": "\u0003󨛣ﳍ𩑛P{]"}, "audit.x": {"q\"\\": "12", "\u00022URc": 88, "audit": false, "audit.actor.id": ""}, "audit.action": "H行2\\wT􉦗;ey{", "sampling.priority": "w]򚾿򋔛"}', '{"id": "\u00068u𚿆z"}', '"8652393741403377415"', '\x962f635e76b370bfde3263954dbedcb1dc1457ff604fff5e56edafd6fb61090e', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (7, '2026-11-22 11:43:10.469588+00', 6434907638847009145, 2252189371499373162, DEFAULT, 0, 21, 'globex', 'event-0027', '󯣛o', 'failure', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, NULL, NULL, NULL, NULL, ';.do', '`򹿟i󝌃.,', NULL, NULL, NULL, '{"request_id": "[1,2]", "audit.flags": 0.00000000000000000000000000000000000000000000000006712302673616643, "audit.canonical": "o"}', '{"id": "a1N\u00072U\\o", "]]Zh": "NaN", "type": "\u0016r@Q\u0010\u0001", "audit.": "", "requestId": 904, "audit.payload": null}', NULL, 'null', '{"דּ": "A]h\"Y0[#", "audit.payload.a": null}', NULL, '{".a": {".": "󆤛򰪖`", "audit": null, ",WUVV񊧙es?\u0018": "{}"}, "a.b": null, "a..b": "f3\u000e񧵱", "\u001fI]*6": {"requestId": 927}, ";\r": [true, null]}', '{"}zEpJa": "&U[񸇡N", "sampling.priority": true}', '{"a.": "", "tenant.id": null, "audit.payload": "x𼲆g:\u001dZ8"}', NULL, '\x3a2493546c2f952ce91fe30e81521b2b64c3ff34fe0535c33201df6bf0740aae', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (8, '2026-11-22 11:43:10.469588+00', 6116811171147721213, 6183028984619277205, DEFAULT, 0, 24, 'globex', 'event-0028', '𷬺', 'failure', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, ' 􂸼7', NULL, ',@S𜀑pmCEDx', NULL, NULL, NULL, NULL, '𦆣E򸪭J򉐷}', NULL, '{actor_missing}', NULL, '{"a": false, "b": "", ".a": null, "id": "\\o^", "type": "\fk>hN*", "sampling.threshold": true}', NULL, NULL, '{"b": 2497589942357258500000000000000000000000000000000000000000000000000000000000000000000, ",}U\u0007S]*\u000b": -839, "service.name": null, "audit.tenant.id": true}', '"{}"', NULL, '{"b": "񀑱", "דּ": 0.00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000031005507321692714, "sampling.threshold": [":.oq[􇋳", "[]"]}', '{"after": {"": "[]", "after": {"display_name": true}}, "A|\u001a8,񇾫8iG": "[1,2]"}', NULL, '\x499cbe6315977853ed0f4f9bb100a05071312d47ced6769603bb2ba80a8c9777', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (9, '2026-11-22 11:43:10.469588+00', 8943597367615406077, 5704904490963588994, DEFAULT, 0, 17, 'globex', 'event-0029', '0"6:2񛷬o', 'unknown', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, '.A', NULL, '󡘸𿕙*<]s`p􌰍^', NULL, NULL, NULL, NULL, NULL, 'J''3', '{repaired_text}', '{"a.b": false, "patch": null, "e''rYR(OZ": null, "log.record.uid": "`o󷻻Z]򘄽󟆛pU["}', '{"id": "7brD\"P", "ip": ["{\"a\":1}", 1446007612645920400000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000], "type": "_[CI\u0003", "𾃌\\X": "\u0012\u0014H0{/!8\u000b;", "audit.context.traceId": {"a.b": "", "audit.actor.": -0.0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000006484883558867483}}', NULL, '"a\u0003k󁍫"', '{"x ": [], "audit.payload.a": {"": null, "a.": "%"}, "audit.tenant.id": "VP|", "audit.quarantine.reason": {"M򀈧/\u0017\u0002g\u0003t񮧊\u0015": "", "sampling.priority": "8702095920758692285"}}', '0.0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000002306627302826823', '{"a.": "", "audit.mark": false, "audit.context.traceId": false}', NULL, '{"id": "Eb$", "𾋓󳦵o": true}', '"j['':\"򦱇 Grit5"', '\x27031039c14c99cc6b9547db57e0cdf1622f7803fb6b45435d7b98b7e4818b92', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (3, '2026-11-22 11:43:10.471789+00', 1767225600123456789, 1767225600200000000, DEFAULT, 0, 9, 'initech', 'event-0030', 'invoice.refund', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'ord_7781', NULL, NULL, '4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7', NULL, 'INFO', NULL, 'duplicate charge', NULL, NULL, '{"id": "usr_42", "type": "user", "email": "jo@example.com"}', '{"id": "inv_889", "type": "invoice"}', '{"patch": [{"op": "replace", "path": "/status", "value": "refunded"}]}', '{"ip": "203.0.113.7", "request_id": "req_01J9ZK4C8Q", "user_agent": "Mozilla/5.0 (X11; Linux x86_64)"}', '{"amount": 129.9, "currency": "EUR"}', NULL, '{"service.name": "billing", "service.version": "1.14.2", "deployment.environment.name": "production"}', '{"http.route": "/api/invoices/{id}/refund", "http.request.method": "POST", "http.response.status_code": 200}', '"invoice refunded"', '\xe4c689a92bce495fff9dd9937d68efcea926b4d04831c55b90cf9e2a35869e23', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (4, '2026-11-22 11:43:10.471789+00', 8858471037352890362, NULL, DEFAULT, 0, 4, 'initech', 'event-0031', 'L', 'failure', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, 'Z,7𨣀', NULL, NULL, NULL, NULL, NULL, '} A3', '>sYr/', '{number_as_text}', NULL, '{"id": "*O.:W", "type": " 8JQ", "audit": "Bo򜚘%&򿕻\\E\u0013(\u0007"}', NULL, '"{l"', '{"audit.canonical": {"audit.actor.": 680}, "audit.context.traceId": "\u00191\u0012H''M\nKSh]"}', '"fU\u0012`''G𠈩󺬌!"', '{"a..b": false, "tenant.id": null, "displayName": "", "display_name": {"": "YﲎjFqM+(", ":? \u001d8\r": "*", "\u0004\u0007𿚆O": "{\"a\":1}", "audit.actor.a.b": "+.,?="}}', '{"€": ["", false, "null"]}', '{".": "12", "a..b": "[]", "audit.payload": {"/": "{\"a\":1}", "\u0016[": true, "displayName": "", "client.address": -373}}', NULL, '\x09743163d1df2f5b9564f72f939dbf68f3395ef5c4cba8929cbd894148d26889', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (5, '2026-11-22 11:43:10.471789+00', 6368504503509851452, NULL, DEFAULT, 0, 8, 'initech', 'event-0032', '򊬺7󭧶]Q﹞', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, '+H00{("`DN', '}ﳰ)]t6', 'f5ccd69eafbdf13eb18b495c9ac62881', '317c31eb16e7a16d', '󣣹WP񜽑:_񎹍.g', NULL, 'ﰢa񯃈', '._^󴙛', NULL, '{"audit.payload": true, "􍝎p񊦅a󃠋": "null"}', '{"id": "'':򣙜|W匿po&", "type": "}kbtX@,D", "patch": ""}', NULL, '"[1,2]"', '{"audit.tenant.id": {}}', 'null', NULL, '{"q\"\\": "\"\\Q1gyd7", "audit.payload": [false, ""], "]\u0015Y}6練\u0012nHＸ!O": "_f𷥫\u0018L{q\u0015"}', NULL, NULL, '\x250a29f73e37ec5b0857b321d5c2b5c9e363d640d330f34a8785b44518cb9e8c', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (17, '2026-11-22 11:43:10.474085+00', 5672912720013532227, 8180663561108411244, DEFAULT, 0, 3, 'acme', 'event-0034', 'dg)𝐅f.T?', 'failure', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, '󺬹 0Fkwx@}', '﫚9ﺱkZBﮥ,', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"patch": "zB󒭧U\u0018\u0011", "tenant.id": false, "otel.scope.name": 170, "FH󠱎5P4 𯱸񘄯T": true}', '{"id": "]\u0017{\u0007.\u0016\u000f#\u001c", "type": " "}', NULL, '0.0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000018330082795870257', '{"tenant.id": false, "sampling.priority": ";nB\u001di\\*"}', NULL, '{"a": "null", "audit.x": true, "i?f": null, "audit.actor.": "", "audit.context.traceId": ",2w}"}', NULL, NULL, '"null"', '\x45fa40ab8961a38f737f2e5dc5f9c21d06f5b9e5cd3ffa24ffbae06e7d06efbd', 'hmac-sha256:edge-1:8p_lgKQk_zk7ZzHCfh-BH45qHMEy7trr_hOENGg0Twk');
INSERT INTO public.audit_events_2026_11 VALUES (18, '2026-11-22 11:43:10.474085+00', 425351291557084080, 7899365288803248885, DEFAULT, 0, 17, 'acme', 'event-0035', 'An', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, NULL, NULL, NULL, NULL, 'o򤴮', '8Z[\uWTr𖵅Q', '񟀙Z7=', 'DX', NULL, '{"log.record.uid": "qil\u0011NZ", "񇘱>/򯼜\"hYT񨡆益ﳃ": null}', '{"id": "\u000e", "type": "\\Y󦀥[\u0015\\Z\"", "audit.x": ""}', '{"id": "%", "type": "JF\""}', NULL, '{"": -0.00000000000000001785578551735273, "a.b": false, ">],\";": {"\u0001": "4214791851032639724", "service.name": -0.00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000015159156585483986}}', NULL, NULL, '{"\u0001": false, "before": "7156611669647090952"}', '{"x ": ["{}"], "audit.actor.id": [{"b": false, "ip": "true", "audit.actor": "true"}, {"€": "{}", "a..b": "#.hDG􄞊a󸆍W\t", "audit.mark": null, "sampling.threshold": "", "audit.context.traceId": ".mw?.uMr\u0015QU"}, {".": 53357162665782930000000000000000000000000000000000000000000000000000000000000000000000000000000, "otel.scope.name": "5󿚟񄘴Y\u0002)"}]}', NULL, '\xbd1a6d3618abdb1616287d3d41a2a220a057da0ab9287f3035cef9d9b47fa559', 'hmac-sha256:edge-1:a0nn9ELXLSPxXDiQ57BsUFDFBg548sfhcW0fYGeaaOw');
INSERT INTO public.audit_events_2026_11 VALUES (19, '2026-11-22 11:43:10.474085+00', 3381656089482047360, NULL, DEFAULT, 0, 17, 'acme', 'event-0036', ']}9\/', 'failure', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, 'r:򬢣', 'E-}\', NULL, NULL, NULL, '][', NULL, '/"su{򷛯', '{number_as_text,time_observed}', '{"דּ": "J[﷖KG񒣋y\"", "😀": "l", "client.address": "1839985364080114198", "sampling.priority": "h}"}', '{"id": "v^:1J\\/c", "type": "q("}', '{"id": "*c{5]S", "type": "kisej勺\\[", "audit.context.traceId": "[1,2]"}', '""', '{"a.": "[1,2]"}', NULL, '{"audit": null, "\u0003)x\u0007/y_W": "[1,2]"}', '{"q\"\\": "7X[\":7񂹓A6m#\u0013", "displayName": false}', '{".a": "T\\p|󽧔nQe", "audit.action": {"a": {"\u0001": null, "a.b": -160, "audit": "", "tenantId": null, "log.record.uid": false}, "a.": "''\u0001;t:", "x ": "", "\\-4<󔻪": "PO=", "sampling.priority": "12"}, "audit.actor.": "n}[{9"}', '{"service.name": {"a..b": "[1,2]", "x ": "{\"a\":1}", "audit.x": [false], "log.record.uid": null, "k6aM{\t,𠵭4KIA": "1545682563328069867"}}', '\xf67c969be686e505d4f2ae133410d5486049512e3fa680b684b02aebd056a767', 'hmac-sha256:edge-1:3On-01XCSjU_LR6Qufwd6P2bcpFtdBdvTWudPEwHR6w');
INSERT INTO public.audit_events_2026_11 VALUES (20, '2026-11-22 11:43:10.474085+00', 3988752541946587074, 6799402797386299027, DEFAULT, 0, 23, 'acme', 'event-0037', '{Bt', 'denied', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, 'C<ﷻ󸋴#󩫑Rb頻', NULL, NULL, NULL, ']\񸍃"*󠷄񋓈򼊬;', NULL, NULL, '񷺍O[', NULL, NULL, '{"id": ",A\u001anm\u0010󥋤N", "type": ".;\"[qqPp`"}', NULL, '""', NULL, NULL, NULL, '{"AS{\u0016r": {"😀": "[1,2]", "audit.x": false, "audit.payload.a": "|", "otel.scope.name": -21568203844542410000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000}, "sampling.threshold": "mQ\"􌺕BP#"}', '{"before": "}", "%E𥐲^XT\r>󮲜|x": ["", ["[]", "otxHB"], {"audit.flags": null, "audit.payload": "null"}]}', NULL, '\x2f66b0e733662898013e8fb5628c3b9768d470a4b3420c9e448eebbed5b6f8ea', 'hmac-sha256:edge-1:N5O3_Cp1_2CKVqeY5LBwVM47QYrcHT2F6wii2eMSRao');
INSERT INTO public.audit_events_2026_11 VALUES (21, '2026-11-22 11:43:10.474085+00', 2200079447514027710, NULL, DEFAULT, 0, 1, 'acme', 'event-0038', '&./󨭖', 'unknown', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, '`', '7.􀅹>񫪻', NULL, NULL, NULL, NULL, NULL, NULL, 'c', NULL, '{"\u0001": null, "x\f=_o%r`U": false, "audit.actor": 0.000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000018320962255341143, "otel.scope.name": "tﳽ򎊒{fd\b𓨫n''"}', '{"/": false, "j": ")\b)I暈\"x\\ﵒﳤ𠷱", "id": "𛃲\u0019lThCG", "q\"\\": ["1)/pZ$Hﻢ(", -0.00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000041658203020135665, null], "type": "񔝈\\(󜗋JV", "audit": "2", "http.route": null}', '{"id": "[郞]\u0016Z)\u000e:}.", "type": "n^\u0005`Oﻖ$hj", "otel.scope.name": "N򮄕6/]Wq,"}', '[[".󂓝/s,"], "", "=r\u0003o\u0013{)󈬾zs񦒦"]', '{"a..b": {"\u0001": "$Q\\aL", ".a": null, "tenantId": null}, "email": {"request_id": "\u0004", "audit.payload": "", "client.address": "true", "audit.canonical": null}, ",w񡨖/5": "@."}', '"null"', '{"x ": "\u001c{\u0012v", "audit": true, "audit.attributes": ["gu1Lw", "", "{}"], "sampling.priority": null, "audit.quarantine.reason": "{\"a\":1}"}', '{"tenant.id": "93:K.c", "audit.actor": [], "audit.source": null}', '{"hw": "X", "nP3$e<f\u001a?": "r\u000b\"n𭠠3O󙋍Qf"}', NULL, '\xbe1a6c7de570f2da0809fd9fdc5048f5832cad0cad97a61304006320b6ce8959', 'hmac-sha256:edge-1:DKxNbBpLdYa-AVJnU4oGU0JzxT12VVNc3s287t7vJcE');
INSERT INTO public.audit_events_2026_11 VALUES (22, '2026-11-22 11:43:10.474085+00', 8865315672285247003, 4546887203241692768, DEFAULT, 0, 4, 'acme', 'event-0039', ' ', 'failure', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, NULL, 'b,/ﯙ\𴳘', NULL, NULL, 'H', '񽅩"t+8$kY񣗋# ', '𰆪1𽃇''g', '].#-Fr', '{repaired_text}', '{"audit.tenant.id": "[]"}', '{"id": ";E)b}", "type": "O\u0011WH󭵲a\u001eM?WJt", "audit.payload.a": {".": "[1,2]"}, "audit.tenant.id": {"b": null, "request_id": true, "displayName": "", "audit.quarantine.reason": "true"}}', NULL, '"Ezt,W{1"', '{"audit": -421318923804177400000000000000000000000000000000000000000, "client.address": ["'',𷽗!", "2136108093272449545", "{\"a\":1}"]}', NULL, '{"": true, "ip": false, "audit.mark": "򞻋6S\u0011\u0018{\\f\u000eW", "audit.action": "true", "audit.context.traceId": ["[]", "8557112209508379926", null]}', '{"a.b": "S", "before": "null"}', '{"#﫶򎫐r\\4.": {}, "log.record.uid": true}', '"null"', '\x33d6ce36874e96e1c0286958d540ff6d448c96f32ec8894232f16487ddb91653', 'hmac-sha256:edge-1:61JiYTXJWoAjESS4IA1wDfsiD0P-pLwvM1La3zNjQqE');
INSERT INTO public.audit_events_2026_11 VALUES (23, '2026-11-22 11:43:10.474085+00', 8300480195652513153, 4870791396950355182, DEFAULT, 0, 18, 'acme', 'event-0040', '.', 'unknown', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, '􇿏@m', NULL, 'a52d54f2b48301109394778ee1781407', '268bf23576190d1e', '<m(G', NULL, 'oz]󖨍nLW)\_', 'lF', '{time_observed}', '{"q\"\\": null, "]\u0006": null, "audit.x": "\u0004`!;B򑘧"}', '{"id": "󻇯i񤰥", "type": "]%:=^''?", "audit.": []}', '{"id": "*ｿ:", "type": "Tfxﰖ@*GaC", "audit.actor.": [true, "", -277]}', '"򌑨ty?\"W"', '{"x ": {"oP": "{}", "audit": "\u001di", "[e": "o!\"󀹴}fYZh{", "𜘊Vz": " .", "request_id": null}, "tenantId": [-167, "{\"a\":1}"], "service.name": "[1,2]", "򕆕]Kr\u0013h󑂯T": "", "otel.scope.name": false}', '{"tenant.id": "12"}', '{"id": "{\"a\":1}", "audit.x": false}', '{"audit.tenant.id": "", "sampling.threshold": "V+C򱛖>[3󢍪-"}', NULL, NULL, '\x7a28a486d8d678b590eb8fe5df957e58b89d04ece7993f76a9a71862d30f1b66', 'hmac-sha256:edge-1:U43PKuFPkUgs_g9JP6W8UnRSpuGhlPxcy6H0SByq53g');
INSERT INTO public.audit_events_2026_11 VALUES (10, '2026-11-22 11:43:10.49292+00', 1767225600123456789, 1767225600200000000, DEFAULT, 0, 9, 'globex', 'event-0041', 'invoice.refund', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'ord_7781', NULL, NULL, '4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7', NULL, 'INFO', NULL, 'duplicate charge', NULL, NULL, '{"id": "usr_42", "type": "user", "email": "jo@example.com"}', '{"id": "inv_889", "type": "invoice"}', '{"patch": [{"op": "replace", "path": "/status", "value": "refunded"}]}', '{"ip": "203.0.113.7", "request_id": "req_01J9ZK4C8Q", "user_agent": "Mozilla/5.0 (X11; Linux x86_64)"}', '{"amount": 129.9, "currency": "EUR"}', NULL, '{"service.name": "billing", "service.version": "1.14.2", "deployment.environment.name": "production"}', '{"http.route": "/api/invoices/{id}/refund", "http.request.method": "POST", "http.response.status_code": 200}', '"invoice refunded"', '\x4a9d4eafa8c1d8730346aa94ace536721052286d9576b204293858fe38cefc25', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (19, '2026-11-22 11:43:10.87271+00', 8448412239886635885, 7500269381524119668, DEFAULT, 0, NULL, 'globex', 'event-0076', 'q<򷯢+!:', 'denied', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, NULL, 'c\５w󵊍.T', NULL, NULL, NULL, NULL, NULL, 'O\"f{}+', NULL, '{"a.": "12"}', '{"id": ">_A:>/Q\u0010[&", "type": "𸐮\u001f4", "😀": -813, "f<q=Q𥰝\\C": "", "\ts.+0\\\u0005": "MNtX8&︆"}', '{"": {"q\"\\": "A/,.]PS.", "before": "", "audit.actor": null}, "id": "^(", "דּ": "C", "type": "H\bG", "x ": true, "audit.source": null, "audit.actor.id": -725}', NULL, '{"audit.flags": [false]}', NULL, '{".a": -736, "display_name": "", "audit.quarantine.reason": {}}', NULL, NULL, NULL, '\x903d9f358b28e63c9d646e1b86598ce15bb8b09c61e3c982f457d8c2a0be523a', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (11, '2026-11-22 11:43:10.49292+00', 2777183354743224053, 3659350089778047578, DEFAULT, 0, 12, 'globex', 'event-0042', '<򄀪,1SbAL+:', 'denied', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, '􊑝', NULL, '82c50a22ff1162b00b23e11aa0a95e10', 'cae8ee73b60f9233', 'X', NULL, NULL, NULL, '{actor_missing}', '{"\\#bs": false, "audit.actor.id": false}', '{"id": "Kw", "type": "𞞎}"}', '{"id": "", "type": "\u001d:", "l𣵰.\u001d": "", ".jd\b2𰳌?": "]\u0015\u000ek", "audit.source": ["\u001f''"], "{!a{,񤒯": "x*xh&𚕆", "audit.context.traceId": ".ﾁp=K"}', '",\\a.-\b\"`c]|"', NULL, '{"audit.actor.": false}', '{"id": {"audit.x": "true", "http.route": "{\"a\":1}", "\u001f>\u0018v)iﾷq{": "@D8𼣲@v"}, "q\"\\": 940831594743956600000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000, "type": {}}', '{"audit.action": [true, "[]", false], "otel.scope.name": 55}', '{"a": [null, {"": "null", "audit": 52981231913786070000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000}], "audit.actor": 45, "audit.canonical": "-M2P\"?b"}', '{"b": "[1,2]", "FG􈫏\r0d,%򬛹@򑿍": ""}', '\xa77d4c858075d4ceda73ecc62f6273b36ec28337d670dcfca42207a5414545ce', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (12, '2026-11-22 11:43:10.49292+00', 5134955946730845245, 348880502512768336, DEFAULT, 0, NULL, 'globex', 'event-0043', 'A+Hj:N', 'denied', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, '6񾕆6.|V򯧵^', '$', '5a6ecdebc749c323b069320192e864b1', 'd08e859de4a25c5d', 'u򠰠', '>PL# [򗉦xu{򇨄', 'l󅰖4L^!\7k#', '񮘵@󗎻,I;"', '{repaired_text}', '{"q\"\\": 0.0000000004752361424205406, "audit.source": null}', '{".": "8290294788478516813", "id": "Q󄈜򢵿[]R U", "type": "ibM", "񝶓C6,": []}', NULL, '"true"', NULL, '-638468120934769000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000', '{"€": "򝫞", "after": ".@ﷲ<𳬦B􂻔K{", ":i:R-(:3": null, "L}Wk󡱮B\u0006󦼐": []}', NULL, '{"requestId": "null", "audit.context.traceId": "@\u0018񦈑%4\u0003"}', '0.0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000005097825759676703', '\x13b6a0d2abb4405cc6ec4aabb37e32e190734456d37df7caf1acd7781e685a57', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (13, '2026-11-22 11:43:10.49292+00', 5979876744523422479, NULL, DEFAULT, 0, 6, 'globex', 'event-0044', 'Fd󪻸iMy,󙎚e', 'unknown', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, '󞓯>u:', NULL, NULL, NULL, NULL, 'o&Satf.A8', NULL, NULL, NULL, NULL, '{"€": true, "type": true, "\ndwTZA55K''": "", "audit.payload": "", "audit.actor.a.b": 633797356188921100000000000000000000000000000000000000000000000000000000}', '{"id": "Jo􎤾BD\u000b&x󔒬YF[", "type": "p4E\u001c]E!񗛄3", "displayName": true, "audit.payload": "[]"}', '{"id": "(v:x^𗩔,\nW󑲉", "type": "Nn%^", "audit.quarantine.reason": null}', '0.000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000014290895565591482', NULL, 'null', '{"b": 40830949.26412156, "\u001c:<q𲔚lO": {"a.b": -0.0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000138963504927358, "client.address": "", "audit.actor.a.b": "\u0019梁X[iG\\"}, "display_name": ""}', NULL, '{"audit.x": "true", ")*#vlCTﴺ": null, "audit.action": true}', '{"audit.actor.id": null}', '\xd30513295a42edd5aed99956ca4113e2c3bc4463d0b276d0a747425b2bd5244d', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (14, '2026-11-22 11:43:10.49292+00', 6957693063990719795, NULL, DEFAULT, 0, 22, 'globex', 'event-0045', 'yxNI{^𐍥Mn>', 'unknown', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, 'R', 'Fed', NULL, NULL, '8\', '9W𘪊𺼤I{}񹰞򄗘/', NULL, NULL, NULL, NULL, '{"id": "[K", "type": "ag􀽽", "audit": {"x ": -0.000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001587740118291044, "display_name": 215536971159797320000000000000}, "|V": null, "audit.mark": 0.000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000008326829222554247}', NULL, '306544124032146570000000000000', '{"before": {"€": -595, "x ": "d4Ha[j\u0013﹤", "\u0001DdN": "8225189268474715117", "񉒴l\u0014?C<": false}, "audit.action": "", "display_name": {}}', '""', NULL, '{"a.b": {"a.b": "true", "ﰋ": null, "email": -289677873722965600000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000, "log.record.uid": ""}, "audit.x": false, "requestId": ""}', '{"b": "true", "http.route": ["", false], "audit.action": "),%\u0015錄]"}', '"r!򠈂"', '\xec00661940845702d9661d6abfe2ded430fe0903a6f264d1cb78ef6aeb68b780', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (0, '2026-11-22 11:43:10.681516+00', 1763800000000000000, NULL, DEFAULT, 0, NULL, '_system', 'system-0049', 'audit.key.rotate', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"id": "operator", "type": "user"}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '\xa70a9798f77d6278554003e72c1f5c37358fb775c4cdefe2eca5d0bbddc08d79', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (24, '2026-11-22 11:43:10.686296+00', 1767225600123456789, 1767225600200000000, DEFAULT, 0, 9, 'acme', 'event-0050', 'invoice.refund', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'ord_7781', NULL, NULL, '4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7', NULL, 'INFO', NULL, 'duplicate charge', NULL, NULL, '{"id": "usr_42", "type": "user", "email": "jo@example.com"}', '{"id": "inv_889", "type": "invoice"}', '{"patch": [{"op": "replace", "path": "/status", "value": "refunded"}]}', '{"ip": "203.0.113.7", "request_id": "req_01J9ZK4C8Q", "user_agent": "Mozilla/5.0 (X11; Linux x86_64)"}', '{"amount": 129.9, "currency": "EUR"}', NULL, '{"service.name": "billing", "service.version": "1.14.2", "deployment.environment.name": "production"}', '{"http.route": "/api/invoices/{id}/refund", "http.request.method": "POST", "http.response.status_code": 200}', '"invoice refunded"', '\xafaf419bb5f9b61da80fdcaa08daf1db5be9b3159f3b966e54b33fe76f417111', 'hmac-sha256:edge-1:4vxCdfyXNU7ONL3rqR65_ncifX05bMz8HaJUwsJoQqI');
INSERT INTO public.audit_events_2026_11 VALUES (25, '2026-11-22 11:43:10.686296+00', 6024335409157226864, NULL, DEFAULT, 0, 22, 'acme', 'event-0051', '9ZEwyo񲢨''v5􁬕', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, NULL, '[,!>%F&', '79c4c817320b56951461dceb9af6886b', 'b5c5d303e7c2ccbe', NULL, '.y]{\c', 'G󵒡%P򺀅wﰪ$', NULL, NULL, '{"audit.x": "[]"}', '{"id": "bJcI񂋴\u000e", "type": "-]eq5E#`", "service.name": "H󬄍\u0010=]", "ep\u0016E[|)h": {}}', NULL, 'false', '{"a.b": "\b${+2ﺟ", "😀": {"q\"\\": true}, "audit.x": ";\b\"", "tenantId": 675, "audit.flags": false}', '"/"', '{".a": "", "a..b": false, "requestId": {"audit": "񦆦A񔮶", "audit.actor.id": -394}, "audit.actor": "", "displayName": ""}', '{"\u000b": {"id": null, "audit.x": "", "audit.mark": "ah񿹢\u0016\\GF&", "client.address": 237}, "http.route": "P\\>\u000e:|{", "audit.payload": "󆜹\u001e]\"sﴁD", "audit.attributes": {"request_id": true, "U2K𑝘򲏇T8]󎦮x": "nZYR$\u0003\u0004"}}', '{"request_id": false, "displayName": [{"before": null}, 997, ""]}', NULL, '\x478ad215f329ffa4634e91a9cb778ba3187217bade2d568ae56328e07e5aaefc', 'hmac-sha256:edge-1:4pPfd5FgpkT6v0YCmQT-SILr7F4t5petcF-iy2J7DUA');
INSERT INTO public.audit_events_2026_11 VALUES (26, '2026-11-22 11:43:10.686296+00', 5316134347124983524, NULL, DEFAULT, 0, 12, 'acme', 'event-0052', ']򟠥𣍷M/﹘":', 'unknown', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, '󴋱񚤒E', NULL, 'N#Rmfs', 'd871da75d013250c460bce4cceaab318', '3970050c2d2e16fe', NULL, NULL, '{󪄉򄐣9D7:5Ca', '-񷀫@\Y}', '{actor_missing,number_as_text}', '{"a": 0.0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000022158416605704497, "sampling.threshold": "12"}', '{"id": "_a{D0L", "דּ": "!R\u0018WY񴓋B2\u001a{", "type": ":\u001d]7[\fN\n>", "audit.context.traceId": "＊1򗣠..,:\u00031"}', '{"a.": true, "id": "R[$],󫒲\u0015>D", "ip": {"service.name": true}, "type": "6<T\u001a", "audit.": null, "audit.actor.": true}', NULL, '{"\u0001": "", "audit.canonical": -0.0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000015425212294593484, "audit.attributes": {"\u0001": "g𿉾񫄄O\u0018︈󟛅񹙒", "2@+<": null, "}\u0001": "12", "service.name": " "}, "sampling.threshold": ""}', '"󎬔_0"', '{"''": -0.000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000310446348807933, "a..b": null}', NULL, '{"audit.x": {"€": 0.000013345204324021192, "[/]w.": null, "fmﴂOm''iO&": [], "audit.actor.": []}, "audit.actor.a.b": null, "audit.tenant.id": ""}', '"true"', '\x1d3d1a95c285a8f05f561854c14935104ae4740afc98bfd18251480d8f2b05b9', 'hmac-sha256:edge-1:rFXb2IK_nC2zaTRKAd-ocbyn8Wvk6yeMZLANqiq75DU');
INSERT INTO public.audit_events_2026_11 VALUES (27, '2026-11-22 11:43:10.686296+00', 7468117207620812208, 1352985805090039659, DEFAULT, 0, 22, 'acme', 'event-0053', 'mO8\YR\e
', 'denied', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'I>DN{.3', '&:(E{*D.', 'vNp臭7', NULL, NULL, '"dJ,@"{Gt,V', NULL, NULL, '^=', '{actor_missing,time_observed}', '{"displayName": false, "audit.payload": "null", "audit.context.traceId": true}', '{".a": [], "id": "g[ｗV\u001c", "type": "lS0/w𘯆", "audit.": "{}", "requestId": "8}u?X?", "otel.scope.name": null, "\u0016񕚮\u0004󹨭{": "z\u000b"}', NULL, '[true, null]', '{"Cp @": "\u0002􃍲Q4򠒯S\u0016󱖕4\n", "type": {"": -28971616978377870000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000, ".": ",8 8\rQV󞒟.", "tenantId": false, "log.record.uid": "true", "audit.payload.a": ""}, "V7{[I,;": null, "sampling.priority": "n7p"}', '116420907840504330000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000', '{"\u0018": false, "after": "\u0001)B", "audit.source": "3541581615649336206", "service.name": "{}"}', '{"audit.actor": {"\u0001": "񨙩i..", "Y": "1038464934006284064", "client.address": ""}, "audit.tenant.id": " i+\n_\fg3P", "sampling.priority": "\\?"}', '{"󃰜G@T": -437, "requestId": "", "audit.attributes": "ﾟ)𧫾voJ"}', 'true', '\xa563ce4e691de4ca93546a5e3234ba55871f53b915ed37e4a22d0b5fe5d49e2f', 'hmac-sha256:edge-1:9YRuyLC4W2fmHOeMJzpAI0bBFHHOktxvcOXlC6RYyls');
INSERT INTO public.audit_events_2026_11 VALUES (28, '2026-11-22 11:43:10.686296+00', 2770982237240720229, 6461794237678034387, DEFAULT, 0, 3, 'acme', 'event-0054', 'I{d𐟞漏"p@', 'denied', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, '[91򆜢lG`!F󒔨', NULL, NULL, NULL, NULL, NULL, '|', 'QyA@d򳳕Y;v', '{actor_missing,number_as_text}', '{"[": 33, "audit.action": "B/<T,󯴍", "service.name": true, "audit.actor.a.b": "\\"}', '{"id": "n3%$1\u0015c\u0007", "type": "򷱒0\n\u001a1󉐅w"}', NULL, NULL, '{")\u0005CGZb\u0014/ﳋ}''": "{.j", "񉢙金Op": false}', '{"a..b": ["", 103], "email": null}', '{"audit.actor": "x:\\g\u0006L]\"", "\u001d]񹼒ﳪaO_c\u0010": "UM}''"}', '{"patch": null, "client.address": ["1020039945502570090", "[^c \"K\\󑸀-f򉡊"], "otel.scope.name": ""}', '{"\u0001": "ｪ\t\u001c", ".": "R"}', '")fL𣫐\\"', '\xf6621528a6ea8ffeb5c166977da73187c44f297800b82df5b8d4dcfedfbf4df1', 'hmac-sha256:edge-1:WkTkyVQ3gWsS2bdp1zp_N58qNq60OzwLq5dSvzX7jNs');
INSERT INTO public.audit_events_2026_11 VALUES (29, '2026-11-22 11:43:10.686296+00', 204801841179002066, 8973073901720082700, DEFAULT, 0, 2, 'acme', 'event-0055', 'Zk.󞄃0*}/', 'unknown', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'G{@H ,Xr', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'B3JU𓦡󋴢X=', '{actor_missing,number_as_text}', '{"P": "[1,2]", "audit.quarantine.reason": ""}', '{"id": "\u0006''P\u0012ﴐ0\b1\rYz", "דּ": 0.00000000000000000000000000000000000000000000000000000000000000000000000000023626347581240014, "type": "3𫽊S}򏲰(B|򒀎\n1W"}', '{"id": "rH", "type": "𫚭[/\u0018Z"}', NULL, NULL, NULL, '{"q": ["true", ":Z􃮦󲓶e[M/", false], "€": {"id": "", "sampling.priority": "f{", "\u0010..]0𰧎/S1(𥝗t": null, "DP\u0012𺕓󝀿Gv﫧\u0017Li": true}, "😀": "8058971971969502539", "display_name": "`5\b\fQW"}', '{"q\"\\": ["}6X\u000e$\u0014", -0.0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001764377011136767, ""], "wz\"''tD\\y": null}', NULL, '{"": -0.00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000005964534793837559, "patch": {";.6": "", "type": {"sampling.threshold": "\u001f/"}}, "_駱1\u0002": {"b": "", "after": true, "audit.actor": 910, "audit.action": true}, "audit.flags": " @\"", "audit.tenant.id": {"tenant.id": true, "g凞SO7EC?ﲻ": [true]}}', '\x1e33b7b4a570da82b436fb666a96f47a8517aa504ebc19ecf31a630793f96930', 'hmac-sha256:edge-1:1VD1vBUkcIqY3rCbq5rDsnTVLXYWKu0hIoYj4BMmBpU');
INSERT INTO public.audit_events_2026_11 VALUES (30, '2026-11-22 11:43:10.686296+00', 643359592223491785, NULL, DEFAULT, 0, 2, 'acme', 'event-0056', '{;O5@{', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'd>zB:_[:3<', NULL, '󧕟U"hc𥳐', '292eafbe8c206dba9530cf4c4664f3f7', '09eea5de53571f84', NULL, NULL, NULL, NULL, '{repaired_text}', NULL, '{"": [null, ":s"], "id": "fyNxIg`\u0013", "דּ": true, "type": "\u0007H񼙐(", "patch": "BH`\\󎮐F=<", "http.route": {"audit.flags": 37356503359907000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000, "otel.scope.name": "f]\u0014\u0017𵪮𯆺z,\u0019𖎇."}, "𦎬dsV[0󂊙": {"]#IH\u0017": "", "log.record.uid": "*m/Y[EI\\I\\"}}', '{"\\": ["\u0019", true], "id": ".,{O", "a.b": null, "type": "T\re>"}', NULL, '{"before": true}', 'true', '{"tenant.id": "(2kbi''﷍f+", "})T\u0003\u001f\u000bX\bc''": true, "audit.payload": null, "audit.canonical": null, "sampling.priority": " "}', '{"id": [0.000000000000000000000000000000000000000000000000000000000000000000000000000005681922271846347, 173], "ip": ["\"񛫑G", null], ".寧_.:\"%": {"id": 370}, "request_id": ".]1=3n", ",#{\\D/f''s": [false, ""]}', '{"\u0001": [], "x ": "#𻼴^;ﶁ{󧑸򕪶w\\󁰘", "audit.x": null, "bq􊋽": {"displayName": false}, "audit.actor": null}', '"U\\y9]J*\u0017\u001a"', '\x1c67ac29d949955d32a45936b3b174c3a8dbd24f2789422c8a468937a994e30d', 'hmac-sha256:edge-1:u4BVjanIj_d7dRxmbsU8OChwfCYHXYTbTId1wl3WtZo');
INSERT INTO public.audit_events_2026_11 VALUES (31, '2026-11-22 11:43:10.686296+00', 3870404845716590936, 823862444142676985, DEFAULT, 0, 13, 'acme', 'event-0057', 'g\gh''F_6ﰰXD|', 'failure', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, '󝟧dNe񊟅" 򶌇', NULL, NULL, '3c0a77cf262d09afeec3d7701656cda0', '871e8a5cbc769eca', 'ttS]d3', NULL, NULL, NULL, NULL, NULL, '{"id": "2*?h)", ",C\u0010": "", "type": " 󉮯_rcYI񭏾t\u0002", "audit.actor.": "\u001dK\u001e&￀\u000f", "audit.payload.a": "[1,2]", "audit.attributes": "", "sampling.priority": "null"}', '{"id": "Uau.\\i", "type": "]\\q", "service.name": ""}', NULL, '{"log.record.uid": 275275173923210400000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000}', NULL, '{"a.": ["f󌱥7+s\u0017/"], "id": "{}", "}k": "\u0016[N", "audit.actor.a.b": "12"}', '{"before": 778, "audit.mark": "󭾷JarnuO", "service.name": [true, ""], "audit.tenant.id": 435877488420713200000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000}', '{"after": "󋩘", "c\u0001/󾴮": "5𜿢(pz", "3D?2|G:$": 40072968275045057000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000, "audit.payload": {".": "\\凞s", "€": "{\\Py\u001av\u0019;", "\f,ho7": ["`,&", null], "tenant.id": null}}', NULL, '\x261651dc8c7757dae8435a12c37bd1df280b225da366447bb8adfda56d4a86c2', 'hmac-sha256:edge-1:WJb-veLtCaqtRAlVwGnzTs0--nS0VSJ1aNtTwn_ZrPU');
INSERT INTO public.audit_events_2026_11 VALUES (0, '2026-11-22 11:43:10.701505+00', 1767225600123456789, 1767225600200000000, DEFAULT, 1, 9, 'initech', 'event-0058', 'invoice.refund', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'ord_7781', NULL, NULL, '4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7', NULL, 'INFO', NULL, 'duplicate charge', NULL, NULL, '{"id": "usr_42", "type": "user", "email": "jo@example.com"}', '{"id": "inv_889", "type": "invoice"}', '{"patch": [{"op": "replace", "path": "/status", "value": "refunded"}]}', '{"ip": "203.0.113.7", "request_id": "req_01J9ZK4C8Q", "user_agent": "Mozilla/5.0 (X11; Linux x86_64)"}', '{"amount": 129.9, "currency": "EUR"}', NULL, '{"service.name": "billing", "service.version": "1.14.2", "deployment.environment.name": "production"}', '{"http.route": "/api/invoices/{id}/refund", "http.request.method": "POST", "http.response.status_code": 200}', '"invoice refunded"', '\xbf5d01924d9b6f391a97d4f31a44c11228409929d669a1baa8b71891e9865cdc', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (1, '2026-11-22 11:43:10.701505+00', 9081917079179433637, NULL, DEFAULT, 1, 18, 'initech', 'event-0059', 'g', 'unknown', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'elA[j"򍒔', 'j} ', '*ﮫ+h𚟬', NULL, NULL, NULL, NULL, '􁠬𦚶vq󲟬`22 ﱵ', NULL, '{repaired_text}', '{"J": "[]", "patch": "X]\u001d"}', '{"id": "nz$%G񺜕ra\u0006\u001a", "type": ">B&W"}', NULL, NULL, '{"b": "ｆ(.],򔴒", "http.route": "]O"}', NULL, '{"€": 0.000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000012237106464106913}', '{"audit.actor": "f9/73\u000e]񷷋\"xr", "display_name": "\u0016", "sampling.priority": {}}', '{"patch": [null], "display_name": "\u0001-/)𕧮񰀎h"}', '{":_\u000bF񊡢򚐲^Dv󉩰\u001c;": false}', '\x62f9244f3e9f8b151e525e546a7e9066b9a77a9cbd9a9abd02718608de6e36db', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (2, '2026-11-22 11:43:10.701505+00', 4924563084279611762, NULL, DEFAULT, 1, 11, 'initech', 'event-0060', 'y(''5"񈳠"򾿽S񳫢<', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, '=m,`󨆷M.', NULL, NULL, 'b38fe0172da257b56d5f21ef8eb8420e', '31ea4a28e59e6c6d', 'k''', NULL, '񶪧R:8', '"=zhp/g睊S=[', '{actor_missing,repaired_text}', NULL, '{"id": "/", "€": "x󲔇nx;9\\\u001cn", "a..b": "[1,2]", "type": "ﻝ򴬮q:\b\u000f.K", "A\"\u0014(": "D^%#=}", "audit.payload": "a", "&\\x\u0013 Q\u0006a": false}', '{"id": "", "דּ": [false, "null"], "type": "GG/󘡝󰗶,򹈺.SO"}', '"//@}$"', '{")sF@p": null, "audit.mark": null, "audit.action": "i<\u0005D𮙠}󚼼r"}', NULL, '{"audit.source": ""}', '{"tenantId": "D\u0013kj3H],"}', '{"€": "O", "x ": null, "audit.x": "\u0003\u0001/򺷃)h@["}', NULL, '\x65eec518bd4831f25ee96bac712a09fdbcd3d29170cfbeed283c6430ae43822e', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (3, '2026-11-22 11:43:10.701505+00', 3749021258474098189, 7591020682599954259, DEFAULT, 1, 9, 'initech', 'event-0061', 'Bqg򸤇O/󗚆󹬚E', 'unknown', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, '{𹣇B勒L_', 'gM񀕓iN3\', NULL, NULL, NULL, NULL, NULL, 'Y󁻠G@auW*''92', NULL, '{repaired_text}', '{"type": "{}", "vt\u0002\u0003": true, "after": "\u000b", "򂆼.\u0001x}񇭀E": -534, "A`󠬱}\u001d%,P\\\\y": null}', '{"": true, "id": "\u001a", "type": "򠨸bb,.[z񃛹MZk", "after": "", "requestId": -102520820612079920000000000000000000000000000000000000000000000000000000000000000000000000000000}', '{"a": "", "id": "ApQ:e\\:𚌯ﱩc", "€": "{}", "type": ">EtuJ2", "displayName": null, "audit.payload": "W񓯴;\u0013]{L\u000e_\\"}', NULL, '{"q\"\\": -241, "after": null, "email": "dH,T", "audit.mark": "\u000e𠼰-:\f"}', NULL, '{"type": "", "patch": {"😀": "1438228490902944907", "http.route": "6909902487642243472", "󾦟]\u0013\fbrR]񮳲|m": "\\"}, "audit.actor": {"patch": "[]", "before": null, "log.record.uid": false, "??{7''a\u0004,wA򇔷": "", "sampling.priority": -51000056497957380000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000}, "o􎴉goA": "\u001fUq}[w", "sampling.threshold": "true"}', '{"&:􃼝\u0019": "J{l*w%", "audit.actor.": "true"}', '{"audit.actor.": "", "audit.payload": "", "audit.tenant.id": ""}', '-0.000000000000000000000003551905434495005', '\x1b031eecf1197efd4f32f1de29758609fc80df37f336eb0310053b8aa0f2a3df', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (1, '2026-11-22 11:43:10.750303+00', 1763800000000000000, NULL, DEFAULT, 0, NULL, '_system', 'system-0062', 'audit.key.retire', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"id": "operator", "type": "user"}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '\x6b000cbe0d75c76e2f4ddd33bfe5f574a7f84af69b51e99356742dd8f1a48065', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (2, '2026-11-22 11:43:10.82603+00', 1763800000000000000, NULL, DEFAULT, 0, NULL, '_system', 'system-0063', 'audit.prune', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"id": "operator", "type": "user"}', NULL, NULL, NULL, '{"size": 5, "epoch": 0, "tenant": "globex"}', NULL, NULL, NULL, NULL, '\xa442824beae2f8c4f0870ca09064512bd5a66218363d83c1b41caee58495c461', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (32, '2026-11-22 11:43:10.845311+00', 1767225600123456789, 1767225600200000000, DEFAULT, 0, 9, 'acme', 'event-0064', 'invoice.refund', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'ord_7781', NULL, NULL, '4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7', NULL, 'INFO', NULL, 'duplicate charge', NULL, NULL, '{"id": "usr_42", "type": "user", "email": "jo@example.com"}', '{"id": "inv_889", "type": "invoice"}', '{"patch": [{"op": "replace", "path": "/status", "value": "refunded"}]}', '{"ip": "203.0.113.7", "request_id": "req_01J9ZK4C8Q", "user_agent": "Mozilla/5.0 (X11; Linux x86_64)"}', '{"amount": 129.9, "currency": "EUR"}', NULL, '{"service.name": "billing", "service.version": "1.14.2", "deployment.environment.name": "production"}', '{"http.route": "/api/invoices/{id}/refund", "http.request.method": "POST", "http.response.status_code": 200}', '"invoice refunded"', '\xc08c9a1097eac4a3eb7be4d3afac0ddfed9a34e85d1298eddfaed6c0d6d7a642', 'hmac-sha256:edge-1:HNXeXcoYOYUHczAYeryztJYe78NAEpBpSUejMZqmmtE');
INSERT INTO public.audit_events_2026_11 VALUES (33, '2026-11-22 11:43:10.845311+00', 7542049037386641836, NULL, DEFAULT, 0, 13, 'acme', 'event-0065', '}Y.>F񮃼]vW𓭘', 'denied', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, '''h󞇳XP[', NULL, NULL, NULL, NULL, NULL, NULL, '󴲳', 'o]𫆵򕔐2', '{actor_missing}', '{"+,tD\u0003i{H\u0003W": "7781331448502311704", "otel.scope.name": true, "sampling.threshold": "", "audit.context.traceId": null, "audit.quarantine.reason": 208}', '{"id": "E", "type": "\\:eKd磻e(\\3", "client.address": 29172328442853166000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000, "Yo[嵐\"􁧬D ''\u0002": false, "audit.attributes": "{\"a\":1}"}', NULL, '""', '{"log.record.uid": "", "𩩠Kv\u0002E򽞏:": "]te.[.\u001dV􆟊<"}', '0.00000000000000000000000000000000000000017842802804746421', '{".a": {"a.": false, "tenantId": null, "`>RI\u0003 y􃏋%": true, "audit.actor.a.b": "", "NY%}\u00141]w򰊗񽍗hﮕ": "12"}}', '{"after": [false, ""], "G^O_IS{[!": "12", "𤻘g\u0015xK{񌜛": "]RxG\u0018]1Ft;?", "sampling.priority": null}', '{"type": "{\"a\":1}", "tenantId": 296710864324064840000000000000000000000000000000000000000, "audit.mark": true}', '-580', '\xc87a45050e80e65616d701f2913e4542d8d8c44394d04783b6309d96876112f1', 'hmac-sha256:edge-1:wArkDQ-Qz0Rfi5M1jC8Pzp9hXhQmCcsR7BmOfoT8HSw');
INSERT INTO public.audit_events_2026_11 VALUES (34, '2026-11-22 11:43:10.845311+00', 502074870929136817, 1842939602364889428, DEFAULT, 0, 15, 'acme', 'event-0066', '', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, '/𜺆^', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{number_as_text}', '{")h\u0001a\u001f": 403, "sampling.threshold": null}', '{"id": "6FO򟱎1\u001e񑲦", "type": "{\u001b<6", "email": 0.000000000000000000000000000000000000000000000000003024010237643028, "audit.actor.": -0.00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000021133972367825585}', '{"id": "&g0lD''$-", "type": "a򒬢񿫏:\u0014J\u0004I", "service.name": true, "audit.canonical": true, "audit.attributes": "2255867436129315058"}', NULL, '{".": "򣢌u\u0017w3_", "audit.x": {"tux_": ")d񳊟񸋡N", "audit.canonical": "n𐽹|򓺫"}, "client.address": "{}"}', NULL, '{"client.address": "true"}', '{"audit.mark": "hJ4Js8`"}', NULL, '""', '\x2ea6f5fbb372e3008b7f5c6fcacb59faa60adeba47defa7478092c18b1257a43', 'hmac-sha256:edge-1:FDIfIuxYUB2gi7iZT8PHn2htKpiHejLYE8DG9HdK4j0');
INSERT INTO public.audit_events_2026_11 VALUES (35, '2026-11-22 11:43:10.845311+00', 2394106309391972068, 7298841958485302669, DEFAULT, 0, 8, 'acme', 'event-0067', '', 'failure', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'i{', '"𨳳,-b:B.d\', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"€": "", "x ": "", "9{\u0003@\u0016": "4291105725511518964", "tenant.id": "", "audit.actor": true}', '{"id": "򧾊\u001b\t8o)CU,", "type": "󑱈.r+I!\\$.󌁩", "after": "i\u001e%`&"}', NULL, '["", "null"]', '{"€": "", "patch": null, "A\nn\u000eVG\u001e": ">GYN/v𥡨.E", "http.route": "12", "sampling.priority": {"2𲠧-\u001f\t": true}}', NULL, '{"x ": null, "audit": 981, "z(q": {"": false, "a.b": "{}", "audit.actor.id": ""}, "audit.actor": "[]", "(A𵘩FAS󚿆OJk": "Qe﮴J6[s"}', '{"id": 10492107710551040000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000, "audit.context.traceId": ["mV\"g", null]}', NULL, NULL, '\xc8cd5a0990335d5a44793bf3fdd731efaa6c36f25e3972012e5f280244aed150', 'hmac-sha256:edge-1:Pca-mX0EJCMULjOUgtgu9r6PDaRYEBa02xoidYh6cR0');
INSERT INTO public.audit_events_2026_11 VALUES (36, '2026-11-22 11:43:10.845311+00', 2477277952431747512, NULL, DEFAULT, 0, 4, 'acme', 'event-0068', '喝p]', 'denied', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, '򬤪󪴤gu}𿝙`k', NULL, 'pS򰬚"x', '5f4fdf789ae740d3372ea75aec1e2f01', 'f725bfd567bf2dc3', 'UZ>k', '8', NULL, 'b󄲙&DnXg', '{time_observed}', '{"a": "{\"a\":1}", "3/": null, "audit.": "7gv>5/3燐󳹎\u000f"}', '{"id": "`.\u0011S󡺔2:", "type": ">&te񍞧񳝴}c"}', '{"id": "-H\u0017ﺵﰇn2o", "type": "i<\u0018", "audit.": [1569084934958276200000000000000000000000000000000000000000000000000000000000, null, "fZ4:U.$"], "索\tiY": ["", null, null], "audit.x": null, "\"i-F\u0014}!|": null, "audit.action": false}', '""', '{"b": true, "\u0012S,[": true, "tenant.id": "true", "audit.payload": "[]"}', '"2311130090727164580"', NULL, '{"audit.attributes": null}', '{"😀": "2F\nK𑍂]s򞖻", "audit.flags": {"b": "bF\u0016X\u0011=\\\u00155", "request_id": "\u0015)", "audit.payload.a": null}, "otel.scope.name": [true], "sampling.priority": null}', '""', '\x674a850e95c4aa0f39692d5c585f2a00af2d1ef2a8ec5698f9aa68c975ca59a6', 'hmac-sha256:edge-1:JsH7CJahEn1MogC8LwSCFtczmjASUFuU1HU5TA0dg4A');
INSERT INTO public.audit_events_2026_11 VALUES (37, '2026-11-22 11:43:10.845311+00', 7641978019839981558, NULL, DEFAULT, 0, 21, 'acme', 'event-0069', '[', 'failure', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'T{c񯁘', NULL, NULL, 'b378e9d02222edc31b874fd48fd35e34', 'eee342e1c32ec885', 'O4 r', NULL, '	/[.', '+', NULL, '{"\u0001": "{\"a\":1}", "tenantId": true, "displayName": null, "sampling.priority": "\u001f/"}', '{"a": "[]", "a.": "G\",)a󺙶F\u0003.lRF", "id": "ofo", "type": "RG򦛊>\u0005", "before": "true", "sampling.priority": true}', NULL, '"12"', NULL, 'false', '{"displayName": [null]}', '{"audit": [true, "12", ") \u000bp/%aMDR#"]}', '{"after": "󟚾=", "audit.actor": 600, "audit.action": 349, "client.address": "9198660577639517864", ")񙚒AYL]򋌝\u0014\u000b": []}', 'true', '\x292f65b2fda9bc11042e2a0ccb8924f65be962d64c0a9480494a2de0429c22a1', 'hmac-sha256:edge-1:8EaAIFesuk6ixprHf8_Nbrktbhav0EMRA3nSegSH2Nc');
INSERT INTO public.audit_events_2026_11 VALUES (38, '2026-11-22 11:43:10.845311+00', 5271560682578201085, NULL, DEFAULT, 0, 9, 'acme', 'event-0070', 'o񱌕', 'failure', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, NULL, '0n0,b', NULL, '7d28ded8bee5384f6b4967d306a35bb2', '1c0919fa7e510e99', NULL, NULL, NULL, '򬆬?ﰝ>@)$􅆂}', '{actor_missing}', '{"type": ":񷥘T%]", "audit.mark": 0.00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000004629220843062501, "$]\"G.uﳝQ_": "U,\u0004]", "audit.actor.a.b": "H\u0019\u000f𯩛_%D󲐺o󚄤󺹃{"}', '{".a": {"p": false, "L\u0005]d": "j", "u\u000b=)": "O\u000b_\t!", "audit.actor": "[1,2]", "otel.scope.name": -0.00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000034919763039336683}, "id": "1Cl\\#=", "type": ":󗻇2#LH!\u001b8=", "audit.mark": {"email": true, "{I\u001eUR42I)": "R ", "audit.kind": "", "audit.actor.id": "1902605994532558816"}, "request_id": true, "displayName": true, "audit.canonical": null}', NULL, NULL, '{".": {}, "audit.": -260168217921485700000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000, "tenant.id": -57513438692274330000000000000000000000000000000000000000000000000}', '["2768241038116933668", 169]', '{"audit.actor.": 2917672716006784400000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000}', '{"a": "G:񳍭nR\\񸳇vjJA", "דּ": false, "audit.payload.a": "{}"}', NULL, 'true', '\x7d33204c2d46fe618ae1bee96d3f2543f42625b88c84a90a9f0297625a148234', 'hmac-sha256:edge-1:jiisND0FcjhpsR8POYbu_EIi4ppOTbN4ulS7OZrfjVc');
INSERT INTO public.audit_events_2026_11 VALUES (39, '2026-11-22 11:43:10.845311+00', 5121383015095320306, 6491318484511926148, DEFAULT, 0, 24, 'acme', 'event-0071', '𽏠o	N|aV7T', 'unknown', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, '9A𔔕W蠟n󥰞q_', 'Hw:{f𷪍﨨fH1', NULL, NULL, NULL, '︭)0D笠Mcc', 'o', '\2}NU`2U', NULL, '{time_observed}', '{".": null, "😀": true}', '{"id": ",\u000eF[RmvqP=N", "a.b": "a󇨩\u0015r", "q": [-368830838.39149356, "󛢲\u000fjf0&\f"], "type": "as􋀂Ke \u0012)\u0012", "request_id": [true], "audit.actor.id": "[]", "audit.canonical": false}', '{"id": "rWjiQ\u000e񛩓", "type": "DHｒd+y\f𭖗K"}', NULL, '{"id": "", "otel.scope.name": ""}', '[]', NULL, NULL, NULL, '["\"eu\u0010X񌄯II\u0016", ["c\u001et>(󿨆I5", null, null], -571]', '\x60198213736e391efb0dac8b3484673e98f722a022db3a7ce2c4a79fe0a4373a', 'hmac-sha256:edge-1:jTpxgnD-g-8v9KlSv6QVUXZ697H-5BTIgRqjNnTMNIU');
INSERT INTO public.audit_events_2026_11 VALUES (15, '2026-11-22 11:43:10.87271+00', 1767225600123456789, 1767225600200000000, DEFAULT, 0, 9, 'globex', 'event-0072', 'invoice.refund', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'ord_7781', NULL, NULL, '4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7', NULL, 'INFO', NULL, 'duplicate charge', NULL, NULL, '{"id": "usr_42", "type": "user", "email": "jo@example.com"}', '{"id": "inv_889", "type": "invoice"}', '{"patch": [{"op": "replace", "path": "/status", "value": "refunded"}]}', '{"ip": "203.0.113.7", "request_id": "req_01J9ZK4C8Q", "user_agent": "Mozilla/5.0 (X11; Linux x86_64)"}', '{"amount": 129.9, "currency": "EUR"}', NULL, '{"service.name": "billing", "service.version": "1.14.2", "deployment.environment.name": "production"}', '{"http.route": "/api/invoices/{id}/refund", "http.request.method": "POST", "http.response.status_code": 200}', '"invoice refunded"', '\x997993202cd4af6a5648d8782c2a06c1c5159230a13a731b26487f19a804be65', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (16, '2026-11-22 11:43:10.87271+00', 747285259224447159, NULL, DEFAULT, 0, 7, 'globex', 'event-0073', 'F][H', 'denied', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'O,Si**|[\ﾁ򒏄', 'U[fpd`', ',9', '792598ac03dc5402561425577cf7a646', '33e65e744f92eff9', 'l', NULL, NULL, NULL, NULL, '{"audit.kind": "", "audit.source": -584}', '{"id": "hy\rb\"﹄􍇉4", "type": "VKA"}', NULL, NULL, '{"i\u0012X{L.񻑛C": -552, "audit.canonical": true}', NULL, NULL, '{"ip": {"audit.flags": "/;", "audit.actor.a.b": null, "audit.tenant.id": 6478912418412718000000000000000000000000000000000000000000000000000000000000000000000000000000000000000, "audit.context.traceId": "ﲄ!H︙U{𱛫#"}, "tenantId": "\"+a''", "client.address": true}', NULL, NULL, '\x3496f0cf042db08d9245c1b8a6c75dfe4d1c3843d70457a1a61b67b608479482', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (17, '2026-11-22 11:43:10.87271+00', 9158223430073601535, 3621116077111170971, DEFAULT, 0, 16, 'globex', 'event-0074', 'wkO3y\y=', 'unknown', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 's];X:Ow', '򋜀𰷏񿜰gw].-CY򪹚"', '@򎼗B:#ﵾ', '5504fe92ecbcd24b73fccfe9bfa5ca1c', '07f77bd515066696', 'p1', NULL, 'AZ.Y,X.', NULL, '{repaired_text}', '{"audit.actor": true, "audit.actor.a.b": null, "audit.payload.a": -0.00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000005652030611283479, "otel.scope.name": false, "sampling.threshold": -911}', '{"id": "O}𹔓Oq`\u0002", "type": "o", "patch": -0.0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000387127884522969, "כֿK}\u001dY>IEo": null}', '{"id": "pFL[SRv", "type": "scJq]u)iR򣋈]", "before": null, "audit.kind": false, "audit.flags": "", "audit.canonical": "{}"}', '[]', '{"דּ": true}', NULL, '{"x ": {"\nn": "\"/<k索ﮫ[", "http.route": "z"}, "4\u0010\u0015Mf": 1873356603759281000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000}', '{"id": [true]}', NULL, '[0.00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000036962590871293274, {"b": null, "type": true}]', '\x9ad135a6acf8d759e30b638017f950208777d799c28ce1a193d945c0e8dba43b', NULL);
INSERT INTO public.audit_events_2026_11 VALUES (18, '2026-11-22 11:43:10.87271+00', 7642511822691834754, 8023602530949717835, DEFAULT, 0, 2, 'globex', 'event-0075', 'M&1"!#', 'success', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'C', NULL, '1?c/''^:', NULL, NULL, NULL, '\w𤔴ﰽ󾲻k', '󘝃\,({B/1', NULL, '{actor_missing,repaired_text}', '{"audit.context.traceId": "\u00115󢂧\u0001>K:\u0011"}', '{"id": "k[𢭳\u000ff8\u000eG", "type": "(8K", "audit.": {":񖯩": "{N}\rRK0Fﷹ$", "service.name": null, "log.record.uid": "[]", "audit.tenant.id": true, "audit.context.traceId": false}, "before": -0.0000000000000000000009516136795926808, "requestId": null, "*rz󥄆􁮘h": ["z"]}', '{"id": "i0=c񐀳H.+X󿶓", "type": "󻣈Zl,G\\K+"}', NULL, '{"service.name": "#Z$J𮧦V/􁝞"}', '"q\u0003?{"', '{"דּ": null, "display_name": "{}"}', '{"type": "󈂝)nR", "😀": false, "Zhyc\r}": "true", "audit.actor.id": "1968528808743967673"}', '{"דּ": [{"type": null}, ["{}", "\\y񇾝tPLlCG/"], null], "I<@\u0012": "", "tenant.id": null, "audit.kind": [{".a": "", "a.": false, "email": 2245880787006190000000000000000000000000000000000000000000000000000000000000000000000000000000000000, "audit.payload.a": 808}, null, ["\u0011]󼗭Sb{y񅝣`", "󹜸KY@:D񛦜z"]], "audit.actor.a.b": "7209795351830395608"}', '{"דּ": "\u001c𲙂]U沈M\u0015{[", "audit.flags": {"": [], ".": false, "after": "\u0014/csA򰀺"}, "audit.action": "󕾃[!", "B\u0006\u0005z[Ｔ|򉤙\\": "1\t|,7a򷯺", "log.record.uid": {"a": null, "\u000by": "null", "x ": null, "😀": "h3𲜉 1NwtI\u0011񰝢{", "audit.source": {"type": null, "򻻽ﴳd": "z", "request_id": true, "audit.tenant.id": -283}}}', '\x25e31c22d8b586c88f53ea4f4331bd87fc5dfddb90e7ff6b66ced6e96c77bd2e', NULL);


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

INSERT INTO public.audit_migrations VALUES (1, 0, true, '2026-11-22 11:43:09.295071');
INSERT INTO public.audit_migrations VALUES (2, 1, true, '2026-11-22 11:43:09.337335');
INSERT INTO public.audit_migrations VALUES (3, 2, true, '2026-11-22 11:43:09.34516');
INSERT INTO public.audit_migrations VALUES (4, 3, true, '2026-11-22 11:43:09.588477');
INSERT INTO public.audit_migrations VALUES (5, 4, true, '2026-11-22 11:43:09.592119');
INSERT INTO public.audit_migrations VALUES (6, 5, true, '2026-11-22 11:43:09.6673');
INSERT INTO public.audit_migrations VALUES (7, 6, true, '2026-11-22 11:43:09.672738');


--
-- Data for Name: audit_pruned_leaves; Type: TABLE DATA; Schema: public; Owner: audit_owner
--



--
-- Data for Name: audit_prunes; Type: TABLE DATA; Schema: public; Owner: audit_owner
--

INSERT INTO public.audit_prunes OVERRIDING SYSTEM VALUE VALUES (1, 5, '2026-11-22 11:43:10.460699+00', 5, '2026-11-22 11:43:10.831238+00', 0, 'globex', 'system-0063', NULL, '\x9e294d1949f41985e7152d5f3c34f2e291418989db49c7c91db949158d7d9528', '\xb67db1fdf36df2f907518a0b80ba8824daaa4943f873df566294882a2ca3de5df0e3f43b9fc8d5466158b7c5760ed74a9969624d0295694c8189d946f66469e4', 'audit.example.com/fixture/t-5bc1a08d28e40fe79ca3ecb077b3bd14
5
nilNGUn0GYXnFS1fPDTy4pFBiYnbScfJHblJFY19lSg=
recorded_at 2026-11-22T11:43:10.460698Z
prev_size 0

— audit.example.com/fixture iTaAgw1ZlEqwIwkhnhJ3MWSv0pm+OS98cngv+rQIu7GW+YaJiVhShPoMBH93D6ZSrQ38FSh3XzGrle0t3vbfYxZUfAA=
', 'postgres');


--
-- Data for Name: audit_quarantine; Type: TABLE DATA; Schema: public; Owner: audit_owner
--

INSERT INTO public.audit_quarantine OVERRIDING SYSTEM VALUE VALUES (1, '2026-11-22 11:43:10.880837+00', 'acme', 'bad-1', 'order.refund', 'malformed', NULL, 'fixture', '\x0100000000000000000000000000000000000000000000000000000000000000', '\x7b7d', 'json', NULL, NULL, NULL, NULL);


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

SELECT pg_catalog.setval('public.audit_migrations_id_seq', 7, true);


--
-- Name: audit_prunes_id_seq; Type: SEQUENCE SET; Schema: public; Owner: audit_owner
--

SELECT pg_catalog.setval('public.audit_prunes_id_seq', 1, true);


--
-- Name: audit_quarantine_id_seq; Type: SEQUENCE SET; Schema: public; Owner: audit_owner
--

SELECT pg_catalog.setval('public.audit_quarantine_id_seq', 1, true);


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
-- Name: audit_epochs audit_epochs_pkey; Type: CONSTRAINT; Schema: public; Owner: audit_owner
--

ALTER TABLE ONLY public.audit_epochs
    ADD CONSTRAINT audit_epochs_pkey PRIMARY KEY (tenant_id, epoch);


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
-- Name: audit_epochs audit_append_only; Type: TRIGGER; Schema: public; Owner: audit_owner
--

CREATE TRIGGER audit_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_epochs FOR EACH STATEMENT EXECUTE FUNCTION public.audit_refuse_change();


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
-- Name: audit_epochs audit_auditor; Type: POLICY; Schema: public; Owner: audit_owner
--

CREATE POLICY audit_auditor ON public.audit_epochs FOR SELECT TO audit_auditor USING (true);


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
-- Name: audit_epochs; Type: ROW SECURITY; Schema: public; Owner: audit_owner
--

ALTER TABLE public.audit_epochs ENABLE ROW LEVEL SECURITY;

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
-- Name: audit_epochs audit_owner; Type: POLICY; Schema: public; Owner: audit_owner
--

CREATE POLICY audit_owner ON public.audit_epochs TO audit_owner USING (true) WITH CHECK (true);


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
-- Name: audit_epochs audit_reader; Type: POLICY; Schema: public; Owner: audit_owner
--

CREATE POLICY audit_reader ON public.audit_epochs FOR SELECT TO audit_reader USING (((tenant_id = current_setting('audit.tenant'::text, true)) AND public.audit_login_admits(current_setting('audit.tenant'::text, true))));


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
-- Name: audit_epochs audit_writer; Type: POLICY; Schema: public; Owner: audit_owner
--

CREATE POLICY audit_writer ON public.audit_epochs FOR SELECT TO audit_writer USING (true);


--
-- Name: audit_commits audit_writer_insert; Type: POLICY; Schema: public; Owner: audit_owner
--

CREATE POLICY audit_writer_insert ON public.audit_commits FOR INSERT TO audit_writer WITH CHECK (true);


--
-- Name: audit_epochs audit_writer_insert; Type: POLICY; Schema: public; Owner: audit_owner
--

CREATE POLICY audit_writer_insert ON public.audit_epochs FOR INSERT TO audit_writer WITH CHECK (true);


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
-- Name: TABLE audit_epochs; Type: ACL; Schema: public; Owner: audit_owner
--

GRANT SELECT ON TABLE public.audit_epochs TO audit_auditor;
GRANT SELECT ON TABLE public.audit_epochs TO audit_reader;
GRANT SELECT,INSERT ON TABLE public.audit_epochs TO audit_writer;


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

\unrestrict loNgXYXg4ZmaMqqMZZ47Zw1IHrVE1I7N4TUJ9bheTLH9S8CfffPWMdRXNTIhyc7

