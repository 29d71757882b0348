package e2e

import (
	"context"
	"flag"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/journal"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/verify"
	"github.com/otelaudit/otelaudit/testbed/loadgen"
	"github.com/otelaudit/otelaudit/testbed/reconcile"
)

// `make concurrency EVENTS=1000000` is the same on the scale of a day.
var concurrentEvents = flag.Int("concurrent-events", 50_000, "events of TestManyWritersOneTenant")

// TestManyWritersOneTenant has 25 clients write one tenant's events through four
// collectors, every twentieth request through two of them: one gapless tree, and
// the same events in the four journals.
func TestManyWritersOneTenant(t *testing.T) {
	t.Parallel()
	const collectors, writers, batch, again = 4, 25, 100, 20
	acquire(t, cap(slots))
	db := newDatabase(t)
	limit := time.Minute + time.Duration(*concurrentEvents)*time.Millisecond
	deployments := make([]*deployment, collectors)
	for i := range deployments {
		deployments[i] = deploy(t, "concurrency.yaml", db.environment())
		deployments[i].env["TESTBED_JOURNAL"] = fmt.Sprintf("journal-%d", i)
		deployments[i].start()
	}
	next := requests(*concurrentEvents, batch)
	ledger := loadgen.NewLedger()
	ctx := within(t, limit)
	var sent atomic.Int64
	var wait sync.WaitGroup
	for i := range writers {
		one, two := deployments[i%collectors].client(), deployments[(i+1)%collectors].client()
		wait.Go(func() {
			for logs, events, more := next(); more; logs, events, more = next() {
				_ = loadgen.Deliver(ctx, one, logs, events, ledger, loadgen.Patient)
				if sent.Add(1)%again == 0 {
					_ = loadgen.Deliver(ctx, two, logs, events, ledger, loadgen.Patient)
				}
			}
		})
	}
	wait.Wait()
	require.Equal(t, *concurrentEvents, ledger.Count(loadgen.Acknowledged))
	for _, d := range deployments {
		d.stop()
	}

	report, err := reconcile.Reckon(ctx, connect(t, db.Auditor), concurrentRun, ledger)
	require.NoError(t, err)
	require.True(t, report.Clean(), report.String())
	assert.Equal(t, *concurrentEvents, report.Stored)
	assert.Zero(t, report.Quarantine)
	verified := verifyStore(t, limit, db, deployments)
	require.Len(t, verified.Logs, 1, "one tenant, one epoch: one tree")
	assert.EqualValues(t, *concurrentEvents, verified.Logs[0].Size)
	assert.EqualValues(t, *concurrentEvents, verified.Coverage.Events)
	assert.Equal(t, verified.Logs[0].Size, verified.Logs[0].Anchored, "the anchor files of four collectors know all of it")
	requireSameLeaves(t, limit, db, deployments)
}

const concurrentRun = "many"

// requests hands out requests of one tenant's events, to several goroutines.
func requests(events, batch int) func() (logs plog.Logs, sent []loadgen.Event, more bool) {
	var mu sync.Mutex
	g := generator(concurrentRun, loadgen.Options{Tenants: 1, FillerBytes: 40, RecordIDs: 0.3})
	left := events
	return func() (plog.Logs, []loadgen.Event, bool) {
		mu.Lock()
		defer mu.Unlock()
		n := min(left, batch)
		if n == 0 {
			return plog.Logs{}, nil, false
		}
		left -= n
		logs, sent := g.Request(n)
		return logs, sent, true
	}
}

// verifyStore verifies a database with the anchors of its collectors; there must
// be nothing to report.
func verifyStore(t *testing.T, limit time.Duration, db *databaseURLs, deployments []*deployment) *verify.Report {
	t.Helper()
	trust, err := keys.LoadTrust(db.Trust)
	require.NoError(t, err)
	var anchors [][]byte
	for _, d := range deployments {
		notes, err := anchor.ReadFile(d.env["AUDIT_ANCHOR_FILE"])
		require.NoError(t, err)
		anchors = append(anchors, notes...)
	}
	report, err := verify.Store(within(t, limit), verify.Options{Database: store.Options{URL: db.Auditor}, Trust: trust, Anchors: anchors})
	require.NoError(t, err)
	require.Empty(t, report.Findings)
	require.Equal(t, verify.Intact, report.Verdict)
	return report
}

// requireSameLeaves holds the leaves of all journals against those of the store.
func requireSameLeaves(t *testing.T, limit time.Duration, db *databaseURLs, deployments []*deployment) {
	t.Helper()
	journaled := map[merkle.Hash]struct{}{}
	for _, d := range deployments {
		directory, err := journal.ReadDirectory(d.env["AUDIT_JOURNAL_DIR"])
		require.NoError(t, err)
		for line, err := range directory.Lines() {
			require.NoError(t, err)
			require.NotEqual(t, journal.Damaged, line.Kind, "%s:%d", line.File, line.Number)
			if line.IsEntry() {
				journaled[line.Leaf()] = struct{}{}
			}
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	rows, err := connect(t, db.Auditor).Query(ctx, `SELECT leaf_hash FROM audit_events`)
	require.NoError(t, err)
	defer rows.Close()
	var leaf []byte
	for rows.Next() {
		require.NoError(t, rows.Scan(&leaf))
		_, found := journaled[merkle.Hash(leaf)]
		require.True(t, found, "an event of the store is in no journal")
		delete(journaled, merkle.Hash(leaf))
	}
	require.NoError(t, rows.Err())
	require.Empty(t, journaled, "entries of the journals are not in the store")
}
