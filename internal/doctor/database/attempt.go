package database

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/otelaudit/otelaudit/internal/doctor"
)

// Bounds of what an attempt may cost the others: whoever wants the table waits
// no longer behind it.
const (
	lockTimeout    = "100ms"
	attemptTimeout = "5s"
)

// verdict is what the server said to an attempt.
type verdict int

const (
	refused   verdict = iota // for want of a right, or by a trigger
	permitted                // it was done, or failed for another reason than rights; undone
	unclear                  // the server could not be asked
)

// SQLSTATEs.
const (
	insufficientPrivilege = "42501"
	lockNotAvailable      = "55P03"
	queryCanceled         = "57014"
	readOnly              = "25006"
	undefinedTable        = "42P01"
	undefinedColumn       = "42703"
)

// attempt runs one statement in a transaction of its own that is rolled back. It
// is one round trip where the statement is refused and there are two to undo it.
func (l *login) attempt(ctx context.Context, statement string) (verdict, error) {
	conn := l.conn.PgConn()
	_, err := conn.Exec(ctx, "BEGIN READ WRITE; SET LOCAL lock_timeout = '"+lockTimeout+"'; SET LOCAL statement_timeout = '"+attemptTimeout+
		"'; SET LOCAL search_path = ''; "+statement+"; ROLLBACK").ReadAll()
	if err == nil {
		return permitted, nil
	}
	if _, undone := conn.Exec(context.WithoutCancel(ctx), "ROLLBACK").ReadAll(); undone != nil {
		return unclear, describe(err)
	}
	server, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return unclear, describe(err)
	}
	switch server.Code {
	case insufficientPrivilege:
		return refused, nil
	case readOnly:
		return unclear, errors.New("the server is read-only, a standby perhaps: nothing can be tried here")
	case lockNotAvailable, queryCanceled, undefinedTable, undefinedColumn:
		return unclear, describe(err)
	}
	return permitted, nil
}

// trial is a statement that a role must not get through.
type trial struct {
	verb, statement string
}

// rights are what a login may do to a table, as the server's own functions say,
// membership in other roles included. What these tell is not tried: a lock that
// stops everybody would come with it.
type rights struct {
	owns bool
	held []string // privileges
}

func (is rights) hold(privilege string) bool { return slices.Contains(is.held, privilege) }

// mutations are the statements that would change a table or who may, on no row.
// column is one that must not be null and that nobody generates.
func mutations(table, column string, is rights) []trial {
	trials := []trial{
		{"UPDATE", "UPDATE " + table + " SET " + column + " = NULL WHERE false"},
		{"DELETE", "DELETE FROM " + table + " WHERE false"},
		{"INSERT", "INSERT INTO " + table + " (" + column + ") VALUES (NULL)"},
		{"SELECT FOR UPDATE", "SELECT FROM " + table + " WHERE false FOR UPDATE"},
	}
	if is.owns {
		return trials
	}
	if !is.hold("TRUNCATE") {
		trials = append(trials, trial{"TRUNCATE", "TRUNCATE " + table})
	}
	if !is.hold("TRUNCATE") && !is.hold("UPDATE") && !is.hold("DELETE") {
		trials = append(trials, trial{"LOCK", "LOCK TABLE " + table + " IN ACCESS EXCLUSIVE MODE"})
	}
	return append(trials,
		trial{"DROP TABLE", "DROP TABLE " + table},
		trial{"ALTER TABLE", "ALTER TABLE " + table + " ALTER COLUMN " + column + " DROP NOT NULL"},
		trial{"DISABLE TRIGGER", "ALTER TABLE " + table + " DISABLE TRIGGER ALL"},
		trial{"DISABLE ROW LEVEL SECURITY", "ALTER TABLE " + table + " DISABLE ROW LEVEL SECURITY"},
		trial{"NO FORCE ROW LEVEL SECURITY", "ALTER TABLE " + table + " NO FORCE ROW LEVEL SECURITY"},
		trial{"CREATE POLICY", "CREATE POLICY otelaudit_doctor ON " + table + " USING (true)"},
		trial{"DETACH PARTITION", "ALTER TABLE {{schema}}.audit_events DETACH PARTITION " + table})
}

// tried collects what a login can do, by what that is.
type tried struct {
	verbs  []string
	tables map[string][]string
}

func (t *tried) through(verb, table string) { t.note("the server let it "+verb+" (undone)", table) }

// held is a right that the migrations did not give. A trigger or a policy may
// still be in its way: one guard is gone.
func (t *tried) held(privilege, table string) { t.note("it has the right to "+privilege, table) }

func (t *tried) note(verb, table string) {
	if t.tables == nil {
		t.tables = make(map[string][]string)
	}
	if !slices.Contains(t.verbs, verb) {
		t.verbs = append(t.verbs, verb)
	}
	t.tables[verb] = append(t.tables[verb], table)
}

// report makes one finding per verb.
func (t *tried) report(r *doctor.Result, l *login) {
	for _, verb := range t.verbs {
		r.Find(doctor.Finding{
			Where:  l.where(),
			Detail: verb + ": " + someOf(t.tables[verb], 4),
		})
	}
}

// where names a login in findings.
func (l *login) where() string { return fmt.Sprintf("login %s (%s)", l.name, l.role) }

// someOf lists the first names and how many more there are.
func someOf(names []string, most int) string {
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

func attemptProbes() []doctor.Probe[*Subject] {
	const section = "doctor.md#what-is-tried"
	var probes []doctor.Probe[*Subject]
	for _, role := range []Role{Writer, Reader, Auditor, Pruner, Operator} {
		needs := []string{string(role)}
		probes = append(probes,
			doctor.Probe[*Subject]{
				Check: doctor.Check{
					ID: "store.tries." + string(role), Severity: doctor.P0, Needs: needs, Section: section,
					Title: "The " + string(role) + " may change or read what it must not",
					Fix:   "REVOKE the right, or the membership that gives it, from the login; 'otelaudit migrate print' shows the grants",
				},
				Look: func(ctx context.Context, s *Subject, r *doctor.Result) error { return s.tryMutations(ctx, r, role) },
			},
			doctor.Probe[*Subject]{
				Check: doctor.Check{
					ID: "store.escapes." + string(role), Severity: doctor.P0, Needs: needs, Section: section,
					Title: "The " + string(role) + " can become somebody else or replace what guards the store",
					Fix:   "REVOKE the other role from the login, and CREATE on the schema from all but the owner",
				},
				Look: func(ctx context.Context, s *Subject, r *doctor.Result) error { return s.tryEscapes(ctx, r, role) },
			})
	}
	return append(probes, doctor.Probe[*Subject]{
		Check: doctor.Check{
			ID: "store.tries.owner", Severity: doctor.P0, Needs: []string{string(Owner)}, Section: section,
			Title: "The owner changes committed events and no trigger refuses it",
			Fix:   "put back the triggers audit_append_only that 'otelaudit migrate print' shows, then run 'otelaudit verify'",
		},
		Look: tryTriggers,
	})
}

// forLogin runs f with the login of a role, or says why it cannot.
func (s *Subject) forLogin(r *doctor.Result, role Role, f func(*login) error) error {
	l, asked, err := s.login(role)
	switch {
	case !asked:
		r.NotApplicable("--roles leaves the %s out", role)
		return nil
	case err != nil:
		return err
	}
	return f(l)
}

// targets are the tables and partitions with a column for trials.
func (s *Subject) targets(ctx context.Context) (expected catalog, columns map[string]string, partitions []string, err error) {
	expected, is, err := s.catalog(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	columns = make(map[string]string)
	for what, definition := range expected {
		table, column, _ := strings.Cut(what.name, " ")
		fit := what.kind == "column" && strings.Contains(definition, "NOT NULL") && !strings.Contains(definition, "GENERATED")
		if before := columns[table]; fit && (before == "" || column < before) {
			columns[table] = column
		}
	}
	for name := range is.parts {
		columns[name] = columns[eventsTable+"_*"]
		partitions = append(partitions, name)
	}
	delete(columns, eventsTable+"_*")
	for table := range columns {
		if _, there := is.whole[thing{"table", table}]; !there && !slices.Contains(partitions, table) {
			delete(columns, table) // a finding of the catalog
		}
	}
	slices.Sort(partitions)
	return expected, columns, partitions, nil
}

// granted says whether the migrations gave a role a privilege on a table.
func granted(expected catalog, role, table, privilege string) bool {
	for what, privileges := range expected {
		if what.kind != "grant" {
			continue
		}
		relation, grantee, _ := strings.Cut(what.name, " to ")
		if relation, _, _ = strings.Cut(relation, " "); relation == table && grantee == role && slices.Contains(strings.Split(privileges, ", "), privilege) {
			return true
		}
	}
	return false
}

func (s *Subject) tryMutations(ctx context.Context, r *doctor.Result, role Role) error {
	return s.forLogin(r, role, func(l *login) error {
		expected, columns, partitions, err := s.targets(ctx)
		if err != nil {
			return err
		}
		var through tried
		for _, table := range sortedKeys(columns) {
			kind := table
			if slices.Contains(partitions, table) {
				kind = eventsTable + "_*"
			}
			may := func(privilege string) bool {
				return granted(expected, role.name(s.options.RolePrefix), kind, privilege)
			}
			if err := s.tryTable(ctx, l, r, &through, table, columns[table], may); err != nil {
				return err
			}
		}
		through.report(r, l)
		return nil
	})
}

// tryTable tries on a table what the migrations did not permit.
func (s *Subject) tryTable(ctx context.Context, l *login, r *doctor.Result, through *tried, table, column string, may func(privilege string) bool) error {
	name := "{{schema}}." + pgx.Identifier{table}.Sanitize()
	is, err := s.rights(ctx, l, table)
	if err != nil {
		return err
	}
	if is.owns {
		through.note("it has all rights of the owner", table)
	}
	for _, privilege := range is.held {
		if !may(privilege) {
			through.held(privilege, table)
		}
	}
	trials := append([]trial{{"SELECT", "SELECT FROM " + name + " WHERE false"}}, mutations(name, pgx.Identifier{column}.Sanitize(), is)...)
	for _, one := range trials {
		if may(one.verb) {
			continue
		}
		said, err := l.attempt(ctx, s.fill(one.statement))
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case said == unclear:
			r.CouldNotCheck("%s on %s as %s: %v", one.verb, table, l.name, err)
		case said == permitted:
			through.through(one.verb, table)
		}
	}
	return nil
}

func (s *Subject) rights(ctx context.Context, l *login, table string) (is rights, err error) {
	rows, err := s.texts(ctx, l, `
		SELECT pg_catalog.pg_has_role(c.relowner, 'USAGE')::text, pg_catalog.concat_ws(',',
			CASE WHEN pg_catalog.has_any_column_privilege(c.oid, 'SELECT') THEN 'SELECT' END,
			CASE WHEN pg_catalog.has_any_column_privilege(c.oid, 'INSERT') THEN 'INSERT' END,
			CASE WHEN pg_catalog.has_any_column_privilege(c.oid, 'UPDATE') THEN 'UPDATE' END,
			CASE WHEN pg_catalog.has_table_privilege(c.oid, 'DELETE') THEN 'DELETE' END,
			CASE WHEN pg_catalog.has_table_privilege(c.oid, 'TRUNCATE') THEN 'TRUNCATE' END)
		FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
		WHERE n.nspname = $1 AND c.relname = $2`, s.options.Schema, table)
	if err == nil && len(rows) == 1 {
		is = rights{owns: rows[0][0] == "true", held: strings.FieldsFunc(rows[0][1], func(r rune) bool { return r == ',' })}
	}
	return is, err
}

// escapes are the statements by which a login would become more than it is.
func (s *Subject) escapes(role Role, superuser string) []trial {
	trials := []trial{
		{"become the superuser", "SET LOCAL SESSION AUTHORIZATION " + pgx.Identifier{superuser}.Sanitize()},
		{"replace audit_login_admits()", `CREATE OR REPLACE FUNCTION {{schema}}.audit_login_admits(tenant text) RETURNS boolean LANGUAGE sql AS 'SELECT true'`},
		{"alter audit_locate()", "ALTER FUNCTION {{schema}}.audit_locate(text) SECURITY INVOKER"},
		{"make a partition", "CREATE TABLE {{schema}}.audit_events_2099_01 PARTITION OF {{schema}}.audit_events FOR VALUES FROM ('2099-01-01') TO ('2099-02-01')"},
	}
	for _, other := range Roles() {
		if other == role {
			continue
		}
		trials = append(trials, trial{"become " + other.name(s.options.RolePrefix), "SET LOCAL ROLE {{" + string(other) + "}}"})
		if other == Auditor || other == Owner {
			trials = append(trials, trial{"grant itself " + other.name(s.options.RolePrefix), "GRANT {{" + string(other) + "}} TO CURRENT_USER"})
		}
	}
	return trials
}

func (s *Subject) tryEscapes(ctx context.Context, r *doctor.Result, role Role) error {
	return s.forLogin(r, role, func(l *login) error {
		is, err := s.rights(ctx, l, eventsTable)
		if err != nil {
			return err
		}
		if is.owns {
			r.Find(doctor.Finding{Where: l.where(), Detail: "it has all rights of the owner of audit_events"})
			return nil // all else would get through, and take locks
		}
		rows, err := s.texts(ctx, l, "SELECT pg_catalog.pg_get_userbyid(10)::text")
		if err != nil {
			return err
		}
		for _, one := range s.escapes(role, rows[0][0]) {
			said, err := l.attempt(ctx, s.fill(one.statement))
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case said == unclear:
				r.CouldNotCheck("whether %s can %s: %v", l.name, one.verb, err)
			case said == permitted:
				r.Find(doctor.Finding{Where: l.where(), Detail: "the server let it " + one.verb + " (undone)"})
			}
		}
		return nil
	})
}

// tryTriggers tries as the owner what only the triggers refuse. TRUNCATE and
// what is refused row by row would need a lock, or a row: the catalog's checks
// look at those triggers.
func tryTriggers(ctx context.Context, s *Subject, r *doctor.Result) error {
	return s.forLogin(r, Owner, func(l *login) error {
		expected, columns, partitions, err := s.targets(ctx)
		if err != nil {
			return err
		}
		var through tried
		for _, table := range sortedKeys(columns) {
			kind := table
			if slices.Contains(partitions, table) {
				kind = eventsTable + "_*"
			}
			definition := expected[thing{"trigger", kind + " audit_append_only"}]
			if !strings.Contains(definition, "DELETE OR UPDATE") {
				continue
			}
			for _, one := range mutations("{{schema}}."+pgx.Identifier{table}.Sanitize(), pgx.Identifier{columns[table]}.Sanitize(), rights{owns: true})[:2] {
				switch said, err := l.attempt(ctx, s.fill(one.statement)); {
				case ctx.Err() != nil:
					return ctx.Err()
				case said == unclear:
					r.CouldNotCheck("%s on %s as %s: %v", one.verb, table, l.name, err)
				case said == permitted:
					through.through(one.verb, table)
				}
			}
		}
		through.report(r, l)
		return nil
	})
}
