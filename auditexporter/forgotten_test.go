package auditexporter

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// waits is what the exporter says that waits.
func (r *rig) waits(t testing.TB) int {
	t.Helper()
	got, err := r.telemetry.GetMetric("otelcol_audit_exporter_waiting_records")
	require.NoError(t, err)
	points := got.Data.(metricdata.Gauge[int64]).DataPoints
	require.Len(t, points, 1)
	return int(points[0].Value)
}

// A part that a shard forgets shows: it does not wait for ever.
func TestForgottenRecordsDoNotWait(t *testing.T) {
	d := storetest.NewDatabase(t)
	logged, host := observe(t)
	e := startWith(t, d.WriterURL, logged.core, host, func(c *Config) { c.Timeout = 3 * time.Second })
	require.NoError(t, e.ConsumeLogs(t.Context(), canonical(t, refund("acme", "e-0", 1))))
	assert.Zero(t, e.waits(t))
	shards := e.Logs.(*auditExporter).shards
	unlock := lockTenant(t, d, "acme")
	var calls sync.WaitGroup
	send := func(ids ...string) {
		var records []*record.Record
		for _, id := range ids {
			records = append(records, refund("acme", id, 1))
		}
		logs := canonical(t, records...)
		calls.Go(func() { _ = e.ConsumeLogs(t.Context(), logs) })
	}
	send("e-1")
	require.Eventually(t, func() bool { return e.waits(t) == 1 }, time.Minute, time.Millisecond, "being written")
	send("e-2", "e-3", "e-4")
	require.Eventually(t, func() bool { return e.waits(t) == 4 }, time.Minute, time.Millisecond, "behind it")
	for _, s := range shards {
		s.mu.Lock()
		s.waiting = nil // forgotten
		s.mu.Unlock()
	}
	assert.LessOrEqual(t, e.waits(t), 1)
	unlock()
	calls.Wait()
	require.Eventually(t, func() bool { return e.waits(t) == 0 }, time.Minute, time.Millisecond)
	known := e.sum(t, "stored_records") + e.sum(t, "duplicate_records") + e.sum(t, "quarantined_records") + e.sum(t, "refused_records")
	assert.Equal(t, 3, e.sum(t, "received_records")-known, "lost, and known to be")
}

// The counters that rates and equations are made of are there before the first
// record, and what is not known is not 0.
func TestCountersBeginAtZero(t *testing.T) {
	logged, host := observe(t)
	e := startWith(t, "postgres://nobody@127.0.0.1:1/none", logged.core, host, func(*Config) {})
	stored, err := e.telemetry.GetMetric("otelcol_audit_exporter_stored_records")
	require.NoError(t, err)
	assert.Len(t, stored.Data.(metricdata.Sum[int64]).DataPoints, len(outcomes))
	_, err = e.telemetry.GetMetric("otelcol_audit_exporter_received_records")
	require.NoError(t, err)
	horizon, err := e.telemetry.GetMetric("otelcol_audit_exporter_partition_horizon")
	assert.True(t, err != nil || len(horizon.Data.(metricdata.Gauge[float64]).DataPoints) == 0, "not known")
}
