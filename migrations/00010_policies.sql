-- What the operator says: retention, legal holds, and what becomes of a
-- quarantined record. Each change is made by a function, which leaves its trace
-- in the same transaction: there is none without it.

-- +goose Up
SET ROLE {{owner}};

ALTER TABLE {{schema}}.audit_legal_holds
    ADD CONSTRAINT audit_legal_holds_target CHECK (target_id IS NULL OR target_type IS NOT NULL),
    ADD CONSTRAINT audit_legal_holds_finite CHECK (isfinite(since) AND isfinite(until));

-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_refuse_hold_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
BEGIN
    -- A hold may be released, once, by the function for it. Everything else of it
    -- stays, the release included: who held what, and until when, is evidence.
    IF TG_OP = 'UPDATE' AND current_user = '{{owner_name}}' AND current_setting('audit.deciding', true) = 'on'
        AND OLD.released_at IS NULL AND NEW.released_at IS NOT NULL
        AND (NEW.id, NEW.since, NEW.until, NEW.placed_at, NEW.tenant_id, NEW.reason, NEW.placed_by, NEW.target_type, NEW.target_id)
            IS NOT DISTINCT FROM
            (OLD.id, OLD.since, OLD.until, OLD.placed_at, OLD.tenant_id, OLD.reason, OLD.placed_by, OLD.target_type, OLD.target_id)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% on %.% is refused: a legal hold is released, never changed or deleted', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = '42501', HINT = 'audit_hold_release releases a hold and says who and why.';
END
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_refuse_hold_change() FROM PUBLIC;

-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_refuse_retention_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
BEGIN
    IF TG_OP <> 'TRUNCATE' AND current_user = '{{owner_name}}' AND current_setting('audit.deciding', true) = 'on' THEN
        RETURN coalesce(NEW, OLD);
    END IF;
    RAISE EXCEPTION '% on %.% is refused: a change of retention leaves a trace', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = '42501', HINT = 'audit_retention_set and audit_retention_unset change it.';
END
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_refuse_retention_change() FROM PUBLIC;

CREATE TRIGGER audit_append_only_row BEFORE UPDATE OR DELETE ON {{schema}}.audit_legal_holds
    FOR EACH ROW EXECUTE FUNCTION {{schema}}.audit_refuse_hold_change();
CREATE TRIGGER audit_append_only BEFORE TRUNCATE ON {{schema}}.audit_legal_holds
    FOR EACH STATEMENT EXECUTE FUNCTION {{schema}}.audit_refuse_hold_change();
CREATE TRIGGER audit_append_only_row BEFORE UPDATE OR DELETE ON {{schema}}.audit_retention
    FOR EACH ROW EXECUTE FUNCTION {{schema}}.audit_refuse_retention_change();
CREATE TRIGGER audit_append_only BEFORE TRUNCATE ON {{schema}}.audit_retention
    FOR EACH STATEMENT EXECUTE FUNCTION {{schema}}.audit_refuse_retention_change();

CREATE POLICY audit_operator ON {{schema}}.audit_legal_holds FOR SELECT TO {{operator}} USING (true);
CREATE POLICY audit_operator ON {{schema}}.audit_retention FOR SELECT TO {{operator}} USING (true);
GRANT SELECT ON {{schema}}.audit_legal_holds, {{schema}}.audit_retention TO {{operator}};

-- A tenant that a policy or a hold may name. A name that no event can have would
-- hold nothing, and look as if it did. Spaces and control characters are those of
-- Unicode, whatever the locale: the exporter trims and refuses the same.
-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_check_tenant(tenant text, reserved text[]) RETURNS void
    LANGUAGE plpgsql IMMUTABLE
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
BEGIN
    IF tenant IS NULL OR tenant = '' OR octet_length(tenant) > 255 OR tenant <> btrim(tenant, E' \t\n\u000b\u000c\r\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000')
        OR tenant ~ E'[\u0001-\u001f\u007f-\u009f]' THEN
        RAISE EXCEPTION 'this is no tenant''s name: it has 1 to 255 bytes and neither control characters nor spaces around it'
            USING ERRCODE = '22023';
    ELSIF left(tenant, 1) = '_' AND NOT tenant = ANY (reserved) THEN
        RAISE EXCEPTION '"%" is reserved: no such tenant', tenant
            USING ERRCODE = '22023', HINT = 'Reserved names with a meaning here: ' || array_to_string(reserved, ', ') || '.';
    END IF;
END
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_check_tenant(text, text[]) FROM PUBLIC;

-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_check_reason(reason text, required boolean) RETURNS void
    LANGUAGE plpgsql IMMUTABLE
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
BEGIN
    IF required AND coalesce(btrim(reason), '') = '' THEN
        RAISE EXCEPTION 'a reason is missing' USING ERRCODE = '22023', HINT = 'It is what an auditor will read.';
    ELSIF octet_length(reason) > 4096 THEN
        RAISE EXCEPTION 'the reason has % bytes, at most 4096 are kept', octet_length(reason) USING ERRCODE = '22023';
    END IF;
END
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_check_reason(text, boolean) FROM PUBLIC;

-- What the operator decides waits for the removal that is at work, and no longer
-- than lock_timeout: then it says whom it waited for.
-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_lock_decisions(decided regclass, lock_mode text) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
DECLARE
    holders text;
BEGIN
    EXECUTE format('LOCK TABLE %s IN %s MODE', decided, lock_mode);
EXCEPTION WHEN lock_not_available THEN
    SELECT string_agg(DISTINCT l.pid::text, ', ') INTO holders FROM pg_locks AS l
    WHERE l.relation = decided AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
        AND l.granted AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'AccessExclusiveLock');
    RAISE EXCEPTION 'a prune, or another change, is not done yet, and nothing was decided: it is the backend %', coalesce(holders, 'of before')
        USING ERRCODE = '55P03', HINT = 'Try again; if it stays so, an administrator can end it with pg_terminate_backend.';
END
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_lock_decisions(regclass, text) FROM PUBLIC;

-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_hold_add(
    tenant text, held_since timestamptz, held_until timestamptz, target_type text, target_id text, reason text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
    SET lock_timeout = '15s'
AS $$
DECLARE
    hold bigint;
BEGIN
    PERFORM {{schema}}.audit_check_tenant(tenant, ARRAY['_system']);
    PERFORM {{schema}}.audit_check_reason(reason, true);
    IF held_since >= held_until THEN
        RAISE EXCEPTION 'the hold ends before it begins' USING ERRCODE = '22023', HINT = 'The window is since <= recorded_at < until.';
    ELSIF NOT isfinite(held_since) OR NOT isfinite(held_until) THEN
        RAISE EXCEPTION 'a hold has no infinite bounds' USING ERRCODE = '22023', HINT = 'Leave a bound out (null) where the window is open.';
    ELSIF target_type = '' OR target_id = '' OR (target_id IS NOT NULL AND target_type IS NULL)
        OR octet_length(target_type) > 255 OR octet_length(target_id) > 512 THEN
        RAISE EXCEPTION 'this is no target: a type of 1 to 255 bytes and, if any, an id of 1 to 512' USING ERRCODE = '22023';
    END IF;
    PERFORM {{schema}}.audit_lock_decisions('{{schema}}.audit_legal_holds', 'ROW EXCLUSIVE');
    INSERT INTO {{schema}}.audit_legal_holds (since, until, tenant_id, reason, placed_by, target_type, target_id)
    VALUES (held_since, held_until, tenant, reason, session_user, target_type, target_id) RETURNING id INTO hold;
    PERFORM {{schema}}.audit_place('audit.hold.add', 'success', jsonb_build_object('type', 'hold', 'id', hold::text), reason,
        jsonb_strip_nulls(jsonb_build_object('tenant', tenant, 'since', held_since, 'until', held_until,
            'target_type', target_type, 'target_id', target_id)));
    RETURN hold;
END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_hold_release(hold bigint, reason text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
    SET lock_timeout = '15s'
AS $$
DECLARE
    held {{schema}}.audit_legal_holds;
BEGIN
    PERFORM {{schema}}.audit_check_reason(reason, true);
    PERFORM {{schema}}.audit_lock_decisions('{{schema}}.audit_legal_holds', 'ROW EXCLUSIVE');
    SELECT * INTO held FROM {{schema}}.audit_legal_holds AS h WHERE h.id = hold FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no legal hold %', hold USING ERRCODE = 'P0002';
    ELSIF held.released_at IS NOT NULL THEN
        RAISE EXCEPTION 'legal hold % was released by % at %', hold, held.released_by,
            to_char(held.released_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') USING ERRCODE = '55000';
    END IF;
    PERFORM set_config('audit.deciding', 'on', true);
    UPDATE {{schema}}.audit_legal_holds AS h
    SET released_at = clock_timestamp(), released_by = session_user, release_reason = audit_hold_release.reason WHERE h.id = hold;
    PERFORM set_config('audit.deciding', 'off', true);
    PERFORM {{schema}}.audit_place('audit.hold.release', 'success', jsonb_build_object('type', 'hold', 'id', hold::text), reason,
        jsonb_strip_nulls(jsonb_build_object('tenant', held.tenant_id, 'since', held.since, 'until', held.until,
            'target_type', held.target_type, 'target_id', held.target_id,
            'placed_at', held.placed_at, 'placed_by', held.placed_by, 'placed_reason', held.reason)));
    RETURN held.tenant_id;
END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_retention_set(tenant text, days integer, named_framework text, reason text) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
    SET lock_timeout = '15s'
AS $$
DECLARE
    before {{schema}}.audit_retention;
BEGIN
    PERFORM {{schema}}.audit_check_tenant(tenant, ARRAY['_default', '_quarantine', '_journal', '_system']);
    PERFORM {{schema}}.audit_check_reason(reason, false);
    IF days IS NULL OR days NOT BETWEEN 1 AND 36525 THEN
        RAISE EXCEPTION 'a retention of % days: it is 1 day to 100 years', coalesce(days::text, 'no') USING ERRCODE = '22023';
    ELSIF named_framework = '' OR octet_length(named_framework) > 255 THEN
        RAISE EXCEPTION 'the framework has 1 to 255 bytes' USING ERRCODE = '22023';
    END IF;
    -- Two at once must not both take the same value for the one before.
    PERFORM {{schema}}.audit_require_read_committed();
    PERFORM {{schema}}.audit_lock_decisions('{{schema}}.audit_retention', 'SHARE ROW EXCLUSIVE');
    SELECT * INTO before FROM {{schema}}.audit_retention AS r WHERE r.tenant_id = tenant;
    PERFORM set_config('audit.deciding', 'on', true);
    INSERT INTO {{schema}}.audit_retention AS r (tenant_id, keep_days, framework, reason, updated_at, updated_by)
    VALUES (tenant, days, named_framework, nullif(reason, ''), clock_timestamp(), session_user)
    ON CONFLICT (tenant_id) DO UPDATE
        SET keep_days = excluded.keep_days, framework = excluded.framework, reason = excluded.reason,
            updated_at = excluded.updated_at, updated_by = excluded.updated_by;
    PERFORM set_config('audit.deciding', 'off', true);
    PERFORM {{schema}}.audit_place('audit.retention.set', 'success', jsonb_build_object('type', 'tenant', 'id', tenant), nullif(reason, ''),
        jsonb_strip_nulls(jsonb_build_object('tenant', tenant, 'keep_days', days, 'framework', named_framework,
            'old_keep_days', before.keep_days, 'old_framework', before.framework, 'old_reason', before.reason,
            'old_updated_at', before.updated_at, 'old_updated_by', before.updated_by)));
    RETURN before.keep_days;
END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_retention_unset(tenant text, reason text) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
    SET lock_timeout = '15s'
AS $$
DECLARE
    before {{schema}}.audit_retention;
BEGIN
    PERFORM {{schema}}.audit_check_reason(reason, false);
    PERFORM {{schema}}.audit_require_read_committed();
    PERFORM {{schema}}.audit_lock_decisions('{{schema}}.audit_retention', 'SHARE ROW EXCLUSIVE');
    SELECT * INTO before FROM {{schema}}.audit_retention AS r WHERE r.tenant_id = tenant;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no retention is set for "%"', tenant USING ERRCODE = 'P0002';
    END IF;
    PERFORM set_config('audit.deciding', 'on', true);
    DELETE FROM {{schema}}.audit_retention AS r WHERE r.tenant_id = tenant;
    PERFORM set_config('audit.deciding', 'off', true);
    PERFORM {{schema}}.audit_place('audit.retention.unset', 'success', jsonb_build_object('type', 'tenant', 'id', tenant), nullif(reason, ''),
        jsonb_strip_nulls(jsonb_build_object('tenant', tenant, 'old_keep_days', before.keep_days, 'old_framework', before.framework,
            'old_reason', before.reason, 'old_updated_at', before.updated_at, 'old_updated_by', before.updated_by)));
    RETURN before.keep_days;
END
$$;
-- +goose StatementEnd

-- The one way in which a quarantined record is resolved. For the functions below
-- only: an operator who could call it could say "replayed" of what never was.
-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_quarantine_resolve(quarantined bigint, resolved_as text, reason text, further jsonb) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
DECLARE
    kept {{schema}}.audit_quarantine;
BEGIN
    PERFORM set_config('audit.resolving', 'on', true);
    UPDATE {{schema}}.audit_quarantine AS q
    SET resolved_at = clock_timestamp(), resolution = resolved_as, resolution_reason = nullif(audit_quarantine_resolve.reason, ''), resolved_by = session_user
    WHERE q.id = quarantined RETURNING * INTO kept;
    PERFORM set_config('audit.resolving', 'off', true);
    PERFORM {{schema}}.audit_place('audit.quarantine.' || CASE resolved_as WHEN 'replayed' THEN 'replay' ELSE 'discard' END, 'success',
        jsonb_build_object('type', 'quarantine', 'id', quarantined::text), nullif(reason, ''),
        jsonb_strip_nulls(jsonb_build_object('tenant', kept.tenant_id, 'event_id', kept.event_id, 'event_action', kept.action,
            'quarantine_reason', kept.reason, 'received_at', kept.received_at, 'sha256', encode(kept.sha256, 'hex'))) || further);
END
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_quarantine_resolve(bigint, text, text, jsonb) FROM PUBLIC;

-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_quarantine_discard(quarantined bigint, reason text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
DECLARE
    kept {{schema}}.audit_quarantine;
BEGIN
    PERFORM {{schema}}.audit_check_reason(reason, true);
    SELECT * INTO kept FROM {{schema}}.audit_quarantine AS q WHERE q.id = quarantined FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no quarantined record %', quarantined USING ERRCODE = 'P0002';
    ELSIF kept.resolution IS NOT NULL THEN
        RAISE EXCEPTION 'quarantined record % was % by % at %', quarantined, kept.resolution, kept.resolved_by,
            to_char(kept.resolved_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') USING ERRCODE = '55000';
    END IF;
    PERFORM {{schema}}.audit_quarantine_resolve(quarantined, 'discarded', reason, '{}');
END
$$;
-- +goose StatementEnd

-- Whether a record says this of itself, as a text of its own or in a body of JSON:
-- an operator must not lend it the identity of another event.
-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_quarantine_brings(kept {{schema}}.audit_quarantine, identity text) RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
DECLARE
    bytes constant bytea := convert_to(identity, 'UTF8');
    quoted constant bytea := convert_to(to_json(identity)::text, 'UTF8');
    length constant integer := octet_length(bytes);
    framed bytea;
BEGIN
    IF identity IS NULL OR identity = kept.event_id THEN
        RETURN true;
    ELSIF identity = '' THEN
        RETURN false;
    ELSIF position(quoted IN kept.otlp) > 0 THEN
        RETURN true;
    ELSIF kept.otlp_encoding = 'protobuf' THEN -- field 1 of AnyValue, its length as a varint
        framed := '\x0a'::bytea || CASE WHEN length < 128 THEN set_byte('\x00', 0, length)
            ELSE set_byte(set_byte('\x0000', 0, length % 128 + 128), 1, length / 128) END || bytes;
        RETURN position(framed IN kept.otlp) > 0;
    END IF;
    RETURN EXISTS (SELECT FROM jsonb_path_query(convert_from(kept.otlp, 'UTF8')::jsonb, '$.**.stringValue') AS said (text)
        WHERE said.text #>> '{}' = identity OR strpos(said.text #>> '{}', to_json(identity)::text) > 0);
EXCEPTION WHEN data_exception THEN -- no JSON
    RETURN false;
END
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_quarantine_brings({{schema}}.audit_quarantine, text) FROM PUBLIC;

-- Resolves a record whose event is stored, and says what it found:
--   stored    an event with this identity says the same: resolved now
--   replayed  it was resolved before
--   discarded it was discarded before
--   conflict  an event with this identity is stored and says something else
--   differs   the same, but redaction may have made it so: give a reason to resolve
--   absent    there is no such event
-- The identity is what the record brings: an id, a key, or else the time with
-- which its derived id begins. The fingerprint says that it is that event; where
-- it differs, the operator says so with a reason, and the trace says so too.
-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_quarantine_replayed(
    quarantined bigint, tenant text, own_id text, own_key text, time_unix_ms bigint, expected bytea, reason text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
DECLARE
    kept {{schema}}.audit_quarantine;
    found_id {{schema}}.audit_event_ids;
    low text;
    high text;
BEGIN
    PERFORM {{schema}}.audit_check_reason(reason, false);
    IF tenant IS NULL OR tenant = '' OR octet_length(expected) IS DISTINCT FROM 32
        OR octet_length(own_id) > 512 OR octet_length(own_key) > 512 OR time_unix_ms NOT BETWEEN 0 AND 281474976710654 THEN
        RAISE EXCEPTION 'audit_quarantine_replayed: no tenant, identity or fingerprint' USING ERRCODE = '22023';
    END IF;
    SELECT * INTO kept FROM {{schema}}.audit_quarantine AS q WHERE q.id = quarantined FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no quarantined record %', quarantined USING ERRCODE = 'P0002';
    ELSIF kept.resolution IS NOT NULL THEN
        RETURN kept.resolution;
    ELSIF btrim(kept.tenant_id) <> btrim(tenant) OR (left(btrim(tenant), 1) = '_' AND nullif(btrim(kept.tenant_id), '') IS NULL) THEN
        RAISE EXCEPTION 'quarantined record % claims another tenant', quarantined USING ERRCODE = '22023';
    ELSIF NOT {{schema}}.audit_quarantine_brings(kept, own_id) OR NOT {{schema}}.audit_quarantine_brings(kept, own_key) THEN
        RAISE EXCEPTION 'quarantined record % does not bring this identity', quarantined USING ERRCODE = '22023';
    END IF;

    IF coalesce(own_id, own_key) IS NOT NULL THEN
        SELECT * INTO found_id FROM {{schema}}.audit_event_ids AS i
        WHERE i.tenant_id = tenant AND ((i.kind = 'e' AND i.id = own_id) OR (i.kind = 'k' AND i.id = own_key))
        ORDER BY i.fingerprint = expected DESC LIMIT 1;
    ELSE
        low := lpad(to_hex(time_unix_ms), 12, '0');
        high := lpad(to_hex(time_unix_ms + 1), 12, '0');
        SELECT * INTO found_id FROM {{schema}}.audit_event_ids AS i
        WHERE i.tenant_id = tenant AND i.kind = 'e' AND i.fingerprint = expected
            AND i.id >= left(low, 8) || '-' || right(low, 4) AND i.id < left(high, 8) || '-' || right(high, 4)
        LIMIT 1;
    END IF;
    IF found_id.id IS NULL THEN
        RETURN 'absent';
    ELSIF found_id.fingerprint <> expected AND (
        -- Redaction that only the collector knows may have changed what the event
        -- says. Then it is this one if it came later than the record and nothing
        -- in quarantine says that there were two.
        found_id.recorded_at < kept.received_at
        OR EXISTS (SELECT FROM {{schema}}.audit_quarantine AS q
            WHERE q.tenant_id = tenant AND q.reason = 'conflict' AND q.received_at >= found_id.recorded_at
                AND (q.event_id = found_id.id OR q.event_id = own_id)))
    THEN
        RETURN 'conflict';
    END IF;
    IF found_id.fingerprint <> expected AND coalesce(btrim(reason), '') = '' THEN
        RETURN 'differs';
    END IF;
    PERFORM {{schema}}.audit_quarantine_resolve(quarantined, 'replayed', reason,
        jsonb_build_object('tenant', tenant, 'event_epoch', found_id.epoch, 'event_seq', found_id.seq)
        || CASE WHEN found_id.fingerprint <> expected THEN
            jsonb_build_object('fingerprint', 'differs', CASE found_id.kind WHEN 'e' THEN 'stored_event_id' ELSE 'stored_key' END, found_id.id) ELSE '{}' END);
    RETURN 'stored';
END
$$;
-- +goose StatementEnd

REVOKE EXECUTE ON FUNCTION {{schema}}.audit_hold_add(text, timestamptz, timestamptz, text, text, text) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_hold_release(bigint, text) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_retention_set(text, integer, text, text) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_retention_unset(text, text) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_quarantine_discard(bigint, text) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_quarantine_replayed(bigint, text, text, text, bigint, bytea, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {{schema}}.audit_hold_add(text, timestamptz, timestamptz, text, text, text) TO {{operator}};
GRANT EXECUTE ON FUNCTION {{schema}}.audit_hold_release(bigint, text) TO {{operator}};
GRANT EXECUTE ON FUNCTION {{schema}}.audit_retention_set(text, integer, text, text) TO {{operator}};
GRANT EXECUTE ON FUNCTION {{schema}}.audit_retention_unset(text, text) TO {{operator}};
GRANT EXECUTE ON FUNCTION {{schema}}.audit_quarantine_discard(bigint, text) TO {{operator}};
GRANT EXECUTE ON FUNCTION {{schema}}.audit_quarantine_replayed(bigint, text, text, text, bigint, bytea, text) TO {{operator}};

COMMENT ON FUNCTION {{schema}}.audit_hold_add(text, timestamptz, timestamptz, text, text, text) IS
    'Places a legal hold on what a tenant recorded in a window, about a target if one is named, and returns its id.';
COMMENT ON FUNCTION {{schema}}.audit_hold_release(bigint, text) IS 'Releases a legal hold, once, and returns its tenant.';
COMMENT ON FUNCTION {{schema}}.audit_retention_set(text, integer, text, text) IS
    'Says how many days the events of a tenant (or _default, _quarantine, _journal, _system) are kept, and returns what was said before.';
COMMENT ON FUNCTION {{schema}}.audit_retention_unset(text, text) IS 'Takes a policy back and returns its days.';
COMMENT ON FUNCTION {{schema}}.audit_quarantine_discard(bigint, text) IS 'Says of a quarantined record, once, that it will not become an event.';

-- A name that is spelled wrong holds nothing, which whoever sees no event cannot
-- see.
-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_tenant_known(tenant text) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$ SELECT EXISTS (SELECT FROM {{schema}}.audit_commits AS c WHERE c.tenant_id = tenant) $$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_tenant_known(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {{schema}}.audit_tenant_known(text) TO {{auditor}}, {{pruner}}, {{operator}};

COMMENT ON FUNCTION {{schema}}.audit_tenant_known(text) IS 'Whether the store has, or had, events of a tenant.';

-- What the pruner of a journal must know. It sees no table.
-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_open_holds()
    RETURNS TABLE (id bigint, tenant_id text, since timestamptz, until timestamptz, target_type text, target_id text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
    SELECT h.id, h.tenant_id, h.since, h.until, h.target_type, h.target_id
    FROM {{schema}}.audit_legal_holds AS h WHERE h.released_at IS NULL ORDER BY h.id
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_open_holds() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {{schema}}.audit_open_holds() TO {{auditor}}, {{pruner}}, {{operator}};

COMMENT ON FUNCTION {{schema}}.audit_open_holds() IS 'The holds of all tenants that are not released.';

-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_keep_days(tenant text) RETURNS integer
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$ SELECT r.keep_days FROM {{schema}}.audit_retention AS r WHERE r.tenant_id = tenant $$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_keep_days(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {{schema}}.audit_keep_days(text) TO {{auditor}}, {{pruner}}, {{operator}};

COMMENT ON FUNCTION {{schema}}.audit_keep_days(text) IS 'The days of the policy with exactly this name; null where there is none.';

CREATE OR REPLACE FUNCTION {{schema}}.audit_schema_version() RETURNS integer
    LANGUAGE sql IMMUTABLE
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$ SELECT 10 $$;

RESET ROLE;

-- +goose Down
SET ROLE {{owner}};
CREATE OR REPLACE FUNCTION {{schema}}.audit_schema_version() RETURNS integer
    LANGUAGE sql IMMUTABLE
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$ SELECT 9 $$;
DROP FUNCTION {{schema}}.audit_keep_days(text);
DROP FUNCTION {{schema}}.audit_open_holds();
DROP FUNCTION {{schema}}.audit_tenant_known(text);
DROP FUNCTION {{schema}}.audit_quarantine_replayed(bigint, text, text, text, bigint, bytea, text);
DROP FUNCTION {{schema}}.audit_quarantine_brings({{schema}}.audit_quarantine, text);
DROP FUNCTION {{schema}}.audit_quarantine_discard(bigint, text);
DROP FUNCTION {{schema}}.audit_quarantine_resolve(bigint, text, text, jsonb);
DROP FUNCTION {{schema}}.audit_retention_unset(text, text);
DROP FUNCTION {{schema}}.audit_retention_set(text, integer, text, text);
DROP FUNCTION {{schema}}.audit_hold_release(bigint, text);
DROP FUNCTION {{schema}}.audit_hold_add(text, timestamptz, timestamptz, text, text, text);
DROP FUNCTION {{schema}}.audit_lock_decisions(regclass, text);
DROP FUNCTION {{schema}}.audit_check_reason(text, boolean);
DROP FUNCTION {{schema}}.audit_check_tenant(text, text[]);
REVOKE SELECT ON {{schema}}.audit_legal_holds, {{schema}}.audit_retention FROM {{operator}};
DROP POLICY audit_operator ON {{schema}}.audit_retention;
DROP POLICY audit_operator ON {{schema}}.audit_legal_holds;
DROP TRIGGER audit_append_only ON {{schema}}.audit_retention;
DROP TRIGGER audit_append_only_row ON {{schema}}.audit_retention;
DROP TRIGGER audit_append_only ON {{schema}}.audit_legal_holds;
DROP TRIGGER audit_append_only_row ON {{schema}}.audit_legal_holds;
DROP FUNCTION {{schema}}.audit_refuse_retention_change();
DROP FUNCTION {{schema}}.audit_refuse_hold_change();
ALTER TABLE {{schema}}.audit_legal_holds DROP CONSTRAINT audit_legal_holds_finite, DROP CONSTRAINT audit_legal_holds_target;
RESET ROLE;
