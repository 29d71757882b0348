package e2e

import (
	"context"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/pglocal"
	"github.com/otelaudit/otelaudit/testbed/loadgen"
	"github.com/otelaudit/otelaudit/testbed/otlpclient"
	"github.com/otelaudit/otelaudit/testbed/reconcile"
)

// TestDatabaseDownAtStart starts a collector before its database: everything
// else is served, audit is refused as retryable, and it recovers alone.
func TestDatabaseDownAtStart(t *testing.T) {
	t.Parallel()
	acquire(t, 1)
	server, db := ownServer(t)
	require.NoError(t, server.Kill())
	d := deploy(t, "gateway.yaml", db.environment())
	d.env["TESTBED_PERCENTAGE"] = "100"
	d.launch()
	require.NoError(t, d.process.WaitServing(within(t, patience)))

	ordinary := plog.NewLogs()
	loadgen.Ordinary(ordinary.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty(), "down", time.Unix(1_700_000_000, 0))
	eventually(t, func() bool { return d.client().Send(within(t, patience), ordinary) == nil }, "ordinary logs are served")

	g := generator("down", loadgen.Options{Tenants: 2})
	ledger := loadgen.NewLedger()
	logs, events := g.Request(10)
	started := time.Now()
	err := loadgen.Deliver(within(t, patience), d.client(), logs, events, ledger, loadgen.Patience{Timeout: patience})
	require.Error(t, err)
	assert.True(t, otlpclient.Retryable(err), "a client must try again after %v", err)
	assert.Less(t, time.Since(started), 10*time.Second, "an answer, not a hang")
	require.NoError(t, d.process.WaitHealth(within(t, patience), 500), "unhealthy while audit cannot be stored")

	require.NoError(t, server.Restart(within(t, time.Minute)))
	require.NoError(t, loadgen.Deliver(within(t, patience), d.client(), logs, events, ledger, loadgen.Patient))
	require.NoError(t, d.process.WaitHealth(within(t, patience), 200), "healthy again, alone")
	assert.Equal(t, 10, reckon(t, db, "down", ledger).Stored)
	assert.LessOrEqual(t, len(d.process.Log()), 200_000, "not a flood")
}

// disaster is one thing that happens under load.
type disaster struct {
	name string
	do   func(t *testing.T, d *deployment, server *pglocal.Cluster)
}

func disasters() []disaster {
	return []disaster{
		{"postgres immediate stop", func(t *testing.T, _ *deployment, server *pglocal.Cluster) {
			require.NoError(t, server.Kill())
			time.Sleep(300 * time.Millisecond)
			require.NoError(t, server.Restart(within(t, time.Minute)))
		}},
		{"postgres restart", func(t *testing.T, _ *deployment, server *pglocal.Cluster) {
			require.NoError(t, server.Restart(within(t, time.Minute)))
		}},
		{"backends terminated", func(t *testing.T, _ *deployment, server *pglocal.Cluster) {
			for range 5 {
				require.NoError(t, server.Exec(within(t, patience), "postgres",
					`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'testbed_writer'`))
				time.Sleep(50 * time.Millisecond)
			}
		}},
		{"collector SIGKILL", func(_ *testing.T, d *deployment, _ *pglocal.Cluster) {
			d.process.Kill()
			d.start()
		}},
		{"collector SIGTERM", func(_ *testing.T, d *deployment, _ *pglocal.Cluster) {
			d.stop()
			d.start()
		}},
		{"collector SIGKILL while postgres is down", func(t *testing.T, d *deployment, server *pglocal.Cluster) {
			require.NoError(t, server.Kill())
			time.Sleep(200 * time.Millisecond)
			d.process.Kill()
			d.launch()
			require.NoError(t, d.process.WaitServing(within(t, patience)))
			require.NoError(t, server.Restart(within(t, time.Minute)))
		}},
		{"collector SIGTERM while postgres is down", func(t *testing.T, d *deployment, server *pglocal.Cluster) {
			require.NoError(t, server.Kill())
			time.Sleep(200 * time.Millisecond)
			d.stop()
			d.launch()
			require.NoError(t, d.process.WaitServing(within(t, patience)))
			require.NoError(t, server.Restart(within(t, time.Minute)))
		}},
		{"collector stopped for a moment", func(t *testing.T, d *deployment, _ *pglocal.Cluster) {
			require.NoError(t, d.process.Signal(syscall.SIGSTOP))
			time.Sleep(500 * time.Millisecond)
			require.NoError(t, d.process.Signal(syscall.SIGCONT))
		}},
	}
}

// TestNothingAcknowledgedIsLost lets disasters happen under load, in both modes
// of delivery: after each, everything that was acknowledged is stored once.
func TestNothingAcknowledgedIsLost(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"gateway.yaml", "durable.yaml"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			acquire(t, 1)
			server, db := ownServer(t)
			d := deploy(t, mode, db.environment()).start()
			for i, disaster := range disasters() {
				t.Run(disaster.name, func(t *testing.T) {
					d.t = t
					run := "dis" + string(rune('a'+i))
					ledger := underLoad(t, d, run, func() { disaster.do(t, d, server.Cluster) })
					settle(t, d, db, run, ledger)
				})
			}
			d.t = t
			consistent(t, db)
		})
	}
}

// underLoad sends with patient and impatient clients while f happens, and for a
// moment before and after it. The patient ones deliver all they began with.
func underLoad(t *testing.T, d *deployment, run string, f func()) *loadgen.Ledger {
	t.Helper()
	ledger := loadgen.NewLedger()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	stop := make(chan struct{})
	var wait sync.WaitGroup
	for i, c := range []struct {
		batch    int
		patience loadgen.Patience
	}{{1, loadgen.Patient}, {20, loadgen.Patient}, {200, loadgen.Patient}, {5, loadgen.Impatient}, {50, loadgen.Impatient}} {
		client, err := otlpclient.DialGRPC(d.grpc, otlpclient.Options{})
		require.NoError(t, err)
		g := generator(run+string(rune('0'+i)), loadgen.Options{Tenants: 4, Seed: uint64(i), OrdinaryShare: 0.1, RecordIDs: 0.5, FillerBytes: 100})
		wait.Go(func() {
			defer client.Close()
			loadgen.Stream(ctx, stop, client, g, c.batch, ledger, c.patience)
		})
	}
	atLeast := func(n int) {
		eventually(t, func() bool { return ledger.Count(loadgen.Acknowledged) >= n }, "%d events acknowledged", n)
	}
	atLeast(500)
	f()
	atLeast(ledger.Count(loadgen.Acknowledged) + 500)
	close(stop)
	wait.Wait()
	require.NoError(t, ctx.Err(), "a patient client was not answered")
	return ledger
}

// settle waits until a durable queue has been delivered, then reckons.
func settle(t *testing.T, d *deployment, db *databaseURLs, run string, ledger *loadgen.Ledger) {
	t.Helper()
	require.NoError(t, d.process.WaitHealth(within(t, patience), 200))
	// Every stream has a run of its own; their markers share this beginning.
	for i := range 5 {
		stream := run + string(rune('0'+i))
		storedAll(t, db, patience, part(ledger, stream), stream)
		tally(t, db.Auditor, stream, part(ledger, stream))
	}
}

// storedAll waits until every acknowledged event of a run is in the store. Their
// number alone would not say: events that nobody acknowledged are stored, too.
func storedAll(t *testing.T, db *databaseURLs, d time.Duration, ledger *loadgen.Ledger, run string) {
	t.Helper()
	conn := connect(t, db.Auditor)
	for deadline := time.Now().Add(d); ; time.Sleep(100 * time.Millisecond) {
		report, err := reconcile.Reckon(within(t, patience), conn, run, ledger)
		require.NoError(t, err)
		if len(report.Lost) == 0 {
			return
		}
		require.True(t, time.Now().Before(deadline), "run %s: %s", run, report)
	}
}

// part is what of a ledger belongs to one run.
func part(ledger *loadgen.Ledger, run string) *loadgen.Ledger {
	of := loadgen.NewLedger()
	for marker, fate := range ledger.Fates() {
		if strings.HasPrefix(marker, "lg-"+run+"-") {
			of.Record(fate, loadgen.Event{Marker: marker})
		}
	}
	return of
}
