package store_test

import (
	"context"
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

// primary is a server of the test's own. After synchronous its commits wait for a
// standby that is not there, and until alone is called.
type primary struct {
	*pglocal.Cluster

	writer string // URL
}

func newPrimary(t *testing.T) *primary {
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
	return &primary{cluster, cluster.SocketURL("writer", "audit")}
}

func (p *primary) connect(t *testing.T) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), p.SocketURL(pglocal.Superuser, "postgres"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func (p *primary) standbys(t *testing.T, names string) {
	t.Helper()
	require.NoError(t, p.Exec(t.Context(), "postgres", "ALTER SYSTEM SET synchronous_standby_names = '"+names+"'"))
	require.NoError(t, p.Exec(t.Context(), "postgres", "SELECT pg_reload_conf()"))
}

func (p *primary) alone(t *testing.T) { p.standbys(t, "") }

// synchronous returns when commits do wait: processes of the server take note of a
// setting one after the other.
func (p *primary) synchronous(t *testing.T) {
	t.Helper()
	p.standbys(t, "nobody")
	committing, watching := p.connect(t), p.connect(t)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for err := error(nil); err == nil; {
			_, err = committing.Exec(t.Context(), "SELECT pg_logical_emit_message(true, 'test', '')")
		}
	}()
	require.Eventually(t, func() bool { return p.waiting(t, watching, pglocal.Superuser, "pg_terminate_backend(pid)") > 0 }, time.Minute, time.Millisecond)
	<-ended
}

// waiting does something with the sessions of a login that wait for the standby,
// and counts them.
func (*primary) waiting(t *testing.T, conn *pgx.Conn, login, what string) (n int) {
	t.Helper()
	assert.NoError(t, conn.QueryRow(t.Context(), "SELECT count("+what+") FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND usename = $1", login).Scan(&n))
	return n
}

// canceling cancels the waits of writers until it is stopped.
func (p *primary) canceling(t *testing.T) (stop func()) {
	t.Helper()
	conn := p.connect(t)
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			p.waiting(t, conn, "writer", "pg_cancel_backend(pid)")
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
	}
}

// PostgreSQL answers a COMMIT whose wait for the standby was canceled as if all
// were well, and a failover takes the commit back.
func TestWriteIsNotAcknowledgedWithoutTheSynchronousStandby(t *testing.T) {
	t.Parallel()
	p := newPrimary(t)
	list := events(t, audit("acme", "a", "k", 1))
	quarantined := []store.Quarantined{{Reason: "malformed", OTLP: []byte("x"), SHA256: [32]byte{1}}}
	later := &headCounter{}
	first, second := newWriter(t, p.writer), newWriter(t, p.writer, sealWith(later))
	connected(t, first)
	p.synchronous(t)
	for n, w := range []*store.Writer{first, second} {
		for range 3 {
			outcomes := make([]store.Outcome, 1)
			stop := p.canceling(t)
			require.ErrorContains(t, w.Write(t.Context(), list, outcomes), "synchronous standby", n)
			assert.Equal(t, store.Pending, outcomes[0].Status, n)
			require.ErrorContains(t, w.Quarantine(t.Context(), quarantined), "synchronous standby", n)
			stop()
		}
	}
	assert.Zero(t, later.heads, "it connected when the commit was there, and the standby did not have it")
	p.alone(t)
	for _, w := range []*store.Writer{first, second} {
		assert.Equal(t, []store.Status{store.Duplicate}, write(t, w, list), "it is there since the first try")
		require.NoError(t, w.Quarantine(t.Context(), quarantined))
	}
}

// A wait for the standby that nobody cancels outlives its client, and
// statement_timeout does not end it. However often writers try, no sessions gather.
func TestWaitsForTheSynchronousStandbyDoNotGather(t *testing.T) {
	t.Parallel()
	p := newPrimary(t)
	w := newWriter(t, p.writer, func(o *store.WriterOptions) { o.StatementTimeout = 300 * time.Millisecond })
	list := events(t, audit("acme", "a", "k", 1))
	connected(t, w)
	p.synchronous(t)
	watching := p.connect(t)
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() { left <- w.Write(ctx, list, make([]store.Outcome, 1)) }()
	require.Eventually(t, func() bool { return p.waiting(t, watching, "writer", "*") == 1 }, time.Minute, time.Millisecond)
	cancel()
	require.ErrorIs(t, <-left, context.Canceled)
	ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for range 5 {
		require.ErrorContains(t, w.Write(ctx, list, make([]store.Outcome, 1)), "synchronous standby")
	}
	assert.Equal(t, 1, p.waiting(t, watching, "writer", "*"), "the commit of the event")
	// Nor where the caller's time is over first, on one connection after the other.
	hasty := newWriter(t, p.writer)
	for range 8 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		_, err := hasty.EnsureMonths(ctx, 0)
		require.Error(t, err)
		cancel()
		hasty.Close()
	}
	require.Eventually(t, func() bool { return p.waiting(t, watching, "writer", "*") == 1 }, time.Minute, 10*time.Millisecond, "the commit of the event")
	p.alone(t)
	assert.Equal(t, []store.Status{store.Duplicate}, write(t, w, list))
}

// headCounter is a Sealer that counts the commits it is asked to believe.
type headCounter struct {
	store.Sealer
	heads int
}

func (*headCounter) Known(string) store.Position { return store.Position{} }
func (*headCounter) Committed([]store.Commit)    {}

func (c *headCounter) Check(head *store.Head) error {
	if head.Size > 0 {
		c.heads++
	}
	return nil
}
