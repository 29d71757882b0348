package auditexporter

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/otelaudit/otelaudit/auditexporter/internal/metadata"
	"github.com/otelaudit/otelaudit/internal/otlpmap"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// rig is a running exporter with its metrics.
type rig struct {
	exporter.Logs
	telemetry *componenttest.Telemetry
	stopped   sync.Once
}

// Shutdown stops the exporter if the test has not.
func (r *rig) Shutdown(ctx context.Context) (err error) {
	r.stopped.Do(func() { err = r.Logs.Shutdown(ctx) })
	return err
}

func start(t testing.TB, url string, change ...func(*Config)) *rig {
	t.Helper()
	return startWith(t, url, zapcore.NewNopCore(), componenttest.NewNopHost(), change...)
}

func startWith(t testing.TB, url string, log zapcore.Core, host component.Host, change ...func(*Config)) *rig {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	cfg.URL = configopaque.String(url)
	cfg.Integrity.Key = configopaque.String(testKey(t))
	for _, c := range change {
		c(cfg)
	}
	require.NoError(t, cfg.Validate())
	telemetry := componenttest.NewTelemetry()
	set := exportertest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = telemetry.NewTelemetrySettings()
	set.Logger = zap.New(log)
	logs, err := NewFactory().CreateLogs(t.Context(), set, cfg)
	require.NoError(t, err)
	require.NoError(t, logs.Start(t.Context(), host))
	r := &rig{Logs: logs, telemetry: telemetry}
	t.Cleanup(func() {
		assert.NoError(t, r.Shutdown(context.Background()))
		assert.NoError(t, telemetry.Shutdown(context.Background()))
	})
	return r
}

// sum adds up a counter over its attributes.
func (r *rig) sum(t testing.TB, name string) (total int) {
	t.Helper()
	got, err := r.telemetry.GetMetric("otelcol_audit_exporter_" + name)
	if err != nil {
		return 0 // not counted yet
	}
	for _, p := range got.Data.(metricdata.Sum[int64]).DataPoints {
		total += int(p.Value)
	}
	return total
}

// requireBalance checks that every record is accounted for, once those whose
// callers left are.
func (r *rig) requireBalance(t testing.TB) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		stored, duplicate := r.sum(t, "stored_records"), r.sum(t, "duplicate_records")
		quarantined, refused := r.sum(t, "quarantined_records"), r.sum(t, "refused_records")
		in := r.sum(t, "received_records")
		assert.Equal(c, in, stored+duplicate+quarantined+refused,
			"received %d = stored %d + duplicate %d + quarantined %d + refused %d", in, stored, duplicate, quarantined, refused)
	}, 30*time.Second, 5*time.Millisecond)
}

// canonical returns records as the processor hands them over.
func canonical(t testing.TB, records ...*record.Record) plog.Logs {
	t.Helper()
	logs := plog.NewLogs()
	rl := logs.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "shop")
	list := rl.ScopeLogs().AppendEmpty().LogRecords()
	for _, r := range records {
		if p := r.Normalize(); p != nil {
			require.NoError(t, p)
		}
		otlpmap.Encode(r, list.AppendEmpty())
	}
	logs.MarkReadOnly()
	return logs
}

func refund(tenant, id string, amount int) *record.Record {
	return &record.Record{
		TenantID: tenant, EventID: id, Action: "order.refund", Outcome: record.OutcomeSuccess,
		Actor:        record.EmptyObject().Set("type", record.StringValue("user")).Set("id", record.StringValue("u-1")),
		Target:       record.EmptyObject().Set("type", record.StringValue("order")).Set("id", record.StringValue("o-7")),
		Payload:      record.EmptyObject().Set("amount", record.NumberValue(float64(amount))),
		TimeUnixNano: 1_763_800_000_123_456_789,
	}
}

func refunds(tenants, n int) []*record.Record {
	out := make([]*record.Record, n)
	for i := range out {
		out[i] = refund(fmt.Sprintf("t%d", i%tenants), fmt.Sprintf("e%06d", i), i)
	}
	return out
}

func count(t testing.TB, d *storetest.Database, table string) int {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), d.SuperURL)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	var n int
	require.NoError(t, conn.QueryRow(context.Background(), "SELECT count(*) FROM "+table).Scan(&n))
	return n
}

func TestStoresAndAnswers(t *testing.T) {
	d := storetest.NewDatabase(t)
	e := start(t, d.WriterURL)
	require.NoError(t, e.ConsumeLogs(t.Context(), canonical(t, refund("acme", "e-1", 1))))
	assert.Equal(t, 1, count(t, d, "audit_events"))
	assert.Equal(t, 1, e.sum(t, "stored_records"))
	e.requireBalance(t)
	storetest.CheckState(t, d)
}

func TestSameRequestAgainAndInParallel(t *testing.T) {
	d := storetest.NewDatabase(t)
	e := start(t, d.WriterURL)
	logs := canonical(t, refunds(7, 300)...)
	var group sync.WaitGroup
	for range 6 {
		group.Go(func() { assert.NoError(t, e.ConsumeLogs(t.Context(), logs)) })
	}
	group.Wait()
	require.NoError(t, e.ConsumeLogs(t.Context(), logs))
	assert.Equal(t, 300, count(t, d, "audit_events"))
	assert.Equal(t, 300, e.sum(t, "stored_records"))
	assert.Equal(t, 6*300, e.sum(t, "duplicate_records"))
	e.requireBalance(t)
	storetest.CheckState(t, d)
}

func TestRecordsWithoutAuditDataAreSkipped(t *testing.T) {
	d := storetest.NewDatabase(t)
	e := start(t, d.WriterURL)
	logs := plog.NewLogs()
	list := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	list.AppendEmpty().Body().SetStr("hello")
	otlpmap.Encode(refund("acme", "e-1", 1), list.AppendEmpty())
	require.NoError(t, e.ConsumeLogs(t.Context(), logs))
	require.NoError(t, e.ConsumeLogs(t.Context(), plog.NewLogs()))
	assert.Equal(t, 1, e.sum(t, "skipped_records"))
	assert.Equal(t, 1, count(t, d, "audit_events"))
	e.requireBalance(t)
}

func TestQuarantine(t *testing.T) {
	d := storetest.NewDatabase(t)
	e := start(t, d.WriterURL)
	require.NoError(t, e.ConsumeLogs(t.Context(), canonical(t, refund("acme", "e-1", 1))))

	logs := plog.NewLogs()
	list := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	otlpmap.Encode(refund("acme", "e-1", 2), list.AppendEmpty()) // conflict
	otlpmap.Encode(refund("acme", "e-2", 2), list.AppendEmpty())
	poison := refund("acme", "e-3", 3)
	poison.Reason = "a\x00b"
	otlpmap.Encode(poison, list.AppendEmpty()) // rejected by PostgreSQL
	raw := list.AppendEmpty()
	raw.Attributes().PutStr("audit.action", "x") // no tenant, no processor in front
	marked := list.AppendEmpty()
	marked.Attributes().PutStr("audit.action", "y")
	otlpmap.Quarantine(marked, otlpmap.QuarantineMark{Reason: record.ReasonTooDeep, Detail: "d", SHA256: [32]byte{1}, TenantID: "acme"})
	for range 2 {
		require.NoError(t, e.ConsumeLogs(t.Context(), logs))
	}

	conn, err := pgx.Connect(t.Context(), d.SuperURL)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	rows, err := conn.Query(t.Context(), `SELECT concat_ws(' ', reason, sqlstate, tenant_id, event_id, action, left(encode(sha256, 'hex'), 0)) FROM audit_quarantine ORDER BY 1`)
	require.NoError(t, err)
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	assert.Equal(t, []string{
		"conflict acme e-1 order.refund ",
		"database_rejected 22021 acme e-3 order.refund ",
		"missing_tenant x ",
		"too_deep acme ",
	}, got)
	assert.Equal(t, 2, count(t, d, "audit_events"))
	assert.Equal(t, 8, e.sum(t, "quarantined_records"))
	e.requireBalance(t)
	storetest.CheckState(t, d)
}

func TestStoredCounterNamesConfiguredActions(t *testing.T) {
	d := storetest.NewDatabase(t)
	e := start(t, d.WriterURL, func(c *Config) { c.Telemetry.Actions = []string{"order.refund"} })
	other := refund("acme", "e-2", 1)
	other.Action, other.Outcome = "login", record.OutcomeDenied
	require.NoError(t, e.ConsumeLogs(t.Context(), canonical(t, refund("acme", "e-1", 1), other)))
	got, err := e.telemetry.GetMetric("otelcol_audit_exporter_stored_records")
	require.NoError(t, err)
	labels := make(map[string]int64)
	for _, p := range got.Data.(metricdata.Sum[int64]).DataPoints {
		action, _ := p.Attributes.Value("action")
		outcome, _ := p.Attributes.Value("outcome")
		if p.Value > 0 { // all begin at 0
			labels[action.AsString()+"/"+outcome.AsString()] = p.Value
		}
	}
	assert.Equal(t, map[string]int64{"order.refund/success": 1, "/denied": 1}, labels)
}

// A request over the limits of one transaction is several, and answered once.
func TestLargeRequest(t *testing.T) {
	d := storetest.NewDatabase(t)
	e := start(t, d.WriterURL, func(c *Config) { c.Batch.MaxRecords = 100 })
	require.NoError(t, e.ConsumeLogs(t.Context(), canonical(t, refunds(3, 1000)...)))
	assert.Equal(t, 1000, count(t, d, "audit_events"))
	e.requireBalance(t)
	storetest.CheckState(t, d)
}

// One caller gives up; the others, in the same batch or the next, do not notice.
func TestCallersDoNotShareDeadlines(t *testing.T) {
	d := storetest.NewDatabase(t)
	e := start(t, d.WriterURL, func(c *Config) { c.Workers = 1 })
	unlock := lockTenant(t, d, "t0")
	impatient, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	var group sync.WaitGroup
	group.Go(func() {
		assert.ErrorIs(t, e.ConsumeLogs(impatient, canonical(t, refund("t0", "impatient", 1))), errUnavailable)
	})
	for i := range 3 {
		group.Go(func() {
			assert.NoError(t, e.ConsumeLogs(t.Context(), canonical(t, refund("t0", fmt.Sprintf("patient-%d", i), 1))))
		})
	}
	<-impatient.Done()
	time.Sleep(20 * time.Millisecond)
	unlock()
	group.Wait()
	assert.GreaterOrEqual(t, count(t, d, "audit_events"), 3)
	e.requireBalance(t)
	storetest.CheckState(t, d)
}
