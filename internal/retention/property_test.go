package retention_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/bundle"
	"github.com/otelaudit/otelaudit/internal/retention"
	"github.com/otelaudit/otelaudit/internal/retention/retentiontest"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/verify"
)

// watched is a store that is pruned while everybody is at work.
type watched struct {
	*retentiontest.History

	t       *testing.T
	random  *rand.Rand
	tenants []string
	state   *verify.State // of before the prune
	auditor *store.Reader
	writer  *pgx.Conn // of the writer role, for the rollups
}

// Prunes in batches and by months, of stores with epochs, counts that are rolled
// up in part, and writers at work: between any two transactions the store
// verifies, from the beginning and from what was verified before the prune, what
// can be bundled is, and every count is what looking at all events says.
func TestEveryStepOfAPruneVerifiesAndCounts(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			w := newWatched(t, rand.New(rand.NewPCG(seed, 17)))
			stop := w.writeMeanwhile()
			o := options(w.History, 0)
			o.Age = time.Duration(40+w.random.IntN(60)) * day
			o.NoDrop = seed == 0
			o.BatchSize = 10 + w.random.IntN(20)
			o.Progress = func(retention.Progress) { w.step(false) }
			result, err := retention.Run(t.Context(), w.Pruner(), o)
			stop()
			require.NoError(t, err)
			require.Positive(t, result.Deleted)
			require.Equal(t, !o.NoDrop, len(result.Partitions) > 0, "months were dropped")
			w.step(true)
			for w.roll(1000, 100) > 0 { //nolint:revive // until nothing is left
			}
			w.step(true)
		})
	}
}

func newWatched(t *testing.T, random *rand.Rand) *watched {
	h := retentiontest.New(t)
	w := &watched{History: h, t: t, random: random, tenants: []string{"a", "b", "c"}}
	// A real store waits until rolling up is worth while.
	h.Exec(`DO $$ BEGIN EXECUTE replace(pg_get_functiondef('audit_roll_counts'::regproc), 'bigint := 10000;', 'bigint := 1;'); END $$`)
	var err error
	w.auditor, err = store.Connect(t.Context(), store.Options{URL: h.DB.AuditorURL})
	require.NoError(t, err)
	t.Cleanup(w.auditor.Close)
	w.writer, err = pgx.Connect(t.Context(), h.DB.WriterURL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = w.writer.Close(context.Background()) })
	for _, tenant := range w.tenants {
		at := h.Now.Add(-140 * day)
		for epoch := range int32(1 + random.IntN(2)) {
			if epoch > 0 {
				h.OpenEpoch(tenant, epoch, at)
			}
			for range 12 + random.IntN(12) {
				// Several a day, so that days are cut by batches and by rollups.
				at = at.Add(time.Duration(1+random.IntN(60)) * time.Minute)
				if random.IntN(4) == 0 {
					at = at.Add(time.Duration(random.IntN(12*24)) * time.Hour)
				}
				if at.Before(h.Now.Add(-2 * day)) {
					h.Commit(tenant, epoch, at, 1+random.IntN(9), true)
				}
			}
			w.roll(1+random.Int64N(60), 1+random.IntN(3))
		}
	}
	report := h.Verify()
	require.Equal(t, verify.Intact, report.Verdict, report.Findings)
	none, err := verify.ParseState(nil, h.Trust)
	require.NoError(t, err)
	w.state, err = none.Next(report, h.Trust)
	require.NoError(t, err)
	require.Positive(t, w.state.Logs())
	return w
}

func (w *watched) roll(events int64, tenants int) (rolled int64) {
	w.t.Helper()
	require.NoError(w.t, w.writer.QueryRow(w.t.Context(), "SELECT audit_roll_counts($1, $2)", events, tenants).Scan(&rolled))
	return rolled
}

// writeMeanwhile writes into every log until it is told to stop.
func (w *watched) writeMeanwhile() (stop func()) {
	ctx, cancel := context.WithCancel(w.t.Context())
	var done sync.WaitGroup
	var failed error
	done.Go(func() {
		for n := 0; ctx.Err() == nil && failed == nil; n++ {
			_, failed = w.Log().Write(context.WithoutCancel(ctx), w.Event(w.tenants[n%len(w.tenants)], 5_000_000+n, time.Now().Add(day)))
		}
	})
	return func() {
		cancel()
		done.Wait()
		require.NoError(w.t, failed)
	}
}

// step holds the store against all that can be said of it, now and then, or
// always.
func (w *watched) step(always bool) {
	w.t.Helper()
	if w.random.IntN(3) == 0 {
		w.roll(1+w.random.Int64N(40), 1+w.random.IntN(3))
	}
	for _, tenant := range w.tenants {
		w.counts(tenant)
	}
	if !always && w.random.IntN(4) > 0 {
		return
	}
	requireIntact(w.t, w.History)
	for _, tenant := range []string{"", w.tenants[0]} {
		report, err := verify.Store(w.t.Context(), verify.Options{
			Database: store.Options{URL: w.DB.AuditorURL}, Trust: w.Trust, Workers: 2, State: w.state, Tenant: tenant,
		})
		require.NoError(w.t, err)
		require.Empty(w.t, report.Findings)
		require.Equal(w.t, verify.Intact, report.Verdict, report.Unchecked)
	}
	w.bundled(w.tenants[w.random.IntN(len(w.tenants))])
}

// counts compares with looking at the events. Those that are written meanwhile
// happen after the window.
func (w *watched) counts(tenant string) {
	w.t.Helper()
	f := store.CountFilter{Until: w.Now, Prefixes: []string{"invoice.act1", "invoice."}}
	if w.random.IntN(2) == 0 {
		f.Since = w.Now.Add(-time.Duration(w.random.IntN(150*24)) * time.Hour)
	}
	if w.random.IntN(2) == 0 {
		f.Until = w.Now.Add(-time.Duration(w.random.IntN(150*24)) * time.Hour)
	}
	if !f.Since.Before(f.Until) {
		f.Since = time.Time{}
	}
	naive := func(prefix string) int64 {
		return w.Number(`SELECT count(*) FROM audit_events WHERE tenant_id = $1 AND event_time >= $2 AND event_time < $3 AND starts_with(action, $4)`,
			tenant, f.Since, f.Until, prefix)
	}
	found, err := w.auditor.Count(w.t.Context(), tenant, f)
	require.NoError(w.t, err)
	about := fmt.Sprintf("%s, %s to %s", tenant, f.Since, f.Until)
	require.Equal(w.t, naive(""), found.Total, about)
	for prefix, n := range found.ByPrefix {
		require.Equal(w.t, naive(prefix), n, "%s: %s", about, prefix)
	}
}

func (w *watched) bundled(tenant string) {
	w.t.Helper()
	scanner, err := store.OpenScanner(w.t.Context(), store.Options{URL: w.DB.AuditorURL}, tenant)
	require.NoError(w.t, err)
	defer scanner.Close()
	var written bytes.Buffer
	_, err = bundle.Build(w.t.Context(), scanner, &written, bundle.Options{Tenant: tenant, Ring: w.Ring, Now: time.Now})
	require.NoError(w.t, err)
	_, err = bundle.Verify(&written, w.Trust)
	require.NoError(w.t, err)
}
