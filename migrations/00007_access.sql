-- Reads and changes of the store leave a trace: an event of the tenant _system.
-- It waits in an outbox, written by functions that know who asks, until a
-- collector has taken it through its pipeline into the signed log. Whether reads
-- must leave one is the owner's to say, in a table that nobody else may write.

-- +goose Up
SET ROLE {{owner}};

CREATE TABLE {{schema}}.audit_access (
    login      text COLLATE "C" NOT NULL,
    mode       text COLLATE "C" NOT NULL,
    reason     text        NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_by text        NOT NULL DEFAULT session_user,
    CONSTRAINT audit_access_pkey PRIMARY KEY (login),
    CONSTRAINT audit_access_mode CHECK (mode IN ('signed', 'required', 'best_effort', 'off')),
    CONSTRAINT audit_access_reason CHECK (reason <> '')
);

COMMENT ON TABLE {{schema}}.audit_access IS 'Whether the reads of a login must leave a trace; login '''' is the default of all others. Without a row they must.';
COMMENT ON COLUMN {{schema}}.audit_access.mode IS
    'signed: no read before its trace is in the signed log; required: none before its trace is stored; best_effort: try and go on; off: leave none.';

CREATE TABLE {{schema}}.audit_outbox (
    placed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    event_id  text COLLATE "C" NOT NULL,
    record    jsonb       NOT NULL,
    CONSTRAINT audit_outbox_pkey PRIMARY KEY (event_id)
);
CREATE INDEX audit_outbox_placed ON {{schema}}.audit_outbox (placed_at, event_id);

COMMENT ON TABLE {{schema}}.audit_outbox IS 'Events of _system on their way to a collector, which takes them through its pipeline; a row goes when its event is in the log.';
COMMENT ON COLUMN {{schema}}.audit_outbox.record IS 'The record with the members of its JSON form, times in nanoseconds as text.';

-- Default privileges may have opened what was just made.
-- +goose StatementBegin
DO $$
DECLARE
    made text;
    grantee text;
BEGIN
    FOREACH made IN ARRAY ARRAY['audit_access', 'audit_outbox'] LOOP
        FOR grantee IN
            SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END
            FROM pg_catalog.pg_class AS c CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) AS a
            WHERE c.relnamespace = '{{schema}}'::regnamespace AND c.relname = made AND a.grantee <> c.relowner
        LOOP
            EXECUTE pg_catalog.format('REVOKE ALL ON {{schema}}.%I FROM ', made) || grantee;
        END LOOP;
    END LOOP;
END
$$;
-- +goose StatementEnd
GRANT SELECT ON {{schema}}.audit_access, {{schema}}.audit_outbox TO {{auditor}};

-- A text as long as a record may have it: that many bytes of UTF-8 at most, and no
-- half character. Of four bytes in a row one at least begins a character.
-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_cut(value text, most integer) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
BEGIN
    -- A character has four bytes at most. The query takes 40 µs, and a month is
    -- dropped with a trace of every tenant.
    IF value IS NULL OR char_length(value) <= most / 4 THEN
        RETURN value;
    END IF;
    RETURN (SELECT CASE WHEN octet_length(b.bytes) <= most THEN value ELSE convert_from(substring(b.bytes FOR (
            SELECT max(n) FROM generate_series(most - 3, most) AS n WHERE get_byte(b.bytes, n) & 192 <> 128)), 'UTF8') END
        FROM convert_to(value, 'UTF8') AS b (bytes));
END
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_cut(text, integer) FROM PUBLIC;

-- What every trace says, and no caller can leave out: the login, and when. Who
-- sits there and at which machine's account are claims, made for a transaction
-- in audit.actor and audit.os_user.
-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_place(action text, outcome text, target jsonb, reason text, payload jsonb) RETURNS text
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
DECLARE
    placed constant timestamptz := clock_timestamp();
    id constant text := gen_random_uuid()::text;
    os_user constant text := {{schema}}.audit_cut(nullif(current_setting('audit.os_user', true), ''), 512);
    actor constant text := coalesce({{schema}}.audit_cut(nullif(current_setting('audit.actor', true), ''), 512), os_user, session_user::text);
BEGIN
    INSERT INTO {{schema}}.audit_outbox (placed_at, event_id, record) VALUES (placed, id, jsonb_strip_nulls(jsonb_build_object(
        'tenant_id', '_system',
        'event_id', id,
        'action', {{schema}}.audit_cut(action, 255),
        'outcome', outcome,
        'time_unix_nano', (extract(epoch FROM placed) * 1000000)::bigint::text || '000',
        'actor', jsonb_build_object('type', 'user', 'id', actor),
        'target', CASE WHEN target IS NOT NULL THEN jsonb_build_object(
            'type', {{schema}}.audit_cut(target ->> 'type', 255), 'id', {{schema}}.audit_cut(target ->> 'id', 512)) END,
        'reason', {{schema}}.audit_cut(reason, 4096),
        'payload', coalesce(payload, '{}') || jsonb_strip_nulls(jsonb_build_object(
            'database_user', session_user::text, 'os_user', os_user, 'client_address', host(inet_client_addr()))),
        'source', jsonb_build_object('service.name', coalesce(nullif(current_setting('application_name', true), ''), 'otelaudit')))));
    NOTIFY audit_outbox;
    RETURN id;
END
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_place(text, text, jsonb, text, jsonb) FROM PUBLIC;

COMMENT ON FUNCTION {{schema}}.audit_place(text, text, jsonb, text, jsonb) IS 'Puts an event of _system into the outbox and returns its id. For functions of the owner only.';

-- What a read asked for is an object of what flags hold: texts, numbers, booleans,
-- and lists of texts. Nothing else comes into the outbox, because whatever a login
-- could put there that no record may have would wait in it for ever.
-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_is_asked(filter jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
    SELECT CASE WHEN jsonb_typeof(filter) <> 'object' OR octet_length(filter::text) > 16384 THEN false ELSE NOT EXISTS (
        SELECT FROM jsonb_each(filter) WITH ORDINALITY AS m (name, value, place)
        WHERE place > 64 OR name !~ '^[a-z][a-z0-9_]{0,62}$' OR CASE jsonb_typeof(value)
            WHEN 'string' THEN false
            WHEN 'boolean' THEN false
            WHEN 'number' THEN value::text !~ '^-?[0-9]{1,15}$'
            WHEN 'array' THEN jsonb_array_length(value) > 1024
                OR EXISTS (SELECT FROM jsonb_array_elements(value) AS e (element) WHERE jsonb_typeof(element) <> 'string')
            ELSE true END)
        END
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_is_asked(jsonb) FROM PUBLIC;

-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_trace(action text, outcome text, tenant text, filter jsonb, events bigint) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
BEGIN
    IF action IS NULL OR action !~ '^audit\.read\.[a-z_]{1,32}$' OR outcome IS NULL OR outcome NOT IN ('success', 'failure', 'denied')
        OR octet_length(convert_to(tenant, 'UTF8')) > 512 OR NOT {{schema}}.audit_is_asked(filter) OR events < 0 THEN
        RAISE EXCEPTION 'audit_trace: not the trace of a read'
            USING ERRCODE = '22023', HINT = 'The action is audit.read.VERB, the filter a flat object of texts, whole numbers, booleans and lists of texts, at most 64 and 16 KiB.';
    END IF;
    -- Of tenants that it may not read, a login leaves the trace that it tried.
    IF outcome <> 'denied' AND tenant <> '' AND NOT {{schema}}.audit_login_admits(tenant) THEN
        RAISE EXCEPTION 'audit_trace: this login is bound to other tenants' USING ERRCODE = '42501';
    END IF;
    RETURN {{schema}}.audit_place(action, outcome,
        CASE WHEN tenant <> '' THEN jsonb_build_object('type', 'tenant', 'id', tenant) END, NULL,
        jsonb_strip_nulls(jsonb_build_object('filter', filter, 'rows', events)));
END
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_trace(text, text, text, jsonb, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {{schema}}.audit_trace(text, text, text, jsonb, bigint) TO {{reader}}, {{auditor}}, {{pruner}}, {{operator}};

COMMENT ON FUNCTION {{schema}}.audit_trace(text, text, text, jsonb, bigint) IS
    'Leaves the trace of a read in the outbox and returns its event id; tenant is whose data was read, null for that of all.';

-- The rows behind one, in the order in which they were placed, for whoever takes
-- them to the log; null is the beginning. What is never taken does not stand in
-- front of what is behind it.
-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_outbox_read(after_placed timestamptz, after_id text, most integer)
    RETURNS TABLE (event_id text, record jsonb, placed_at timestamptz, age double precision)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
    SELECT o.event_id, o.record, o.placed_at, extract(epoch FROM clock_timestamp() - o.placed_at)::double precision
    FROM {{schema}}.audit_outbox AS o
    WHERE (o.placed_at, o.event_id) > (coalesce(after_placed, '-infinity'), coalesce(after_id, '') COLLATE "C")
    ORDER BY o.placed_at, o.event_id LIMIT least(most, 10000)
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_outbox_read(timestamptz, text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {{schema}}.audit_outbox_read(timestamptz, text, integer) TO {{writer}};

-- Which of these events of _system are there: an identity alone is not enough, since
-- a writer may put in any. The partition is named, because the owner sees no row
-- through the parent.
-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_system_events(ids text[]) RETURNS SETOF text
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
DECLARE
    month record;
BEGIN
    FOR month IN
        SELECT p.inhrelid::regclass AS partition, array_agg(i.id) AS ids
        FROM {{schema}}.audit_event_ids AS i
        JOIN pg_class AS c ON c.relname = 'audit_events_' || to_char(i.recorded_at, 'YYYY_MM')
        JOIN pg_inherits AS p ON p.inhrelid = c.oid AND p.inhparent = '{{schema}}.audit_events'::regclass
        WHERE i.tenant_id = '_system' AND i.kind = 'e' AND i.id = ANY (audit_system_events.ids)
        GROUP BY 1
    LOOP
        RETURN QUERY EXECUTE format('SELECT i.id FROM {{schema}}.audit_event_ids AS i
            JOIN %s AS e ON e.tenant_id = i.tenant_id AND e.epoch = i.epoch AND e.seq = i.seq AND e.recorded_at = i.recorded_at AND e.event_id = i.id
            WHERE i.tenant_id = ''_system'' AND i.kind = ''e'' AND i.id = ANY ($1)
                AND EXISTS (SELECT FROM {{schema}}.audit_commits AS c
                    WHERE c.tenant_id = i.tenant_id AND c.epoch = i.epoch AND c.size > i.seq)', month.partition)
            USING month.ids;
    END LOOP;
END
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_system_events(text[]) FROM PUBLIC;

-- Takes out what the log has, and nothing else: that a collector said so is not
-- enough. It says for how many seconds the oldest of the others has been waiting,
-- null where none is.
-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_outbox_clear() RETURNS TABLE (cleared bigint, oldest double precision)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
BEGIN
    DELETE FROM {{schema}}.audit_outbox AS o
    WHERE o.event_id IN (SELECT {{schema}}.audit_system_events(ARRAY(SELECT w.event_id FROM {{schema}}.audit_outbox AS w
        WHERE EXISTS (SELECT FROM {{schema}}.audit_event_ids AS i WHERE i.tenant_id = '_system' AND i.kind = 'e' AND i.id = w.event_id))));
    GET DIAGNOSTICS cleared = ROW_COUNT;
    oldest := (SELECT extract(epoch FROM clock_timestamp() - o.placed_at)::double precision
        FROM {{schema}}.audit_outbox AS o ORDER BY o.placed_at LIMIT 1);
    RETURN NEXT;
END
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_outbox_clear() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {{schema}}.audit_outbox_clear() TO {{writer}};

-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_access_mode() RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
    SELECT coalesce(
        (SELECT mode FROM {{schema}}.audit_access WHERE login = session_user::text),
        (SELECT mode FROM {{schema}}.audit_access WHERE login = ''),
        'required')
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_access_mode() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {{schema}}.audit_access_mode() TO {{writer}}, {{reader}}, {{auditor}}, {{pruner}}, {{operator}};

COMMENT ON FUNCTION {{schema}}.audit_access_mode() IS 'Whether the reads of this login must leave a trace: signed, required, best_effort or off.';

-- The owner's own word, for people with psql too. A null mode is none: the
-- default is that of the login '', and without that required.
-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_access_set(for_login text, new_mode text, why text) RETURNS text
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
DECLARE
    old_mode text;
BEGIN
    IF for_login IS NULL OR coalesce(why, '') = '' OR octet_length(why) > 4096 OR octet_length(for_login) > 63 THEN
        RAISE EXCEPTION 'audit_access_set: a login of at most 63 bytes and a reason of 1 to 4096 bytes are needed' USING ERRCODE = '22023';
    END IF;
    IF new_mode IS NOT NULL AND for_login <> '' AND NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = for_login) THEN
        RAISE EXCEPTION 'audit_access_set: no login is called "%"', for_login USING ERRCODE = '42704';
    END IF;
    LOCK TABLE {{schema}}.audit_access IN SHARE ROW EXCLUSIVE MODE;
    SELECT a.mode INTO old_mode FROM {{schema}}.audit_access AS a WHERE a.login = for_login;
    IF new_mode IS NULL THEN
        DELETE FROM {{schema}}.audit_access AS a WHERE a.login = for_login;
    ELSE
        INSERT INTO {{schema}}.audit_access (login, mode, reason) VALUES (for_login, new_mode, why)
        ON CONFLICT ON CONSTRAINT audit_access_pkey DO UPDATE
            SET mode = excluded.mode, reason = excluded.reason, updated_at = clock_timestamp(), updated_by = session_user;
    END IF;
    PERFORM {{schema}}.audit_place('audit.access.set', 'success', jsonb_build_object('type', 'login', 'id', coalesce(nullif(for_login, ''), '*')),
        why, jsonb_strip_nulls(jsonb_build_object('mode', new_mode, 'previous_mode', old_mode)));
    RETURN old_mode;
END
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_access_set(text, text, text) FROM PUBLIC;

COMMENT ON FUNCTION {{schema}}.audit_access_set(text, text, text) IS
    'Sets whether the reads of a login must leave a trace, for the login '''' those of all others, and returns what it was. For the owner; it leaves a trace.';

-- Takes out rows that no collector can pass on, each under an event of its own
-- that says what it held. What is waiting and in order is the owner's to spare.
-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_outbox_discard(event_ids text[], why text) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
DECLARE
    gone record;
    discarded bigint := 0;
BEGIN
    IF coalesce(why, '') = '' OR octet_length(why) > 4096 OR coalesce(cardinality(event_ids), 0) NOT BETWEEN 1 AND 1000 THEN
        RAISE EXCEPTION 'audit_outbox_discard: 1 to 1000 event ids and a reason of 1 to 4096 bytes are needed' USING ERRCODE = '22023';
    END IF;
    FOR gone IN DELETE FROM {{schema}}.audit_outbox AS o WHERE o.event_id = ANY (event_ids) RETURNING o.event_id, o.placed_at, o.record LOOP
        PERFORM {{schema}}.audit_place('audit.access.discard', 'success', jsonb_build_object('type', 'outbox', 'id', gone.event_id), why,
            jsonb_build_object('placed_at', to_char(gone.placed_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                'record', {{schema}}.audit_cut(gone.record::text, 8192), 'sha256', encode(sha256(convert_to(gone.record::text, 'UTF8')), 'hex')));
        discarded := discarded + 1;
    END LOOP;
    IF discarded <> (SELECT count(DISTINCT id) FROM unnest(event_ids) AS wanted (id)) THEN
        RAISE EXCEPTION 'the outbox does not have all of these: nothing was discarded' USING ERRCODE = 'P0002';
    END IF;
    RETURN discarded;
END
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_outbox_discard(text[], text) FROM PUBLIC;

COMMENT ON FUNCTION {{schema}}.audit_outbox_discard(text[], text) IS
    'Takes rows out of the outbox that no collector can pass on, and returns how many. For the owner; each leaves a trace.';

-- Whoever asks learns of an id that it was given, and nothing else.
-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_recorded(event_ids text[]) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
    SELECT NOT EXISTS (SELECT unnest(event_ids) EXCEPT SELECT {{schema}}.audit_system_events(event_ids))
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_recorded(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {{schema}}.audit_recorded(text[]) TO {{writer}}, {{reader}}, {{auditor}}, {{pruner}}, {{operator}};

COMMENT ON FUNCTION {{schema}}.audit_recorded(text[]) IS 'Whether the log of _system has events with all of these ids.';

CREATE OR REPLACE FUNCTION {{schema}}.audit_schema_version() RETURNS integer
    LANGUAGE sql IMMUTABLE
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$ SELECT 7 $$;

RESET ROLE;

-- +goose Down
SET ROLE {{owner}};
CREATE OR REPLACE FUNCTION {{schema}}.audit_schema_version() RETURNS integer
    LANGUAGE sql IMMUTABLE
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$ SELECT 6 $$;
DROP FUNCTION {{schema}}.audit_recorded(text[]);
DROP FUNCTION {{schema}}.audit_access_set(text, text, text);
DROP FUNCTION {{schema}}.audit_access_mode();
DROP FUNCTION {{schema}}.audit_outbox_clear();
DROP FUNCTION {{schema}}.audit_system_events(text[]);
DROP FUNCTION {{schema}}.audit_outbox_discard(text[], text);
DROP FUNCTION {{schema}}.audit_outbox_read(timestamptz, text, integer);
DROP FUNCTION {{schema}}.audit_trace(text, text, text, jsonb, bigint);
DROP FUNCTION {{schema}}.audit_is_asked(jsonb);
DROP FUNCTION {{schema}}.audit_place(text, text, jsonb, text, jsonb);
DROP FUNCTION {{schema}}.audit_cut(text, integer);
DROP TABLE {{schema}}.audit_outbox;
DROP TABLE {{schema}}.audit_access;
RESET ROLE;
