package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// TestAccessScripts runs the commands that read where reads must leave a trace,
// each script on a database of its own. Its command traces prints what the outbox
// has, one line per trace, and empties it; sql is what somebody does with psql as
// the server's administrator, and bind binds a login to a tenant.
func TestAccessScripts(t *testing.T) {
	scripts, err := filepath.Glob("testdata/access/*.txtar")
	require.NoError(t, err)
	for _, script := range scripts {
		db := storetest.NewDatabase(t)
		db.RequireTraces(t)
		plant(t, db.WriterURL)
		testscript.Run(t, testscript.Params{
			Files:               []string{script},
			RequireExplicitExec: true,
			Setup: func(env *testscript.Env) error {
				env.Setenv("OWNER_LOGIN_URL", db.OwnerURL)
				for _, role := range []string{"reader", "operator", "auditor"} {
					env.Setenv(strings.ToUpper(role), db.Login(role))
				}
				return setURLs(env, db)
			},
			Cmds: map[string]func(*testscript.TestScript, bool, []string){"traces": printTraces, "sql": runSQL, "bind": bindLogin},
		})
	}
}

func printTraces(ts *testscript.TestScript, _ bool, _ []string) {
	conn, err := pgx.Connect(context.Background(), ts.Getenv("SUPER_URL"))
	ts.Check(err)
	defer func() { _ = conn.Close(context.Background()) }()
	rows, err := conn.Query(context.Background(), `
		WITH gone AS (DELETE FROM audit_outbox RETURNING placed_at, record)
		SELECT concat_ws(' ', record->>'tenant_id', record->>'action', record->>'outcome', record#>>'{actor,id}', coalesce(record#>>'{target,type}', '-') || ':' || coalesce(record#>>'{target,id}', '-'),
			regexp_replace(record#>>'{payload,database_user}', '^t[0-9]+_', ''), coalesce(record#>>'{payload,rows}', '-'), coalesce((record#>'{payload,filter}')::text, '-'))
		FROM gone ORDER BY placed_at`)
	ts.Check(err)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	ts.Check(err)
	for _, line := range lines {
		_, err := fmt.Fprintln(ts.Stdout(), line)
		ts.Check(err)
	}
}

// bindLogin binds a login to one tenant.
func bindLogin(ts *testscript.TestScript, neg bool, args []string) {
	runSQL(ts, neg, []string{fmt.Sprintf("INSERT INTO audit_login_tenants SELECT rolname, '%s', oid FROM pg_roles WHERE rolname = '%s'", args[1], args[0])})
}

func runSQL(ts *testscript.TestScript, _ bool, args []string) {
	conn, err := pgx.Connect(context.Background(), ts.Getenv("SUPER_URL"))
	ts.Check(err)
	defer func() { _ = conn.Close(context.Background()) }()
	_, err = conn.Exec(context.Background(), strings.Join(args, " "))
	ts.Check(err)
}
