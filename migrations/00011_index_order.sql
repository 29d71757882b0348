-- Indexes in the order in which events arrive. Newest first, each new entry went
-- before all others of its tenant, and a full page was cut in halves that nothing
-- ever filled again. Appended at its right edge, an index keeps its pages full;
-- that is read backwards as fast. A log of one tenant needs an eighth less disk.
--
-- Writers wait while this builds indexes, readers for the moment in which the old ones
-- go. On a store of many millions of events, make the same indexes on every partition
-- beforehand with CREATE INDEX CONCURRENTLY: this then takes them over as they are.

-- +goose Up
SET ROLE {{owner}};

-- An index of a partition that CREATE INDEX CONCURRENTLY left unfinished would be
-- taken over as it is, and make the parent's useless.
-- +goose StatementBegin
DO $$
DECLARE
    unfinished text;
BEGIN
    SELECT pg_catalog.string_agg(x.indexrelid::regclass::text, ', ') INTO unfinished
    FROM pg_catalog.pg_index x
    WHERE NOT x.indisvalid
      AND (x.indrelid = '{{schema}}.audit_events'::regclass
        OR x.indrelid IN (SELECT inhrelid FROM pg_catalog.pg_inherits WHERE inhparent = '{{schema}}.audit_events'::regclass));
    IF unfinished IS NOT NULL THEN
        RAISE EXCEPTION 'not valid, and nothing was changed: %', unfinished
            USING HINT = 'CREATE INDEX CONCURRENTLY failed there: drop them, make them again, and migrate.';
    END IF;
END
$$;
-- +goose StatementEnd

CREATE INDEX audit_events_time_up        ON {{schema}}.audit_events (tenant_id, event_time, seq);
CREATE INDEX audit_events_action_up      ON {{schema}}.audit_events (tenant_id, action, event_time, seq);
CREATE INDEX audit_events_actor_up       ON {{schema}}.audit_events (tenant_id, actor_id, event_time, seq);
CREATE INDEX audit_events_actor_type_up  ON {{schema}}.audit_events (tenant_id, actor_type, event_time, seq);
CREATE INDEX audit_events_target_up      ON {{schema}}.audit_events (tenant_id, target_id, event_time, seq) WHERE target_id IS NOT NULL;
CREATE INDEX audit_events_target_type_up ON {{schema}}.audit_events (tenant_id, target_type, event_time, seq) WHERE target_type IS NOT NULL;
CREATE INDEX audit_events_correlation_up ON {{schema}}.audit_events (tenant_id, correlation_id, event_time, seq) WHERE correlation_id IS NOT NULL;
CREATE INDEX audit_events_causation_up   ON {{schema}}.audit_events (tenant_id, causation_id, event_time, seq) WHERE causation_id IS NOT NULL;
CREATE INDEX audit_events_outcome_up     ON {{schema}}.audit_events (tenant_id, outcome, event_time, seq) WHERE outcome <> 'success';

-- +goose StatementBegin
DO $$
DECLARE
    turned text;
BEGIN
    FOREACH turned IN ARRAY ARRAY['time', 'action', 'actor', 'actor_type', 'target', 'target_type', 'correlation', 'causation', 'outcome'] LOOP
        EXECUTE pg_catalog.format('DROP INDEX {{schema}}.%I', 'audit_events_' || turned);
        EXECUTE pg_catalog.format('ALTER INDEX {{schema}}.%I RENAME TO %I', 'audit_events_' || turned || '_up', 'audit_events_' || turned);
    END LOOP;
END
$$;
-- +goose StatementEnd

CREATE OR REPLACE FUNCTION {{schema}}.audit_schema_version() RETURNS integer
    LANGUAGE sql IMMUTABLE
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$ SELECT 11 $$;

RESET ROLE;

-- +goose Down
SET ROLE {{owner}};
CREATE OR REPLACE FUNCTION {{schema}}.audit_schema_version() RETURNS integer
    LANGUAGE sql IMMUTABLE
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$ SELECT 10 $$;

CREATE INDEX audit_events_time_down        ON {{schema}}.audit_events (tenant_id, event_time DESC, seq DESC);
CREATE INDEX audit_events_action_down      ON {{schema}}.audit_events (tenant_id, action, event_time DESC, seq DESC);
CREATE INDEX audit_events_actor_down       ON {{schema}}.audit_events (tenant_id, actor_id, event_time DESC, seq DESC);
CREATE INDEX audit_events_actor_type_down  ON {{schema}}.audit_events (tenant_id, actor_type, event_time DESC, seq DESC);
CREATE INDEX audit_events_target_down      ON {{schema}}.audit_events (tenant_id, target_id, event_time DESC, seq DESC) WHERE target_id IS NOT NULL;
CREATE INDEX audit_events_target_type_down ON {{schema}}.audit_events (tenant_id, target_type, event_time DESC, seq DESC) WHERE target_type IS NOT NULL;
CREATE INDEX audit_events_correlation_down ON {{schema}}.audit_events (tenant_id, correlation_id, event_time DESC, seq DESC) WHERE correlation_id IS NOT NULL;
CREATE INDEX audit_events_causation_down   ON {{schema}}.audit_events (tenant_id, causation_id, event_time DESC, seq DESC) WHERE causation_id IS NOT NULL;
CREATE INDEX audit_events_outcome_down     ON {{schema}}.audit_events (tenant_id, outcome, event_time DESC, seq DESC) WHERE outcome <> 'success';

-- +goose StatementBegin
DO $$
DECLARE
    turned text;
BEGIN
    FOREACH turned IN ARRAY ARRAY['time', 'action', 'actor', 'actor_type', 'target', 'target_type', 'correlation', 'causation', 'outcome'] LOOP
        EXECUTE pg_catalog.format('DROP INDEX {{schema}}.%I', 'audit_events_' || turned);
        EXECUTE pg_catalog.format('ALTER INDEX {{schema}}.%I RENAME TO %I', 'audit_events_' || turned || '_down', 'audit_events_' || turned);
    END LOOP;
END
$$;
-- +goose StatementEnd
RESET ROLE;
