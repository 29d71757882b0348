-- How long events are kept, what holds them, and how they leave. Whoever says
-- what is kept (the operator) is not who removes (the pruner), and neither can
-- touch a table but through these functions.

-- +goose Up
SET ROLE {{owner}};

ALTER TABLE {{schema}}.audit_legal_holds
    ADD COLUMN target_type text COLLATE "C",
    ADD COLUMN target_id text COLLATE "C",
    ADD COLUMN release_reason text;
COMMENT ON TABLE {{schema}}.audit_legal_holds IS
    'While a hold is not released, nothing recorded in its window and about its target is pruned; absent bounds are open, an absent target is any.';

ALTER TABLE {{schema}}.audit_retention
    ADD COLUMN framework text COLLATE "C",
    ADD COLUMN reason text;
COMMENT ON TABLE {{schema}}.audit_retention IS
    'How long events are kept, in days since recorded_at; tenant_id _default holds for all others, _quarantine and _journal for those.';

-- The shortest time that a tenant's events are kept: a day, or what the policy
-- of the tenant says, or the default one.
-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_prune_policy(tenant text) RETURNS integer
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
    SELECT coalesce(
        (SELECT keep_days FROM {{schema}}.audit_retention WHERE tenant_id = tenant),
        (SELECT keep_days FROM {{schema}}.audit_retention WHERE tenant_id = '_default'))
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_prune_policy(text) FROM PUBLIC;

-- The one place that says how old what goes must be. The time is the server's.
-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_prune_cutoff(tenant text, age_seconds bigint) RETURNS timestamptz
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
DECLARE
    keep constant integer := {{schema}}.audit_prune_policy(tenant);
BEGIN
    IF age_seconds IS NULL THEN
        RETURN clock_timestamp() - make_interval(days => keep); -- null where no policy is
    END IF;
    IF age_seconds < 86400 THEN
        RAISE EXCEPTION 'events younger than one day are never pruned; asked was an age of % s', age_seconds USING ERRCODE = '22023';
    END IF;
    IF age_seconds > 86400::bigint * 365 * 200 THEN
        RAISE EXCEPTION 'an age of % s is beyond 200 years', age_seconds USING ERRCODE = '22023';
    END IF;
    IF age_seconds < keep::bigint * 86400 THEN
        RAISE EXCEPTION 'the policy of tenant "%" keeps % days, and asked was to prune after % days', tenant, keep, trunc(age_seconds / 86400.0, 2)::float8
            USING ERRCODE = '22023', HINT = 'Leave the age out to prune by the policies, or name the tenants to prune; the operator sets policies.';
    END IF;
    RETURN clock_timestamp() - make_interval(secs => age_seconds);
END
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_prune_cutoff(text, bigint) FROM PUBLIC;

-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_month_partition(month date) RETURNS regclass
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
    SELECT i.inhrelid::regclass FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
    WHERE i.inhparent = '{{schema}}.audit_events'::regclass AND c.relname = 'audit_events_' || to_char(month, 'YYYY_MM')
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_month_partition(date) FROM PUBLIC;

-- Where the first commit begins, of those behind the first size up to the
-- second, that a legal hold keeps; null where none does.
-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_prune_held(tenant text, in_epoch integer, behind bigint, upto bigint) RETURNS bigint
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
DECLARE
    hold record;
    month_of date;
    partition regclass;
    event bigint;
    begins bigint;
    first bigint;
BEGIN
    FOR hold IN SELECT * FROM {{schema}}.audit_legal_holds AS h WHERE h.tenant_id = tenant AND h.released_at IS NULL LOOP
        begins := NULL;
        IF hold.target_type IS NULL AND hold.target_id IS NULL THEN
            SELECT min(c.prev_size) INTO begins FROM {{schema}}.audit_commits AS c
            WHERE c.tenant_id = tenant AND c.epoch = in_epoch AND c.size > behind AND c.size <= upto
                AND (hold.since IS NULL OR c.recorded_at >= hold.since) AND (hold.until IS NULL OR c.recorded_at < hold.until);
        ELSE
            FOR month_of IN
                SELECT DISTINCT date_trunc('month', c.recorded_at)::date FROM {{schema}}.audit_commits AS c
                WHERE c.tenant_id = tenant AND c.epoch = in_epoch AND c.size > behind AND c.size <= upto
                    AND (hold.since IS NULL OR c.recorded_at >= hold.since) AND (hold.until IS NULL OR c.recorded_at < hold.until)
                ORDER BY 1
            LOOP
                partition := {{schema}}.audit_month_partition(month_of);
                CONTINUE WHEN partition IS NULL;
                EXECUTE format('SELECT min(seq) FROM %s WHERE tenant_id = $1 AND epoch = $2 AND seq >= $3 AND seq < $4
                    AND ($5 IS NULL OR target_type = $5) AND ($6 IS NULL OR target_id = $6)
                    AND ($7 IS NULL OR recorded_at >= $7) AND ($8 IS NULL OR recorded_at < $8)', partition)
                    INTO event USING tenant, in_epoch, behind, upto, hold.target_type, hold.target_id, hold.since, hold.until;
                IF event IS NOT NULL THEN
                    SELECT c.prev_size INTO begins FROM {{schema}}.audit_commits AS c
                    WHERE c.tenant_id = tenant AND c.epoch = in_epoch AND c.size > event ORDER BY c.size LIMIT 1;
                    EXIT;
                END IF;
            END LOOP;
        END IF;
        IF begins IS NOT NULL THEN
            first := least(first, greatest(begins, behind));
        END IF;
    END LOOP;
    RETURN first;
END
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_prune_held(text, integer, bigint, bigint) FROM PUBLIC;

-- Events of _system announce removals, and verify asks for them as long as what
-- was removed is gone: of each log those that the newest row names. They stay,
-- unless they are announced anew.
-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_prune_announced(in_epoch integer, upto bigint)
    RETURNS TABLE (tenant_id text, epoch integer, size bigint, seq bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
    SELECT p.tenant_id, p.epoch, p.size, i.seq
    FROM (SELECT DISTINCT ON (r.tenant_id, r.epoch) r.* FROM {{schema}}.audit_prunes AS r ORDER BY r.tenant_id, r.epoch, r.size DESC, r.id DESC) AS p
    JOIN {{schema}}.audit_event_ids AS i ON i.tenant_id = '_system' AND i.kind = 'e' AND i.id = p.intent_event_id
    WHERE i.epoch = in_epoch AND i.seq < upto AND (p.tenant_id, p.epoch) <> ('_system', in_epoch)
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_prune_announced(integer, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {{schema}}.audit_prune_announced(integer, bigint) TO {{pruner}};

COMMENT ON FUNCTION {{schema}}.audit_prune_announced(integer, bigint) IS
    'The logs whose removal is announced by events of this epoch of _system before seq = upto: what must be announced anew before these may go.';

-- Where the first commit of _system begins that announces what is gone: of prunes,
-- which can be announced anew, only if asked for, and of single events.
-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_prune_needed(in_epoch integer, behind bigint, upto bigint, of_prunes boolean) RETURNS bigint
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
DECLARE
    needed bigint;
    event bigint;
    month_of date;
    partition regclass;
BEGIN
    IF of_prunes THEN
        SELECT min(a.seq) INTO needed FROM {{schema}}.audit_prune_announced(in_epoch, upto) AS a;
    END IF;
    IF EXISTS (SELECT FROM {{schema}}.audit_pruned_leaves) THEN
        FOR month_of IN
            SELECT DISTINCT date_trunc('month', c.recorded_at)::date FROM {{schema}}.audit_commits AS c
            WHERE c.tenant_id = '_system' AND c.epoch = in_epoch AND c.size > behind AND c.size <= upto
        LOOP
            partition := {{schema}}.audit_month_partition(month_of);
            CONTINUE WHEN partition IS NULL;
            EXECUTE format('SELECT min(seq) FROM %s WHERE tenant_id = ''_system'' AND epoch = $1 AND seq < $2
                AND action = ''audit.prune'' AND payload ? ''seqs''', partition) INTO event USING in_epoch, upto;
            needed := least(needed, event);
        END LOOP;
    END IF;
    IF needed IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN (SELECT greatest(c.prev_size, behind) FROM {{schema}}.audit_commits AS c
        WHERE c.tenant_id = '_system' AND c.epoch = in_epoch AND c.size > needed ORDER BY c.size LIMIT 1);
END
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_prune_needed(integer, bigint, bigint, boolean) FROM PUBLIC;

-- What would go, one row per log and month that has events: as much of it as is
-- expired and not held, and all that is expired. A reader asks for its tenant.
-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_prune_plan(tenant text, age_seconds bigint, batch integer) RETURNS TABLE (
    tenant_id text, epoch integer, month date, from_size bigint, until_size bigint, size bigint,
    cutoff timestamptz, cut bigint, wanted bigint, signed boolean,
    events bigint, held_back bigint, bytes bigint, batches bigint, oldest timestamptz, newest timestamptz)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
DECLARE
    sees_all constant boolean := pg_has_role(session_user, '{{auditor_name}}', 'MEMBER') OR pg_has_role(session_user, '{{pruner_name}}', 'MEMBER');
    log record;
    slice record;
    head record;
    before bigint;
    held bigint;
    ends bigint;
    -- Of each month the bytes of a row, so that the catalog is asked once.
    months constant jsonb := (SELECT jsonb_object_agg(right(c.relname, 7), pg_total_relation_size(c.oid) / c.reltuples)
        FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
        WHERE i.inhparent = '{{schema}}.audit_events'::regclass AND c.reltuples > 0);
    some_removed constant boolean := EXISTS (SELECT FROM {{schema}}.audit_pruned_leaves);
BEGIN
    IF tenant IS NULL AND (NOT sees_all OR NOT {{schema}}.audit_login_admits(NULL)) THEN
        RAISE EXCEPTION 'login "%" does not see every tenant: name one', session_user
            USING ERRCODE = '42501', HINT = 'Auditor and pruner may ask for all.';
    END IF;
    IF tenant IS NOT NULL AND NOT {{schema}}.audit_login_admits(tenant) THEN
        RAISE EXCEPTION 'login "%" may not read this tenant', session_user USING ERRCODE = '42501';
    END IF;
    IF batch IS NULL OR batch < 1 OR batch > 1000000 THEN
        RAISE EXCEPTION 'a batch has 1 to 1000000 events, not %', batch USING ERRCODE = '22023';
    END IF;
    PERFORM {{schema}}.audit_prune_cutoff(coalesce(tenant, '_default'), age_seconds);
    -- _system last: what announces the others is in it.
    FOR log IN
        SELECT c.tenant_id AS name, c.epoch AS number, max(c.size) AS last FROM {{schema}}.audit_commits AS c
        WHERE tenant IS NULL OR c.tenant_id = tenant GROUP BY 1, 2 ORDER BY c.tenant_id = '_system', 1, 2
    LOOP
        SELECT coalesce(max(p.size), 0) INTO before FROM {{schema}}.audit_prunes AS p WHERE p.tenant_id = log.name AND p.epoch = log.number;
        CONTINUE WHEN before >= log.last;
        tenant_id := log.name;
        epoch := log.number;
        cutoff := {{schema}}.audit_prune_cutoff(log.name, age_seconds);
        wanted := coalesce((SELECT c.size FROM {{schema}}.audit_commits AS c
            WHERE c.tenant_id = log.name AND c.epoch = log.number AND c.size > before AND c.recorded_at < cutoff ORDER BY c.size DESC LIMIT 1), before);
        cut := coalesce({{schema}}.audit_prune_held(log.name, log.number, before, wanted), wanted);
        IF log.name = '_system' THEN
            cut := coalesce({{schema}}.audit_prune_needed(log.number, before, cut, false), cut);
        END IF;
        SELECT c.note IS NOT NULL AS signed, e.prev_size AS covered INTO head
            FROM {{schema}}.audit_commits AS c
            LEFT JOIN {{schema}}.audit_epochs AS e ON e.tenant_id = c.tenant_id AND e.epoch = c.epoch + 1
            WHERE c.tenant_id = log.name AND c.epoch = log.number AND c.size = cut;
        signed := coalesce(head.signed, true);
        -- An unsigned epoch that the statement of the next one covers is under one
        -- root: a part would leave a rest that nothing vouches for.
        IF NOT signed AND head.covered IS NOT NULL THEN
            signed := true;
            IF cut < head.covered THEN
                cut := before;
            END IF;
        END IF;
        -- Row by row a million commits took 7 s.
        FOR slice IN
            SELECT date_trunc('month', c.recorded_at)::date AS month, min(c.prev_size) AS begins, max(c.size) AS ends,
                max(c.size) FILTER (WHERE c.size <= cut) AS goes, min(c.recorded_at) FILTER (WHERE c.size <= cut) AS oldest,
                max(c.recorded_at) FILTER (WHERE c.size <= cut) AS newest,
                coalesce(sum(c.size - c.prev_size) FILTER (WHERE c.size > cut AND c.size <= wanted), 0)::bigint AS held
            FROM {{schema}}.audit_commits AS c
            WHERE c.tenant_id = log.name AND c.epoch = log.number AND c.size > before GROUP BY 1 ORDER BY 2
        LOOP
            month := slice.month;
            from_size := slice.begins;
            until_size := slice.ends;
            size := coalesce(slice.goes, from_size);
            oldest := slice.oldest;
            newest := slice.newest;
            held_back := slice.held;
            events := size - from_size;
            IF some_removed THEN
                events := events - (SELECT count(*) FROM {{schema}}.audit_pruned_leaves AS l
                    WHERE l.tenant_id = log.name AND l.epoch = log.number AND l.seq >= from_size AND l.seq < audit_prune_plan.size);
            END IF;
            bytes := events * coalesce((months ->> to_char(month, 'YYYY_MM'))::float8, 1024);
            batches := 0;
            ends := from_size;
            WHILE ends < size LOOP
                batches := batches + 1;
                -- As audit_prune_batch does: what fits, or one commit.
                ends := CASE WHEN size - ends <= batch THEN size ELSE coalesce(
                    (SELECT c.size FROM {{schema}}.audit_commits AS c WHERE c.tenant_id = log.name AND c.epoch = log.number
                        AND c.size > ends AND c.size <= ends + batch ORDER BY c.size DESC LIMIT 1),
                    (SELECT c.size FROM {{schema}}.audit_commits AS c WHERE c.tenant_id = log.name AND c.epoch = log.number
                        AND c.size > ends ORDER BY c.size LIMIT 1)) END;
            END LOOP;
            RETURN NEXT;
        END LOOP;
    END LOOP;
END
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_prune_plan(text, bigint, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {{schema}}.audit_prune_plan(text, bigint, integer) TO {{reader}}, {{auditor}}, {{pruner}};

COMMENT ON FUNCTION {{schema}}.audit_prune_plan(text, bigint, integer) IS
    'What a prune would remove: events older than the age in seconds (null: by the policies), of one tenant or of all (null). bytes is an estimate.';

-- A snapshot of REPEATABLE READ or SERIALIZABLE is older than any lock that is
-- taken under it: holds and policies that came in between would not be seen.
-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_require_read_committed() RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
BEGIN
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RAISE EXCEPTION 'the isolation level % hides what was committed since the transaction began, and that may be a hold or a policy', current_setting('transaction_isolation')
            USING ERRCODE = '25001', HINT = 'Begin the transaction with BEGIN ISOLATION LEVEL READ COMMITTED.';
    END IF;
END
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_require_read_committed() FROM PUBLIC;

-- Everything that must hold before the events before a size go. Returns the
-- commit that ends there, under the locks that keep holds and policies as they
-- are until the end of the transaction.
-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_prune_check(tenant text, in_epoch integer, before bigint, upto bigint, cutoff timestamptz, intent text)
    RETURNS {{schema}}.audit_commits
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
DECLARE
    keep constant integer := greatest({{schema}}.audit_prune_policy(tenant), 1);
    boundary {{schema}}.audit_commits;
    covered bigint;
    said record;
BEGIN
    -- Where nothing goes, a removal is only announced anew.
    IF cutoff IS NULL OR NOT isfinite(cutoff) OR upto > before AND cutoff > clock_timestamp() - make_interval(days => keep) THEN
        RAISE EXCEPTION 'events of tenant "%" are kept for % days: % is not that long ago', tenant, keep, coalesce(cutoff::text, 'null')
            USING ERRCODE = '22023';
    END IF;
    SELECT * INTO boundary FROM {{schema}}.audit_commits AS c WHERE c.tenant_id = tenant AND c.epoch = in_epoch AND c.size = upto;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'tenant "%", epoch %: no commit ends with % events, and only whole commits are pruned', tenant, in_epoch, upto
            USING ERRCODE = '22023';
    END IF;
    IF upto > before AND boundary.recorded_at >= cutoff THEN
        RAISE EXCEPTION 'tenant "%", epoch %: the commit of % events is not older than %', tenant, in_epoch, upto, cutoff
            USING ERRCODE = '22023';
    END IF;
    IF upto > before AND {{schema}}.audit_prune_held(tenant, in_epoch, before, upto) IS NOT NULL THEN
        RAISE EXCEPTION 'tenant "%", epoch %: a legal hold keeps events before %', tenant, in_epoch, upto
            USING ERRCODE = '55000', HINT = 'otelaudit hold list shows it; the operator releases it.';
    END IF;
    IF tenant = '_system' AND upto > before AND {{schema}}.audit_prune_needed(in_epoch, before, upto, true) IS NOT NULL THEN
        RAISE EXCEPTION 'tenant "_system", epoch %: events before % announce removals and must be announced anew first', in_epoch, upto
            USING ERRCODE = '55000';
    END IF;
    SELECT e.prev_size INTO covered FROM {{schema}}.audit_epochs AS e WHERE e.tenant_id = tenant AND e.epoch = in_epoch + 1;
    IF boundary.note IS NULL AND covered <> upto THEN
        RAISE EXCEPTION 'tenant "%": epoch % was not signed when it was written, and the statement of the next one covers all of it: a part cannot go',
            tenant, in_epoch USING ERRCODE = '55000';
    END IF;
    IF intent IS NULL AND (boundary.note IS NOT NULL OR covered IS NOT NULL) THEN
        RAISE EXCEPTION 'tenant "%", epoch %: a signed log is pruned after an event of _system has announced it, and none is named', tenant, in_epoch
            USING ERRCODE = '22023';
    END IF;
    IF intent IS NULL THEN
        RETURN boundary;
    END IF;
    SELECT i.epoch, i.seq, i.recorded_at, {{schema}}.audit_month_partition(date_trunc('month', i.recorded_at)::date) AS partition INTO said
    FROM {{schema}}.audit_event_ids AS i WHERE i.tenant_id = '_system' AND i.kind = 'e' AND i.id = intent;
    IF NOT FOUND OR said.partition IS NULL OR NOT {{schema}}.audit_prune_announces(said.partition, said.epoch, said.seq, tenant, in_epoch, upto) THEN
        RAISE EXCEPTION 'tenant "%", epoch %: event "%" of _system does not announce that events before % go', tenant, in_epoch, left(intent, 64), upto
            USING ERRCODE = '42501', HINT = 'It must have the action audit.prune and name this tenant, this epoch and at least this size.';
    END IF;
    IF tenant = '_system' AND said.epoch <= in_epoch AND (said.epoch < in_epoch OR said.seq < upto) THEN
        RAISE EXCEPTION 'the event "%" that announces it is one of those that would go', left(intent, 64) USING ERRCODE = '22023';
    END IF;
    -- verify believes it only under a signature.
    IF (boundary.note IS NOT NULL OR covered IS NOT NULL) AND NOT EXISTS (SELECT FROM {{schema}}.audit_commits AS c
        WHERE c.tenant_id = '_system' AND c.epoch = said.epoch AND c.size > said.seq AND c.note IS NOT NULL) THEN
        RAISE EXCEPTION 'the event "%" of _system is under no signature', left(intent, 64) USING ERRCODE = '42501';
    END IF;
    RETURN boundary;
END
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_prune_check(text, integer, bigint, bigint, timestamptz, text) FROM PUBLIC;

-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_prune_announces(partition regclass, at_epoch integer, at_seq bigint, tenant text, in_epoch integer, upto bigint) RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
DECLARE
    says jsonb;
BEGIN
    EXECUTE format('SELECT payload FROM %s WHERE tenant_id = ''_system'' AND epoch = $1 AND seq = $2 AND action = ''audit.prune''', partition)
        INTO says USING at_epoch, at_seq;
    RETURN coalesce(says -> 'tenant' = to_jsonb(tenant) AND says -> 'epoch' = to_jsonb(in_epoch)
        AND CASE jsonb_typeof(says -> 'size') WHEN 'number' THEN (says ->> 'size')::numeric >= upto ELSE false END, false);
END
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_prune_announces(regclass, integer, bigint, text, integer, bigint) FROM PUBLIC;

-- One removal at a time, and neither a hold nor a policy changes before it is
-- done: whoever places a hold waits for this transaction, and what it then does
-- not hold was gone before.
-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_prune_lock() RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
BEGIN
    PERFORM {{schema}}.audit_require_read_committed();
    -- A client that forgets its transaction would keep holds from being placed.
    IF current_setting('idle_in_transaction_session_timeout')::interval NOT BETWEEN interval '1 ms' AND interval '10 s' THEN
        PERFORM set_config('idle_in_transaction_session_timeout', '10s', true);
    END IF;
    PERFORM pg_advisory_xact_lock({{prune_lock}});
    LOCK TABLE {{schema}}.audit_legal_holds, {{schema}}.audit_retention IN SHARE MODE;
END
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_prune_lock() FROM PUBLIC;

-- The row of audit_prunes and its trace.
-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_prune_done(boundary {{schema}}.audit_commits, deleted bigint, cutoff timestamptz, intent text) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
BEGIN
    INSERT INTO {{schema}}.audit_prunes (size, cutoff, deleted, epoch, tenant_id, intent_event_id, completion_event_id, root, frontier, note)
    VALUES (boundary.size, audit_prune_done.cutoff, audit_prune_done.deleted, boundary.epoch, boundary.tenant_id, intent,
        {{schema}}.audit_place('audit.prune.complete', 'success', jsonb_build_object('type', 'tenant', 'id', boundary.tenant_id), NULL,
            jsonb_strip_nulls(jsonb_build_object('tenant', boundary.tenant_id, 'epoch', boundary.epoch, 'size', boundary.size,
                'deleted', audit_prune_done.deleted, 'cutoff', to_char(audit_prune_done.cutoff, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'intent', intent))),
        boundary.root, boundary.frontier, boundary.note);
END
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_prune_done({{schema}}.audit_commits, bigint, timestamptz, text) FROM PUBLIC;

-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_prune_batch(tenant text, in_epoch integer, upto bigint, batch integer, cutoff timestamptz, intent text)
    RETURNS TABLE (size bigint, deleted bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
    SET lock_timeout = '10s'
AS $$
DECLARE
    boundary {{schema}}.audit_commits;
    before bigint;
    counted bigint;
    gone bigint;
    month_of date;
    partition regclass;
BEGIN
    IF tenant IS NULL OR in_epoch IS NULL OR upto IS NULL OR batch IS NULL OR batch < 1 OR batch > 1000000 THEN
        RAISE EXCEPTION 'audit_prune_batch: tenant, epoch, size and a batch of 1 to 1000000 are needed' USING ERRCODE = '22023';
    END IF;
    -- What is never pruned must not get as far as the lock, which keeps holds waiting.
    IF NOT EXISTS (SELECT FROM {{schema}}.audit_commits AS c WHERE c.tenant_id = tenant AND c.epoch = in_epoch AND c.size = upto) THEN
        RAISE EXCEPTION 'tenant "%", epoch %: no commit ends with % events, and only whole commits are pruned', tenant, in_epoch, upto
            USING ERRCODE = '22023';
    END IF;
    PERFORM {{schema}}.audit_prune_lock();
    SELECT coalesce(max(p.size), 0) INTO before FROM {{schema}}.audit_prunes AS p WHERE p.tenant_id = tenant AND p.epoch = in_epoch;
    deleted := 0;
    size := before;
    IF upto < before THEN
        RETURN NEXT;
        RETURN;
    END IF;
    -- As many whole commits as fit into the batch, and at least one.
    SELECT coalesce(max(c.size) FILTER (WHERE c.size <= before + batch), min(c.size), upto) INTO size FROM {{schema}}.audit_commits AS c
    WHERE c.tenant_id = tenant AND c.epoch = in_epoch AND c.size > before AND c.size <= upto
        AND c.size <= greatest(before + batch, (SELECT min(n.size) FROM {{schema}}.audit_commits AS n
            WHERE n.tenant_id = tenant AND n.epoch = in_epoch AND n.size > before));
    IF EXISTS (SELECT FROM {{schema}}.audit_commits AS c JOIN {{schema}}.audit_epochs AS e ON e.tenant_id = c.tenant_id AND e.epoch = c.epoch + 1
        WHERE c.tenant_id = tenant AND c.epoch = in_epoch AND c.size = upto AND c.note IS NULL) THEN
        size := upto; -- under one root, so at once
    END IF;
    boundary := {{schema}}.audit_prune_check(tenant, in_epoch, before, size, cutoff, intent);
    PERFORM set_config('audit.pruning', 'on', true);
    counted := {{schema}}.audit_lock_counts(tenant, in_epoch);
    FOR month_of IN
        SELECT DISTINCT date_trunc('month', c.recorded_at)::date FROM {{schema}}.audit_commits AS c
        WHERE c.tenant_id = tenant AND c.epoch = in_epoch AND c.size > before AND c.size <= audit_prune_batch.size ORDER BY 1
    LOOP
        partition := {{schema}}.audit_month_partition(month_of);
        CONTINUE WHEN partition IS NULL;
        -- Never through the parent: forced row-level security would find no rows.
        EXECUTE format('WITH gone AS (
                DELETE FROM %s WHERE tenant_id = $1 AND epoch = $2 AND seq >= $3 AND seq < $4
                RETURNING seq, action, (event_time AT TIME ZONE ''UTC'')::date AS day, date_trunc(''month'', recorded_at)::date AS month),
            by AS (SELECT day, action, month, count(*) AS events FROM gone WHERE seq < $5 GROUP BY 1, 2, 3),
            fewer AS (UPDATE {{schema}}.audit_counts AS c SET events = c.events - by.events FROM by
                WHERE c.tenant_id = $1 AND c.day = by.day AND c.action = by.action AND c.month = by.month AND c.events > by.events),
            none AS (DELETE FROM {{schema}}.audit_counts AS c USING by
                WHERE c.tenant_id = $1 AND c.day = by.day AND c.action = by.action AND c.month = by.month AND c.events <= by.events)
            SELECT count(*) FROM gone', partition)
            INTO gone USING tenant, in_epoch, before, size, counted;
        deleted := deleted + gone;
    END LOOP;
    WITH leaves AS (
        DELETE FROM {{schema}}.audit_pruned_leaves AS l
        WHERE l.tenant_id = tenant AND l.epoch = in_epoch AND l.seq >= before AND l.seq < audit_prune_batch.size RETURNING 1)
    SELECT count(*) INTO gone FROM leaves;
    PERFORM set_config('audit.pruning', 'off', true);
    IF deleted + gone <> size - before THEN
        RAISE EXCEPTION 'tenant "%", epoch %: events % to % are % in the store, not %', tenant, in_epoch, before, size - 1, deleted, size - before - gone
            USING ERRCODE = '55000', HINT = 'The log is damaged: run otelaudit verify before anything is removed from it.';
    END IF;
    PERFORM {{schema}}.audit_prune_done(boundary, deleted, cutoff, intent);
    RETURN NEXT;
END
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_prune_batch(text, integer, bigint, integer, timestamptz, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {{schema}}.audit_prune_batch(text, integer, bigint, integer, timestamptz, text) TO {{pruner}};

COMMENT ON FUNCTION {{schema}}.audit_prune_batch(text, integer, bigint, integer, timestamptz, text) IS
    'Removes the next whole commits of a log, about so many events and none from seq = upto on, that are older than the cutoff and announced by an event of _system. Returns where the log begins now, and how many events went.';

-- A whole month at once. announced is an array of {"tenant", "epoch", "cutoff",
-- "intent"}, one for every log that has events in it.
-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_prune_month(month date, announced jsonb) RETURNS TABLE (deleted bigint, logs bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
    SET lock_timeout = '200ms'
AS $$
DECLARE
    partition constant regclass := {{schema}}.audit_month_partition(month);
    log record;
    leaves bigint;
    some_removed boolean;
    boundary {{schema}}.audit_commits;
BEGIN
    IF partition IS NULL OR month <> date_trunc('month', month)::date THEN
        RAISE EXCEPTION 'there is no partition of %', coalesce(month::text, 'null') USING ERRCODE = '22023';
    END IF;
    IF month + interval '1 month' > clock_timestamp() - interval '1 day' THEN
        RAISE EXCEPTION 'the month % is not over for a day', to_char(month, 'YYYY-MM') USING ERRCODE = '22023';
    END IF;
    IF (SELECT count(*) <> count(DISTINCT (a.tenant, a.epoch)) FROM jsonb_to_recordset(announced) AS a (tenant text, epoch integer)) THEN
        RAISE EXCEPTION 'a log is named twice in what is announced' USING ERRCODE = '22023';
    END IF;
    PERFORM {{schema}}.audit_prune_lock();
    PERFORM set_config('audit.pruning', 'on', true);
    some_removed := EXISTS (SELECT FROM {{schema}}.audit_pruned_leaves);
    deleted := 0;
    logs := 0;
    FOR log IN EXECUTE format('SELECT e.*, a.tenant IS NOT NULL AS said, a.cutoff, a.intent,
            coalesce((SELECT max(p.size) FROM {{schema}}.audit_prunes AS p WHERE p.tenant_id = e.tenant_id AND p.epoch = e.epoch), 0) AS before
        FROM (SELECT tenant_id, epoch, max(seq) + 1 AS upto, count(*) AS events FROM %s GROUP BY 1, 2) AS e
        LEFT JOIN jsonb_to_recordset($1) AS a (tenant text, epoch integer, cutoff timestamptz, intent text) ON a.tenant = e.tenant_id AND a.epoch = e.epoch
        ORDER BY e.tenant_id, e.epoch', partition) USING announced
    LOOP
        IF NOT log.said THEN
            RAISE EXCEPTION 'the month % has events of tenant "%", epoch %, which is not to be pruned', to_char(month, 'YYYY-MM'), log.tenant_id, log.epoch
                USING ERRCODE = '55000';
        END IF;
        -- Its last events may have been removed one by one.
        SELECT c.size INTO log.upto FROM {{schema}}.audit_commits AS c
        WHERE c.tenant_id = log.tenant_id AND c.epoch = log.epoch AND c.size >= log.upto ORDER BY c.size LIMIT 1;
        boundary := {{schema}}.audit_prune_check(log.tenant_id, log.epoch, log.before, log.upto, log.cutoff, log.intent);
        leaves := 0;
        IF some_removed THEN
            WITH gone AS (
                DELETE FROM {{schema}}.audit_pruned_leaves AS l
                WHERE l.tenant_id = log.tenant_id AND l.epoch = log.epoch AND l.seq >= log.before AND l.seq < log.upto RETURNING 1)
            SELECT count(*) INTO leaves FROM gone;
        END IF;
        IF log.events + leaves <> log.upto - log.before THEN
            RAISE EXCEPTION 'tenant "%", epoch %: the month % has % of the events % to %: older ones must go first, or some are missing',
                log.tenant_id, log.epoch, to_char(month, 'YYYY-MM'), log.events, log.before, log.upto - 1
                USING ERRCODE = '55000', HINT = 'If it stays so, the log is damaged: run otelaudit verify before anything is removed from it.';
        END IF;
        PERFORM {{schema}}.audit_lock_counts(log.tenant_id, log.epoch);
        PERFORM {{schema}}.audit_prune_done(boundary, log.events, log.cutoff, log.intent);
        deleted := deleted + log.events;
        logs := logs + 1;
    END LOOP;
    DELETE FROM {{schema}}.audit_counts AS c WHERE c.month = audit_prune_month.month;
    PERFORM set_config('audit.pruning', 'off', true);
    -- Last, so that it is held for the removal alone. Who waits for it keeps all
    -- others waiting behind: hence no longer than lock_timeout.
    LOCK TABLE {{schema}}.audit_events IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('ALTER TABLE {{schema}}.audit_events DETACH PARTITION %s', partition);
    EXECUTE format('DROP TABLE %s', partition);
    RETURN NEXT;
END
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_prune_month(date, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {{schema}}.audit_prune_month(date, jsonb) TO {{pruner}};

COMMENT ON FUNCTION {{schema}}.audit_prune_month(date, jsonb) IS
    'Removes a month with all its events, which must all be expired, unheld, announced and the oldest of their logs. Gives up after 200 ms (SQLSTATE 55P03) where the table is in use: try again.';

-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_partitions() RETURNS TABLE (
    name text, month date, events_estimate bigint, bytes bigint, tenants bigint, oldest timestamptz, newest timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
    SELECT c.relname::text, m.month, greatest(c.reltuples, 0)::bigint, pg_total_relation_size(c.oid), coalesce(k.tenants, 0), k.oldest, k.newest
    FROM pg_inherits AS i
    JOIN pg_class AS c ON c.oid = i.inhrelid
    CROSS JOIN LATERAL (SELECT to_date(right(c.relname, 7), 'YYYY_MM') AS month) AS m
    LEFT JOIN (
        SELECT date_trunc('month', o.recorded_at)::date AS month, count(DISTINCT o.tenant_id) AS tenants, min(o.recorded_at) AS oldest, max(o.recorded_at) AS newest
        FROM {{schema}}.audit_commits AS o
        LEFT JOIN (SELECT r.tenant_id, r.epoch, max(r.size) AS size FROM {{schema}}.audit_prunes AS r GROUP BY 1, 2) AS p
            ON p.tenant_id = o.tenant_id AND p.epoch = o.epoch
        WHERE o.size > coalesce(p.size, 0)
        GROUP BY 1) AS k ON k.month = m.month
    WHERE i.inhparent = '{{schema}}.audit_events'::regclass AND c.relname ~ '^audit_events_[0-9]{4}_[0-9]{2}$'
    ORDER BY m.month
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_partitions() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {{schema}}.audit_partitions() TO {{auditor}}, {{pruner}}, {{operator}};

COMMENT ON FUNCTION {{schema}}.audit_partitions() IS 'The months that are there, oldest first, with estimates of PostgreSQL''s statistics.';

-- The identities of pruned events keep a late duplicate from coming back to
-- life, for 90 days. Walks along the keys of one tenant: give the last key of
-- one call to the next.
-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_prune_identities(tenant text, after_kind text, after_id text, batch integer)
    RETURNS TABLE (deleted bigint, last_kind text, last_id text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
    SET lock_timeout = '10s'
AS $$
BEGIN
    IF tenant IS NULL OR batch IS NULL OR batch < 1 OR batch > 1000000 THEN
        RAISE EXCEPTION 'audit_prune_identities: a tenant and a batch of 1 to 1000000 are needed' USING ERRCODE = '22023';
    END IF;
    PERFORM {{schema}}.audit_require_read_committed();
    PERFORM pg_advisory_xact_lock({{prune_lock}});
    PERFORM set_config('audit.pruning', 'on', true);
    WITH page AS (
        SELECT i.kind, i.id, i.epoch, i.seq FROM {{schema}}.audit_event_ids AS i
        WHERE i.tenant_id = tenant AND (i.kind, i.id) > (coalesce(after_kind, '')::"char", coalesce(after_id, ''))
        ORDER BY i.kind, i.id LIMIT batch),
    old AS (
        SELECT p.epoch, max(p.size) AS size FROM {{schema}}.audit_prunes AS p
        WHERE p.tenant_id = tenant AND p.recorded_at < clock_timestamp() - interval '90 days' GROUP BY 1),
    gone AS (
        DELETE FROM {{schema}}.audit_event_ids AS i USING page, old
        WHERE i.tenant_id = tenant AND i.kind = page.kind AND i.id = page.id AND old.epoch = page.epoch AND page.seq < old.size
        RETURNING 1)
    SELECT (SELECT count(*) FROM gone), (SELECT page.kind::text FROM page ORDER BY page.kind DESC, page.id DESC LIMIT 1),
        (SELECT page.id FROM page ORDER BY page.kind DESC, page.id DESC LIMIT 1)
    INTO deleted, last_kind, last_id;
    PERFORM set_config('audit.pruning', 'off', true);
    IF deleted > 0 THEN
        PERFORM {{schema}}.audit_place('audit.identities.prune', 'success', jsonb_build_object('type', 'tenant', 'id', tenant), NULL,
            jsonb_build_object('deleted', deleted));
    END IF;
    RETURN NEXT;
END
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_prune_identities(text, text, text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {{schema}}.audit_prune_identities(text, text, text, integer) TO {{pruner}};

COMMENT ON FUNCTION {{schema}}.audit_prune_identities(text, text, text, integer) IS
    'Forgets the identities of events that were pruned 90 days ago or earlier, along the next keys of a tenant; last_id is null at the end.';

-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_prune_forgettable() RETURNS SETOF text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
    SELECT DISTINCT p.tenant_id FROM {{schema}}.audit_prunes AS p WHERE p.recorded_at < clock_timestamp() - interval '90 days' ORDER BY 1
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_prune_forgettable() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {{schema}}.audit_prune_forgettable() TO {{pruner}};

COMMENT ON FUNCTION {{schema}}.audit_prune_forgettable() IS 'Tenants with a prune that is 90 days old: their identities of that time may be forgotten.';

-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_prune_quarantine(batch integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
    SET lock_timeout = '10s'
AS $$
DECLARE
    keep integer;
    older timestamptz;
    deleted bigint;
BEGIN
    IF batch IS NULL OR batch < 1 OR batch > 1000000 THEN
        RAISE EXCEPTION 'a batch has 1 to 1000000 records, not %', batch USING ERRCODE = '22023';
    END IF;
    PERFORM {{schema}}.audit_prune_lock();
    SELECT keep_days INTO keep FROM {{schema}}.audit_retention WHERE tenant_id = '_quarantine';
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    older := clock_timestamp() - make_interval(days => keep);
    PERFORM set_config('audit.pruning', 'on', true);
    WITH old AS (
        SELECT q.id FROM {{schema}}.audit_quarantine AS q
        WHERE q.received_at < older AND NOT EXISTS (SELECT FROM {{schema}}.audit_legal_holds AS h
            WHERE h.tenant_id = q.tenant_id AND h.released_at IS NULL
                AND (h.since IS NULL OR q.received_at >= h.since) AND (h.until IS NULL OR q.received_at < h.until))
        ORDER BY q.id LIMIT batch),
    gone AS (DELETE FROM {{schema}}.audit_quarantine AS q USING old WHERE q.id = old.id RETURNING 1)
    SELECT count(*) INTO deleted FROM gone;
    PERFORM set_config('audit.pruning', 'off', true);
    IF deleted > 0 THEN
        PERFORM {{schema}}.audit_place('audit.quarantine.prune', 'success', jsonb_build_object('type', 'quarantine', 'id', 'audit_quarantine'), NULL,
            jsonb_build_object('deleted', deleted, 'cutoff', to_char(older, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')));
    END IF;
    RETURN deleted;
END
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_prune_quarantine(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {{schema}}.audit_prune_quarantine(integer) TO {{pruner}};

COMMENT ON FUNCTION {{schema}}.audit_prune_quarantine(integer) IS
    'Removes quarantined records, resolved or not, that came before the window of the policy _quarantine and that no hold of their tenant keeps; none without a policy.';

CREATE OR REPLACE FUNCTION {{schema}}.audit_schema_version() RETURNS integer
    LANGUAGE sql IMMUTABLE
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$ SELECT 9 $$;

RESET ROLE;

-- +goose Down
SET ROLE {{owner}};
CREATE OR REPLACE FUNCTION {{schema}}.audit_schema_version() RETURNS integer
    LANGUAGE sql IMMUTABLE
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$ SELECT 8 $$;
DROP FUNCTION {{schema}}.audit_prune_quarantine(integer);
DROP FUNCTION {{schema}}.audit_prune_forgettable();
DROP FUNCTION {{schema}}.audit_prune_identities(text, text, text, integer);
DROP FUNCTION {{schema}}.audit_partitions();
DROP FUNCTION {{schema}}.audit_prune_month(date, jsonb);
DROP FUNCTION {{schema}}.audit_prune_batch(text, integer, bigint, integer, timestamptz, text);
DROP FUNCTION {{schema}}.audit_prune_done({{schema}}.audit_commits, bigint, timestamptz, text);
DROP FUNCTION {{schema}}.audit_prune_lock();
DROP FUNCTION {{schema}}.audit_require_read_committed();
DROP FUNCTION {{schema}}.audit_prune_announces(regclass, integer, bigint, text, integer, bigint);
DROP FUNCTION {{schema}}.audit_prune_check(text, integer, bigint, bigint, timestamptz, text);
DROP FUNCTION {{schema}}.audit_prune_plan(text, bigint, integer);
DROP FUNCTION {{schema}}.audit_prune_needed(integer, bigint, bigint, boolean);
DROP FUNCTION {{schema}}.audit_prune_announced(integer, bigint);
DROP FUNCTION {{schema}}.audit_prune_held(text, integer, bigint, bigint);
DROP FUNCTION {{schema}}.audit_month_partition(date);
DROP FUNCTION {{schema}}.audit_prune_cutoff(text, bigint);
DROP FUNCTION {{schema}}.audit_prune_policy(text);
ALTER TABLE {{schema}}.audit_retention DROP COLUMN reason, DROP COLUMN framework;
ALTER TABLE {{schema}}.audit_legal_holds DROP COLUMN release_reason, DROP COLUMN target_id, DROP COLUMN target_type;
RESET ROLE;
