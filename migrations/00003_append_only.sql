-- Triggers that refuse UPDATE, DELETE and TRUNCATE. They are a seat belt: who
-- owns a table can drop its triggers. Grants are the lock, verify is the alarm.

-- +goose Up
SET ROLE {{owner}};

-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
BEGIN
    -- Only a prune function, which runs as the owner, sets audit.pruning; a
    -- superuser who sets it is still not the owner.
    IF TG_OP = 'DELETE' AND current_user = '{{owner_name}}' AND current_setting('audit.pruning', true) = 'on' THEN
        RETURN OLD; -- ignored by statement triggers
    END IF;
    RAISE EXCEPTION '% on %.% is refused: audit data is append-only', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = '42501', HINT = 'Events leave by retention only.';
END
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_refuse_change() FROM PUBLIC;

-- +goose StatementBegin
CREATE FUNCTION {{schema}}.audit_refuse_quarantine_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
BEGIN
    -- A resolution may be written once, by a function that runs as the owner;
    -- what came, and why it was kept apart, never changes.
    IF TG_OP = 'UPDATE' AND current_user = '{{owner_name}}' AND current_setting('audit.resolving', true) = 'on'
        AND OLD.resolution IS NULL
        AND (NEW.id, NEW.received_at, NEW.tenant_id, NEW.event_id, NEW.action, NEW.reason, NEW.sqlstate, NEW.detail, NEW.sha256, NEW.otlp, NEW.otlp_encoding)
            IS NOT DISTINCT FROM
            (OLD.id, OLD.received_at, OLD.tenant_id, OLD.event_id, OLD.action, OLD.reason, OLD.sqlstate, OLD.detail, OLD.sha256, OLD.otlp, OLD.otlp_encoding)
    THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' AND current_user = '{{owner_name}}' AND current_setting('audit.pruning', true) = 'on' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% on %.% is refused: quarantine keeps what came', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = '42501', HINT = 'Replay or discard a record by the functions for it.';
END
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION {{schema}}.audit_refuse_quarantine_change() FROM PUBLIC;

-- A row trigger is copied to every partition by ATTACH; a statement trigger is
-- not, and fires only for the table that the statement names, so
-- audit_ensure_month makes one for each partition.
CREATE TRIGGER audit_append_only_row BEFORE UPDATE OR DELETE ON {{schema}}.audit_events
    FOR EACH ROW EXECUTE FUNCTION {{schema}}.audit_refuse_change();
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {{schema}}.audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION {{schema}}.audit_refuse_change();
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {{schema}}.audit_event_ids
    FOR EACH STATEMENT EXECUTE FUNCTION {{schema}}.audit_refuse_change();
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {{schema}}.audit_commits
    FOR EACH STATEMENT EXECUTE FUNCTION {{schema}}.audit_refuse_change();
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {{schema}}.audit_prunes
    FOR EACH STATEMENT EXECUTE FUNCTION {{schema}}.audit_refuse_change();
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {{schema}}.audit_pruned_leaves
    FOR EACH STATEMENT EXECUTE FUNCTION {{schema}}.audit_refuse_change();
CREATE TRIGGER audit_append_only_row BEFORE UPDATE OR DELETE ON {{schema}}.audit_quarantine
    FOR EACH ROW EXECUTE FUNCTION {{schema}}.audit_refuse_quarantine_change();
CREATE TRIGGER audit_append_only BEFORE TRUNCATE ON {{schema}}.audit_quarantine
    FOR EACH STATEMENT EXECUTE FUNCTION {{schema}}.audit_refuse_quarantine_change();

RESET ROLE;

-- +goose Down
SET ROLE {{owner}};
DROP TRIGGER audit_append_only ON {{schema}}.audit_quarantine;
DROP TRIGGER audit_append_only_row ON {{schema}}.audit_quarantine;
DROP TRIGGER audit_append_only ON {{schema}}.audit_pruned_leaves;
DROP TRIGGER audit_append_only ON {{schema}}.audit_prunes;
DROP TRIGGER audit_append_only ON {{schema}}.audit_commits;
DROP TRIGGER audit_append_only ON {{schema}}.audit_event_ids;
DROP TRIGGER audit_append_only ON {{schema}}.audit_events;
DROP TRIGGER audit_append_only_row ON {{schema}}.audit_events;
-- Partitions carry statement triggers of their own.
DROP FUNCTION {{schema}}.audit_refuse_change() CASCADE;
DROP FUNCTION {{schema}}.audit_refuse_quarantine_change();
RESET ROLE;
