package auditexporter

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/pglocal"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
	"github.com/otelaudit/otelaudit/migrations"
)

// lockTenant holds a tenant's lock until the returned function is called.
func lockTenant(t testing.TB, d *storetest.Database, tenant string) (unlock func()) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), d.SuperURL)
	require.NoError(t, err)
	_, err = conn.Exec(context.Background(), fmt.Sprintf("BEGIN; SELECT pg_advisory_xact_lock(%d, %d)", store.LockClass, store.LockKey(tenant)))
	require.NoError(t, err)
	done := false
	unlock = func() {
		if !done {
			done = true
			_ = conn.Close(context.Background())
		}
	}
	t.Cleanup(unlock)
	return unlock
}

// own starts a cluster that this test may crash.
func own(t *testing.T) (*pglocal.Cluster, *storetest.Database) {
	t.Helper()
	cluster, err := pglocal.Start(t.Context(), pglocal.Options{Dir: t.TempDir(), Settings: map[string]string{"shared_buffers": "32MB"}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = cluster.Stop(context.Background()) })
	const name = "audit"
	require.NoError(t, cluster.EnsureDatabase(t.Context(), name))
	_, err = migrations.Runner{}.Up(t.Context(), cluster.URL(pglocal.Superuser, name))
	require.NoError(t, err)
	require.NoError(t, cluster.EnsureLogin(t.Context(), "collector", "audit_writer"))
	return cluster, &storetest.Database{
		Name: name, SuperURL: cluster.URL(pglocal.Superuser, name), WriterURL: cluster.URL("collector", name),
	}
}

// send sends a request until it is acknowledged, like an SDK.
func send(ctx context.Context, e *rig, logs plog.Logs) {
	for e.ConsumeLogs(ctx, logs) != nil {
		time.Sleep(5 * time.Millisecond)
	}
}

// load sends n requests of 20 events by 8 clients, and disturbs meanwhile until
// all are acknowledged: however long that takes, because how fast a machine
// connects again proves nothing. The disturber is given how many are, and must
// let that grow between two blows: one that is faster than connecting stops all.
func load(t *testing.T, e *rig, n int, disturb func(ctx context.Context, acknowledged *atomic.Int64)) {
	t.Helper()
	ctx := t.Context()
	var next, acknowledged atomic.Int64
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				records := make([]*record.Record, 20)
				for j := range records {
					records[j] = refund(fmt.Sprintf("t%d", j%5), fmt.Sprintf("r%d-%d", i, j), j)
				}
				send(ctx, e, canonical(t, records...))
				acknowledged.Add(1)
			}
		})
	}
	disturbing, quiet := context.WithCancel(ctx)
	var disturber sync.WaitGroup
	disturber.Go(func() { disturb(disturbing, &acknowledged) })
	clients.Wait()
	quiet()
	disturber.Wait()
}

func TestBackendsKilledUnderLoad(t *testing.T) {
	d := storetest.NewDatabase(t)
	e := start(t, d.WriterURL)
	conn, err := pgx.Connect(t.Context(), d.SuperURL)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	kills := 0
	load(t, e, 150, func(ctx context.Context, acknowledged *atomic.Int64) {
		random := rand.New(rand.NewPCG(1, 2))
		for before := int64(-1); ctx.Err() == nil; {
			time.Sleep(time.Duration(random.IntN(20)) * time.Millisecond)
			if now := acknowledged.Load(); now > before {
				before = now
				tag, err := conn.Exec(context.Background(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
					WHERE usename = $1 ORDER BY random() LIMIT 1`, d.Login("writer"))
				assert.NoError(t, err)
				kills += int(tag.RowsAffected())
			}
		}
	})
	assert.NotZero(t, kills)
	assert.Equal(t, 150*20, count(t, d, "audit_events"))
	e.requireBalance(t)
	storetest.CheckState(t, d)
}

func TestServerCrashesUnderLoad(t *testing.T) {
	cluster, d := own(t)
	e := start(t, d.WriterURL)
	load(t, e, 200, func(ctx context.Context, _ *atomic.Int64) {
		for i := 0; i < 3 && ctx.Err() == nil; i++ {
			time.Sleep(150 * time.Millisecond)
			assert.NoError(t, cluster.Kill())
			assert.NoError(t, cluster.Restart(context.Background()))
		}
	})
	assert.Equal(t, 200*20, count(t, d, "audit_events"))
	storetest.CheckState(t, d)
}

// Two collectors of the same tenants, and the same requests sent to both.
func TestTwoCollectors(t *testing.T) {
	d := storetest.NewDatabase(t)
	one, two := start(t, d.WriterURL), start(t, d.WriterURL, func(c *Config) { c.Workers = 3 })
	var group sync.WaitGroup
	for _, e := range []*rig{one, two} {
		group.Go(func() { load(t, e, 40, func(context.Context, *atomic.Int64) {}) })
	}
	group.Wait()
	assert.Equal(t, 40*20, count(t, d, "audit_events"))
	assert.Equal(t, 40*20, one.sum(t, "stored_records")+two.sum(t, "stored_records"))
	one.requireBalance(t)
	two.requireBalance(t)
	storetest.CheckState(t, d)
}

// Without PostgreSQL the exporter starts, refuses, says so once, and recovers by
// itself, even without traffic.
func TestRecoversAlone(t *testing.T) {
	cluster, d := own(t)
	require.NoError(t, cluster.Kill())
	logged, host := observe(t)
	e := startWith(t, d.WriterURL, logged.core, host, func(c *Config) { c.Timeout = 200 * time.Millisecond })
	for range 5 {
		require.ErrorIs(t, e.ConsumeLogs(t.Context(), canonical(t, refund("acme", "e-1", 1))), errUnavailable)
	}
	host.wait(t, componentstatus.StatusRecoverableError)
	require.NoError(t, cluster.Restart(t.Context()))
	host.wait(t, componentstatus.StatusOK)
	require.NoError(t, e.ConsumeLogs(t.Context(), canonical(t, refund("acme", "e-1", 1))))
	e.requireBalance(t)
	text := logged.text()
	assert.LessOrEqual(t, strings.Count(text, "not being stored"), 2, text)
	assert.Contains(t, text, "connection refused")
	assert.Contains(t, text, "audit records can be stored again")
	config, err := pgx.ParseConfig(d.WriterURL)
	require.NoError(t, err)
	assert.NotContains(t, text, config.Password)
}

// While PostgreSQL is away for longer than anybody waits, one request at a time
// tries it and the others are told at once.
func TestTurnsAwayWhileDown(t *testing.T) {
	e := start(t, "postgres://collector@127.0.0.1:1/audit", func(c *Config) { c.Timeout = 500 * time.Millisecond })
	require.Error(t, e.ConsumeLogs(t.Context(), canonical(t, refund("acme", "e-0", 1))))
	require.Eventually(t, func() bool { return e.Logs.(*auditExporter).waiting.Load() == 0 }, 10*time.Second, time.Millisecond)
	var group sync.WaitGroup
	for n := range 50 {
		group.Go(func() {
			for range 20 {
				err := e.ConsumeLogs(t.Context(), canonical(t, refund("acme", fmt.Sprint("e-", n), 1)))
				assert.Less(t, e.Logs.(*auditExporter).waiting.Load(), int64(50*1500), "more than one waits")
				assert.ErrorIs(t, err, errUnavailable)
			}
		})
	}
	group.Wait()
	e.requireBalance(t)
}

// What is wrong is said in words that name the remedy, and never the password.
func TestSaysWhatIsWrong(t *testing.T) {
	d := storetest.NewDatabase(t)
	empty := storetest.NewEmptyDatabase(t)
	full, err := url.Parse(d.WriterURL)
	require.NoError(t, err)
	with := func(change func(u *url.URL)) string {
		u := *full
		change(&u)
		return u.String()
	}
	for _, test := range []struct{ name, url, wanted string }{
		{"wrong password", with(func(u *url.URL) { u.User = url.UserPassword(u.User.Username(), "wr0ng-secret") }), "refuses the password"},
		{"no database", with(func(u *url.URL) { u.Path = "/nosuch" }), "check the name of the database"},
		{"no server", "postgres://collector:wr0ng-secret@127.0.0.1:1/audit", "connection refused"},
		{"not migrated", empty.WriterURL, "run otelaudit migrate up"},
		{"not a writer", d.ReaderURL, "GRANT audit_writer TO it"},
		{"too much of a writer", d.OwnerURL, "privileges a writer must not have (owner)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			logged, host := observe(t)
			e := startWith(t, test.url, logged.core, host, func(c *Config) { c.Timeout = 150 * time.Millisecond })
			err := e.ConsumeLogs(t.Context(), canonical(t, refund("acme", "e-1", 1)))
			require.ErrorIs(t, err, errUnavailable)
			assert.False(t, consumererror.IsPermanent(err), "the client must send it again")
			host.wait(t, componentstatus.StatusRecoverableError)
			assert.Contains(t, logged.text(), test.wanted)
			assert.NotContains(t, logged.text(), "secret")
			assert.NotContains(t, err.Error(), "secret")
			e.requireBalance(t)
		})
	}
}

// Rights that are taken away while it runs, and given back.
func TestRevokedRights(t *testing.T) {
	d := storetest.NewDatabase(t)
	e := start(t, d.WriterURL, func(c *Config) { c.Timeout = 2 * time.Second })
	require.NoError(t, e.ConsumeLogs(t.Context(), canonical(t, refund("acme", "e-1", 1))))
	superuser(t, d, "REVOKE INSERT ON audit_event_ids FROM audit_writer")
	require.ErrorIs(t, e.ConsumeLogs(t.Context(), canonical(t, refund("acme", "e-2", 1))), errUnavailable)
	assert.Equal(t, 1, count(t, d, "audit_events"))
	assert.Zero(t, count(t, d, "audit_quarantine"))
	superuser(t, d, "GRANT INSERT ON audit_event_ids TO audit_writer")
	require.Eventually(t, func() bool {
		return e.ConsumeLogs(t.Context(), canonical(t, refund("acme", "e-2", 1))) == nil
	}, 10*time.Second, 10*time.Millisecond)
	e.requireBalance(t)
	storetest.CheckState(t, d)
}

func superuser(t testing.TB, d *storetest.Database, statement string) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), d.SuperURL)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	_, err = conn.Exec(context.Background(), statement)
	require.NoError(t, err)
}

// Memory is bounded: what does not fit is refused at once, and fits later.
func TestOverload(t *testing.T) {
	d := storetest.NewDatabase(t)
	e := start(t, d.WriterURL, func(c *Config) {
		c.Workers, c.Batch.MaxBytes, c.MaxWaitingBytes = 1, 64<<10, 64<<10
		c.Timeout = time.Minute
	})
	unlock := lockTenant(t, d, "t0")
	first := make(chan error, 1)
	hundred := canonical(t, refunds(1, 100)...)
	go func() { first <- e.ConsumeLogs(context.Background(), hundred) }()
	require.Eventually(t, func() bool { return e.sum(t, "received_records") == 100 }, 10*time.Second, time.Millisecond)
	require.ErrorIs(t, e.ConsumeLogs(t.Context(), canonical(t, refunds(1, 50)...)), errOverloaded)
	unlock()
	require.NoError(t, <-first)
	require.NoError(t, e.ConsumeLogs(t.Context(), canonical(t, refunds(1, 50)...)))
	assert.Equal(t, 100, count(t, d, "audit_events"))
	e.requireBalance(t)
}

// What was acknowledged before and during a shutdown is stored; the rest was
// refused.
func TestShutdownUnderLoad(t *testing.T) {
	d := storetest.NewDatabase(t)
	e := start(t, d.WriterURL)
	var acknowledged atomic.Int64
	var clients sync.WaitGroup
	for n := range 8 {
		clients.Go(func() {
			for i := 0; ; i++ {
				if e.ConsumeLogs(t.Context(), canonical(t, refund(fmt.Sprintf("t%d", n), fmt.Sprintf("e%d", i), i))) != nil {
					return
				}
				acknowledged.Add(1)
			}
		})
	}
	for acknowledged.Load() < 50 {
		time.Sleep(time.Millisecond)
	}
	require.NoError(t, e.Shutdown(t.Context()))
	clients.Wait()
	assert.Equal(t, int(acknowledged.Load()), count(t, d, "audit_events"))
	storetest.CheckState(t, d)
}

// A shutdown while the database hangs ends, and acknowledges nothing.
func TestShutdownWhileStuck(t *testing.T) {
	d := storetest.NewDatabase(t)
	e := start(t, d.WriterURL, func(c *Config) { c.Timeout = 300 * time.Millisecond })
	unlock := lockTenant(t, d, "acme")
	answer := make(chan error, 1)
	one := canonical(t, refund("acme", "e-1", 1))
	go func() { answer <- e.ConsumeLogs(context.Background(), one) }()
	require.Eventually(t, func() bool { return e.sum(t, "received_records") == 1 }, 10*time.Second, time.Millisecond)
	require.NoError(t, e.Shutdown(t.Context()))
	require.Error(t, <-answer)
	unlock()
	require.ErrorIs(t, e.ConsumeLogs(t.Context(), canonical(t, refund("acme", "e-2", 1))), errStopping)
}
