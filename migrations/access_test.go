package migrations_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

const refused = "42501"

// attempt runs a statement in a transaction that is rolled back and returns the
// SQLSTATE, "" for success, and the message.
func attempt(t *testing.T, conn *pgx.Conn, statement string, arguments ...any) (state, message string) {
	t.Helper()
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	defer func() { require.NoError(t, tx.Rollback(t.Context())) }()
	_, err = tx.Exec(t.Context(), statement, arguments...)
	if err == nil {
		return "", ""
	}
	var server *pgconn.PgError
	require.ErrorAs(t, err, &server, statement)
	return server.Code, server.Message
}

// plantTwoTenants gives acme and globex an event each, in this month's
// partition, with all that belongs to it, and returns the partition's name.
func plantTwoTenants(t *testing.T, db *storetest.Database) string {
	t.Helper()
	writer := connect(t, db.WriterURL)
	partition := column[string](t, writer, `SELECT audit_ensure_month(now())`)[0]
	now := column[time.Time](t, writer, `SELECT clock_timestamp()`)[0]
	for _, tenant := range []string{"acme", "globex"} {
		leaf := make([]byte, 32)
		copied, err := writer.CopyFrom(t.Context(), pgx.Identifier{partition},
			[]string{"seq", "recorded_at", "epoch", "tenant_id", "event_id", "action", "outcome", "reason", "actor", "leaf_hash"},
			pgx.CopyFromRows([][]any{{0, now, 0, tenant, "event of " + tenant, "login", "success", "secret of " + tenant, `{"type":"user","id":"u1"}`, leaf}}))
		require.NoError(t, err, "the writer copies into the partition with INSERT alone")
		require.EqualValues(t, 1, copied)
		for _, statement := range []string{
			`INSERT INTO audit_event_ids (tenant_id, kind, id, fingerprint, epoch, seq, recorded_at) VALUES ('%[1]s', 'e', 'event of %[1]s', sha256(''), 0, 0, now())`,
			`INSERT INTO audit_commits (tenant_id, epoch, size, prev_size, recorded_at) VALUES ('%[1]s', 0, 1, 0, now())`,
			`INSERT INTO audit_epochs (tenant_id, epoch, prev_size, recorded_at, reason, note) VALUES ('%[1]s', 1, 1, now(), 'restored', 'signed')`,
			`INSERT INTO audit_quarantine (tenant_id, reason, sha256, otlp) VALUES ('%[1]s', 'malformed', sha256('%[1]s'), '{}') ON CONFLICT DO NOTHING`,
			`INSERT INTO audit_quarantine (tenant_id, reason, sha256, otlp) VALUES ('%[1]s', 'malformed', sha256('%[1]s'), '{}') ON CONFLICT DO NOTHING`,
		} {
			_, err := writer.Exec(t.Context(), fmt.Sprintf(statement, tenant))
			require.NoError(t, err)
		}
	}
	return partition
}

// What each role may is written down here by hand. 'otelaudit doctor' tries much
// the same, and reads what is permitted from what the migrations made: it would
// take a grant that a migration gives by mistake for one that was meant. This list
// is the second opinion, so the two stay apart.
func TestEachRoleDoesItsPartAndNothingElse(t *testing.T) {
	db := storetest.NewDatabase(t)
	plantTwoTenants(t, db)
	tables := column[string](t, connect(t, db.SuperURL),
		`SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname <> 'audit_migrations' ORDER BY 1`)
	require.Len(t, tables, 17, "fourteen tables and three partitions")
	isPartition := func(table string) bool { return strings.HasPrefix(table, "audit_events_") }

	for _, role := range []struct {
		name, url      string
		insert, selekt []string // "partition" stands for each
	}{
		{"writer", db.WriterURL, []string{"partition", "audit_event_ids", "audit_commits", "audit_epochs", "audit_quarantine"}, []string{"audit_event_ids", "audit_commits", "audit_epochs"}},
		{"reader", db.ReaderURL, nil, []string{"audit_events", "audit_commits", "audit_epochs", "audit_prunes", "audit_pruned_leaves", "audit_legal_holds", "audit_retention", "audit_counts", "audit_counted"}},
		{"auditor", db.AuditorURL, nil, append([]string{"partition"}, tables...)},
		{"pruner", db.PrunerURL, nil, nil},
		{"operator", db.OperatorURL, nil, []string{"audit_quarantine", "audit_legal_holds", "audit_retention"}},
		{"nobody", db.NobodyURL, nil, nil},
	} {
		t.Run(role.name, func(t *testing.T) {
			conn := connect(t, role.url)
			for _, table := range tables {
				kind := table
				if isPartition(table) {
					kind = "partition"
				}
				update := "UPDATE %s SET tenant_id = 'x'"
				switch table {
				case "audit_access":
					update = "UPDATE %s SET mode = 'off'"
				case "audit_outbox":
					update = "UPDATE %s SET record = '{}'"
				}
				for _, mutation := range []string{
					update, update + " WHERE false", "DELETE FROM %s", "TRUNCATE %s", "TRUNCATE %s CASCADE",
					"DROP TABLE %s", "ALTER TABLE %s DISABLE TRIGGER ALL", "ALTER TABLE %s DISABLE ROW LEVEL SECURITY", "ALTER TABLE %s NO FORCE ROW LEVEL SECURITY",
					"CREATE POLICY mine ON %s USING (true)", "ALTER TABLE audit_events DETACH PARTITION %s", "LOCK TABLE %s IN ACCESS EXCLUSIVE MODE",
					"SELECT * FROM %s FOR UPDATE",
				} {
					state, message := attempt(t, conn, fmt.Sprintf(mutation, table))
					require.Equal(t, refused, state, "%s: %s", fmt.Sprintf(mutation, table), message)
				}
				state, message := attempt(t, conn, "INSERT INTO "+table+" DEFAULT VALUES")
				if slices.Contains(role.insert, kind) {
					require.Equal(t, "23502", state, "%s: empty, but permitted: %s", table, message)
				} else {
					require.Equal(t, refused, state, "%s: %s", table, message)
				}
				state, message = attempt(t, conn, "SELECT * FROM "+table)
				if slices.Contains(role.selekt, kind) {
					require.Empty(t, state, "%s: %s", table, message)
				} else {
					require.Equal(t, refused, state, "%s: %s", table, message)
				}
			}
			for _, escalation := range []string{
				"SET ROLE audit_owner", "GRANT audit_auditor TO CURRENT_USER", "ALTER FUNCTION audit_locate(text) SECURITY INVOKER",
				"SET SESSION AUTHORIZATION postgres", "CREATE OR REPLACE FUNCTION audit_login_admits(tenant text) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
				"CREATE TABLE audit_events_2099_01 PARTITION OF audit_events FOR VALUES FROM ('2099-01-01') TO ('2099-02-01')",
			} {
				state, message := attempt(t, conn, escalation)
				require.Equal(t, refused, state, "%s: %s", escalation, message)
			}
		})
	}
}

// Whoever has every right still meets the triggers, and is told why.
func TestOwnerAndSuperuserMeetTheTriggers(t *testing.T) {
	db := storetest.NewDatabase(t)
	partition := plantTwoTenants(t, db)
	for name, url := range map[string]string{"owner": db.OwnerURL, "superuser": db.SuperURL} {
		t.Run(name, func(t *testing.T) {
			conn := connect(t, url)
			for _, table := range []string{"audit_events", partition, "audit_event_ids", "audit_commits", "audit_epochs", "audit_prunes", "audit_pruned_leaves"} {
				for verb, statement := range map[string]string{
					"UPDATE":   "UPDATE %s SET tenant_id = 'x'",
					"DELETE":   "DELETE FROM %s",
					"TRUNCATE": "TRUNCATE %s",
				} {
					state, message := attempt(t, conn, fmt.Sprintf(statement, table))
					require.Equal(t, refused, state, "%s %s", verb, table)
					require.Contains(t, message, " is refused: audit data is append-only")
					require.Contains(t, message, verb+" on public.")
				}
			}
			for _, statement := range []string{"UPDATE audit_quarantine SET reason = 'x'", "DELETE FROM audit_quarantine", "TRUNCATE audit_quarantine"} {
				state, message := attempt(t, conn, statement)
				require.Equal(t, refused, state, statement)
				require.Contains(t, message, "quarantine keeps what came")
			}
			// A month made later is protected too.
			_, err := connect(t, db.WriterURL).Exec(t.Context(), "SELECT audit_ensure_month(now() - interval '1 month')")
			require.NoError(t, err)
			last := column[string](t, conn, "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'audit_events'::regclass ORDER BY 1 LIMIT 1")[0]
			require.NotEqual(t, partition, last)
			for _, statement := range []string{"UPDATE %s SET tenant_id = 'x' WHERE false", "DELETE FROM %s WHERE false", "TRUNCATE %s"} {
				state, _ := attempt(t, conn, fmt.Sprintf(statement, last))
				require.Equal(t, refused, state, statement)
			}
		})
	}
	// Only the owner role may prune, and only where it says that it does.
	super, owner := connect(t, db.SuperURL), connect(t, db.OwnerURL)
	state, _ := attempt(t, super, "SET LOCAL audit.pruning = 'on'; DELETE FROM "+partition)
	require.Equal(t, refused, state)
	state, _ = attempt(t, owner, "SET LOCAL audit.pruning = 'on'; DELETE FROM "+partition)
	require.Equal(t, refused, state, "a login that is a member is not the owner")
	state, message := attempt(t, owner, "SET LOCAL ROLE audit_owner; SET LOCAL audit.pruning = 'on'; DELETE FROM "+partition)
	require.Empty(t, state, message)
	state, message = attempt(t, owner, "SET LOCAL ROLE audit_owner; SET LOCAL audit.resolving = 'on'; UPDATE audit_quarantine SET resolution = 'discarded', resolved_at = now()")
	require.Empty(t, state, message)
	state, _ = attempt(t, owner, "SET LOCAL ROLE audit_owner; SET LOCAL audit.resolving = 'on'; UPDATE audit_quarantine SET otlp = ''")
	require.Equal(t, refused, state)
	// Forced row-level security: without a tenant's policy the owner reads nothing.
	require.Equal(t, []int{0}, column[int](t, owner, "SELECT count(*) FROM audit_events"))
}

func TestReadersSeeOneTenant(t *testing.T) {
	db := storetest.NewDatabase(t)
	plantTwoTenants(t, db)
	// What readers may see besides events.
	_, err := connect(t, db.SuperURL).Exec(t.Context(), `
		INSERT INTO audit_prunes (size, cutoff, deleted, epoch, tenant_id) SELECT 1, now(), 1, 0, t FROM unnest(ARRAY['acme', 'globex']) t;
		INSERT INTO audit_pruned_leaves (seq, recorded_at, epoch, tenant_id, leaf_hash) SELECT 0, now(), 0, t, sha256('') FROM unnest(ARRAY['acme', 'globex']) t;
		INSERT INTO audit_legal_holds (tenant_id, reason) SELECT t, 'trial' FROM unnest(ARRAY['acme', 'globex']) t;
		INSERT INTO audit_retention (tenant_id, keep_days) SELECT t, 365 FROM unnest(ARRAY['acme', 'globex', '_default']) t;
		INSERT INTO audit_counts (tenant_id, day, month, action, events) SELECT t, now(), now(), 'login', 1 FROM unnest(ARRAY['acme', 'globex']) t;
		INSERT INTO audit_counted (tenant_id, epoch, size) SELECT t, 0, 1 FROM unnest(ARRAY['acme', 'globex']) t`)
	require.NoError(t, err)

	conn := connect(t, db.ReaderURL)
	as := func(tenant string) { column[string](t, conn, "SELECT set_config('audit.tenant', $1, false)", tenant) }
	tables := []string{"audit_events", "audit_commits", "audit_epochs", "audit_prunes", "audit_pruned_leaves", "audit_legal_holds", "audit_retention", "audit_counts", "audit_counted"}
	seen := func(table string) []string {
		return column[string](t, conn, "SELECT DISTINCT tenant_id FROM "+table)
	}

	for _, table := range tables {
		require.Empty(t, seen(table), "%s: no tenant set", table)
	}
	require.Empty(t, column[int64](t, conn, "SELECT seq FROM audit_locate('event of acme')"))

	for _, tenant := range []string{"acme", "globex"} {
		as(tenant)
		for _, table := range tables {
			require.Equal(t, []string{tenant}, seen(table), table)
		}
		other := map[string]string{"acme": "globex", "globex": "acme"}[tenant]
		require.Equal(t, []int{0}, column[int](t, conn, "SELECT count(*) FROM audit_events WHERE tenant_id = $1", other))
		require.Empty(t, column[int64](t, conn, "SELECT seq FROM audit_locate($1)", "event of "+other))
		require.Equal(t, []int64{0}, column[int64](t, conn, "SELECT seq FROM audit_locate($1)", "event of "+tenant))
		// A window, an order and a row comparison, as a forged cursor would have.
		require.Equal(t, []string{tenant}, column[string](t, conn,
			"SELECT tenant_id FROM audit_events WHERE (event_time, seq) < (now() + interval '1 day', 9) ORDER BY event_time DESC, seq DESC"))
		// An error or a message must not tell of rows that are not shown.
		require.Equal(t, []int{1}, column[int](t, conn, "SELECT 1 / (reason <> $1)::int FROM audit_events", "secret of "+other))
	}
	for _, tenant := range []string{"", "none", "acm%", "ACME"} {
		as(tenant)
		for _, table := range tables {
			require.Empty(t, seen(table), "%s: %q", table, tenant)
		}
	}

	// SET LOCAL is gone with the transaction.
	as("")
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "SET LOCAL audit.tenant = 'acme'")
	require.NoError(t, err)
	require.Equal(t, []string{"acme"}, seen("audit_events"))
	require.NoError(t, tx.Commit(t.Context()))
	require.Empty(t, seen("audit_events"))

	require.Equal(t, []int{2}, column[int](t, connect(t, db.AuditorURL), "SELECT count(*) FROM audit_events"))
	require.Equal(t, []int{2}, column[int](t, connect(t, db.OperatorURL), "SELECT count(*) FROM audit_quarantine"))
}

// A function that costs nothing would be asked first, if it were asked before
// the policy.
func TestReadersCannotOverhear(t *testing.T) {
	db := storetest.NewDatabase(t)
	plantTwoTenants(t, db)
	var heard []string
	config, err := pgx.ParseConfig(db.ReaderURL)
	require.NoError(t, err)
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { heard = append(heard, n.Message) }
	conn, err := pgx.ConnectConfig(t.Context(), config)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	_, err = conn.Exec(t.Context(), `CREATE FUNCTION pg_temp.overhear(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS
		$$ BEGIN RAISE NOTICE '%', $1; RETURN true; END $$; SET audit.tenant = 'acme'`)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `SELECT FROM audit_events WHERE pg_temp.overhear(reason)`)
	require.NoError(t, err)
	require.Equal(t, []string{"secret of acme"}, heard)
}

func TestABoundLoginReadsItsTenantsOnly(t *testing.T) {
	db := storetest.NewDatabase(t)
	plantTwoTenants(t, db)
	_, err := connect(t, db.OwnerURL).Exec(t.Context(), "INSERT INTO audit_login_tenants VALUES ($1, 'acme')", db.Login("reader"))
	require.NoError(t, err)
	conn := connect(t, db.ReaderURL)
	for tenant, sees := range map[string]int{"acme": 1, "globex": 0} {
		column[string](t, conn, "SELECT set_config('audit.tenant', $1, false)", tenant)
		require.Equal(t, []int{sees}, column[int](t, conn, "SELECT count(*) FROM audit_events"), tenant)
		require.Equal(t, []int{sees}, column[int](t, conn, "SELECT count(*) FROM audit_commits"), tenant)
		require.Len(t, column[int64](t, conn, "SELECT seq FROM audit_locate($1)", "event of "+tenant), sees)
	}
	state, _ := attempt(t, conn, "SELECT * FROM audit_login_tenants")
	require.Equal(t, refused, state)
}

func TestNoFunctionIsOpenToEverybody(t *testing.T) {
	db := storetest.NewDatabase(t)
	conn := connect(t, db.SuperURL)
	require.Empty(t, column[string](t, conn, `
		SELECT p.oid::regprocedure::text FROM pg_proc p
		WHERE p.pronamespace = 'public'::regnamespace
			AND (p.proacl IS NULL OR EXISTS (SELECT FROM aclexplode(p.proacl) a WHERE a.grantee = 0))`), "PUBLIC may execute")
	require.Empty(t, column[string](t, conn, `
		SELECT p.oid::regprocedure::text FROM pg_proc p
		WHERE p.pronamespace = 'public'::regnamespace
			AND NOT coalesce(p.proconfig @> ARRAY['search_path=pg_catalog, pg_temp', 'TimeZone=UTC'], false)`), "search_path or timezone not pinned")
	require.Equal(t, []string{"audit_owner"}, column[string](t, conn,
		`SELECT DISTINCT pg_get_userbyid(proowner)::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace`))
	may := func(url string) []string {
		return column[string](t, connect(t, url), `SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND has_function_privilege(oid, 'EXECUTE') ORDER BY 1`)
	}
	require.Equal(t, []string{"audit_access_mode", "audit_ensure_month", "audit_outbox_clear", "audit_outbox_read", "audit_recorded", "audit_roll_counts", "audit_schema_version"}, may(db.WriterURL))
	require.Equal(t, []string{"audit_access_mode", "audit_locate", "audit_login_admits", "audit_prune_plan", "audit_recorded", "audit_schema_version", "audit_trace"}, may(db.ReaderURL))
	require.Equal(t, []string{
		"audit_access_mode", "audit_keep_days", "audit_locate", "audit_login_admits", "audit_open_holds", "audit_partitions", "audit_prune_plan",
		"audit_recorded", "audit_schema_version", "audit_tenant_known", "audit_trace",
	}, may(db.AuditorURL))
	require.Equal(t, []string{
		"audit_access_mode", "audit_keep_days", "audit_open_holds", "audit_partitions", "audit_prune_announced", "audit_prune_batch", "audit_prune_forgettable",
		"audit_prune_identities", "audit_prune_month", "audit_prune_plan", "audit_prune_quarantine", "audit_recorded", "audit_schema_version", "audit_tenant_known", "audit_trace",
	}, may(db.PrunerURL))
	require.Equal(t, []string{
		"audit_access_mode", "audit_hold_add", "audit_hold_release", "audit_keep_days", "audit_open_holds", "audit_partitions", "audit_quarantine_discard", "audit_quarantine_replayed", "audit_recorded",
		"audit_retention_set", "audit_retention_unset", "audit_schema_version", "audit_tenant_known", "audit_trace",
	}, may(db.OperatorURL))
	require.Empty(t, may(db.NobodyURL))
}

// What says that an event is in the log is the event, not the identity that a
// writer may give to anything.
func TestATraceWaitsForItsEvent(t *testing.T) {
	db := storetest.NewDatabase(t)
	partition := plantTwoTenants(t, db)
	writer, reader := connect(t, db.WriterURL), connect(t, db.ReaderURL)
	var at time.Time
	require.NoError(t, writer.QueryRow(t.Context(), `SELECT clock_timestamp()`).Scan(&at))
	traces := make([]string, 2)
	for i := range traces {
		traces[i] = one(t, reader, `audit_trace('audit.read.list', 'success', 'acme', NULL, 1)`)
	}
	exec := func(sql string, args ...any) {
		_, err := writer.Exec(t.Context(), sql, args...)
		require.NoError(t, err)
	}
	requireWaiting := func(why string) {
		require.Equal(t, "0", one(t, writer, `SELECT cleared FROM audit_outbox_clear()`), why)
		require.Equal(t, "2", one(t, writer, `SELECT count(*) FROM audit_outbox_read(NULL, NULL, 10)`), why)
		require.Equal(t, "false", one(t, reader, `audit_recorded($1)`, traces[:1]), why)
	}
	requireWaiting("nothing is there")
	exec(`INSERT INTO audit_event_ids (tenant_id, kind, id, fingerprint, epoch, seq, recorded_at)
		VALUES ('_system', 'e', $1, sha256(''), 0, 0, $3), ('_system', 'e', $2, sha256(''), 0, 5, 'infinity')`, traces[0], traces[1], at)
	requireWaiting("an identity alone")
	exec(`INSERT INTO audit_commits (tenant_id, epoch, size, prev_size, recorded_at) VALUES ('_system', 1, 1, 0, $1)`, at)
	for seq, id := range []string{traces[0], "another"} {
		exec(`INSERT INTO `+partition+` (seq, recorded_at, epoch, tenant_id, event_id, action, outcome, actor, leaf_hash)
			VALUES ($1, $2, 0, '_system', $3, 'audit.read.list', 'success', '{}', sha256(''))`, seq, at, id)
	}
	requireWaiting("the commit is of another epoch")
	exec(`INSERT INTO audit_commits (tenant_id, epoch, size, prev_size, recorded_at) VALUES ('_system', 0, 6, 0, $1)`, at)
	require.Equal(t, "true", one(t, reader, `audit_recorded($1)`, traces[:1]))
	require.Equal(t, "false", one(t, reader, `audit_recorded($1)`, traces))
	require.Equal(t, "false", one(t, reader, `audit_recorded(ARRAY[NULL])`))
	require.Equal(t, "true", one(t, reader, `audit_recorded('{}')`))
	require.Equal(t, "1", one(t, writer, `SELECT cleared FROM audit_outbox_clear()`))
	require.Equal(t, traces[1:], column[string](t, writer, `SELECT event_id FROM audit_outbox_read(NULL, NULL, 10)`))
	require.NotEmpty(t, one(t, writer, `SELECT oldest FROM audit_outbox_clear()`))
}
