package forwardexporter

import (
	"context"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/grpc"

	"github.com/otelaudit/otelaudit/forwardexporter/internal/metadata"
)

const patience = 20 * time.Second

// gateway is the next collector: a gRPC server with the OTLP service for logs
// that answers as the test says.
type gateway struct {
	plogotlp.UnimplementedGRPCServer
	address string

	mu       sync.Mutex // guards what follows
	answer   func(plog.Logs) (rejected int64, err error)
	requests int
	came     map[string]int // requests by the sorted bodies of their records
	stored   []string       // bodies of accepted records
}

func accept(plog.Logs) (int64, error) { return 0, nil }

func refuse(err error) func(plog.Logs) (int64, error) {
	return func(plog.Logs) (int64, error) { return 0, err }
}

func newGateway(t *testing.T, answer func(plog.Logs) (int64, error), options ...grpc.ServerOption) *gateway {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	g := &gateway{address: listener.Addr().String(), answer: answer, came: map[string]int{}}
	server := grpc.NewServer(options...)
	plogotlp.RegisterGRPCServer(server, g)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() {
		server.Stop()
		<-done
	})
	return g
}

func (g *gateway) Export(_ context.Context, request plogotlp.ExportRequest) (plogotlp.ExportResponse, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.requests++
	g.came[strings.Join(slices.Sorted(slices.Values(bodies(request.Logs()))), " ")]++
	response := plogotlp.NewExportResponse()
	rejected, err := g.answer(request.Logs())
	if err != nil {
		return response, err
	}
	if rejected > 0 {
		response.PartialSuccess().SetRejectedLogRecords(rejected)
		response.PartialSuccess().SetErrorMessage("not these")
		return response, nil
	}
	g.stored = append(g.stored, bodies(request.Logs())...)
	return response, nil
}

func (g *gateway) now(answer func(plog.Logs) (int64, error)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.answer = answer
}

func (g *gateway) asked() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.requests
}

// times is how often a request of these records came, given in order.
func (g *gateway) times(records string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.came[records]
}

// holds are the accepted records, in order of their names, each once.
func (g *gateway) holds() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	stored := slices.Clone(g.stored)
	slices.Sort(stored)
	return slices.Compact(stored)
}

func bodies(ld plog.Logs) []string {
	var found []string
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				found = append(found, lr.Body().Str())
			}
		}
	}
	return found
}

func request(names ...string) plog.Logs {
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for _, name := range names {
		records.AppendEmpty().Body().SetStr(name)
	}
	return ld
}

// machine holds what outlives the exporter: its disk; and it listens to its
// status.
type machine struct {
	component.StartFunc
	component.ShutdownFunc

	mu       sync.Mutex // guards what follows
	values   map[string][]byte
	statuses []componentstatus.Status
}

func newMachine() *machine { return &machine{values: map[string][]byte{}} }

func (m *machine) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{storageID: m}
}

func (m *machine) Report(event *componentstatus.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.statuses = append(m.statuses, event.Status())
}

func (m *machine) status() componentstatus.Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.statuses) == 0 {
		return componentstatus.StatusNone
	}
	return m.statuses[len(m.statuses)-1]
}

func (m *machine) forgetStatus() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.statuses = nil
}

func (m *machine) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return m, nil
}

func (m *machine) Get(ctx context.Context, key string) ([]byte, error) {
	op := storage.GetOperation(key)
	err := m.Batch(ctx, op)
	return op.Value, err
}

func (m *machine) Set(ctx context.Context, key string, value []byte) error {
	return m.Batch(ctx, storage.SetOperation(key, value))
}

func (m *machine) Delete(ctx context.Context, key string) error {
	return m.Batch(ctx, storage.DeleteOperation(key))
}

func (m *machine) Batch(_ context.Context, ops ...*storage.Operation) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, op := range ops {
		switch op.Type {
		case storage.Get:
			op.Value = m.values[op.Key]
		case storage.Set:
			m.values[op.Key] = slices.Clone(op.Value)
		case storage.Delete:
			delete(m.values, op.Key)
		}
	}
	return nil
}

func (*machine) Close(context.Context) error { return nil }

// agent is a started exporter.
type agent struct {
	exporter.Logs
	log *observer.ObservedLogs
}

const secret = "hunter2"

func startAgent(t *testing.T, m *machine, address string, change func(*Config)) *agent {
	t.Helper()
	cfg := validConfig()
	cfg.ClientConfig.Endpoint = address
	cfg.ClientConfig.TLS.Insecure = true
	cfg.ClientConfig.Headers = configopaque.MapList{{Name: "authorization", Value: secret}}
	cfg.Timeout = patience
	cfg.RetryOnFailure.InitialInterval = 5 * time.Millisecond
	cfg.RetryOnFailure.MaxInterval = 20 * time.Millisecond
	if change != nil {
		change(cfg)
	}
	require.NoError(t, cfg.Validate())
	core, log := observer.New(zap.DebugLevel)
	set := exportertest.NewNopSettings(metadata.Type)
	set.Logger = zap.New(core)
	logs, err := NewFactory().CreateLogs(t.Context(), set, cfg)
	require.NoError(t, err)
	require.NoError(t, logs.Start(t.Context(), m))
	return &agent{Logs: logs, log: log}
}

func (a *agent) stop(t *testing.T) {
	t.Helper()
	require.NoError(t, a.Shutdown(context.WithoutCancel(t.Context())))
	for _, line := range a.log.All() {
		require.NotContains(t, line.Message, secret)
		require.NotContains(t, line.Message, "Dropping data")
		for _, field := range line.Context {
			require.NotContains(t, field.String, secret)
		}
	}
}

func eventually(t *testing.T, f func() bool) {
	t.Helper()
	require.Eventually(t, f, patience, 2*time.Millisecond)
}
