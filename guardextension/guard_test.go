package guardextension

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/pprofile/pprofileotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/otelaudit/otelaudit/guardextension/internal/metadata"
	"github.com/otelaudit/otelaudit/guardextension/internal/metadatatest"
)

const testDepth = 64

// rig is a guard as the collector makes it, and what it counts.
type rig struct {
	*guard
	telemetry *componenttest.Telemetry
}

func newRig(t *testing.T) *rig {
	t.Helper()
	telemetry := componenttest.NewTelemetry()
	t.Cleanup(func() { assert.NoError(t, telemetry.Shutdown(context.Background())) })
	made, err := NewFactory().Create(t.Context(), extension.Settings{
		ID: component.NewID(metadata.Type), TelemetrySettings: telemetry.NewTelemetrySettings(),
	}, &Config{MaxDepth: testDepth, MaxMessages: defaultMaxMessages, MaxExpandedBytes: defaultExpanded, MaxInFlightBytes: defaultInFlight})
	require.NoError(t, err)
	return &rig{guard: made.(*guard), telemetry: telemetry}
}

func (r *rig) requireCounted(t *testing.T, n int64, reason, transport string) {
	t.Helper()
	metadatatest.AssertEqualExtensionAuditGuardRefusedRequests(t, r.telemetry, []metricdata.DataPoint[int64]{{
		Attributes: attribute.NewSet(attribute.String("reason", reason), attribute.String("transport", transport)),
		Value:      n,
	}}, metricdatatest.IgnoreTimestamp())
}

// receiver takes requests of every signal and remembers how many.
type receiver struct {
	plogotlp.UnimplementedGRPCServer
	taken int
}

func (r *receiver) Export(context.Context, plogotlp.ExportRequest) (plogotlp.ExportResponse, error) {
	r.taken++
	return plogotlp.NewExportResponse(), nil
}

type traceReceiver struct {
	ptraceotlp.UnimplementedGRPCServer
}

func (*traceReceiver) Export(context.Context, ptraceotlp.ExportRequest) (ptraceotlp.ExportResponse, error) {
	return ptraceotlp.NewExportResponse(), nil
}

type metricReceiver struct {
	pmetricotlp.UnimplementedGRPCServer
}

func (*metricReceiver) Export(context.Context, pmetricotlp.ExportRequest) (pmetricotlp.ExportResponse, error) {
	return pmetricotlp.NewExportResponse(), nil
}

type profileReceiver struct {
	pprofileotlp.UnimplementedGRPCServer
}

func (*profileReceiver) Export(context.Context, pprofileotlp.ExportRequest) (pprofileotlp.ExportResponse, error) {
	return pprofileotlp.NewExportResponse(), nil
}

// raw passes bytes through.
type raw struct{}

func (raw) Name() string                       { return "proto" }
func (raw) Marshal(v any) ([]byte, error)      { return *v.(*[]byte), nil }
func (raw) Unmarshal(data []byte, v any) error { *v.(*[]byte) = bytes.Clone(data); return nil }

// TestGRPC: every service of an OTLP server, with the types that it decodes into.
func TestGRPC(t *testing.T) {
	guard := newRig(t)
	options, err := guard.GetGRPCServerOptions(t.Context())
	require.NoError(t, err)
	server := grpc.NewServer(append(options, grpc.MaxRecvMsgSize(32<<20))...)
	logs := &receiver{}
	plogotlp.RegisterGRPCServer(server, logs)
	ptraceotlp.RegisterGRPCServer(server, &traceReceiver{})
	pmetricotlp.RegisterGRPCServer(server, &metricReceiver{})
	pprofileotlp.RegisterGRPCServer(server, &profileReceiver{})
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		assert.NoError(t, <-ended)
	})
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, conn.Close()) })

	send := func(service string, body []byte) error {
		var answer []byte
		return conn.Invoke(t.Context(), "/opentelemetry.proto.collector."+service+"/Export", &body, &answer, grpc.ForceCodec(raw{}))
	}
	value := func(levels int) []byte { return field(6, field(2, nestedValue(levels))) }
	const logsService = "logs.v1.LogsService"
	require.NoError(t, send(logsService, logWith(value(testDepth))))
	refused := 0
	for service, body := range map[string][]byte{
		logsService:                              logWith(value(1_400_000)),
		"trace.v1.TraceService":                  logWith(field(9, field(2, nestedValue(testDepth+1)))),
		"metrics.v1.MetricsService":              logWith(field(12, field(2, nestedValue(testDepth+1)))),
		"profiles.v1development.ProfilesService": field(2, value(testDepth+1)),
	} {
		err := send(service, body)
		require.Equal(t, codes.Internal, status.Code(err), "%s: %v", service, err)
		require.ErrorContains(t, err, "nested too deeply (audit_guard: max_depth)", service)
		refused++
	}
	require.Equal(t, len(requests), refused)
	guard.requireCounted(t, int64(refused), "too_deep", "grpc")

	require.NoError(t, send(logsService, logWith(nil)))
	require.NoError(t, send("trace.v1.TraceService", logWith(field(5, nestedValue(testDepth+1)))), "a span's name")
	require.NoError(t, send("metrics.v1.MetricsService", nil))
	require.NoError(t, send("profiles.v1development.ProfilesService", nil))
	assert.Equal(t, 2, logs.taken)
}

// TestUnknownTypeIsRefused: a server that decodes something else must not seem
// guarded.
func TestUnknownTypeIsRefused(t *testing.T) {
	guard := newRig(t)
	c := &codec{guard: guard.guard}
	for _, v := range []any{new(struct{}), struct{}{}, nil} {
		require.ErrorIs(t, c.Unmarshal(nil, v), errUnknown)
	}
	guard.requireCounted(t, 3, "unknown", "grpc")
}

func TestHTTP(t *testing.T) {
	const protobuf, text = "application/x-protobuf", "application/json"
	deep := logWith(field(5, nestedValue(1_400_000)))
	tests := []struct {
		name        string
		path        string
		contentType string
		body        []byte
		want        int
		reason      string
	}{
		{name: "logs", path: "/v1/logs", contentType: protobuf, body: logWith(field(5, nestedValue(testDepth))), want: 200},
		{name: "logs too deep", path: "/v1/logs", contentType: protobuf, body: deep, want: 400, reason: "too_deep"},
		{name: "with parameters", path: "/v1/logs", contentType: "Application/X-Protobuf; charset=utf-8", body: deep, want: 400, reason: "too_deep"},
		{name: "traces", path: "/v1/traces", contentType: protobuf, body: logWith(field(9, field(2, nestedValue(testDepth+1)))), want: 400, reason: "too_deep"},
		{name: "span name", path: "/v1/traces", contentType: protobuf, body: deep, want: 200},
		{name: "metrics", path: "/v1/metrics", contentType: protobuf, body: logWith(field(12, field(2, nestedValue(testDepth+1)))), want: 400, reason: "too_deep"},
		{name: "profiles", path: "/v1development/profiles", contentType: protobuf, body: field(2, field(6, field(2, nestedValue(testDepth+1)))), want: 400, reason: "too_deep"},
		{name: "below a prefix", path: "/tenant/v1/logs", contentType: protobuf, body: deep, want: 400, reason: "too_deep"},
		{name: "malformed", path: "/v1/logs", contentType: protobuf, body: []byte{0}, want: 400, reason: "malformed"},
		{name: "another path", path: "/logs", contentType: protobuf, body: deep, want: 404, reason: "unknown"},
		{name: "JSON", path: "/v1/logs", contentType: text, body: []byte(jsonLog(testDepth)), want: 200},
		{name: "JSON too deep", path: "/v1/logs", contentType: text, body: []byte(jsonLog(100_000)), want: 400, reason: "too_deep"},
		{name: "JSON on another path", path: "/logs", contentType: text, body: []byte(jsonLog(100_000)), want: 400, reason: "too_deep"},
		{name: "JSON that is none", path: "/v1/logs", contentType: text, body: []byte(`{"a":}`), want: 400, reason: "malformed"},
		{name: "neither", path: "/v1/logs", contentType: "text/plain", body: deep, want: 200},
		{name: "no type", path: "/v1/logs", contentType: "", body: deep, want: 200},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			guard := newRig(t)
			wrap, err := guard.GetHTTPHandler(t.Context())
			require.NoError(t, err)
			var read []byte
			// As the receiver does: all of the body, then 400 where that fails.
			wrapped, err := wrap(t.Context(), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				var err error
				if read, err = io.ReadAll(r.Body); err != nil {
					http.Error(w, err.Error(), http.StatusBadRequest)
				}
			}))
			require.NoError(t, err)
			server := httptest.NewServer(wrapped)
			defer server.Close()
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+tt.path, bytes.NewReader(tt.body))
			require.NoError(t, err)
			req.Header.Set("Content-Type", tt.contentType)
			resp, err := server.Client().Do(req)
			require.NoError(t, err, "the client must hear the answer")
			defer resp.Body.Close()
			answer, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			require.Equal(t, tt.want, resp.StatusCode, "%s", answer)
			if tt.reason == "" {
				require.True(t, bytes.Equal(tt.body, read), "the receiver reads what was sent")
				return
			}
			guard.requireCounted(t, 1, tt.reason, "http")
		})
	}
}

// errLimit stands for the error of http.MaxBytesReader.
var errLimit = &http.MaxBytesError{Limit: 1}

// endless is a client that never stops sending; what the server reads of it ends
// with errLimit.
type endless struct{ left int }

func (e *endless) Read(p []byte) (int, error) {
	if e.left <= 0 {
		return 0, errLimit
	}
	n := copy(p, strings.Repeat("[", min(len(p), e.left)))
	e.left -= n
	return n, nil
}

func (*endless) Close() error { return nil }

// TestBodyBeyondTheLimit: what the server bounds stays bounded, and its error is
// the receiver's to see.
func TestBodyBeyondTheLimit(t *testing.T) {
	guard := newRig(t)
	for name, tt := range map[string]struct {
		body *endless
		want error
	}{
		"refused before": {body: &endless{left: 1 << 20}, want: errTooDeep},
		"refused after":  {body: &endless{left: 10}, want: errLimit},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/logs", tt.body)
			r.Header.Set("Content-Type", "application/json")
			(&handler{guard: guard.guard, next: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				_, err := io.ReadAll(r.Body)
				assert.ErrorIs(t, err, tt.want)
				_, again := r.Body.Read(make([]byte, 1))
				assert.Equal(t, err, again)
			})}).ServeHTTP(httptest.NewRecorder(), r)
			require.Zero(t, tt.body.left, "a client that is still sending would not hear the answer")
		})
	}
}
