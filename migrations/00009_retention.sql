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
ALTER TABLE {{schema}}.audit_retention DROP COLUMN reason, DROP COLUMN framework;
ALTER TABLE {{schema}}.audit_legal_holds DROP COLUMN release_reason, DROP COLUMN target_id, DROP COLUMN target_type;
RESET ROLE;
