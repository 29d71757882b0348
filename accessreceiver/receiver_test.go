package accessreceiver

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelaudit/otelaudit/accessreceiver/internal/metadata"
	"github.com/otelaudit/otelaudit/internal/otlpmap"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
	"github.com/otelaudit/otelaudit/internal/vouch"
)

const patience = 20 * time.Second

// pipeline is what is behind the receiver: it counts how often each event came
// and, if it stores, puts its id where the log has it.
type pipeline struct {
	t      *testing.T
	db     *storetest.Database
	stores bool

	mu      sync.Mutex // guards the rest
	came    map[string]int
	refuses error
}

func (*pipeline) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (p *pipeline) ConsumeLogs(ctx context.Context, logs plog.Logs) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	assert.True(p.t, vouch.System(ctx))
	if p.refuses != nil {
		return p.refuses
	}
	decoder := otlpmap.NewDecoder(otlpmap.Options{TenantAttributes: otlpmap.DefaultTenantAttributes()})
	for _, rl := range logs.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				d := decoder.Decode(rl.Resource(), sl.Scope(), lr, false)
				assert.Nil(p.t, d.Problem)
				assert.Equal(p.t, "_system", d.Record.TenantID)
				assert.True(p.t, d.Record.Producer.IsAbsent(), "nothing an application would not have sent")
				p.came[d.Record.EventID]++
				if p.stores {
					inLog(p.t, p.db, d.Record.EventID)
				}
			}
		}
	}
	return nil
}

func (p *pipeline) times(eventID string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.came[eventID]
}

func (p *pipeline) refuse(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuses = err
}

func run(t *testing.T, url, sql string, args ...any) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), url)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	_, err = conn.Exec(context.Background(), sql, args...)
	require.NoError(t, err)
}

func ask[T any](t *testing.T, url, sql string, args ...any) (answer T) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), url)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	require.NoError(t, conn.QueryRow(context.Background(), sql, args...).Scan(&answer))
	return answer
}

// inLog puts an event where those of the log are, with its id and a commit.
func inLog(t *testing.T, db *storetest.Database, eventID string) {
	t.Helper()
	run(t, db.SuperURL, `WITH last AS (SELECT clock_timestamp() AS at, coalesce(max(size), 0) AS size FROM audit_commits WHERE tenant_id = '_system'),
		next AS (SELECT * FROM last WHERE NOT EXISTS (SELECT FROM audit_event_ids WHERE tenant_id = '_system' AND id = $1)),
		event AS (INSERT INTO audit_events (tenant_id, epoch, seq, recorded_at, event_id, action, outcome, actor, leaf_hash)
			SELECT '_system', 0, size, at, $1, 'audit.read.list', 'success', '{}', decode(repeat('00', 32), 'hex') FROM next),
		id AS (INSERT INTO audit_event_ids (tenant_id, kind, id, epoch, seq, fingerprint, recorded_at)
			SELECT '_system', 'e', $1, 0, size, decode(repeat('00', 32), 'hex'), at FROM next)
		INSERT INTO audit_commits (tenant_id, epoch, size, prev_size, recorded_at) SELECT '_system', 0, size + 1, size, at FROM next`, eventID)
}

// trace leaves the trace of a read, as a reader.
func trace(t *testing.T, db *storetest.Database) string {
	t.Helper()
	return ask[string](t, db.ReaderURL, `SELECT audit_trace('audit.read.list', 'success', 'acme', '{"limit": 5}', 3)`)
}

func waiting(t *testing.T, db *storetest.Database) int {
	t.Helper()
	return ask[int](t, db.SuperURL, `SELECT count(*) FROM audit_outbox`)
}

type rig struct {
	*pipeline

	receiver  *accessReceiver
	telemetry *componenttest.Telemetry
	logs      *observer.ObservedLogs
}

func newRig(t *testing.T, db *storetest.Database, stores bool, change func(*Config)) *rig {
	t.Helper()
	r := &rig{
		pipeline:  &pipeline{t: t, db: db, stores: stores, came: map[string]int{}},
		telemetry: componenttest.NewTelemetry(),
	}
	t.Cleanup(func() { require.NoError(t, r.telemetry.Shutdown(context.Background())) })
	core, logs := observer.New(zap.InfoLevel)
	r.logs = logs
	set := receivertest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = r.telemetry.NewTelemetrySettings()
	set.Logger = zap.New(core)
	cfg := createDefaultConfig().(*Config)
	cfg.URL = configopaque.String(db.WriterURL)
	cfg.PollInterval = 20 * time.Millisecond
	if change != nil {
		change(cfg)
	}
	require.NoError(t, cfg.Validate())
	var err error
	r.receiver, err = newReceiver(set, cfg, r.pipeline, time.Now)
	require.NoError(t, err)
	return r
}

func (r *rig) start(t *testing.T) *rig {
	t.Helper()
	require.NoError(t, r.receiver.Start(context.Background(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, r.receiver.Shutdown(context.Background())) })
	return r
}

func (r *rig) counter(t *testing.T, name string) float64 {
	t.Helper()
	got, err := r.telemetry.GetMetric(name)
	if err != nil {
		return 0
	}
	return sum(got.Data)
}

func TestTracesGoToTheLogAndLeaveTheOutbox(t *testing.T) {
	db := storetest.NewDatabase(t)
	first := trace(t, db)
	r := newRig(t, db, true, func(c *Config) { c.PollInterval = 10 * time.Second }).start(t)
	require.Eventually(t, func() bool { return waiting(t, db) == 0 }, patience, 10*time.Millisecond)
	second := trace(t, db)
	require.Eventually(t, func() bool { return r.times(second) == 1 && waiting(t, db) == 0 }, 5*time.Second, 10*time.Millisecond,
		"a notification comes before the next look")
	assert.Equal(t, 1, r.times(first))
	assert.Empty(t, r.logs.All())
	require.Eventually(t, func() bool { return r.counter(t, "otelcol_receiver_audit_access_cleared_rows") == 2 }, patience, 10*time.Millisecond)
	assert.InDelta(t, 2, r.counter(t, "otelcol_receiver_audit_access_sent_records"), 0)
	assert.Zero(t, r.counter(t, "otelcol_receiver_audit_access_oldest_row"))
}

func TestWhatTheLogDoesNotHaveStaysAndIsSentAgainLater(t *testing.T) {
	db := storetest.NewDatabase(t)
	id := trace(t, db)
	r := newRig(t, db, false, nil)
	var ahead atomic.Int64
	start := time.Now()
	r.receiver.now = func() time.Time { return start.Add(time.Duration(ahead.Load())) }
	r.start(t)
	require.Eventually(t, func() bool { return r.times(id) == 1 }, patience, time.Millisecond)
	for range 5 { // a look at least for each
		another := trace(t, db)
		require.Eventually(t, func() bool { return r.times(another) == 1 }, patience, time.Millisecond)
	}
	assert.Equal(t, 1, r.times(id), "no storm")
	assert.Equal(t, 6, waiting(t, db))
	assert.Positive(t, r.counter(t, "otelcol_receiver_audit_access_oldest_row"))
	ahead.Store(int64(r.receiver.cfg.ResendInterval))
	require.Eventually(t, func() bool { return r.times(id) == 2 }, patience, 10*time.Millisecond)
	inLog(t, db, id)
	require.Eventually(t, func() bool { return waiting(t, db) == 5 }, patience, 10*time.Millisecond)
}

func TestOnlyTheStoresOwnActionsArePassedOn(t *testing.T) {
	db := storetest.NewDatabase(t)
	place := func(id, document string) {
		run(t, db.SuperURL, `INSERT INTO audit_outbox (event_id, record) VALUES ($1, $2)`, id, document)
	}
	place("prune", `{"tenant_id": "_system", "event_id": "prune", "action": "audit.prune", "outcome": "success", "payload": {"tenant": "acme", "size": 3}}`)
	place("tenant", `{"tenant_id": "acme", "event_id": "tenant", "action": "audit.read.list", "outcome": "success"}`)
	place("other", `{"tenant_id": "_system", "event_id": "another", "action": "audit.read.list", "outcome": "success"}`)
	place("number", `7`)
	place("unknown", `{"tenant_id": "_system", "event_id": "unknown", "action": "audit.read.list", "outcome": "success", "seq": 1}`)
	r := newRig(t, db, true, nil).start(t)
	good := trace(t, db)
	require.Eventually(t, func() bool { return waiting(t, db) == 5 && r.times(good) == 1 }, patience, 10*time.Millisecond)
	for _, id := range []string{"prune", "tenant", "other", "another", "number", "unknown"} {
		assert.Zero(t, r.times(id), id)
	}
	assert.InDelta(t, 5, r.counter(t, "otelcol_receiver_audit_access_refused_rows"), 0, "each is counted once")
	assert.Equal(t, 5, r.logs.Len(), "and said once")
}

func TestAPipelineThatFailsIsTriedAgain(t *testing.T) {
	db := storetest.NewDatabase(t)
	r := newRig(t, db, true, nil)
	r.refuse(errors.New("not now"))
	id := trace(t, db)
	r.start(t)
	require.Eventually(t, func() bool { return r.counter(t, "otelcol_receiver_audit_access_failures") >= 1 }, patience, 10*time.Millisecond)
	assert.Equal(t, 1, waiting(t, db))
	assert.Positive(t, r.counter(t, "otelcol_receiver_audit_access_oldest_row"), "it is known while nothing is taken")
	r.refuse(nil)
	require.Eventually(t, func() bool { return waiting(t, db) == 0 }, patience, 10*time.Millisecond)
	assert.Equal(t, 1, r.times(id))
	assert.Equal(t, 1, r.logs.FilterLevelExact(zap.ErrorLevel).Len())
}

func TestOfTwoCollectorsOneSends(t *testing.T) {
	db := storetest.NewDatabase(t)
	leader := newRig(t, db, false, nil).start(t)
	first := trace(t, db)
	require.Eventually(t, func() bool { return leader.times(first) == 1 }, patience, 10*time.Millisecond)
	other := newRig(t, db, true, nil).start(t)
	require.Eventually(t, func() bool { return other.counter(t, "otelcol_receiver_audit_access_oldest_row") > 0 }, patience, time.Millisecond, "it has looked")
	assert.Zero(t, other.times(first), "the other one does its work")
	run(t, db.SuperURL, `UPDATE audit_outbox SET placed_at = placed_at - make_interval(secs => $1)`, yield.Seconds())
	require.Eventually(t, func() bool { return other.times(first) == 1 && waiting(t, db) == 0 }, patience, 10*time.Millisecond,
		"unless it does not")

	require.NoError(t, leader.receiver.Shutdown(context.Background()))
	second := trace(t, db)
	require.Eventually(t, func() bool { return other.times(second) == 1 && waiting(t, db) == 0 }, patience, 10*time.Millisecond,
		"the lock goes with its session")
}

func TestWithoutADatabaseTheCollectorStarts(t *testing.T) {
	db := storetest.NewDatabase(t)
	r := newRig(t, db, true, func(c *Config) { c.URL = "postgres://somebody:S3CRET@127.0.0.1:1/audit" }).start(t)
	require.Eventually(t, func() bool { return r.logs.Len() == 1 }, patience, 10*time.Millisecond)
	entry := r.logs.All()[0]
	assert.Contains(t, entry.ContextMap()["error"], "connect to PostgreSQL")
	assert.NotContains(t, entry.ContextMap()["error"], "S3CRET")
}

// TestManyRowsThatOnlyWait: rows that are never taken must not hide what comes
// after them, however many they are, nor be read again at each look.
func TestManyRowsThatOnlyWait(t *testing.T) {
	const many = 10000 + 2*page
	db := storetest.NewDatabase(t)
	run(t, db.SuperURL, `INSERT INTO audit_outbox (placed_at, event_id, record)
		SELECT clock_timestamp() - interval '1 hour', 'bad' || i, '{"tenant_id": "_system", "action": "audit.prune"}' FROM generate_series(1, $1::int) AS i`, many)
	id := trace(t, db)
	r := newRig(t, db, true, func(c *Config) { c.ResendInterval = time.Hour }).start(t)
	require.Eventually(t, func() bool { return r.times(id) == 1 && waiting(t, db) == many }, patience, 10*time.Millisecond)
	assert.InDelta(t, many, r.counter(t, "otelcol_receiver_audit_access_refused_rows"), 0, "each is counted once")
	assert.Equal(t, mostSaid+1, r.logs.Len(), "and not every one is said")
	second := trace(t, db)
	require.Eventually(t, func() bool { return r.times(second) == 1 && waiting(t, db) == many }, patience, 10*time.Millisecond)
	require.NoError(t, r.receiver.Shutdown(context.Background()))
	assert.False(t, r.receiver.from.at.IsZero(), "the next look begins behind them")
	assert.InDelta(t, many, r.counter(t, "otelcol_receiver_audit_access_refused_rows"), 0)
}

// TestWhatIsFoundLate: a row that was committed long after it was placed is found
// by the next look from the beginning.
func TestWhatIsFoundLate(t *testing.T) {
	db := storetest.NewDatabase(t)
	old := trace(t, db)
	run(t, db.SuperURL, `UPDATE audit_outbox SET placed_at = placed_at - interval '1 minute'`)
	r := newRig(t, db, false, func(c *Config) { c.ResendInterval = time.Second }).start(t)
	require.Eventually(t, func() bool { return r.times(old) >= 1 }, patience, 10*time.Millisecond)
	late := trace(t, db)
	run(t, db.SuperURL, `UPDATE audit_outbox SET placed_at = placed_at - interval '1 hour' WHERE event_id = $1`, late)
	require.Eventually(t, func() bool { return r.times(late) >= 1 }, patience, 10*time.Millisecond)
}

// TestALargeOutbox: after an outage everything goes, page by page.
func TestALargeOutbox(t *testing.T) {
	db := storetest.NewDatabase(t)
	run(t, db.ReaderURL, `SELECT audit_trace('audit.read.show', 'success', 'acme', NULL, i) FROM generate_series(1, $1::int) AS i`, 2*page+7)
	r := newRig(t, db, false, nil)
	r.start(t)
	require.Eventually(t, func() bool {
		return r.counter(t, "otelcol_receiver_audit_access_sent_records") == float64(2*page+7)
	}, patience, 10*time.Millisecond)
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, times := range r.came {
		assert.Equal(t, 1, times, id)
	}
}

// sum adds the points of a counter or a gauge.
func sum(data metricdata.Aggregation) (total float64) {
	switch data := data.(type) {
	case metricdata.Sum[int64]:
		for _, point := range data.DataPoints {
			total += float64(point.Value)
		}
	case metricdata.Gauge[float64]:
		for _, point := range data.DataPoints {
			total += point.Value
		}
	}
	return total
}
