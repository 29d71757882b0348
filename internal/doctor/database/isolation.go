package database

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/otelaudit/otelaudit/internal/doctor"
)

func isolationProbes() []doctor.Probe[*Subject] {
	const section = "doctor.md#tenants"
	return []doctor.Probe[*Subject]{
		{
			Check: doctor.Check{
				ID: "store.tenants.reader", Severity: doctor.P0, Needs: []string{"reader", "auditor, for the names of tenants"}, Section: section,
				Title: "A reader sees rows of another tenant than the one it set",
				Fix:   "see store.catalog.security and store.roles.superuser for what lets it; give no reader a login until it is mended",
			},
			Look: lookAcrossTenants,
		},
		{
			Check: doctor.Check{
				ID: "store.tenants.owner", Severity: doctor.P1, Needs: []string{"owner"}, Section: section,
				Title: "The owner reads events through audit_events",
				Fix:   "ALTER TABLE audit_events FORCE ROW LEVEL SECURITY, and drop policies that are none of the migrations",
			},
			Look: lookAsOwner,
		},
	}
}

// lookAcrossTenants sets tenants as a reader and asks for rows of others.
func lookAcrossTenants(ctx context.Context, s *Subject, r *doctor.Result) error {
	return s.forLogin(r, Reader, func(l *login) error {
		expected, _, _, err := s.targets(ctx)
		if err != nil {
			return err
		}
		tenants, err := s.someTenants(ctx)
		if err != nil {
			r.CouldNotCheck("as a tenant that exists: %v", err)
		}
		for _, tenant := range append([]string{"", "%", "otelaudit doctor: no tenant"}, tenants...) {
			if err := s.lookAsTenant(ctx, r, l, expected, tenant, tenants); err != nil {
				return err
			}
		}
		return nil
	})
}

// someTenants are a few tenants with events, as the auditor sees them, others in
// every run. Tenants are found one after the other in the index of the commits.
func (s *Subject) someTenants(ctx context.Context) ([]string, error) {
	const among, some = 10_000, 3
	l, asked, err := s.login(Auditor)
	if err != nil || !asked {
		return nil, err
	}
	rows, err := s.texts(ctx, l, `
		WITH RECURSIVE tenants (id, n) AS (
			(SELECT tenant_id, 1 FROM {{schema}}.audit_commits ORDER BY tenant_id LIMIT 1)
			UNION ALL
			SELECT (SELECT c.tenant_id FROM {{schema}}.audit_commits AS c WHERE c.tenant_id > t.id ORDER BY c.tenant_id LIMIT 1), t.n + 1
			FROM tenants AS t WHERE t.id IS NOT NULL AND t.n < $1::int)
		SELECT id FROM tenants WHERE id IS NOT NULL ORDER BY pg_catalog.random() LIMIT $2::int`, among, some)
	var tenants []string
	for _, row := range rows {
		tenants = append(tenants, row[0])
	}
	return tenants, err
}

// foreignRows asks a table whether it shows a row of another tenant than $1, with
// conditions that an index answers: under a policy that demands a tenant, <> alone
// walks all of that tenant's rows, and a tenant may have millions. $2 are others.
func foreignRows(table string) string {
	from := " FROM {{schema}}." + pgx.Identifier{table}.Sanitize() + " WHERE tenant_id "
	return "SELECT EXISTS (SELECT" + from + "< $1::text LIMIT 1) OR EXISTS (SELECT" + from + "> $1::text LIMIT 1) OR EXISTS (SELECT" + from + "= ANY ($2::text[]) LIMIT 1)"
}

// byIndex has the planner take an index where it would rather read all of a table
// that it believes to be small, or to hold what is asked for. What it thinks of the
// cost then would have it compile the query, for a second.
const byIndex = "SET LOCAL enable_seqscan = off; SET LOCAL jit = off"

func (s *Subject) lookAsTenant(ctx context.Context, r *doctor.Result, l *login, expected catalog, tenant string, others []string) error {
	return l.read(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, byIndex, pgx.QueryExecModeSimpleProtocol); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "SELECT pg_catalog.set_config('audit.tenant', $1::text, true)", tenant); err != nil {
			return err
		}
		foreigners := slices.DeleteFunc(slices.Clone(others), func(other string) bool { return other == tenant })
		as := "with its tenant set"
		if tenant == "" {
			as = "with no tenant set"
		}
		for what := range expected {
			if what.kind != "column" || what.name != tableOf(what.name)+" tenant_id" || ofPartition(what.name) {
				continue
			}
			table := tableOf(what.name)
			if !granted(expected, Reader.name(s.options.RolePrefix), table, "SELECT") {
				continue
			}
			var foreign bool
			if err := tx.QueryRow(ctx, s.fill(foreignRows(table)), tenant, foreigners).Scan(&foreign); err != nil {
				return fmt.Errorf("%s: %w", table, err)
			}
			if foreign {
				r.Find(doctor.Finding{Where: l.where() + ", " + table, Detail: "rows of other tenants are shown " + as})
			}
		}
		return s.locateOthers(ctx, r, tx, l, tenant, others)
	})
}

// locateOthers asks for an event of another tenant by its id.
func (s *Subject) locateOthers(ctx context.Context, r *doctor.Result, tx pgx.Tx, l *login, tenant string, others []string) error {
	for _, other := range others {
		if other == tenant {
			continue
		}
		id, err := s.anEvent(ctx, other)
		if err != nil || id == "" {
			return err
		}
		var there, same bool
		err = tx.QueryRow(ctx, s.fill("SELECT EXISTS (SELECT FROM {{schema}}.audit_locate($1::text))"), id).Scan(&there)
		if err == nil && there && tenant != "" {
			// Two tenants may use one id.
			same, err = s.hasEvent(ctx, tenant, id)
		}
		if err != nil {
			return err
		}
		if there && !same {
			r.Find(doctor.Finding{Where: l.where() + ", audit_locate()", Detail: "it tells where an event of another tenant is"})
		}
	}
	return nil
}

// anEvent is the id of an event of a tenant, "" if the auditor finds none.
func (s *Subject) anEvent(ctx context.Context, tenant string) (string, error) {
	l := s.logins[Auditor]
	rows, err := s.texts(ctx, l, "SELECT id FROM {{schema}}.audit_event_ids WHERE tenant_id = $1 AND kind = 'e' LIMIT 1", tenant)
	if err != nil || len(rows) == 0 {
		return "", err
	}
	return rows[0][0], nil
}

func (s *Subject) hasEvent(ctx context.Context, tenant, id string) (bool, error) {
	rows, err := s.texts(ctx, s.logins[Auditor], "SELECT id FROM {{schema}}.audit_event_ids WHERE tenant_id = $1 AND kind = 'e' AND id = $2", tenant, id)
	return len(rows) > 0, err
}

func tableOf(name string) string {
	for i := range len(name) {
		if name[i] == ' ' {
			return name[:i]
		}
	}
	return name
}

func lookAsOwner(ctx context.Context, s *Subject, r *doctor.Result) error {
	return s.forLogin(r, Owner, func(l *login) error {
		rows, err := s.texts(ctx, l, `SELECT (rolsuper OR rolbypassrls)::text FROM pg_catalog.pg_roles WHERE rolname = session_user`)
		if err != nil {
			return err
		}
		if rows[0][0] == "true" {
			r.NotApplicable("%s is superuser or has BYPASSRLS, which no policy binds", l.where())
			return nil
		}
		rows, err = s.texts(ctx, l, "SELECT EXISTS (SELECT FROM {{schema}}.audit_events)::text")
		if err == nil && rows[0][0] == "true" {
			r.Find(doctor.Finding{Where: l.where(), Detail: "it sees rows: row-level security does not bind the owner"})
		}
		return err
	})
}
