package store_test

import (
	"errors"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
	"github.com/otelaudit/otelaudit/migrations"
)

func TestConnectSaysWhatIsMissing(t *testing.T) {
	db, empty := storetest.NewDatabase(t), storetest.NewEmptyDatabase(t)
	t.Run("no tables", func(t *testing.T) {
		_, err := store.Connect(t.Context(), store.Options{URL: empty.ReaderURL})
		require.EqualError(t, err, `schema "public" has no audit tables: run otelaudit migrate up (or check the key schema)`)
	})
	t.Run("another schema", func(t *testing.T) {
		_, err := store.Connect(t.Context(), store.Options{URL: db.ReaderURL, Schema: "elsewhere"})
		require.EqualError(t, err, `schema "elsewhere" has no audit tables: run otelaudit migrate up (or check the key schema)`)
	})
	t.Run("no role", func(t *testing.T) {
		_, err := store.Connect(t.Context(), store.Options{URL: db.NobodyURL})
		require.EqualError(t, err, `"`+db.Login("nobody")+`" may not use the audit tables in schema "public": GRANT audit_reader (one tenant at a time) or audit_auditor TO it`)
		var access *store.AccessError
		require.ErrorAs(t, err, &access)
	})
	t.Run("no right on the schema", func(t *testing.T) {
		_, err := migrations.Runner{Schema: "closed"}.Up(t.Context(), db.SuperURL)
		require.NoError(t, err)
		_, err = store.Connect(t.Context(), store.Options{URL: db.NobodyURL, Schema: "closed"})
		require.EqualError(t, err, `the login may not use the audit tables in schema "closed": GRANT audit_reader (one tenant at a time) or audit_auditor TO it`)
	})
	t.Run("old tables", func(t *testing.T) {
		old := storetest.NewDatabase(t)
		execute(t, old.SuperURL, `CREATE OR REPLACE FUNCTION audit_schema_version() RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1'`)
		_, err := store.Connect(t.Context(), store.Options{URL: old.ReaderURL})
		require.ErrorContains(t, err, `the audit tables in schema "public" are at migration 1, this program needs `)
		require.ErrorContains(t, err, `: run otelaudit migrate up`)
	})
	t.Run("wrong password", func(t *testing.T) {
		wrong := regexp.MustCompile(`:[A-Z0-9]+@`).ReplaceAllString(db.ReaderURL, ":hunter2@")
		_, err := store.Connect(t.Context(), store.Options{URL: wrong})
		require.ErrorContains(t, err, "password authentication failed")
		require.NotContains(t, err.Error(), "hunter2")
	})
	t.Run("not a URL", func(t *testing.T) {
		_, err := store.Connect(t.Context(), store.Options{URL: "postgres://u:hunter2@h:port/"})
		require.Error(t, err)
		require.NotContains(t, err.Error(), "hunter2")
	})
}

// The version the program asks for is the one its migrations make.
func TestTheSchemaTellsItsVersion(t *testing.T) {
	db := storetest.NewDatabase(t)
	version := query[int](t, db, "SELECT audit_schema_version()")
	require.EqualValues(t, migrations.Latest(), version)
	reader(t, db)
	require.Equal(t, int64(11), migrations.Latest(), "requiredSchema in connect.go follows what the statements need")
}

// A reader takes no named statement, no start-up parameter but its name and no
// transaction longer than a page: all that pgbouncer forbids.
func TestReadersLeaveNothingOnTheirConnection(t *testing.T) {
	db := storetest.NewDatabase(t)
	r, err := store.Connect(t.Context(), store.Options{URL: db.ReaderURL, MaxConnections: 1, ApplicationName: "the test"})
	require.NoError(t, err)
	defer r.Close()
	_, err = r.List(t.Context(), "acme", store.Filter{})
	require.NoError(t, err)
	require.Equal(t, []string{"the test idle"}, []string{query[string](t, db,
		"SELECT application_name || ' ' || state FROM pg_stat_activity WHERE usename = '"+db.Login("reader")+"'")})
}

// Every statement fits the migrated tables, and every name in it has its schema.
func TestEveryStatementIsPreparedByPostgreSQL(t *testing.T) {
	db := storetest.NewDatabase(t)
	conn, err := pgx.Connect(t.Context(), db.SuperURL)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	_, err = conn.Exec(t.Context(), "SET search_path = ''")
	require.NoError(t, err)
	files, err := fs.Glob(os.DirFS("sql"), "*.sql")
	require.NoError(t, err)
	require.Greater(t, len(files), 10)
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			text, err := os.ReadFile("sql/" + file)
			require.NoError(t, err)
			_, err = conn.Prepare(t.Context(), "", strings.ReplaceAll(string(text), "{{schema}}", `"public"`))
			if server, ok := errors.AsType[*pgconn.PgError](err); ok {
				t.Fatalf("%s (SQLSTATE %s)", server.Message, server.Code)
			}
			require.NoError(t, err)
		})
	}
}

// What the migrations make under the longest names, a writer fills and a reader
// reads.
func TestTheLongestNamesAreUsable(t *testing.T) {
	db := storetest.NewEmptyDatabase(t)
	schema, prefix := strings.Repeat("s", 63), strings.Repeat("r", 55)
	_, err := migrations.Runner{Schema: schema, RolePrefix: prefix}.Up(t.Context(), db.SuperURL)
	require.NoError(t, err)
	for login, role := range map[string]string{db.Login("writer"): "writer", db.Login("reader"): "reader"} {
		execute(t, db.SuperURL, `GRANT "`+prefix+role+`" TO "`+login+`"`)
	}
	w := newWriter(t, db.WriterURL, func(o *store.WriterOptions) { o.Schema, o.RolePrefix = schema, prefix })
	require.Equal(t, []store.Status{store.Stored}, write(t, w, events(t, audit("acme", "e1", "", 1))))
	r, err := store.Connect(t.Context(), store.Options{URL: db.ReaderURL, Schema: schema, RolePrefix: prefix})
	require.NoError(t, err)
	defer r.Close()
	page, err := r.List(t.Context(), "acme", store.Filter{})
	require.NoError(t, err)
	require.Len(t, page.Events, 1)
}

func TestConnectChecksTheSchemasName(t *testing.T) {
	for _, schema := range []string{"Audit", `a"b`, "pg_audit", strings.Repeat("s", 64), "1a"} {
		_, err := store.Connect(t.Context(), store.Options{URL: "postgres://127.0.0.1:1/x", Schema: schema})
		var named *store.FilterError
		require.ErrorAs(t, err, &named)
		require.Equal(t, "schema", named.Field)
	}
}
