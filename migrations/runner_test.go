package migrations_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/store/storetest"
	"github.com/otelaudit/otelaudit/migrations"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func column[T any](t *testing.T, conn *pgx.Conn, sql string, arguments ...any) []T {
	t.Helper()
	rows, err := conn.Query(t.Context(), sql, arguments...)
	require.NoError(t, err)
	values, err := pgx.CollectRows(rows, pgx.RowTo[T])
	require.NoError(t, err)
	return values
}

// objects is everything of ours in a schema, to compare states.
func objects(t *testing.T, conn *pgx.Conn, schema string) []string {
	t.Helper()
	return column[string](t, conn, `
		SELECT c.relkind::text || ' ' || c.relname FROM pg_class c WHERE c.relnamespace = to_regnamespace($1)
		UNION ALL SELECT 'function ' || p.proname FROM pg_proc p WHERE p.pronamespace = to_regnamespace($1)
		UNION ALL SELECT 'policy ' || tablename || ' ' || policyname FROM pg_policies WHERE schemaname = $1
		UNION ALL SELECT 'trigger ' || c.relname || ' ' || tgname FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid WHERE c.relnamespace = to_regnamespace($1)
		ORDER BY 1`, schema)
}

func TestUpDownUp(t *testing.T) {
	db := storetest.NewEmptyDatabase(t)
	conn := connect(t, db.SuperURL)
	runner := migrations.Runner{}
	empty := objects(t, conn, "public")

	var full []string
	for range 2 {
		done, err := runner.Up(t.Context(), db.SuperURL)
		require.NoError(t, err)
		require.Len(t, done, int(migrations.Latest()))
		require.True(t, done[0].Applied)
		require.Equal(t, "roles", done[0].Name)
		now := objects(t, conn, "public")
		if full != nil {
			require.Equal(t, full, now)
		}
		full = now

		done, err = runner.Up(t.Context(), db.SuperURL)
		require.NoError(t, err)
		require.Empty(t, done)

		done, err = runner.Down(t.Context(), db.SuperURL)
		require.NoError(t, err)
		require.Len(t, done, int(migrations.Latest()))
		require.Equal(t, empty, objects(t, conn, "public"))
	}
	done, err := runner.Down(t.Context(), db.SuperURL)
	require.NoError(t, err)
	require.Empty(t, done)
}

func TestStatusChangesNothing(t *testing.T) {
	db := storetest.NewEmptyDatabase(t)
	conn := connect(t, db.SuperURL)
	runner := migrations.Runner{}
	empty := objects(t, conn, "public")

	status, err := runner.Status(t.Context(), db.SuperURL)
	require.NoError(t, err)
	require.Len(t, status, int(migrations.Latest()))
	for i, m := range status {
		require.Equal(t, int64(i+1), m.Version)
		require.False(t, m.Applied)
	}
	require.Equal(t, empty, objects(t, conn, "public"))

	_, err = runner.Up(t.Context(), db.SuperURL)
	require.NoError(t, err)
	status, err = runner.Status(t.Context(), db.SuperURL)
	require.NoError(t, err)
	for _, m := range status {
		require.True(t, m.Applied, m.Name)
		require.False(t, m.AppliedAt.IsZero())
	}
}

func TestDownRefusesWhileThereIsData(t *testing.T) {
	for name, insert := range map[string]string{
		"event": `INSERT INTO audit_events_` + "%s" + ` (seq, recorded_at, epoch, tenant_id, event_id, action, outcome, leaf_hash)
			VALUES (0, now(), 0, 'acme', 'e1', 'login', 'success', sha256(''))`,
		"identity": `INSERT INTO audit_event_ids (seq, recorded_at, epoch, kind, tenant_id, id, fingerprint)
			VALUES (0, now(), 0, 'e', 'acme', 'e1', sha256(''))`,
		"quarantine": `INSERT INTO audit_quarantine (reason, sha256, otlp) VALUES ('malformed', sha256(''), '{}')`,
	} {
		t.Run(name, func(t *testing.T) {
			db := storetest.NewDatabase(t)
			if strings.Contains(insert, "%s") {
				insert = fmt.Sprintf(insert, column[string](t, connect(t, db.SuperURL), `SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')`)[0])
			}
			_, err := connect(t, db.WriterURL).Exec(t.Context(), insert)
			require.NoError(t, err)
			before := objects(t, connect(t, db.SuperURL), "public")
			_, err = migrations.Runner{}.Down(t.Context(), db.SuperURL)
			require.ErrorIs(t, err, migrations.ErrNotEmpty)
			require.ErrorContains(t, err, "is not empty")
			require.Equal(t, before, objects(t, connect(t, db.SuperURL), "public"))
		})
	}
}

// Two databases of one cluster, and each of them twice, all at once: roles are
// cluster-wide and advisory locks are not.
func TestUpInParallel(t *testing.T) {
	cluster := storetest.Cluster(t)
	var urls []string
	for range 3 {
		db := storetest.NewEmptyDatabase(t)
		urls = append(urls, db.SuperURL, db.SuperURL)
	}
	for round := range 3 {
		runner := migrations.Runner{Schema: fmt.Sprintf("round_%d", round), RolePrefix: fmt.Sprintf("round_%d_", round)}
		failed := make([]error, len(urls))
		var all sync.WaitGroup
		for i, url := range urls {
			all.Go(func() { _, failed[i] = runner.Up(t.Context(), url) })
		}
		all.Wait()
		for _, err := range failed {
			require.NoError(t, err)
		}
	}
	roles := column[int](t, connect(t, cluster.SocketURL("postgres", "postgres")), `SELECT count(*) FROM pg_roles WHERE rolname LIKE 'round\_0\_%'`)
	require.Equal(t, []int{6}, roles)
}

// An application's tables, its own history of migrations and a second store all
// live beside ours, each with roles of its own.
func TestBesideAnApplicationAndASecondStore(t *testing.T) {
	db := storetest.NewEmptyDatabase(t)
	conn := connect(t, db.SuperURL)
	_, err := conn.Exec(t.Context(), `CREATE TABLE goose_db_version (id int, version_id bigint); INSERT INTO goose_db_version VALUES (1, 20260101);
		CREATE TABLE orders (id int); INSERT INTO orders VALUES (7)`)
	require.NoError(t, err)
	_, err = migrations.Runner{}.Up(t.Context(), db.SuperURL)
	require.NoError(t, err)
	// A reserved word, to see that every name is quoted.
	second := migrations.Runner{Schema: "order", RolePrefix: "staging_"}
	_, err = second.Up(t.Context(), db.SuperURL)
	require.NoError(t, err)

	require.Equal(t, []int64{20260101}, column[int64](t, conn, `SELECT version_id FROM goose_db_version`))
	ours := objects(t, conn, "public")
	theirs := objects(t, conn, "order")
	require.Len(t, theirs, len(ours)-2, "all but the application's two tables")
	for _, owner := range []struct{ schema, role string }{{"public", "audit_owner"}, {"order", "staging_owner"}} {
		require.Equal(t, []string{owner.role}, column[string](t, conn,
			`SELECT DISTINCT pg_get_userbyid(relowner)::text FROM pg_class WHERE relnamespace = to_regnamespace('"' || $1 || '"') AND relname LIKE 'audit\_event%'`, owner.schema))
	}
	require.Empty(t, column[string](t, conn, `
		SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.pronamespace = to_regnamespace('"order"')
		AND (p.prosrc LIKE '%public.%' OR EXISTS (SELECT FROM aclexplode(p.proacl) a WHERE pg_get_userbyid(a.grantee) LIKE 'audit\_%'))`))
	// A month made in the second store is attached there.
	_, err = conn.Exec(t.Context(), `SELECT "order".audit_ensure_month(now())`)
	require.NoError(t, err)

	_, err = second.Down(t.Context(), db.SuperURL)
	require.NoError(t, err)
	require.Equal(t, ours, objects(t, conn, "public"))
	require.Empty(t, objects(t, conn, "order"))
}

// The owner's login of a managed server is no superuser.
func TestUpWithoutSuperuser(t *testing.T) {
	cluster := storetest.Cluster(t)
	const login = "managed"
	require.NoError(t, cluster.EnsureLogin(t.Context(), login))
	require.NoError(t, cluster.Exec(t.Context(), "postgres", `ALTER ROLE managed CREATEROLE`))
	require.NoError(t, cluster.Exec(t.Context(), "postgres", `CREATE DATABASE managed OWNER managed`))
	runner := migrations.Runner{Schema: "audit", RolePrefix: "managed_"}
	url := cluster.SocketURL(login, "managed")
	_, err := runner.Up(t.Context(), url)
	require.NoError(t, err)
	_, err = runner.Down(t.Context(), url)
	require.NoError(t, err)
	_, err = runner.Up(t.Context(), url)
	require.NoError(t, err)
}

func TestUpRefusesAPrivilegedGroupRole(t *testing.T) {
	db := storetest.NewEmptyDatabase(t)
	require.NoError(t, storetest.Cluster(t).Exec(t.Context(), "postgres", `CREATE ROLE bad_reader NOLOGIN BYPASSRLS`))
	_, err := migrations.Runner{RolePrefix: "bad_"}.Up(t.Context(), db.SuperURL)
	require.ErrorContains(t, err, `00001_roles.sql`)
	require.ErrorContains(t, err, `role "bad_reader" is superuser or has BYPASSRLS`)
}

func TestNamesAreChecked(t *testing.T) {
	for name, runner := range map[string]migrations.Runner{
		`schema "Audit": want lower-case`:      {Schema: "Audit"},
		`schema "a\"; DROP TABLE x; --": want`: {Schema: `a"; DROP TABLE x; --`},
		`schema "pg_audit": names beginning`:   {Schema: "pg_audit"},
		`is longer than 63 bytes`:              {Schema: strings.Repeat("a", 64)},
		`role prefix "9": want`:                {RolePrefix: "9"},
		`role prefix "pg_": names beginning`:   {RolePrefix: "pg_"},
		`is longer than 55 bytes`:              {RolePrefix: strings.Repeat("a", 56)},
	} {
		_, err := runner.Up(t.Context(), "postgres://127.0.0.1:1/x")
		require.ErrorContains(t, err, name)
	}
}

func TestErrorsHoldNoSecret(t *testing.T) {
	for _, url := range []string{"postgres://u:hunter2@127.0.0.1:1/x", "postgres://u:hunter2@127.0.0.1:port/x", "hunter2"} {
		for _, run := range []func() error{
			func() error { _, err := migrations.Runner{}.Up(t.Context(), url); return err },
			func() error { _, err := migrations.Runner{}.Down(t.Context(), url); return err },
			func() error { _, err := migrations.Runner{}.Status(t.Context(), url); return err },
		} {
			err := run()
			require.Error(t, err)
			require.NotContains(t, err.Error(), "hunter2")
		}
	}
}

// TestAnUnfinishedIndexStopsTheTurnOfIndexes: it would be taken over as it is.
func TestAnUnfinishedIndexStopsTheTurnOfIndexes(t *testing.T) {
	db := storetest.NewEmptyDatabase(t)
	conn := connect(t, db.SuperURL)
	runner := migrations.Runner{}
	_, err := runner.Up(t.Context(), db.SuperURL)
	require.NoError(t, err)
	exec := func(sql string) {
		t.Helper()
		_, err := conn.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	exec(`DELETE FROM audit_migrations WHERE version_id = 11`)
	exec(`UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'audit_events_actor'::regclass`)
	before := objects(t, conn, "public")
	_, err = runner.Up(t.Context(), db.SuperURL)
	require.ErrorContains(t, err, "audit_events_actor")
	require.Equal(t, before, objects(t, conn, "public"))
	exec(`UPDATE pg_index SET indisvalid = true WHERE indexrelid = 'audit_events_actor'::regclass`)
	_, err = runner.Up(t.Context(), db.SuperURL)
	require.NoError(t, err)
}
