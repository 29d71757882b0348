-- What the operator says: retention, legal holds, and what becomes of a
-- quarantined record.

-- +goose Up
SET ROLE {{owner}};

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
RESET ROLE;
