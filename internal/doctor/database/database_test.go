package database

import (
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/doctor"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// exec runs statements as a user of the cluster.
func exec(t *testing.T, url, statements string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	_, err = conn.Exec(t.Context(), statements)
	require.NoError(t, err, statements)
}

func urls(db *storetest.Database) map[Role]string {
	return map[Role]string{
		Owner: db.OwnerURL, Writer: db.WriterURL, Reader: db.ReaderURL, Auditor: db.AuditorURL, Pruner: db.PrunerURL, Operator: db.OperatorURL,
	}
}

// examine makes the named checks, all without a name.
func examine(t *testing.T, o Options, only ...string) *doctor.Report {
	t.Helper()
	if o.Now == nil {
		o.Now = time.Now
	}
	subject, err := Open(t.Context(), o)
	require.NoError(t, err)
	defer subject.Close(t.Context())
	report := doctor.NewReport()
	require.NoError(t, doctor.Run(t.Context(), report, doctor.Choice{Only: only}, append(Probes(), DataProbes()...), subject))
	report.Sort()
	return report
}

// newStore is a store of two tenants in which nothing is wrong.
func newStore(t *testing.T) *storetest.Database {
	t.Helper()
	db := storetest.NewDatabase(t)
	db.RequireTraces(t)
	exec(t, db.SuperURL, "INSERT INTO audit_retention (tenant_id, keep_days, reason) VALUES ('_default', 365, 'soc2'); GRANT pg_read_all_stats, pg_read_all_settings TO "+db.Login("auditor"))
	plantHealthy(t, db)
	return db
}

// The faults that the checks are for, each made in a store of its own.
var faults = []struct {
	id    string
	as    string // superuser, where empty
	fault string // %[1]s is the beginning of the names of this database's logins
	says  string // of where and detail
}{
	{"store.roles.superuser", "", "ALTER ROLE %[1]s_reader BYPASSRLS", "BYPASSRLS"},
	{"store.roles.superuser", "", "ALTER ROLE %[1]s_auditor SUPERUSER", "superuser"},
	{"store.roles.attributes", "", "ALTER ROLE %[1]s_operator CREATEROLE", "CREATEROLE"},
	{"store.roles.members", "", "GRANT audit_auditor TO %[1]s_reader", "audit_auditor, audit_reader at once"},
	{"store.roles.members", "", "GRANT pg_read_all_data TO %[1]s_pruner", "past the grants"},
	{"store.roles.default_privileges", "", "ALTER DEFAULT PRIVILEGES FOR ROLE audit_owner GRANT SELECT ON TABLES TO PUBLIC", "PUBLIC gets SELECT on tables"},
	{"store.roles.schema", "", "GRANT CREATE ON SCHEMA public TO %[1]s_reader", "CREATE"},
	{"store.roles.bindings", "", "CREATE ROLE %[1]s_bound LOGIN; INSERT INTO audit_login_tenants VALUES ('%[1]s_bound', 'acme'); ALTER ROLE %[1]s_bound RENAME TO %[1]s_nobody2; DROP ROLE %[1]s_nobody2", "no login has that name"},

	{"store.tries.reader", "", "GRANT UPDATE ON audit_events TO %[1]s_reader", "has the right to UPDATE: audit_events"},
	{"store.tries.reader", "", "GRANT SELECT ON audit_events_%[2]s TO audit_reader", "let it SELECT (undone): audit_events_"},
	{"store.tries.writer", "", "GRANT TRUNCATE ON audit_event_ids TO PUBLIC", "has the right to TRUNCATE: audit_event_ids"},
	{"store.tries.operator", "", "GRANT INSERT ON audit_retention TO audit_operator", "has the right to INSERT: audit_retention"},
	{"store.tries.pruner", "", "GRANT DELETE ON audit_commits TO audit_pruner", "right to DELETE: audit_commits"},
	{"store.tries.auditor", "", "GRANT audit_owner TO %[1]s_auditor", "all rights of the owner"},
	{"store.tries.owner", "", "ALTER TABLE audit_commits DISABLE TRIGGER audit_append_only", "let it DELETE (undone): audit_commits"},
	{"store.tries.owner", "", "DROP TRIGGER audit_append_only ON audit_events_%[2]s", "let it UPDATE (undone): audit_events_"},
	{"store.escapes.reader", "", "GRANT audit_auditor TO %[1]s_reader", "become audit_auditor"},
	{"store.escapes.operator", "", "GRANT audit_auditor TO %[1]s_operator WITH ADMIN OPTION", "grant itself audit_auditor"},
	{"store.escapes.pruner", "", "GRANT audit_owner TO %[1]s_pruner", "all rights of the owner"},
	{"store.escapes.writer", "", "GRANT CREATE ON SCHEMA public TO %[1]s_writer; ALTER FUNCTION audit_locate(text) OWNER TO %[1]s_writer", "alter audit_locate()"},
	{"store.escapes.auditor", "", "ALTER ROLE %[1]s_auditor SUPERUSER", "all rights of the owner"},

	{"store.tenants.reader", "", "ALTER TABLE audit_commits DISABLE ROW LEVEL SECURITY", "audit_commits: rows of other tenants"},
	{"store.tenants.reader", "", "CREATE POLICY support ON audit_events TO audit_reader USING (true)", "audit_events: rows of other tenants"},
	{"store.tenants.reader", "", "ALTER ROLE %[1]s_reader BYPASSRLS", "rows of other tenants"},
	{"store.tenants.reader", "", `CREATE OR REPLACE FUNCTION audit_locate(wanted text) RETURNS TABLE (epoch integer, seq bigint, recorded_at timestamptz)
		LANGUAGE sql STABLE SECURITY DEFINER AS $$ SELECT 0, 0::bigint, now() $$`, "audit_locate(): it tells"},
	{"store.tenants.owner", "", "ALTER TABLE audit_events NO FORCE ROW LEVEL SECURITY", "it sees rows"},

	{"store.catalogue.tables", "", "DROP TABLE audit_pruned_leaves", "table audit_pruned_leaves: it is missing"},
	{"store.catalogue.tables", "", "ALTER TABLE audit_events ADD COLUMN note text", "column audit_events note: none of the migrations"},
	{"store.catalogue.tables", "", "ALTER TABLE audit_counts OWNER TO %[1]s_owner", "audit_counts"},
	{"store.catalogue.tables", "", "CREATE RULE hide AS ON INSERT TO audit_commits DO INSTEAD NOTHING", "rule audit_commits hide"},
	{"store.catalogue.constraints", "", "ALTER TABLE audit_commits DROP CONSTRAINT audit_commits_prev", "audit_commits_prev: it is missing"},
	{"store.catalogue.indexes", "", "DROP INDEX audit_events_time", "audit_events_time: it is missing"},
	{"store.catalogue.indexes", "", "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'audit_events_action'::regclass", "INVALID"},
	{"store.catalogue.indexes", "", "CREATE INDEX mine ON audit_commits (note)", "none of the migrations"},
	{"store.catalogue.triggers", "", "ALTER TABLE audit_events_%[2]s DISABLE TRIGGER audit_append_only", "DISABLED"},
	{"store.catalogue.triggers", "", "DROP TRIGGER audit_append_only_row ON audit_quarantine", "it is missing"},
	{"store.catalogue.security", "", "ALTER TABLE audit_epochs NO FORCE ROW LEVEL SECURITY", "security audit_epochs"},
	{"store.catalogue.security", "", "ALTER POLICY audit_reader ON audit_events USING (true)", "policy audit_events audit_reader"},
	{"store.catalogue.security", "", "CREATE POLICY support ON audit_events TO PUBLIC USING (true)", "none of the migrations"},
	{"store.catalogue.grants", "", "GRANT SELECT ON audit_event_ids TO PUBLIC", "audit_event_ids to PUBLIC"},
	{"store.catalogue.grants", "", "GRANT SELECT (reason) ON audit_events TO %[1]s_nobody", "audit_events (reason) to"},
	{"store.catalogue.grants", "", "GRANT EXECUTE ON FUNCTION audit_outbox_clear() TO PUBLIC", "audit_outbox_clear() to PUBLIC"},
	{"store.catalogue.grants", "", "REVOKE SELECT ON audit_events_%[2]s FROM audit_auditor", "it is missing"},
	{"store.catalogue.functions", "", "ALTER FUNCTION audit_locate(text) RESET search_path", "function audit_locate"},
	{"store.catalogue.functions", "", "CREATE OR REPLACE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS 'BEGIN RETURN OLD; END'", "body audit_refuse_change"},
	{"store.catalogue.bounds", "", "ALTER TABLE audit_events_%[2]s RENAME TO audit_events_2001_01", "audit_events_2001_01"},
}

func TestEveryFaultIsFound(t *testing.T) {
	for i, test := range faults {
		t.Run(fmt.Sprintf("%s/%d", test.id, i), func(t *testing.T) {
			db := newStore(t)
			exec(t, db.SuperURL, fmt.Sprintf(test.fault+"\n-- %[1]s %[2]s", db.Name, time.Now().UTC().Format("2006_01")))
			report := examine(t, Options{URLs: urls(db)}, test.id)
			require.NotEmpty(t, report.Findings, "%+v", report)
			said := ""
			for _, f := range report.Findings {
				require.Equal(t, test.id, f.ID)
				require.NotEmpty(t, f.Fix)
				require.NotEmpty(t, f.Section)
				said += f.Where + ": " + f.Detail + "\n"
			}
			require.Contains(t, said, test.says)
		})
	}
}

func TestAHealthyStoreHasNoFindings(t *testing.T) {
	db := newStore(t)
	report := examine(t, Options{URLs: urls(db)}, "store")
	require.Empty(t, report.Findings)
	require.Empty(t, report.Unchecked)
	require.Empty(t, report.NotApplicable)
	require.NotEmpty(t, report.Passed)
}
