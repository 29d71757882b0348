package e2e

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/testbed/loadgen"
	"github.com/otelaudit/otelaudit/testbed/otlpclient"
)

// balanced is what a load balancer makes of several collectors: each request, and
// each retry of one, goes to the next of them. Safe for concurrent use.
type balanced struct {
	clients []otlpclient.Client
	next    atomic.Uint64
}

// Send implements otlpclient.Client.
func (b *balanced) Send(ctx context.Context, logs plog.Logs) error {
	return b.clients[b.next.Add(1)%uint64(len(b.clients))].Send(ctx, logs)
}

// Close leaves the clients to the deployments they belong to.
func (*balanced) Close() error { return nil }

// TestRollingRestart replaces collectors one after the other, twice, as an upgrade
// does, under the load of patient and of impatient clients behind a balancer:
// what was acknowledged is stored, nothing is stored twice, and each collector
// ends in order. What an impatient client gave up may be stored or not.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ collectors, tenants int }{
		"two, one tenant":    {2, 1},
		"four, many tenants": {4, 100},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			acquire(t, 2) // more would deadlock with itself: the others share the two
			db := newDatabase(t)
			deployments := make([]*deployment, tt.collectors)
			balancer := &balanced{}
			for i := range deployments {
				deployments[i] = deploy(t, "gateway.yaml", db.environment()).start()
				balancer.clients = append(balancer.clients, deployments[i].client())
			}
			ledger := loadgen.NewLedger()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			stop := make(chan struct{})
			var wait sync.WaitGroup
			var runs []string
			for i, patience := range []loadgen.Patience{loadgen.Patient, loadgen.Patient, loadgen.Patient, loadgen.Patient, loadgen.Impatient} {
				run := fmt.Sprintf("roll%d%c", tt.collectors, 'a'+i)
				runs = append(runs, run)
				g := generator(run, loadgen.Options{Tenants: tt.tenants, FillerBytes: 50, RecordIDs: 0.3, OrdinaryShare: 0.1})
				wait.Go(func() { loadgen.Stream(ctx, stop, balancer, g, 20, ledger, patience) })
			}
			for range 2 {
				for _, d := range deployments {
					acknowledged := ledger.Count(loadgen.Acknowledged)
					eventually(t, func() bool { return ledger.Count(loadgen.Acknowledged) > acknowledged+100 }, "clients go on")
					d.stop()
					d.start()
				}
			}
			close(stop)
			wait.Wait()
			for _, run := range runs {
				report := tally(t, db.Auditor, run, part(ledger, run))
				assert.Zero(t, report.Quarantine)
			}
			assert.Positive(t, ledger.Count(loadgen.Acknowledged))
			consistent(t, db)
			t.Logf("%d collectors, %d tenants: %d acknowledged", tt.collectors, tt.tenants, ledger.Count(loadgen.Acknowledged))
		})
	}
}

// TestFourCollectorsManyTenants has four collectors write a hundred tenants each,
// every tenth request through two of them at once: each event once, each tenant's
// tree gapless.
func TestFourCollectorsManyTenants(t *testing.T) {
	t.Parallel()
	acquire(t, 2)
	db := newDatabase(t)
	deployments := make([]*deployment, 4)
	for i := range deployments {
		deployments[i] = deploy(t, "gateway.yaml", db.environment()).start()
	}
	ledger := loadgen.NewLedger()
	ctx := within(t, time.Minute)
	var wait sync.WaitGroup
	for i, d := range deployments {
		one, two := d.client(), deployments[(i+1)%len(deployments)].client()
		g := generator(fmt.Sprintf("four%c", 'a'+i), loadgen.Options{Tenants: 100, RecordIDs: 0.3, FillerBytes: 50})
		wait.Go(func() {
			for n := range 20 {
				logs, events := g.Request(100)
				if n%10 == 0 {
					again := plog.NewLogs()
					logs.CopyTo(again)
					wait.Go(func() { _ = loadgen.Deliver(ctx, two, again, events, ledger, loadgen.Patient) })
				}
				_ = loadgen.Deliver(ctx, one, logs, events, ledger, loadgen.Patient)
			}
		})
	}
	wait.Wait()
	require.Equal(t, 8000, ledger.Count(loadgen.Acknowledged))
	for i := range deployments {
		run := fmt.Sprintf("four%c", 'a'+i)
		report := tally(t, db.Auditor, run, part(ledger, run))
		assert.Equal(t, 2000, report.Stored)
		assert.Zero(t, report.Quarantine)
	}
	consistent(t, db)
	verified := verified(t, db)
	assert.Len(t, verified.Logs, 400, "a tree for each tenant, however many collectors grew it")
}
