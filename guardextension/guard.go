package guardextension

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/extensionmiddleware"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/experimental"
	"google.golang.org/grpc/mem"

	"github.com/otelaudit/otelaudit/guardextension/internal/metadata"
)

// guard refuses requests before they are decoded. It is safe for concurrent
// use.
type guard struct {
	maxDepth    int
	maxMessages int64
	maxExpanded int64
	budget      budget
	waiting     queue // of messages for the budget
	// arrived is what the requests take that came by gRPC, by the decoded request.
	arrived   sync.Map
	telemetry *metadata.TelemetryBuilder
	// readings are the gRPC messages that are not complete, memory what they take.
	readings *readings
	memory   *counted
	watching sync.WaitGroup
	stop     context.CancelFunc // ends the watch; nil before Start
}

var (
	_ extensionmiddleware.GRPCServer = (*guard)(nil)
	_ extensionmiddleware.HTTPServer = (*guard)(nil)
)

func newGuard(cfg *Config, telemetry *metadata.TelemetryBuilder) *guard {
	g := &guard{
		maxDepth: cfg.MaxDepth, maxMessages: cfg.MaxMessages, maxExpanded: cfg.MaxExpandedBytes,
		budget: budget{limit: cfg.MaxInFlightBytes}, telemetry: telemetry,
	}
	g.readings = &readings{within: completeWithin, gaveUp: func() { _ = g.count(context.Background(), "grpc", errSlow) }}
	g.memory = &counted{BufferPool: mem.DefaultBufferPool(), limit: cfg.MaxInFlightBytes, readings: g.readings}
	return g
}

// Start begins to watch the memory of the process.
func (g *guard) Start(ctx context.Context, _ component.Host) error {
	ctx, g.stop = context.WithCancel(context.WithoutCancel(ctx))
	g.watching.Go(func() { g.readings.watch(ctx, beyondGoal) })
	return nil
}

// Shutdown does nothing that a second call could hurt.
func (g *guard) Shutdown(context.Context) error {
	if g.stop != nil {
		g.stop()
		g.watching.Wait()
	}
	g.telemetry.Shutdown()
	return nil
}

// GetGRPCServerOptions wraps the codec that OTLP requests are decoded with. gRPC
// decodes before any interceptor runs, the one that authenticates included, so
// no interceptor could do this.
func (g *guard) GetGRPCServerOptions(context.Context) ([]grpc.ServerOption, error) {
	return []grpc.ServerOption{
		grpc.ForceServerCodecV2(&codec{CodecV2: encoding.GetCodecV2("proto"), guard: g}),
		grpc.UnaryInterceptor(g.intercept),
		grpc.InTapHandle(g.beforeReading),
		grpc.NumStreamWorkers(streamWorkers),
		experimental.BufferPool(g.memory),
	}, nil
}

// streamWorkers is how many goroutines a server keeps for requests; those beyond
// get one of their own. A request's calls go so deep that the stack of a new
// goroutine has to grow for each, which took 17 % of the collector's processor time
// with one record per request. A middleware is the only place from which the otlp
// receiver takes this. A worker that waits holds its stack, some 16 KiB at most
// until the next garbage collection.
const streamWorkers = 256

// GetHTTPHandler wraps the handlers. They see bodies as they come out of
// decompression.
func (g *guard) GetHTTPHandler(context.Context) (extensionmiddleware.WrapHTTPHandlerFunc, error) {
	return func(_ context.Context, next http.Handler) (http.Handler, error) {
		return &handler{next: next, guard: g}, nil
	}, nil
}

// walk reads a request in pieces. An error is final.
type walk interface {
	inspect(p []byte) error
	// width is how many messages there were so far.
	width() int64
	// expanded is how many bytes its records have in common, for each of them.
	expanded() int64
}

func (w *wireWalk) width() int64    { return w.messages }
func (w *wireWalk) expanded() int64 { return w.expansion.bytes }

func (w *jsonWalk) width() int64    { return w.messages }
func (w *jsonWalk) expanded() int64 { return w.expansion.bytes }

func (g *guard) wireWalk(root message) *wireWalk {
	w := newWireWalk(root, g.maxDepth)
	w.maxMessages, w.expansion.limit = g.maxMessages, g.maxExpanded
	return w
}

func (g *guard) jsonWalk(root message) *jsonWalk {
	w := newJSONWalk(g.maxDepth)
	w.maxMessages, w.expansion.limit = g.maxMessages, g.maxExpanded
	w.ordinary = root != logsRequest && root != none
	return w
}

// count counts a refusal and hands the error on.
func (g *guard) count(ctx context.Context, transport string, err error) error {
	reason := "unknown"
	switch {
	case errors.Is(err, errTooDeep):
		reason = "too_deep"
	case errors.Is(err, errTooWide):
		reason = "too_wide"
	case errors.Is(err, errTooBroad):
		reason = "too_broad"
	case errors.Is(err, errBusy):
		reason = "busy"
	case errors.Is(err, errSlow):
		reason = "slow"
	case errors.Is(err, errMalformed):
		reason = "malformed"
	}
	g.telemetry.ExtensionAuditGuardRefusedRequests.Add(ctx, 1, metric.WithAttributeSet(attribute.NewSet(
		attribute.String("reason", reason), attribute.String("transport", transport))))
	return err
}
