package store_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// cutProxy passes a connection on until the client sends rows and COMMIT, and then
// cuts it: before the server sees that, or before the client sees the answer.
func cutProxy(t testing.TB, server string, after bool) (address string, armed *atomic.Bool) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	armed = new(atomic.Bool)
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go cutOnCommit(client, server, after, armed)
		}
	}()
	return listener.Addr().String(), armed
}

func cutOnCommit(client net.Conn, server string, after bool, armed *atomic.Bool) {
	upstream, err := net.Dial("tcp", server)
	if err != nil {
		_ = client.Close()
		return
	}
	var silent atomic.Bool
	go func() {
		buf := make([]byte, 64<<10)
		for {
			n, err := upstream.Read(buf)
			if err != nil || bytes.Contains(buf[:n], []byte("COMMIT\x00")) && silent.Load() {
				break // the answer to COMMIT is lost
			}
			if _, err := client.Write(buf[:n]); err != nil {
				break
			}
		}
		_ = client.Close()
		_ = upstream.Close()
	}()
	buf := make([]byte, 1<<20)
	for {
		n, err := client.Read(buf)
		if err != nil {
			break
		}
		if armed.Load() && bytes.Contains(buf[:n], []byte(".audit_event_ids (seq")) {
			if !after {
				break
			}
			silent.Store(true)
		}
		if _, err := upstream.Write(buf[:n]); err != nil {
			break
		}
	}
	if !silent.Load() {
		_ = client.Close()
		_ = upstream.Close()
	}
}

// connected has a writer connect, which is a transaction of its own.
func connected(t testing.TB, w *store.Writer) {
	t.Helper()
	_, err := w.EnsureMonths(t.Context(), 0)
	require.NoError(t, err)
}

// An answer to COMMIT that is lost leaves the caller with the same error whether
// it was applied or not; the retry makes both good.
func TestWriteWhenCommitIsCut(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		after  bool
		second store.Status
	}{
		{"error and not applied", false, store.Stored},
		{"error but applied", true, store.Duplicate},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := storetest.NewDatabase(t)
			cluster := storetest.Cluster(t)
			server := fmt.Sprintf("127.0.0.1:%d", cluster.Port)
			proxy, armed := cutProxy(t, server, test.after)
			w := newWriter(t, strings.Replace(cluster.URL(d.Login("writer"), d.Name), server, proxy, 1))
			list := events(t, audit("acme", "a", "k", 1), audit("other", "b", "", 2))
			connected(t, w)
			armed.Store(true)
			outcomes := make([]store.Outcome, len(list))
			err := w.Write(t.Context(), list, outcomes)
			require.Error(t, err)
			assert.Equal(t, store.ClassRetry, store.Classify(err))
			assert.Equal(t, []store.Status{store.Pending, store.Pending}, statuses(outcomes))
			armed.Store(false)
			require.NoError(t, w.Write(t.Context(), list, outcomes))
			assert.Equal(t, []store.Status{test.second, test.second}, statuses(outcomes))
			storetest.CheckState(t, d)
		})
	}
}

func TestWriteAfterBackendIsTerminated(t *testing.T) {
	t.Parallel()
	d := storetest.NewDatabase(t)
	unlock := holdLock(t, d.SuperURL, "acme")
	w := newWriter(t, d.WriterURL)
	list := events(t, audit("acme", "a", "", 1))
	outcomes := make([]store.Outcome, 1)
	failed := make(chan error, 1)
	go func() { failed <- w.Write(context.Background(), list, outcomes) }()
	for query[int64](t, d, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = $1 AND wait_event_type = 'Lock'", d.Login("writer")) == 0 {
		select {
		case err := <-failed:
			t.Fatalf("the write did not wait for the lock: %v", err)
		case <-time.After(time.Millisecond):
		}
	}
	require.Error(t, <-failed)
	unlock()
	require.NoError(t, w.Write(t.Context(), list, outcomes))
	assert.Equal(t, store.Stored, outcomes[0].Status)
	storetest.CheckState(t, d)
}

func holdLock(t testing.TB, url, tenant string) (unlock func()) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), url)
	require.NoError(t, err)
	_, err = conn.Exec(context.Background(), fmt.Sprintf("BEGIN; SELECT pg_advisory_xact_lock(%d, %d)", store.LockClass, store.LockKey(tenant)))
	require.NoError(t, err)
	unlock = func() { _ = conn.Close(context.Background()) }
	t.Cleanup(unlock)
	return unlock
}

// A client that stalls in mid-COPY keeps its locks for ever; another writer of
// the same role ends it. The lock of another role is left alone.
func TestWriteTerminatesStalledWriter(t *testing.T) {
	t.Parallel()
	d := storetest.NewDatabase(t)
	stalled, err := pgx.Connect(context.Background(), d.WriterURL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = stalled.Close(context.Background()) })
	_, err = stalled.Exec(t.Context(), fmt.Sprintf("BEGIN; SELECT pg_advisory_xact_lock(%d, %d)", store.LockClass, store.LockKey("acme")))
	require.NoError(t, err)
	reader, stop := io.Pipe()
	t.Cleanup(func() { _ = stop.Close() })
	go func() {
		_, _ = stalled.PgConn().CopyFrom(context.Background(), reader, "COPY audit_event_ids FROM STDIN (FORMAT binary)")
	}()

	watch := &watcher{}
	w := newWriter(t, d.WriterURL, func(o *store.WriterOptions) {
		o.LockTimeout = 200 * time.Millisecond
		o.Observer = watch
	})
	list := events(t, audit("acme", "a", "", 1))
	assert.Equal(t, []store.Status{store.Stored}, write(t, w, list))
	assert.Equal(t, int64(1), watch.terminated.Load())

	unlock := holdLock(t, d.SuperURL, "acme")
	outcomes := make([]store.Outcome, 1)
	err = w.Write(t.Context(), events(t, audit("acme", "b", "", 1)), outcomes)
	assert.Equal(t, "55P03", store.SQLState(err))
	assert.Equal(t, int64(1), watch.terminated.Load())
	unlock()
	storetest.CheckState(t, d)
}

type watcher struct{ committed, terminated atomic.Int64 }

func (w *watcher) Committed(_ context.Context, events int, _ time.Duration) {
	w.committed.Add(int64(events))
}

func (w *watcher) BlockersTerminated(_ context.Context, sessions int) {
	w.terminated.Add(int64(sessions))
}

// The month turned and nobody made its partition.
func TestWriteMakesTheMissingMonth(t *testing.T) {
	t.Parallel()
	d := storetest.NewDatabase(t)
	execute(t, d.SuperURL, "DROP TABLE "+store.PartitionName(time.Now()))
	assert.Equal(t, []store.Status{store.Stored}, write(t, newWriter(t, d.WriterURL), events(t, audit("acme", "a", "", 1))))
	storetest.CheckState(t, d)
}

// A partition with other bounds than its name says refuses every row. That is
// nothing the rows can help, so none of them is given up.
func TestWriteKeepsEventsThatNoPartitionTakes(t *testing.T) {
	t.Parallel()
	d := storetest.NewDatabase(t)
	name := store.PartitionName(time.Now())
	execute(t, d.SuperURL, fmt.Sprintf(`ALTER TABLE audit_events DETACH PARTITION %[1]s;
		ALTER TABLE audit_events ATTACH PARTITION %[1]s FOR VALUES FROM ('2001-01-01 00:00:00+00') TO ('2001-02-01 00:00:00+00')`, name))
	list := events(t, audit("acme", "a", "", 1), audit("acme", "b", "", 1))
	outcomes := make([]store.Outcome, len(list))
	err := newWriter(t, d.WriterURL).Write(t.Context(), list, outcomes)
	assert.Equal(t, store.ClassMonth, store.Classify(err))
	assert.Equal(t, []store.Status{store.Pending, store.Pending}, statuses(outcomes))
}

func TestWriteRefusesATenantFromTheFuture(t *testing.T) {
	t.Parallel()
	d := storetest.NewDatabase(t)
	plantHead := func(tenant, ahead string) {
		execute(t, d.SuperURL, fmt.Sprintf(`INSERT INTO audit_commits (recorded_at, tenant_id, epoch, size, prev_size)
			VALUES (now() + interval '%s', '%s', 0, 3, 0)`, ahead, tenant))
	}
	plantHead("future", "25 hours")
	plantHead("ahead", "1 minute")
	list := events(t, audit("future", "a", "", 1), audit("acme", "b", "", 1), audit("ahead", "c", "", 1))
	outcomes := make([]store.Outcome, len(list))
	require.NoError(t, newWriter(t, d.WriterURL).Write(t.Context(), list, outcomes))
	assert.Equal(t, []store.Status{store.Refused, store.Stored, store.Stored}, statuses(outcomes))
	require.ErrorIs(t, outcomes[0].Cause, store.ErrClockAhead)
	assert.Equal(t, int64(3), query[int64](t, d, "SELECT seq FROM audit_events WHERE tenant_id = 'ahead'"))
	assert.True(t, query[bool](t, d, `SELECT (SELECT recorded_at FROM audit_events WHERE tenant_id = 'ahead') =
		(SELECT recorded_at FROM audit_commits WHERE tenant_id = 'ahead' AND size = 3)`), "time must not go back")
}

func TestWriteRefusesPrivilegedLogins(t *testing.T) {
	t.Parallel()
	d := storetest.NewDatabase(t)
	execute(t, d.SuperURL, fmt.Sprintf("ALTER ROLE %s BYPASSRLS; GRANT audit_writer TO %[1]s", d.Login("auditor")))
	list := events(t, audit("acme", "a", "", 1))
	for _, test := range []struct{ name, url, wanted string }{
		{"superuser", d.SuperURL, `login "postgres" has privileges a writer must not have (superuser, bypassrls, owner): use a login that is only a member of audit_writer`},
		{"owner", d.OwnerURL, `(owner)`},
		{"bypassrls", d.AuditorURL, `(bypassrls)`},
		{"reader", d.ReaderURL, `may not write audit events in schema "public": GRANT audit_writer TO it`},
		{"nobody", d.NobodyURL, `may not write audit events in schema "public": GRANT audit_writer TO it`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			outcomes := make([]store.Outcome, 1)
			err := newWriter(t, test.url).Write(t.Context(), list, outcomes)
			assert.ErrorContains(t, err, test.wanted)
		})
	}
	t.Run("warned", func(t *testing.T) {
		t.Parallel()
		var warned *store.PrivilegeError
		w := newWriter(t, d.SuperURL, func(o *store.WriterOptions) { o.WarnPrivileged = func(e *store.PrivilegeError) { warned = e } })
		assert.Equal(t, []store.Status{store.Stored}, write(t, w, events(t, audit("acme", "w", "", 1))))
		assert.NotNil(t, warned)
	})
}

func TestWriteWithoutTables(t *testing.T) {
	t.Parallel()
	d := storetest.NewEmptyDatabase(t)
	err := newWriter(t, d.WriterURL).Write(t.Context(), events(t, audit("acme", "a", "", 1)), make([]store.Outcome, 1))
	assert.EqualError(t, err, `schema "public" has no audit tables: run otelaudit migrate up (or check the key schema)`)
}

// Every statement fits the schema that the migrations make, as the writer.
func TestWriteStatementsFitTheSchema(t *testing.T) {
	t.Parallel()
	d := storetest.NewDatabase(t)
	conn, err := pgx.Connect(t.Context(), d.WriterURL)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	files, err := filepath.Glob("sql/write_*.sql")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		_, err = conn.Prepare(t.Context(), file, strings.ReplaceAll(string(text), "{{schema}}", `"public"`))
		assert.NoError(t, err, file)
	}
}

// Acknowledged rows were lost to a role with synchronous_commit off; only
// remote_apply may stay as it is.
func TestWriteSettings(t *testing.T) {
	t.Parallel()
	d := storetest.NewDatabase(t)
	text, err := os.ReadFile("sql/write_settings.sql")
	require.NoError(t, err)
	for before, after := range map[string]string{"off": "on", "local": "on", "remote_write": "on", "on": "on", "remote_apply": "remote_apply"} {
		conn, err := pgx.Connect(t.Context(), d.WriterURL)
		require.NoError(t, err)
		_, err = conn.Exec(t.Context(), "SET synchronous_commit = "+before)
		require.NoError(t, err)
		tx, err := conn.Begin(t.Context())
		require.NoError(t, err)
		_, err = tx.Exec(t.Context(), string(text), "1000", "2000", "3000")
		require.NoError(t, err)
		var got, idle string
		require.NoError(t, tx.QueryRow(t.Context(), "SELECT current_setting('synchronous_commit'), current_setting('idle_in_transaction_session_timeout')").Scan(&got, &idle))
		assert.Equal(t, after, got)
		assert.Equal(t, "3s", idle)
		require.NoError(t, tx.Commit(t.Context()))
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT current_setting('synchronous_commit')").Scan(&got))
		assert.Equal(t, before, got)
		require.NoError(t, conn.Close(t.Context()))
	}
}

func TestQuarantineIsIdempotent(t *testing.T) {
	t.Parallel()
	d := storetest.NewDatabase(t)
	w := newWriter(t, d.WriterURL)
	entries := []store.Quarantined{
		{TenantID: "acme", EventID: "e", Action: "a", Reason: record.ReasonIdentityConflict, Detail: "why", SHA256: [32]byte{1}, OTLP: []byte{0, 1}, Encoding: "protobuf"},
		{TenantID: incompressible(5000) + "\x00\xff", Reason: record.ReasonMalformed, SHA256: [32]byte{2}, Encoding: "protobuf"},
	}
	for range 2 {
		require.NoError(t, w.Quarantine(t.Context(), entries))
	}
	assert.Equal(t, int64(2), query[int64](t, d, "SELECT count(*) FROM audit_quarantine"))
}

// SQL computes the same lock as Go: retention locks tenants too.
func TestLockKeyInSQL(t *testing.T) {
	t.Parallel()
	d := storetest.NewDatabase(t)
	for _, tenant := range []string{"acme", "tenant-1", "Ünïcode ☃", ""} {
		assert.Equal(t, store.LockKey(tenant), query[int32](t, d,
			"SELECT (get_byte(h, 0) << 8 | get_byte(h, 1)) & 1023 FROM sha256(convert_to($1, 'UTF8')) AS h", tenant))
	}
}
