package auditconnector

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/xpdata/pref"
	"go.opentelemetry.io/collector/pipeline"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/otelaudit/otelaudit/auditconnector/internal/metadata"
	"github.com/otelaudit/otelaudit/auditconnector/internal/metadatatest"
)

// request is a request with one resource and scope, and a record for each word:
// "event", "quarantined" or "plain", which is also the body.
func request(words ...string) plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.SetSchemaUrl("https://example.com/resource")
	rl.Resource().Attributes().PutStr("service.name", "shop")
	sl := rl.ScopeLogs().AppendEmpty()
	sl.Scope().SetName("shop/orders")
	sl.SetSchemaUrl("https://example.com/scope")
	for _, word := range words {
		lr := sl.LogRecords().AppendEmpty()
		lr.Body().SetStr(word)
		switch word {
		case "event":
			lr.Attributes().PutStr("audit.action", "order.refund")
		case "quarantined":
			lr.Attributes().PutStr("audit.quarantine.reason", "missing_tenant")
		}
	}
	return ld
}

// words lists the bodies of a request, an exempt record's with "!" behind it.
func words(ld plog.Logs) []string {
	var found []string
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				word := lr.Body().AsString()
				if mark, ok := lr.Attributes().Get("sampling.priority"); ok && mark.Double() == 100 {
					word += "!"
				}
				found = append(found, word)
			}
		}
	}
	return found
}

// fakePipeline remembers the words it got and answers err.
type fakePipeline struct {
	err     error
	mutates bool
	hang    chan struct{} // where not nil, answers only once it is closed

	mu   sync.Mutex // guards got
	got  []string
	last plog.Logs
}

func (p *fakePipeline) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: p.mutates}
}

func (p *fakePipeline) ConsumeLogs(_ context.Context, ld plog.Logs) error {
	if p.hang != nil {
		<-p.hang
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.got = append(p.got, words(ld)...)
	p.last = ld
	if p.mutates {
		ld.ResourceLogs().RemoveIf(func(plog.ResourceLogs) bool { return true })
	}
	return p.err
}

func (p *fakePipeline) words() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.got
}

type service struct {
	audit, journal, siem, app fakePipeline

	connector *auditConnector
	telemetry *componenttest.Telemetry
	logs      *observer.ObservedLogs
}

// newService is a connector with two required sinks, one best-effort sink and
// one pipeline for the rest.
func newService(tb testing.TB, change func(*Config)) *service {
	tb.Helper()
	s := &service{telemetry: componenttest.NewTelemetry()}
	cfg := defaultConfig()
	cfg.Required = []pipeline.ID{logsAudit, logsJournal}
	cfg.BestEffort = []pipeline.ID{logsSIEM}
	cfg.Rest = []pipeline.ID{logsApp}
	if change != nil {
		change(cfg)
	}
	consumers := map[pipeline.ID]consumer.Logs{}
	for _, list := range cfg.lists() {
		for _, id := range list.ids {
			consumers[id] = map[pipeline.ID]*fakePipeline{
				logsAudit: &s.audit, logsJournal: &s.journal, logsSIEM: &s.siem, logsApp: &s.app,
			}[id]
		}
	}
	set := metadatatest.NewSettings(s.telemetry)
	core, logs := observer.New(zap.InfoLevel)
	set.Logger, s.logs = zap.New(core), logs
	c, err := NewFactory().CreateLogsToLogs(context.Background(), set, cfg, connector.NewLogsRouter(consumers))
	require.NoError(tb, err)
	s.connector = c.(*auditConnector)
	tb.Cleanup(func() {
		assert.NoError(tb, s.connector.Shutdown(context.Background()))
		assert.NoError(tb, s.telemetry.Shutdown(context.Background()))
	})
	return s
}

func TestWhereRecordsGo(t *testing.T) {
	auditOnly := func(cfg *Config) { cfg.AuditRecords = AuditRecordsAuditOnly }
	noRest := func(cfg *Config) { cfg.Rest = nil }
	noMark := func(cfg *Config) { cfg.SamplingAttribute = "" }
	mixed := []string{"plain", "event", "quarantined", "plain", "event"}
	tests := []struct {
		name      string
		change    func(*Config)
		request   []string
		wantSinks []string
		wantRest  []string
	}{
		{name: "nothing", request: nil},
		{name: "ordinary records only", request: []string{"plain", "plain"}, wantRest: []string{"plain", "plain"}},
		{
			name: "both", request: mixed,
			wantSinks: []string{"event", "quarantined", "event"},
			wantRest:  []string{"plain", "event!", "plain", "event!"},
		},
		{
			name: "both, audit records alone", request: []string{"event", "quarantined"},
			wantSinks: []string{"event", "quarantined"},
			wantRest:  []string{"event!"},
		},
		{
			name: "both, no mark configured", change: noMark, request: mixed,
			wantSinks: []string{"event", "quarantined", "event"},
			wantRest:  []string{"plain", "event", "plain", "event"},
		},
		{
			name: "audit_only", change: auditOnly, request: mixed,
			wantSinks: []string{"event", "quarantined", "event"},
			wantRest:  []string{"plain", "plain"},
		},
		{
			name: "audit_only, audit records alone", change: auditOnly, request: []string{"event", "event"},
			wantSinks: []string{"event", "event"},
		},
		{name: "quarantined records alone", request: []string{"quarantined"}, wantSinks: []string{"quarantined"}},
		{name: "no rest", change: noRest, request: mixed, wantSinks: []string{"event", "quarantined", "event"}},
	}
	for _, tt := range tests {
		for _, mutates := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, pipelines that change data %t", tt.name, mutates), func(t *testing.T) {
				s := newService(t, tt.change)
				for _, p := range []*fakePipeline{&s.audit, &s.journal, &s.siem, &s.app} {
					p.mutates = mutates
				}
				require.NoError(t, s.connector.ConsumeLogs(t.Context(), request(tt.request...)))
				assert.Equal(t, tt.wantSinks, s.audit.words())
				assert.Equal(t, tt.wantSinks, s.journal.words())
				assert.Equal(t, tt.wantSinks, s.siem.words())
				assert.Equal(t, tt.wantRest, s.app.words())
			})
		}
	}
}

func TestResourceAndScopeGoAlong(t *testing.T) {
	s := newService(t, nil)
	ld := request("plain", "event")
	require.NoError(t, s.connector.ConsumeLogs(t.Context(), ld))
	for name, p := range map[string]*fakePipeline{"sink": &s.audit, "rest": &s.app} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, 1, p.last.ResourceLogs().Len())
			rl := p.last.ResourceLogs().At(0)
			assert.Equal(t, map[string]any{"service.name": "shop"}, rl.Resource().Attributes().AsRaw())
			assert.Equal(t, "https://example.com/resource", rl.SchemaUrl())
			require.Equal(t, 1, rl.ScopeLogs().Len())
			assert.Equal(t, "shop/orders", rl.ScopeLogs().At(0).Scope().Name())
			assert.Equal(t, "https://example.com/scope", rl.ScopeLogs().At(0).SchemaUrl())
		})
	}
}

// TestRequiredFailureIsRetryable is the promise of the connector: whatever a
// required sink says, the client is told to send the request again.
func TestRequiredFailureIsRetryable(t *testing.T) {
	failures := map[string]error{
		"plain":                   errors.New("connection refused"),
		"permanent":               consumererror.NewPermanent(errors.New("row refused")),
		"permission denied":       status.Error(codes.PermissionDenied, "not you"),
		"permanent with a status": consumererror.NewPermanent(status.Error(codes.InvalidArgument, "bad")),
		"permanent, wrapped":      fmt.Errorf("pipeline: %w", consumererror.NewPermanent(errors.New("no"))),
		"permanent, joined":       errors.Join(errors.New("one"), consumererror.NewPermanent(errors.New("two"))),
		"not retryable over HTTP": consumererror.NewOTLPHTTPError(errors.New("bad request"), 400),
		"part of the request":     consumererror.NewLogs(errors.New("half of it"), request("event")),
		"resource exhausted":      status.Error(codes.ResourceExhausted, "too large"),
		"invalid text":            errors.New("bytes \xff"),
		"canceled":                context.Canceled,
	}
	for name, failure := range failures {
		for _, failing := range []string{"first", "second", "both"} {
			t.Run(name+", "+failing, func(t *testing.T) {
				s := newService(t, nil)
				if failing != "second" {
					s.audit.err = failure
				}
				if failing != "first" {
					s.journal.err = failure
				}
				// These would be permanent; the required sink wins.
				s.siem.err = consumererror.NewPermanent(errors.New("siem says no"))
				s.app.err = consumererror.NewPermanent(errors.New("app says no"))

				err := s.connector.ConsumeLogs(t.Context(), request("plain", "event"))
				require.Error(t, err)
				assert.False(t, consumererror.IsPermanent(err), "permanent: the client would give up")
				answer, ok := status.FromError(err)
				require.True(t, ok, "the receiver would choose a status of its own")
				assert.Equal(t, codes.Unavailable, answer.Code())
				assert.True(t, utf8.ValidString(answer.Message()), "no protobuf message can carry it")
				var part consumererror.Logs
				assert.NotErrorAs(t, err, &part, "a receiver would send only a part again")
				require.ErrorIs(t, err, failure)
				require.ErrorContains(t, err, failure.Error())
				assert.Empty(t, s.app.words(), "the rest must wait for the required sinks")
				assert.Empty(t, s.siem.words(), "best effort must wait for the required sinks")
			})
		}
	}
}

func TestRequiredFailureNamesThePipelines(t *testing.T) {
	s := newService(t, nil)
	s.audit.err = errors.New("database is down")
	s.journal.err = errors.New("disk is full")
	err := s.connector.ConsumeLogs(t.Context(), request("event"))
	require.EqualError(t, err, "audit records were not accepted, send the request again: "+
		"pipeline logs/audit: database is down; pipeline logs/journal: disk is full")
}

// TestSameDataAgain does what file and queue receivers do: they offer the very
// same data after an error.
func TestSameDataAgain(t *testing.T) {
	for _, audit := range []AuditRecords{AuditRecordsBoth, AuditRecordsAuditOnly} {
		for _, only := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, audit records alone %t", audit, only), func(t *testing.T) {
				s := newService(t, func(cfg *Config) { cfg.AuditRecords = audit })
				s.audit.mutates, s.journal.mutates = true, true
				s.journal.err = errors.New("disk is full")
				sent := []string{"plain", "event", "quarantined"}
				if only {
					sent = sent[1:]
				}
				ld := request(sent...)
				require.Error(t, s.connector.ConsumeLogs(t.Context(), ld))
				require.Equal(t, sent, words(ld), "the request was changed before it was accepted")

				s.journal.err = nil
				require.NoError(t, s.connector.ConsumeLogs(t.Context(), ld))
				twice := []string{"event", "quarantined", "event", "quarantined"}
				assert.Equal(t, twice, s.audit.words())
				assert.Equal(t, twice, s.journal.words())
			})
		}
	}
}

func TestReadOnlyRequest(t *testing.T) {
	s := newService(t, nil)
	ld := request("plain", "event", "quarantined")
	ld.MarkReadOnly()
	require.NoError(t, s.connector.ConsumeLogs(t.Context(), ld))
	assert.Equal(t, []string{"plain", "event!"}, s.app.words())
	assert.Equal(t, []string{"plain", "event", "quarantined"}, words(ld))
}

// TestSinksMayKeepTheirData: exporters with queues hold on to what they got.
func TestSinksMayKeepTheirData(t *testing.T) {
	s := newService(t, nil)
	require.NoError(t, s.connector.ConsumeLogs(t.Context(), request("event", "quarantined")))
	require.Equal(t, []string{"event!"}, words(s.app.last))
	for _, p := range []*fakePipeline{&s.audit, &s.journal, &s.siem} {
		assert.Equal(t, []string{"event", "quarantined"}, words(p.last))
		assert.True(t, p.last.IsReadOnly(), "shared by several pipelines")
		assert.False(t, pref.MarkPipelineOwnedLogs(p.last), "no pipeline may take for its own, and free, what others have too")
	}
}

func TestRestFailureIsItsOwn(t *testing.T) {
	failure := consumererror.NewPermanent(errors.New("app says no"))
	for _, sent := range [][]string{{"plain"}, {"plain", "event"}, {"event"}} {
		t.Run(strings.Join(sent, " and "), func(t *testing.T) {
			s := newService(t, nil)
			s.app.err = failure
			assert.Equal(t, failure, s.connector.ConsumeLogs(t.Context(), request(sent...)))
		})
	}
}

func TestBestEffortFailureChangesNoAnswer(t *testing.T) {
	s := newService(t, nil)
	s.siem.err = consumererror.NewPermanent(errors.New("siem says no"))
	for range 100 {
		require.NoError(t, s.connector.ConsumeLogs(t.Context(), request("plain", "event")))
	}
	assert.Len(t, s.app.words(), 200)
	require.Equal(t, 1, s.logs.FilterMessage("A best_effort pipeline did not accept audit records").Len(), "a flood of lines")
	line := s.logs.All()[0]
	assert.Equal(t, "logs/siem", line.ContextMap()["pipeline"])
	assert.Equal(t, "Permanent error: siem says no", line.ContextMap()["error"])
}

func TestBestEffortThatHangs(t *testing.T) {
	s := newService(t, func(cfg *Config) { cfg.BestEffortTimeout = 10 * time.Millisecond })
	s.siem.hang = make(chan struct{})
	const requests = bestEffortInFlight + 10
	for range requests {
		require.NoError(t, s.connector.ConsumeLogs(t.Context(), request("plain", "event")))
	}
	assert.Len(t, s.audit.words(), requests)
	assert.Len(t, s.app.words(), 2*requests)
	// The answer does not wait until the failure is counted.
	require.Eventually(t, func() bool { return sinkRecords(t, s.telemetry, "failed") == requests }, time.Minute, time.Millisecond)
	assertSinks(t, s.telemetry, map[[3]string]int64{
		{"logs/audit", "required", "accepted"}:   requests,
		{"logs/journal", "required", "accepted"}: requests,
		{"logs/siem", "best_effort", "failed"}:   requests,
	})
	// Shutdown does not wait for ever either; the pipeline answers afterwards.
	require.NoError(t, s.connector.Shutdown(t.Context()))
	close(s.siem.hang)
	s.connector.bestEffortSinks[0].drain(t.Context())
	assert.Len(t, s.siem.words(), bestEffortInFlight)
}

func TestBestEffortDoesNotHoldUpTheRest(t *testing.T) {
	s := newService(t, func(cfg *Config) { cfg.BestEffortTimeout = time.Hour })
	s.siem.hang = make(chan struct{})
	answered := make(chan error)
	go func() { answered <- s.connector.ConsumeLogs(t.Context(), request("plain", "event")) }()
	assert.Eventually(t, func() bool { return len(s.app.words()) == 2 }, time.Minute, time.Millisecond)
	close(s.siem.hang)
	require.NoError(t, <-answered)
}

// TestBestEffortSurvivesTheClient: the records are stored by then, so a client
// that goes away must not cut off the sinks behind.
func TestBestEffortSurvivesTheClient(t *testing.T) {
	s := newService(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	s.siem.hang = make(chan struct{})
	answered := make(chan error)
	go func() { answered <- s.connector.ConsumeLogs(ctx, request("event")) }()
	cancel()
	close(s.siem.hang)
	require.NoError(t, <-answered)
	assert.Equal(t, []string{"event"}, s.siem.words())
}

func TestMetrics(t *testing.T) {
	s := newService(t, nil)
	require.NoError(t, s.connector.ConsumeLogs(t.Context(), request("plain", "event", "quarantined")))
	s.app.err = errors.New("no")
	s.siem.err = errors.New("no")
	require.Error(t, s.connector.ConsumeLogs(t.Context(), request("plain", "plain", "event")))
	s.journal.err = errors.New("no")
	require.Error(t, s.connector.ConsumeLogs(t.Context(), request("plain", "event")))

	assertSinks(t, s.telemetry, map[[3]string]int64{
		{"logs/audit", "required", "accepted"}:   4,
		{"logs/journal", "required", "accepted"}: 3,
		{"logs/journal", "required", "failed"}:   1,
		{"logs/siem", "best_effort", "accepted"}: 2,
		{"logs/siem", "best_effort", "failed"}:   1,
	})
	assertRest(t, s.telemetry, map[string]int64{"accepted": 2, "failed": 3})
}

func TestOrdinaryRecordsWithoutRestAreCounted(t *testing.T) {
	s := newService(t, func(cfg *Config) { cfg.Rest = nil })
	for range 3 {
		require.NoError(t, s.connector.ConsumeLogs(t.Context(), request("plain", "event", "plain")))
	}
	assertRest(t, s.telemetry, map[string]int64{"dropped": 6})
	assert.Equal(t, 1, s.logs.FilterMessage("Records that are not audit records were dropped: rest names no pipeline").Len())
}

func TestManyAtOnce(t *testing.T) {
	s := newService(t, nil)
	s.audit.mutates = true
	var callers sync.WaitGroup
	for range 16 {
		callers.Go(func() {
			for range 20 {
				assert.NoError(t, s.connector.ConsumeLogs(t.Context(), request("plain", "event", "quarantined")))
			}
		})
	}
	callers.Wait()
	for _, p := range []*fakePipeline{&s.audit, &s.journal, &s.siem, &s.app} {
		assert.Len(t, p.words(), 16*20*2)
	}
}

func TestNeedsARouter(t *testing.T) {
	_, err := NewFactory().CreateLogsToLogs(t.Context(), metadatatest.NewSettings(componenttest.NewTelemetry()), defaultConfig(), &fakePipeline{})
	require.EqualError(t, err, "the audit connector needs a router of logs pipelines, got *auditconnector.fakePipeline")
	assert.Equal(t, "audit", metadata.Type.String())
}

func assertSinks(t *testing.T, telemetry *componenttest.Telemetry, want map[[3]string]int64) {
	t.Helper()
	points := make([]metricdata.DataPoint[int64], 0, len(want))
	for labels, value := range want {
		points = append(points, metricdata.DataPoint[int64]{Value: value, Attributes: attribute.NewSet(
			attribute.String("sink", labels[0]),
			attribute.String("requirement", labels[1]),
			attribute.String("result", labels[2]),
		)})
	}
	metadatatest.AssertEqualConnectorAuditSinkRecords(t, telemetry, points, metricdatatest.IgnoreTimestamp())
}

// sinkRecords is how many records all sinks together count with a result.
func sinkRecords(t *testing.T, telemetry *componenttest.Telemetry, result string) (records int64) {
	t.Helper()
	metric, err := telemetry.GetMetric("otelcol_connector_audit_sink_records")
	if err != nil {
		return 0
	}
	sum, ok := metric.Data.(metricdata.Sum[int64])
	require.True(t, ok)
	for _, point := range sum.DataPoints {
		if value, _ := point.Attributes.Value("result"); value.AsString() == result {
			records += point.Value
		}
	}
	return records
}

func assertRest(t *testing.T, telemetry *componenttest.Telemetry, want map[string]int64) {
	t.Helper()
	points := make([]metricdata.DataPoint[int64], 0, len(want))
	for label, value := range want {
		points = append(points, metricdata.DataPoint[int64]{Value: value, Attributes: attribute.NewSet(attribute.String("result", label))})
	}
	metadatatest.AssertEqualConnectorAuditRestRecords(t, telemetry, points, metricdatatest.IgnoreTimestamp())
}
