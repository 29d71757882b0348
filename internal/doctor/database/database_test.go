package database

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/doctor"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
	"github.com/otelaudit/otelaudit/migrations"
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
	probes := append(Probes(), DataProbes()...)
	require.NoError(t, doctor.Run(t.Context(), report, doctor.Choice{Only: only}, probes, subject))
	report.Sort()
	severities := map[string]doctor.Severity{}
	for _, check := range doctor.Checks(probes) {
		severities[check.ID] = check.Severity
	}
	for _, f := range report.Findings {
		require.False(t, f.Severity.Worse(severities[f.ID]), "%s is worse than the documentation has it: %+v", f.ID, f)
	}
	return report
}

// installation is a store with the files that belong to it.
type installation struct {
	*storetest.Database
	options Options
}

// newStore is a store of two tenants in which nothing is wrong.
func newStore(t *testing.T) *installation {
	t.Helper()
	db := storetest.NewDatabase(t)
	db.RequireTraces(t)
	exec(t, db.SuperURL, "INSERT INTO audit_retention (tenant_id, keep_days, reason) VALUES ('_default', 365, 'soc2'), ('_quarantine', 90, ''), ('_journal', 400, ''); GRANT pg_read_all_stats, pg_read_all_settings TO "+db.Login("auditor"))
	dir := t.TempDir()
	made := &installation{db, Options{
		URLs: urls(db), Now: time.Now,
		TrustFile: filepath.Join(dir, "trust"), KeyFile: filepath.Join(dir, "key"), AnchorFile: filepath.Join(dir, "anchors"),
	}}
	files := keys.Files{Key: made.options.KeyFile, Trust: made.options.TrustFile}
	_, err := files.Create(rand.Reader, "test", time.Now())
	require.NoError(t, err)
	made.plantHealthy(t)
	return made
}

// The faults that the checks are for, each made in a store of its own.
var faults = []struct {
	id    string
	fault string // %[1]s is the beginning of the names of this database's logins
	says  string // of where and detail
}{
	{"store.roles.superuser", "ALTER ROLE %[1]s_reader BYPASSRLS", "BYPASSRLS"},
	{"store.roles.superuser", "ALTER ROLE %[1]s_auditor SUPERUSER", "superuser"},
	{"store.roles.attributes", "ALTER ROLE %[1]s_operator CREATEROLE", "CREATEROLE"},
	{"store.roles.members", "GRANT audit_auditor TO %[1]s_reader", "audit_auditor, audit_reader at once"},
	{"store.roles.members", "GRANT pg_read_all_data TO %[1]s_pruner", "past the grants"},
	{"store.roles.default_privileges", "ALTER DEFAULT PRIVILEGES FOR ROLE audit_owner GRANT SELECT ON TABLES TO PUBLIC", "PUBLIC gets SELECT on tables"},
	{"store.roles.schema", "GRANT CREATE ON SCHEMA public TO %[1]s_reader", "CREATE"},
	{"store.roles.bindings", "CREATE ROLE %[1]s_bound LOGIN; INSERT INTO audit_login_tenants VALUES ('%[1]s_bound', 'acme'); ALTER ROLE %[1]s_bound RENAME TO %[1]s_nobody2; DROP ROLE %[1]s_nobody2", "no login has that name"},

	{"store.tries.reader", "GRANT UPDATE ON audit_events TO %[1]s_reader", "has the right to UPDATE: audit_events"},
	{"store.tries.reader", "GRANT SELECT ON audit_events_%[2]s TO audit_reader", "let it SELECT (undone): audit_events_"},
	{"store.tries.writer", "GRANT TRUNCATE ON audit_event_ids TO PUBLIC", "has the right to TRUNCATE: audit_event_ids"},
	{"store.tries.operator", "GRANT INSERT ON audit_retention TO audit_operator", "has the right to INSERT: audit_retention"},
	{"store.tries.pruner", "GRANT DELETE ON audit_commits TO audit_pruner", "right to DELETE: audit_commits"},
	{"store.tries.auditor", "GRANT audit_owner TO %[1]s_auditor", "all rights of the owner"},
	{"store.tries.owner", "ALTER TABLE audit_commits DISABLE TRIGGER audit_append_only", "let it DELETE (undone): audit_commits"},
	{"store.tries.owner", "DROP TRIGGER audit_append_only ON audit_events_%[2]s", "let it UPDATE (undone): audit_events_"},
	{"store.escapes.reader", "GRANT audit_auditor TO %[1]s_reader", "become audit_auditor"},
	{"store.escapes.operator", "GRANT audit_auditor TO %[1]s_operator WITH ADMIN OPTION", "grant itself audit_auditor"},
	{"store.escapes.pruner", "GRANT audit_owner TO %[1]s_pruner", "all rights of the owner"},
	{"store.escapes.writer", "GRANT CREATE ON SCHEMA public TO %[1]s_writer; ALTER FUNCTION audit_locate(text) OWNER TO %[1]s_writer", "alter audit_locate()"},
	{"store.escapes.auditor", "ALTER ROLE %[1]s_auditor SUPERUSER", "all rights of the owner"},

	{"store.tenants.reader", "ALTER TABLE audit_commits DISABLE ROW LEVEL SECURITY", "audit_commits: rows of other tenants"},
	{"store.tenants.reader", "CREATE POLICY support ON audit_events TO audit_reader USING (true)", "audit_events: rows of other tenants"},
	{"store.tenants.reader", "ALTER ROLE %[1]s_reader BYPASSRLS", "rows of other tenants"},
	{"store.tenants.reader", `CREATE OR REPLACE FUNCTION audit_locate(wanted text) RETURNS TABLE (epoch integer, seq bigint, recorded_at timestamptz)
		LANGUAGE sql STABLE SECURITY DEFINER AS $$ SELECT 0, 0::bigint, now() $$`, "audit_locate(): it tells"},
	{"store.tenants.owner", "ALTER TABLE audit_events NO FORCE ROW LEVEL SECURITY", "it sees rows"},

	{"store.catalog.tables", "DROP TABLE audit_pruned_leaves", "table audit_pruned_leaves: it is missing"},
	{"store.catalog.tables", "ALTER TABLE audit_events ADD COLUMN note text", "column audit_events note: none of the migrations"},
	{"store.catalog.tables", "ALTER TABLE audit_counts OWNER TO %[1]s_owner", "audit_counts"},
	{"store.catalog.tables", "CREATE RULE hide AS ON INSERT TO audit_commits DO INSTEAD NOTHING", "rule audit_commits hide"},
	{"store.catalog.constraints", "ALTER TABLE audit_commits DROP CONSTRAINT audit_commits_prev", "audit_commits_prev: it is missing"},
	{"store.catalog.indexes", "DROP INDEX audit_events_time", "audit_events_time: it is missing"},
	{"store.catalog.indexes", "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'audit_events_action'::regclass", "INVALID"},
	{"store.catalog.indexes", "CREATE INDEX mine ON audit_commits (note)", "none of the migrations"},
	{"store.catalog.triggers", "ALTER TABLE audit_events_%[2]s DISABLE TRIGGER audit_append_only", "DISABLED"},
	{"store.catalog.triggers", "DROP TRIGGER audit_append_only_row ON audit_quarantine", "it is missing"},
	{"store.catalog.security", "ALTER TABLE audit_epochs NO FORCE ROW LEVEL SECURITY", "security audit_epochs"},
	{"store.catalog.security", "ALTER POLICY audit_reader ON audit_events USING (true)", "policy audit_events audit_reader"},
	{"store.catalog.security", "CREATE POLICY support ON audit_events TO PUBLIC USING (true)", "none of the migrations"},
	{"store.catalog.grants", "GRANT SELECT ON audit_event_ids TO PUBLIC", "audit_event_ids to PUBLIC"},
	{"store.catalog.grants", "GRANT SELECT (reason) ON audit_events TO %[1]s_nobody", "audit_events (reason) to"},
	{"store.catalog.grants", "GRANT EXECUTE ON FUNCTION audit_outbox_clear() TO PUBLIC", "audit_outbox_clear() to PUBLIC"},
	{"store.catalog.grants", "REVOKE SELECT ON audit_events_%[2]s FROM audit_auditor", "it is missing"},
	{"store.catalog.functions", "ALTER FUNCTION audit_locate(text) RESET search_path", "function audit_locate"},
	{"store.catalog.functions", "CREATE OR REPLACE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS 'BEGIN RETURN OLD; END'", "body audit_refuse_change"},
	{"store.catalog.tables", "ALTER TABLE audit_events_%[2]s SET UNLOGGED", "UNLOGGED"},
	{"store.catalog.functions", "ALTER FUNCTION audit_locate(text) LEAKPROOF", "LEAKPROOF"},
	{"store.objects.owned", "SET ROLE audit_owner; CREATE FUNCTION purge() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'SELECT set_config($$audit.pruning$$, $$on$$, true)'", "function public.purge(): none of the migrations made it, and it is SECURITY DEFINER"},
	{"store.objects.owned", "CREATE SCHEMA other; CREATE TABLE other.copy (x int); ALTER TABLE other.copy OWNER TO audit_owner", "table other.copy"},
	{"store.objects.owned", "CREATE FUNCTION audit_locate(text, int) RETURNS void LANGUAGE sql AS ''; ALTER FUNCTION audit_locate(text, int) OWNER TO audit_owner", "audit_locate(pg_catalog.text,"},
	{"store.objects.dependents", "CREATE SCHEMA other; CREATE VIEW other.all_events AS SELECT * FROM public.audit_events_%[2]s; GRANT SELECT ON other.all_events TO PUBLIC", "view other.all_events: it depends on the store"},
	{"store.objects.dependents", "CREATE MATERIALIZED VIEW copy AS SELECT * FROM audit_events", "materialized view public.copy"},
	{"store.objects.dependents", "CREATE TABLE note (x int); CREATE RULE tell AS ON INSERT TO note DO ALSO DELETE FROM audit_commits", "table public.note"},
	{"store.objects.dependents", "CREATE FUNCTION peek(audit_commits) RETURNS text LANGUAGE sql AS 'SELECT $1.note'", "function public.peek("},
	{"store.objects.dependents", "CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; CREATE TRIGGER watch AFTER INSERT ON audit_commits FOR EACH ROW EXECUTE FUNCTION watch()", "it calls watch()"},
	{"store.objects.leakproof", "CREATE FUNCTION leak(text) RETURNS boolean LANGUAGE sql LEAKPROOF AS 'SELECT true'", "function public.leak("},
	{"store.objects.bystanders", "CREATE PUBLICATION everything FOR ALL TABLES", "FOR ALL TABLES"},
	{"store.objects.bystanders", "CREATE FUNCTION ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE EVENT TRIGGER ddl ON ddl_command_end EXECUTE FUNCTION ddl()", "event trigger ddl"},
	{"store.objects.settings", "ALTER DATABASE %[1]s SET session_replication_role = replica", "it sets session_replication_role"},
	{"store.objects.settings", "ALTER ROLE %[1]s_writer SET synchronous_commit = off", "it sets synchronous_commit"},
	{"store.objects.settings", "ALTER DATABASE %[1]s SET default_transaction_isolation = 'serializable'", "it sets default_transaction_isolation"},
	{"store.objects.settings", "ALTER DATABASE %[1]s SET audit.pruning = 'on'", "it sets audit.pruning"},
	{"store.migrations", "CREATE OR REPLACE FUNCTION audit_schema_version() RETURNS integer LANGUAGE sql AS $$ SELECT 3 $$", "it is at migration 3"},
	{"store.partitions", "DROP TABLE audit_events_%[3]s", "2 months ahead"},
	{"store.partitions", "ALTER TABLE audit_events DETACH PARTITION audit_events_%[2]s", "of the current month"},
	{"store.autovacuum", "ALTER TABLE audit_commits SET (autovacuum_enabled = off)", "autovacuum_enabled"},
	{"store.dead_rows", "ALTER TABLE audit_counts SET (autovacuum_enabled = off); INSERT INTO audit_counts (events, day, month, tenant_id, action) SELECT 1, now(), now(), n, 'x' FROM generate_series(1, 100001) n", "never analyzed"},
	{"server.durability", "SELECT 1", "setting fsync"}, // of every cluster of tests
	{"server.durability", "ALTER ROLE %[1]s_writer SET synchronous_commit = off", "synchronous_commit is off"},
	{"server.replication", "ALTER DATABASE %[1]s SET synchronous_commit = 'remote_apply'", "waits for nobody"},
	{"store.outbox", "INSERT INTO audit_outbox (placed_at, event_id, record) VALUES (now() - interval '1 hour', 'x', '{}')", "1 trace waiting"},
	{"store.access", "INSERT INTO audit_access (login, mode, reason) VALUES ('', 'off', 'x')", "the mode is off"},
	{"store.quarantine", "INSERT INTO audit_quarantine (received_at, reason, sha256, otlp) VALUES (now() - interval '2 days', 'malformed', sha256(''), '')", "1 record"},
	{"store.retention", "SET session_replication_role = replica; DELETE FROM audit_retention", "no default"},
	{"store.retention", "SET session_replication_role = replica; DELETE FROM audit_retention; INSERT INTO audit_retention (tenant_id, keep_days) VALUES ('acme', 30)", "kept for ever, which are globex\n"},
	{"store.retention", "SET session_replication_role = replica; DELETE FROM audit_retention WHERE tenant_id = '_quarantine'", "quarantined records are kept for ever"},
	{"store.retention", "SET session_replication_role = replica; DELETE FROM audit_retention WHERE tenant_id = '_journal'", "segments of journals are kept for ever"},
	{"store.retention", "INSERT INTO audit_retention (tenant_id, keep_days) VALUES ('acme', 366)", "its events are kept 365 days, those of acme 366"},
	{"store.retention", "INSERT INTO audit_retention (tenant_id, keep_days) VALUES ('_system', 364)", "its events are kept 364 days, those of _default 365"},
	{"store.holds", "INSERT INTO audit_legal_holds (tenant_id, reason, placed_at) VALUES ('acme', 'trial', now() - interval '2 years')", "not released"},
	{"store.counts", "INSERT INTO audit_counted (size, epoch, tenant_id) VALUES (10, 0, 'acme'); INSERT INTO audit_counts (events, day, month, tenant_id, action) VALUES (7, now(), now(), 'acme', 'x')", "7 events are counted, and 10 are there"},
	{"data.silent", `INSERT INTO audit_commits (tenant_id, epoch, size, prev_size, recorded_at) SELECT 'quiet', 0, n, n - 1, now() - interval '12 days' + n * interval '1 day' FROM generate_series(1, 7) n`, "tenant quiet"},

	{"store.catalog.bounds", "ALTER TABLE audit_events_%[2]s RENAME TO audit_events_2001_01", "audit_events_2001_01"},
}

func firstOfMonth() time.Time {
	now := time.Now().UTC()
	return time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
}

func TestEveryFaultIsFound(t *testing.T) {
	for i, test := range faults {
		t.Run(fmt.Sprintf("%s/%d", test.id, i), func(t *testing.T) {
			db := newStore(t)
			exec(t, db.SuperURL, fmt.Sprintf(test.fault+"\n-- %[1]s %[2]s %[3]s", db.Name, time.Now().UTC().Format("2006_01"), firstOfMonth().AddDate(0, 2, 0).Format("2006_01")))
			report := examine(t, db.options, test.id)
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
	db.options.freeShare = 1e-9 // of whatever machine this is
	report := examine(t, db.options, "store", "log", "data", "server.clock", "server.disk", "server.replication")
	require.Empty(t, report.Findings)
	require.Empty(t, report.Unchecked)
	require.Len(t, report.NotApplicable, 1, "%+v", report.NotApplicable) // no standby
	require.NotEmpty(t, report.Passed)
}

// Every check has a test that sees it find something.
func TestEveryCheckHasAFault(t *testing.T) {
	tested := map[string]bool{}
	for _, test := range faults {
		tested[test.id] = true
	}
	for _, test := range eventFaults {
		tested[test.id] = true
	}
	for _, id := range []string{ // below
		"store.roles.login", "store.long_transactions", "server.clock", "server.disk", "log.key_age", "log.key_file", "log.unsigned", "log.anchor",
	} {
		tested[id] = true
	}
	for _, check := range doctor.Checks(append(Probes(), DataProbes()...)) {
		require.True(t, tested[check.ID], check.ID)
	}
}

// says examines and demands a finding of one check that says something.
func says(t *testing.T, o Options, id, text string) {
	t.Helper()
	report := examine(t, o, id)
	require.NotEmpty(t, report.Findings, "%+v", report)
	require.Contains(t, report.Findings[0].Where+": "+report.Findings[0].Detail, text)
}

func TestFaultsOutsideOfTheDatabase(t *testing.T) {
	db := newStore(t)
	with := func(change func(*Options)) Options {
		o := db.options
		change(&o)
		return o
	}
	later := func(d time.Duration) func() time.Time { return func() time.Time { return time.Now().Add(d) } }

	says(t, with(func(o *Options) { o.RolePrefix = "other_" }), "store.roles.login", "it does not exist")
	says(t, with(func(o *Options) { o.Now = later(time.Hour) }), "server.clock", "1h0m0s apart")
	says(t, with(func(o *Options) { o.freeShare = 1 }), "server.disk", "GiB are free")
	says(t, with(func(o *Options) { o.Now = later(400 * 24 * time.Hour) }), "log.key_age", "it signs since")
	empty := filepath.Join(t.TempDir(), "anchors")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	says(t, with(func(o *Options) { o.AnchorFile, o.Now = empty, later(time.Hour) }), "log.anchor", "the newest anchor is of 0")
	require.NoError(t, os.Chmod(db.options.KeyFile, 0o640))
	says(t, db.options, "log.key_file", "its mode is 0640")

	conn, err := pgx.Connect(t.Context(), db.ReaderURL)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	// A prune holds its lock in such a transaction: vacuum does not wait for it.
	_, err = conn.Exec(t.Context(), "BEGIN; SELECT pg_advisory_xact_lock(1)")
	require.NoError(t, err)
	require.Empty(t, examine(t, with(func(o *Options) { o.longTransaction = time.Millisecond }), "store.long_transactions").Findings)
	_, err = conn.Exec(t.Context(), "SELECT pg_current_xact_id()")
	require.NoError(t, err)
	says(t, with(func(o *Options) { o.longTransaction = time.Millisecond }), "store.long_transactions", db.Login("reader"))

	bare := storetest.NewDatabase(t)
	write(t, bare, nil, healthy("acme", 1))
	says(t, Options{URLs: urls(bare)}, "log.unsigned", "1 of 1 tenants")
}

// A log that is written to all the time has a newest commit of just now. What
// counts is how long the first one waits that no anchor covers.
func TestAnAnchorIsOldHoweverBusyTheLogIs(t *testing.T) {
	db := newStore(t)
	stale := filepath.Join(t.TempDir(), "anchors")
	anchors, err := os.ReadFile(db.options.AnchorFile)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(stale, anchors, 0o600))
	o := db.options
	o.AnchorFile = stale

	db.write(t, healthy("acme", 60))
	db.write(t, healthy("acme", 61))
	require.Empty(t, examine(t, o, "log.anchor").Findings)
	exec(t, db.SuperURL, `SET session_replication_role = replica; UPDATE audit_commits SET recorded_at = recorded_at - interval '1 hour'
		WHERE tenant_id = 'acme' AND size = 61`)
	report := examine(t, o, "log.anchor")
	require.Len(t, report.Findings, 1)
	require.Contains(t, report.Findings[0].Detail, "the log of tenant acme has 62 events, the newest anchor is of 60, ")
	require.Empty(t, examine(t, db.options, "log.anchor").Findings)
}

// As a reader, one tenant's rows are not walked to find that there are no others.
func TestForeignRowsAreAskedOfAnIndex(t *testing.T) {
	db := newStore(t)
	exec(t, db.SuperURL, `SET session_replication_role = replica;
		INSERT INTO audit_commits (tenant_id, epoch, size, prev_size, recorded_at) SELECT 'large', 0, n, n - 1, now() FROM generate_series(1, 30000) n;
		INSERT INTO audit_counts (events, day, month, tenant_id, action) SELECT 1, now(), now(), 'large', n FROM generate_series(1, 30000) n;
		INSERT INTO audit_events (recorded_at, epoch, seq, tenant_id, event_id, action, outcome, observed_time_unix_nano, leaf_hash)
			SELECT now(), 0, n, 'large', n, 'a.b', 'success', 1, sha256(n::text::bytea) FROM generate_series(0, 29999) n;
		ANALYZE`)
	subject, err := Open(t.Context(), db.options)
	require.NoError(t, err)
	defer subject.Close(t.Context())
	for _, table := range []string{"audit_commits", "audit_counts", "audit_events"} {
		var plan []map[string]any
		err := subject.logins[Reader].read(t.Context(), func(tx pgx.Tx) error {
			if _, err := tx.Exec(t.Context(), byIndex+"; SET LOCAL audit.tenant = 'large'"); err != nil {
				return err
			}
			// The first one fills the caches of the catalog.
			if _, err := tx.Exec(t.Context(), subject.fill(foreignRows(table)), "large", []string{"acme", "globex"}); err != nil {
				return err
			}
			return tx.QueryRow(t.Context(), subject.fill("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "+foreignRows(table)), "large", []string{"acme", "globex"}).Scan(&plan)
		})
		require.NoError(t, err)
		root, _ := plan[0]["Plan"].(map[string]any)
		hit, _ := root["Shared Hit Blocks"].(float64)
		read, _ := root["Shared Read Blocks"].(float64)
		require.Less(t, hit+read, 50.0, "%s: %v", table, plan)
	}
}

// A role that nobody gave a login for is missed, unless it is left out.
func TestAMissingLoginIsTold(t *testing.T) {
	db := newStore(t)
	o := db.options
	o.URLs = map[Role]string{Auditor: db.AuditorURL}
	report := examine(t, o, "store.tries.reader")
	require.Equal(t, "no login of the reader: set AUDIT_READER_URL, or leave it out of --roles", report.Unchecked[0].Why)
	require.Equal(t, doctor.Incomplete, report.Verdict(false))
	o.Asked = []Role{Auditor}
	report = examine(t, o, "store.tries.reader")
	require.Empty(t, report.Unchecked)
	require.Len(t, report.NotApplicable, 1)

	o.URLs, o.Asked = map[Role]string{Reader: "postgres://u:hunter2@127.0.0.1:1/x"}, []Role{Reader}
	report = examine(t, o)
	require.NotEmpty(t, report.Unchecked)
	for _, remark := range report.Unchecked {
		require.NotContains(t, remark.Why, "hunter2")
	}
}

// What is tried leaves nothing behind, and no writer waits for it.
func TestNothingIsChanged(t *testing.T) {
	db := newStore(t)
	count := func() (rows []string) {
		conn, err := pgx.Connect(t.Context(), db.SuperURL)
		require.NoError(t, err)
		defer func() { require.NoError(t, conn.Close(t.Context())) }()
		found, err := conn.Query(t.Context(), `SELECT relname || ' ' || (xpath('/row/c/text()', query_to_xml(format('SELECT count(*) AS c FROM %I', relname), false, true, '')))[1]::text
			FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
			UNION ALL SELECT proname || ' ' || prosecdef || ' ' || md5(prosrc) FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1`)
		require.NoError(t, err)
		rows, err = pgx.CollectRows(found, pgx.RowTo[string])
		require.NoError(t, err)
		return rows
	}
	before := count()
	// What is tried gets through.
	exec(t, db.SuperURL, "ALTER FUNCTION audit_locate(text) OWNER TO "+db.Login("writer")+"; GRANT CREATE ON SCHEMA public TO "+db.Login("writer")+"; GRANT ALL ON ALL TABLES IN SCHEMA public TO "+db.Login("reader")+"; GRANT audit_owner TO "+db.Login("pruner"))
	report := examine(t, db.options)
	require.Equal(t, doctor.P0, report.Worst())
	require.Equal(t, before, count())
}

// A schema whose name the server prints in quotes is compared like others.
func TestAnInstallationOfAnotherName(t *testing.T) {
	db := storetest.NewEmptyDatabase(t)
	const schema, prefix = "order", "staging_" // a word of SQL
	_, err := migrations.Runner{Schema: schema, RolePrefix: prefix}.Up(t.Context(), db.SuperURL)
	require.NoError(t, err)
	report := examine(t, Options{URLs: map[Role]string{Owner: db.SuperURL}, Schema: schema, RolePrefix: prefix}, "store.catalog", "store.roles", "store.migrations")
	require.Empty(t, report.Findings)
}
