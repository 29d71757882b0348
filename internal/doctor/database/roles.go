package database

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/otelaudit/otelaudit/internal/doctor"
	"github.com/otelaudit/otelaudit/internal/words"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func roleProbes() []doctor.Probe[*Subject] {
	const section = "doctor.md#roles-and-logins"
	check := func(id string, severity doctor.Severity, title, fix string, look func(context.Context, *Subject, *doctor.Result) error) doctor.Probe[*Subject] {
		return doctor.Probe[*Subject]{Check: doctor.Check{
			ID: id, Severity: severity, Title: title, Needs: []string{"any login"}, Fix: fix, Section: section,
		}, Look: look}
	}
	return []doctor.Probe[*Subject]{
		check("store.roles.superuser", doctor.P0, "A group role or a login of one is superuser or has BYPASSRLS",
			"ALTER ROLE … NOSUPERUSER NOBYPASSRLS; give the collector and people logins of their own", lookAtSuperusers),
		check("store.roles.attributes", doctor.P1, "A group role or a login of one may make roles or databases, or replicate",
			"ALTER ROLE … NOCREATEROLE NOCREATEDB NOREPLICATION", lookAtAttributes),
		check("store.roles.login", doctor.P0, "A group role may log in, or is missing",
			"ALTER ROLE … NOLOGIN, and make a login that is a member of it", lookAtGroups),
		check("store.roles.members", doctor.P0, "A role has the rights of another one that it must not have",
			"REVOKE the other role from it", lookAtMembers),
		check("store.roles.default_privileges", doctor.P1, "What is made later will be open to others",
			"ALTER DEFAULT PRIVILEGES … REVOKE the right", lookAtDefaults),
		check("store.roles.schema", doctor.P1, "Others than the owner may make objects in the schema",
			"REVOKE CREATE ON SCHEMA … FROM the role", lookAtSchema),
		check("store.roles.bindings", doctor.P1, "A login that is bound to tenants was renamed or dropped",
			"write its new name into audit_login_tenants, or delete the row", lookAtBindings),
	}
}

// ourRoles are the group roles, and the logins that are members of one, besides
// superusers, whose membership says nothing. $1 is the array of the group roles.
const ourRoles = `
	SELECT r.* FROM pg_catalog.pg_roles AS r
	WHERE r.rolname = ANY ($1::text[])
		OR r.rolname = ANY ($2::text[])
		OR r.rolcanlogin AND NOT r.rolsuper AND EXISTS (
			SELECT FROM pg_catalog.pg_roles AS g WHERE g.rolname = ANY ($1::text[]) AND pg_catalog.pg_has_role(r.oid, g.oid, 'MEMBER'))`

func (s *Subject) groups() []string {
	names := make([]string, 0, len(Roles()))
	for _, role := range Roles() {
		names = append(names, role.name(s.options.RolePrefix))
	}
	return names
}

// loginNames are the logins that were given. That of the owner may be a
// superuser: it is used for migrations, and what it can do no role prevents.
func (s *Subject) loginNames() []string {
	names := []string{}
	for role, l := range s.logins {
		if role != Owner {
			names = append(names, l.name)
		}
	}
	return names
}

// each reports every row of a query about roles: a role and what is wrong.
func (s *Subject) each(ctx context.Context, r *doctor.Result, statement string, arguments ...any) error {
	l, err := s.anybody()
	if err != nil {
		return err
	}
	rows, err := s.texts(ctx, l, statement, arguments...)
	for _, row := range rows {
		r.Find(doctor.Finding{Where: row[0], Detail: row[1]})
	}
	return err
}

func lookAtSuperusers(ctx context.Context, s *Subject, r *doctor.Result) error {
	return s.each(ctx, r, `
		SELECT 'role ' || r.rolname::text, CASE WHEN r.rolsuper THEN 'it is superuser: neither grants nor row-level security bind it'
			ELSE 'it has BYPASSRLS: row-level security does not bind it' END
		FROM (`+ourRoles+`) AS r WHERE r.rolsuper OR r.rolbypassrls ORDER BY 1`, s.groups(), s.loginNames())
}

func lookAtAttributes(ctx context.Context, s *Subject, r *doctor.Result) error {
	return s.each(ctx, r, `
		SELECT 'role ' || r.rolname::text, 'it has ' || pg_catalog.concat_ws(', ',
			CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END, CASE WHEN r.rolcreatedb THEN 'CREATEDB' END, CASE WHEN r.rolreplication THEN 'REPLICATION' END)
		FROM (`+ourRoles+`) AS r WHERE NOT r.rolsuper AND (r.rolcreaterole OR r.rolcreatedb OR r.rolreplication) ORDER BY 1`, s.groups(), s.loginNames())
}

func lookAtGroups(ctx context.Context, s *Subject, r *doctor.Result) error {
	return s.each(ctx, r, `
		SELECT 'role ' || g.name, CASE WHEN r.oid IS NULL THEN 'it does not exist; --role-prefix names others' ELSE 'it may log in itself' END
		FROM pg_catalog.unnest($1::text[]) AS g (name) LEFT JOIN pg_catalog.pg_roles AS r ON r.rolname = g.name
		WHERE r.oid IS NULL OR r.rolcanlogin ORDER BY 1`, s.groups())
}

// predefined are roles of PostgreSQL that reach past the grants on tables.
var predefined = []string{
	"pg_read_all_data", "pg_write_all_data", "pg_read_server_files", "pg_write_server_files", "pg_execute_server_program", "pg_maintain",
}

func lookAtMembers(ctx context.Context, s *Subject, r *doctor.Result) error {
	return s.each(ctx, r, `
		SELECT 'role ' || r.rolname::text, 'it is a member of ' || pg_catalog.string_agg(g.rolname::text, ', ' ORDER BY g.rolname)
			|| CASE WHEN pg_catalog.bool_or(g.rolname = ANY ($3::text[])) THEN ', which reaches past the grants' ELSE ' at once' END
		FROM (`+ourRoles+`) AS r
		JOIN pg_catalog.pg_roles AS g ON (g.rolname = ANY ($1::text[]) OR g.rolname = ANY ($3::text[])) AND g.oid <> r.oid
			AND pg_catalog.pg_has_role(r.oid, g.oid, 'MEMBER')
		WHERE NOT r.rolsuper
		GROUP BY r.oid, r.rolname
		HAVING r.rolname = ANY ($1::text[]) OR count(*) > 1 OR pg_catalog.bool_or(g.rolname = ANY ($3::text[]))
		ORDER BY 1`, s.groups(), s.loginNames(), predefined)
}

func lookAtDefaults(ctx context.Context, s *Subject, r *doctor.Result) error {
	return s.each(ctx, r, `
		SELECT 'objects made by ' || pg_catalog.pg_get_userbyid(d.defaclrole)::text,
			CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(a.grantee)::text END || ' gets ' || pg_catalog.string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type)
				|| ' on ' || CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' ELSE 'other objects' END
		FROM pg_catalog.pg_default_acl AS d
		LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = d.defaclnamespace
		CROSS JOIN LATERAL pg_catalog.aclexplode(d.defaclacl) AS a
		WHERE pg_catalog.pg_get_userbyid(d.defaclrole) = $1 AND (d.defaclnamespace = 0 OR n.nspname = $2) AND a.grantee <> d.defaclrole
		GROUP BY d.defaclrole, a.grantee, d.defaclobjtype ORDER BY 1, 2`, Owner.name(s.options.RolePrefix), s.options.Schema)
}

// lookAtSchema leaves the schema public of PostgreSQL 14 and older alone, where
// everybody may make tables unless somebody took that away, but says so.
func lookAtSchema(ctx context.Context, s *Subject, r *doctor.Result) error {
	return s.each(ctx, r, `
		SELECT 'schema ' || n.nspname::text, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(a.grantee)::text END || ' has CREATE on it'
		FROM pg_catalog.pg_namespace AS n CROSS JOIN LATERAL pg_catalog.aclexplode(n.nspacl) AS a
		WHERE n.nspname = $1 AND a.privilege_type = 'CREATE' AND a.grantee <> n.nspowner AND (a.grantee = 0 OR pg_catalog.pg_get_userbyid(a.grantee) <> $2)
		ORDER BY 1, 2`, s.options.Schema, Owner.name(s.options.RolePrefix))
}

func lookAtBindings(ctx context.Context, s *Subject, r *doctor.Result) error {
	return s.forLogin(r, Auditor, func(l *login) error {
		rows, err := s.texts(ctx, l, `
			SELECT b.login::text, coalesce(r.rolname::text, ''), count(*)::text
			FROM {{schema}}.audit_login_tenants AS b LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = b.login_oid
			WHERE r.rolname IS DISTINCT FROM b.login
			GROUP BY 1, 2 ORDER BY 1`)
		for _, row := range rows {
			detail := "no login has that name any more"
			if row[1] != "" {
				detail = "it is called " + row[1] + " now, and reads nothing"
			}
			r.Find(doctor.Finding{Where: "audit_login_tenants, login " + row[0], Detail: fmt.Sprintf("%s (%s)", detail, plural(row[2], "tenant"))})
		}
		return err
	})
}

// plural is a number, as text, with its word.
func plural(n, one string) string {
	return n + " " + words.Form(n == "1", one)
}
