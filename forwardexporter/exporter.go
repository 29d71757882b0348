package forwardexporter

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configgrpc"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"google.golang.org/grpc"

	"github.com/otelaudit/otelaudit/forwardexporter/internal/metadata"
)

// forwarder makes one attempt at a time; exporterhelper's queue and retry stand
// in front of it and keep on disk what it does not say nil for. It never returns
// a permanent error. Safe for concurrent use.
type forwarder struct {
	cfg       *Config
	settings  component.TelemetrySettings
	userAgent string
	telemetry *metadata.TelemetryBuilder
	health    *health
	coin      func() bool // which half of a refused batch goes first

	conn   *grpc.ClientConn // nil before start
	client plogotlp.GRPCClient
}

func newForwarder(cfg *Config, set exporter.Settings, telemetry *metadata.TelemetryBuilder, now func() time.Time, coin func() bool) *forwarder {
	return &forwarder{
		cfg:       cfg,
		settings:  set.TelemetrySettings,
		userAgent: fmt.Sprintf("%s/%s (%s/%s)", set.BuildInfo.Command, set.BuildInfo.Version, runtime.GOOS, runtime.GOARCH),
		telemetry: telemetry,
		health:    newHealth(set.Logger, cfg.ClientConfig.Endpoint, now),
		coin:      coin,
	}
}

// start prepares the connection. Nothing is dialed before the first record.
func (f *forwarder) start(ctx context.Context, host component.Host) error {
	conn, err := f.cfg.ClientConfig.ToClientConn(ctx, host.GetExtensions(), f.settings,
		configgrpc.WithGrpcDialOption(grpc.WithUserAgent(f.userAgent)))
	if err != nil {
		return err
	}
	f.conn, f.client = conn, plogotlp.NewGRPCClient(conn)
	f.health.setHost(host)
	return nil
}

func (f *forwarder) shutdown(context.Context) error {
	f.telemetry.Shutdown()
	if f.conn == nil {
		return nil
	}
	return f.conn.Close()
}

// consume takes over ld. Its error is retryable and carries what was not
// delivered, which exporterhelper hands in again.
func (f *forwarder) consume(ctx context.Context, ld plog.Logs) error {
	refused := f.send(ctx, ld)
	rest := ld
	if refused != nil && refused.divisible && ld.LogRecordCount() > 1 {
		rest, refused = f.isolate(ctx, ld, refused)
	}
	if refused == nil {
		f.health.delivered(ld)
		return nil
	}
	f.health.failed(ld, rest, refused)
	err := error(refused)
	if refused.retryAfter > 0 {
		err = exporterhelper.NewThrottleRetry(refused, refused.retryAfter)
	}
	return consumererror.NewLogs(err, rest)
}

// send makes one request. nil means that the other end has accepted all of it.
func (f *forwarder) send(ctx context.Context, ld plog.Logs) *refusal {
	count := ld.LogRecordCount()
	if count == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, f.cfg.Timeout)
	defer cancel()
	answer, err := f.client.Export(ctx, plogotlp.NewExportRequestFromLogs(ld), grpc.WaitForReady(f.cfg.ClientConfig.WaitForReady))
	refused := readAnswer(answer, err)
	if refused != nil {
		f.telemetry.AuditForwardFailedAttempts.Add(ctx, 1, metric.WithAttributes(attribute.String("code", refused.code)))
		return refused
	}
	if message := answer.PartialSuccess().ErrorMessage(); message != "" {
		f.health.warned(message)
	}
	f.telemetry.AuditForwardForwardedRecords.Add(ctx, int64(count))
	return nil
}
