package store_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/pglocal"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/migrations"
)

// synchronousPrimary is a server of the test's own whose commits wait for a
// standby that is not there, until alone is called. canceling cancels all such waits
// until it is stopped.
func synchronousPrimary(t *testing.T) (writerURL string, alone func(), canceling func() (stop func())) {
	t.Helper()
	base, err := os.MkdirTemp("", "otelaudit-sync-") //nolint:usetesting // a socket's path may have 107 bytes
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(base) })
	require.NoError(t, os.Chmod(base, 0o755))
	cluster, err := pglocal.Start(t.Context(), pglocal.Options{Dir: filepath.Join(base, "pg")})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, cluster.Kill()) })
	require.NoError(t, cluster.EnsureDatabase(t.Context(), "audit"))
	_, err = (migrations.Runner{}).Up(t.Context(), cluster.SocketURL(pglocal.Superuser, "audit"))
	require.NoError(t, err)
	require.NoError(t, cluster.EnsureLogin(t.Context(), "writer", migrations.RolesFor(migrations.DefaultRolePrefix).Writer))
	require.NoError(t, cluster.Exec(t.Context(), "postgres", "ALTER ROLE writer SET client_min_messages = error"))
	names := func(value string) {
		require.NoError(t, cluster.Exec(t.Context(), "postgres", "ALTER SYSTEM SET synchronous_standby_names = '"+value+"'"))
		require.NoError(t, cluster.Exec(t.Context(), "postgres", "SELECT pg_reload_conf()"))
	}
	names("nobody")
	canceling = func() (stop func()) {
		conn, err := pgx.Connect(t.Context(), cluster.SocketURL(pglocal.Superuser, "postgres"))
		require.NoError(t, err)
		ended, done := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			for {
				_, err := conn.Exec(t.Context(), "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND usename = 'writer'")
				assert.NoError(t, err)
				select {
				case <-ended:
					return
				case <-time.After(5 * time.Millisecond):
				}
			}
		}()
		return func() {
			close(ended)
			<-done
			assert.NoError(t, conn.Close(t.Context()))
		}
	}
	return cluster.SocketURL("writer", "audit"), func() { names("") }, canceling
}

// PostgreSQL answers a COMMIT whose wait for the standby was canceled as if all
// were well, and a failover takes the commit back.
func TestWriteIsNotAcknowledgedWithoutTheSynchronousStandby(t *testing.T) {
	t.Parallel()
	url, alone, canceling := synchronousPrimary(t)
	list := events(t, audit("acme", "a", "k", 1))
	quarantined := []store.Quarantined{{Reason: "malformed", OTLP: []byte("x"), SHA256: [32]byte{1}}}
	first, second := newWriter(t, url), newWriter(t, url)
	for name, w := range map[string]*store.Writer{"who wrote it": first, "another": second} {
		for range 3 {
			outcomes := make([]store.Outcome, 1)
			stop := canceling()
			require.ErrorContains(t, w.Write(t.Context(), list, outcomes), "synchronous standby", name)
			assert.Equal(t, store.Pending, outcomes[0].Status, name)
			require.ErrorContains(t, w.Quarantine(t.Context(), quarantined), "synchronous standby", name)
			stop()
		}
	}
	alone()
	for _, w := range []*store.Writer{first, second} {
		assert.Equal(t, []store.Status{store.Duplicate}, write(t, w, list), "it is there since the first try")
		require.NoError(t, w.Quarantine(t.Context(), quarantined))
	}
}
