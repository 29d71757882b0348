-- Roles are cluster-wide, tables are not: another database of this cluster may
-- be making the same roles at this moment. Advisory locks hold within one
-- database only, so the unique index of the role catalog is the lock here: the
-- second CREATE ROLE waits for the first to commit and then fails with
-- unique_violation, which means the role is there.

-- +goose Up
-- +goose StatementBegin
DO $$
DECLARE
    group_roles constant text[] := ARRAY[
        '{{owner_name}}', '{{writer_name}}', '{{reader_name}}', '{{auditor_name}}', '{{pruner_name}}', '{{operator_name}}'
    ];
    role_name text;
    other_name text;
    member_of_owner boolean;
    granted record;
BEGIN
    FOREACH role_name IN ARRAY group_roles LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = role_name) THEN
            BEGIN
                EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN', role_name);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL;
            END;
        END IF;
        IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = role_name AND (rolsuper OR rolbypassrls)) THEN
            RAISE EXCEPTION 'role "%" is superuser or has BYPASSRLS: row-level security would not bind it', role_name
                USING ERRCODE = '42501', HINT = 'Take these attributes away or choose another role prefix.';
        END IF;
        IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = role_name AND rolcanlogin) THEN
            RAISE EXCEPTION 'role "%" may log in: a group role has members that do', role_name
                USING ERRCODE = '42501', HINT = 'Make it NOLOGIN or choose another role prefix.';
        END IF;
    END LOOP;

    -- Roles that were there before may know each other. A reader that is a member
    -- of the owner would be the owner, and none of the grants would mean anything.
    FOREACH role_name IN ARRAY group_roles LOOP
        FOR other_name IN
            SELECT rolname FROM pg_catalog.pg_roles
            WHERE rolname <> role_name AND (rolname = ANY (group_roles) OR rolname IN ('pg_read_all_data', 'pg_write_all_data'))
                AND pg_catalog.pg_has_role(role_name, oid, 'MEMBER')
        LOOP
            RAISE EXCEPTION 'role "%" is a member of role "%" and has all its rights', role_name, other_name
                USING ERRCODE = '42501', HINT = pg_catalog.format('REVOKE %I FROM %I, or choose another role prefix.', other_name, role_name);
        END LOOP;
    END LOOP;

    -- Default privileges may have opened the history of the migrations, which is
    -- there before this one where otelaudit runs it.
    FOR granted IN
        SELECT c.oid::regclass AS relation, c.relkind, a.grantee
        FROM pg_catalog.pg_class AS c CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) AS a
        WHERE c.relnamespace = pg_catalog.to_regnamespace('{{schema}}') AND c.relname IN ('audit_migrations', 'audit_migrations_id_seq')
            AND a.grantee <> c.relowner
    LOOP
        EXECUTE pg_catalog.format('REVOKE ALL ON %s %s FROM %s', CASE granted.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
            granted.relation, CASE granted.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(granted.grantee)) END);
    END LOOP;

    IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = '{{schema_name}}') THEN
        CREATE SCHEMA {{schema}};
        REVOKE ALL ON SCHEMA {{schema}} FROM PUBLIC;
    END IF;

    -- The objects are made as the owner role, so whoever migrates must be able
    -- to become it. Since PostgreSQL 16, having created a role is not enough.
    IF pg_catalog.current_setting('server_version_num')::int >= 160000 THEN
        member_of_owner := pg_catalog.pg_has_role(current_user, '{{owner_name}}', 'SET');
    ELSE
        member_of_owner := pg_catalog.pg_has_role(current_user, '{{owner_name}}', 'MEMBER');
    END IF;
    IF NOT member_of_owner THEN
        BEGIN
            EXECUTE pg_catalog.format('GRANT {{owner}} TO %I', current_user);
        EXCEPTION WHEN unique_violation THEN
            NULL;
        END;
    END IF;

    GRANT USAGE, CREATE ON SCHEMA {{schema}} TO {{owner}};
    GRANT USAGE ON SCHEMA {{schema}} TO {{writer}}, {{reader}}, {{auditor}}, {{pruner}}, {{operator}};
END
$$;
-- +goose StatementEnd

-- +goose Down
-- The roles stay: another database of this cluster may use them. The schema
-- stays: an application's own tables may be in it.
REVOKE ALL ON SCHEMA {{schema}} FROM {{writer}}, {{reader}}, {{auditor}}, {{pruner}}, {{operator}}, {{owner}};
