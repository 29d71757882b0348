package cli

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/pglocal"
	"github.com/otelaudit/otelaudit/migrations"
)

// startCluster starts a server of this test's own.
func startCluster(t *testing.T, dir string) *pglocal.Cluster {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cluster, err := pglocal.Start(ctx, pglocal.Options{Dir: dir, Volatile: true, Settings: map[string]string{"wal_level": "replica", "hot_standby": "on"}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = cluster.Stop(context.Background()) })
	return cluster
}

// primaryAndStandby are two servers with the same data, of which one takes no
// writes.
func primaryAndStandby(t *testing.T) (primary, standby *pglocal.Cluster) {
	t.Helper()
	base, err := os.MkdirTemp("", "otelaudit-standby-") //nolint:usetesting // a socket's path may have 107 bytes
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(base) })
	require.NoError(t, os.Chmod(base, 0o755))
	from, to := filepath.Join(base, "a"), filepath.Join(base, "b")
	primary = startCluster(t, from)
	ctx := t.Context()
	require.NoError(t, primary.EnsureDatabase(ctx, "audit"))
	_, err = (migrations.Runner{}).Up(ctx, primary.SocketURL(pglocal.Superuser, "audit"))
	require.NoError(t, err)
	roles := migrations.RolesFor(migrations.DefaultRolePrefix)
	require.NoError(t, primary.EnsureLogin(ctx, "writer", roles.Writer))
	require.NoError(t, primary.EnsureLogin(ctx, "reader", roles.Reader))
	require.NoError(t, primary.EnsureLogin(ctx, "another", roles.Reader))
	plant(t, primary.SocketURL("writer", "audit"))
	data, err := filepath.Rel(from, primary.DataDir)
	require.NoError(t, err)
	require.NoError(t, primary.Stop(ctx))
	output, err := exec.CommandContext(ctx, "cp", "-a", from, to).CombinedOutput()
	require.NoError(t, err, "%s", output)
	output, err = exec.CommandContext(ctx, "cp", "-a", filepath.Join(to, data, "PG_VERSION"), filepath.Join(to, data, "standby.signal")).CombinedOutput()
	require.NoError(t, err, "%s", output)
	return startCluster(t, from), startCluster(t, to)
}

// TestReadsOfAStandby: it takes no trace, and the primary does where it is named.
func TestReadsOfAStandby(t *testing.T) {
	primary, standby := primaryAndStandby(t)
	list := func(trace string) (code int, out, stderr string) {
		t.Helper()
		env := map[string]string{"AUDIT_READER_URL": standby.SocketURL("reader", "audit"), "AUDIT_TRACE_DATABASE_URL": trace}
		var stdout, errs bytes.Buffer
		code = Run(t.Context(), &System{
			Stdin: bytes.NewReader(nil), Stdout: &stdout, Stderr: &errs, User: "eve", Now: time.Now,
			Getenv: func(name string) string { return env[name] },
		}, []string{"list", "--tenant", "acme"})
		return code, stdout.String(), errs.String()
	}
	code, out, stderr := list("")
	assert.Equal(t, 2, code)
	assert.Empty(t, out)
	assert.Equal(t, "otelaudit: error: refused, because the trace of this read (audit.read.list of _system) could not be recorded: the server takes no writes: is it a standby?\n"+
		"hint: name the primary in AUDIT_TRACE_DATABASE_URL, with the same login, and the trace is left there\n", stderr)

	code, out, stderr = list(primary.SocketURL("reader", "audit"))
	require.Zero(t, code, stderr)
	assert.Contains(t, out, `"event_id":"a-1"`)
	conn, err := pgx.Connect(t.Context(), primary.SocketURL(pglocal.Superuser, "audit"))
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	var traces int
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT count(*) FROM audit_outbox WHERE record #>> '{payload,database_user}' = 'reader'`).Scan(&traces))
	assert.Equal(t, 1, traces)

	// Not just anywhere, and not in another's name.
	require.NoError(t, primary.EnsureDatabase(t.Context(), "elsewhere"))
	_, err = (migrations.Runner{}).Up(t.Context(), primary.SocketURL(pglocal.Superuser, "elsewhere"))
	require.NoError(t, err)
	for _, wrong := range []string{primary.SocketURL("reader", "elsewhere"), primary.SocketURL("another", "audit")} {
		code, out, stderr = list(wrong)
		assert.Equal(t, 2, code)
		assert.Empty(t, out)
		assert.Contains(t, stderr, "AUDIT_TRACE_DATABASE_URL names a server that has not the same data as the one that is read, or another login")
	}
}
