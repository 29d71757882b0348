package e2e

import (
	"flag"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/testbed/collector"
	"github.com/otelaudit/otelaudit/testbed/loadgen"
)

var scaleEvents = flag.Int("scale-events", 0, "events of each case of TestScaleOut, which measures; 0 leaves it out")

// TestScaleOut measures what an event costs with one, two and four collectors on
// one database: processor time, because what they do in a second depends on what
// else the machine does. `make bench-collectors` runs it.
func TestScaleOut(t *testing.T) {
	if *scaleEvents == 0 {
		return // a measurement and not a test
	}
	for _, tenants := range []int{1, 100} {
		for _, collectors := range []int{1, 2, 4} {
			t.Run(fmt.Sprintf("tenants=%d/collectors=%d", tenants, collectors), func(t *testing.T) { scaleOut(t, tenants, collectors) })
		}
	}
}

func scaleOut(t *testing.T, tenants, collectors int) {
	const writers, batch = 8, 1000
	server, db := ownServer(t)
	deployments := make([]*deployment, collectors)
	for i := range deployments {
		deployments[i] = deploy(t, "gateway.yaml", db.environment())
		deployments[i].env["GOGC"] = "400"
		deployments[i].env["TESTBED_TIMEOUT"] = "30s"
		deployments[i].start()
	}
	used := func() (ours, theirs time.Duration) {
		for _, d := range deployments {
			cpu, err := collector.CPU(d.process.PID())
			require.NoError(t, err)
			ours += cpu
		}
		theirs, err := collector.TreeCPU(server.PID())
		require.NoError(t, err)
		return ours, theirs
	}
	var acknowledged atomic.Int64
	ctx := within(t, 10*time.Minute)
	owner := connect(t, db.Owner)
	written := func() (n float64) {
		require.NoError(t, owner.QueryRow(ctx, `SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8`).Scan(&n))
		return n
	}
	wal := written()
	ours, theirs := used()
	start := time.Now()
	var wait sync.WaitGroup
	for i := range writers {
		client := deployments[i%collectors].client()
		o := loadgen.Options{Tenants: tenants, FillerBytes: 400, Shapes: []loadgen.Shape{loadgen.Flat}}
		// Every writer has events of its own and the tenants of all.
		o.Start, o.Seed = time.Unix(1_700_000_000, 0).Add(time.Duration(i)*time.Hour), uint64(i)+1
		g := generator("sc", o)
		wait.Go(func() {
			for range *scaleEvents / writers / batch {
				logs, events := g.Request(batch)
				patience := loadgen.Patience{Timeout: time.Minute, Retries: -1, Interval: 50 * time.Millisecond}
				if loadgen.Deliver(ctx, client, logs, events, loadgen.NewLedger(), patience) == nil {
					acknowledged.Add(batch)
				}
			}
		})
	}
	wait.Wait()
	took := time.Since(start)
	oursAfter, theirsAfter := used()
	wal = written() - wal
	events := acknowledged.Load()
	require.EqualValues(t, *scaleEvents/writers/batch*batch*writers, events)
	require.EqualValues(t, events, count(t, db, `SELECT count(*) FROM audit_events`))
	each := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(events) }
	t.Logf("%d tenants, %d collectors: %.1f µs of collectors and %.1f µs of the server per event, %.0f bytes of WAL, %.0f events/s (client on the same machine)",
		tenants, collectors, each(oursAfter-ours), each(theirsAfter-theirs), wal/float64(events), float64(events)/took.Seconds())
}
