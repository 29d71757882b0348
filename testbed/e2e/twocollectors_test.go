package e2e

import (
	"context"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/testbed/loadgen"
)

// TestTwoCollectors lets two collectors write the same tenants, and the same
// requests, into one database: each event once, each trail gapless.
func TestTwoCollectors(t *testing.T) {
	t.Parallel()
	acquire(t, 2)
	db := newDatabase(t)
	one, two := deploy(t, "gateway.yaml", db.environment()).start(), deploy(t, "gateway.yaml", db.environment()).start()
	ledger := loadgen.NewLedger()
	ctx := within(t, time.Minute)
	var wait sync.WaitGroup
	for _, d := range []*deployment{one, two} {
		client := d.client()
		for range 3 {
			// Every stream makes the same requests in the same order.
			g := generator("two", loadgen.Options{Tenants: 20, RecordIDs: 0.3, FillerBytes: 50, Start: time.Unix(1_700_000_000, 0)})
			wait.Go(func() {
				for range 40 {
					logs, events := g.Request(100)
					_ = loadgen.Deliver(ctx, client, logs, events, ledger, loadgen.Patient)
				}
			})
		}
	}
	wait.Wait()
	report := reckon(t, db, "two", ledger)
	assert.Equal(t, 4000, report.Stored)
	assert.Equal(t, 4000, ledger.Count(loadgen.Acknowledged))
	assert.Zero(t, report.Quarantine)
}

// TestStoppedCollectorHoldsNobodyUp stops a collector in the middle of its
// writing, with its locks held: another one that writes the same tenant goes on,
// and the first finds nothing lost or doubled when it awakes.
func TestStoppedCollectorHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	acquire(t, 2)
	db := newDatabase(t)
	one, two := deploy(t, "gateway.yaml", db.environment()).start(), deploy(t, "gateway.yaml", db.environment()).start()
	ledger := loadgen.NewLedger()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	stop := make(chan struct{})
	var wait sync.WaitGroup
	options := loadgen.Options{Tenants: 1, FillerBytes: 2000}
	first := generator("stopa", options)
	client := one.client()
	wait.Go(func() { loadgen.Stream(ctx, stop, client, first, 500, ledger, loadgen.Patient) })
	eventually(t, func() bool { return ledger.Count(loadgen.Acknowledged) > 500 }, "the first collector writes")
	stopInTransaction(t, one, db)

	second := generator("stopb", options)
	events := make([]loadgen.Event, 10)
	for i := range events {
		events[i] = second.Event()
		events[i].Tenant = "stopa-t000"
	}
	patient := loadgen.Patience{Timeout: 30 * time.Second, Retries: -1, Interval: 50 * time.Millisecond}
	require.NoError(t, loadgen.Deliver(ctx, two.client(), second.Pack(events), events, ledger, patient), "the second collector was held up")

	require.NoError(t, one.process.Signal(syscall.SIGCONT))
	acknowledged := ledger.Count(loadgen.Acknowledged)
	eventually(t, func() bool { return ledger.Count(loadgen.Acknowledged) > acknowledged+500 }, "the first collector goes on")
	close(stop)
	wait.Wait()
	for _, run := range []string{"stopa", "stopb"} {
		tally(t, db.Auditor, run, part(ledger, run))
	}
	consistent(t, db)
}

// stopInTransaction stops a collector at a moment when one of its sessions has a
// transaction open and waits for it.
func stopInTransaction(t *testing.T, d *deployment, db *databaseURLs) {
	t.Helper()
	conn := connect(t, db.Owner)
	for range 200 {
		require.NoError(t, d.process.Signal(syscall.SIGSTOP))
		time.Sleep(50 * time.Millisecond) // the server has read what was sent
		var open int
		require.NoError(t, conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND usename = 'testbed_writer' AND xact_start IS NOT NULL AND wait_event = 'ClientRead'`).Scan(&open))
		if open > 0 {
			return
		}
		require.NoError(t, d.process.Signal(syscall.SIGCONT))
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("never stopped within a transaction")
}
