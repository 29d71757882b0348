package forwardexporter

import (
	"context"
	"math/rand/v2"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"

	"github.com/otelaudit/otelaudit/forwardexporter/internal/metadata"
	"github.com/otelaudit/otelaudit/storageextension/queueroom"
)

//go:generate mdatagen metadata.yaml

// NewFactory returns the factory of the audit_forward exporter, for logs.
func NewFactory() exporter.Factory {
	return exporter.NewFactory(
		metadata.Type,
		func() component.Config { return defaultConfig() },
		exporter.WithLogs(createLogs, metadata.LogsStability),
	)
}

func createLogs(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Logs, error) {
	config := cfg.(*Config)
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	f := newForwarder(config, set, telemetry, time.Now, func() bool { return rand.Uint32()&1 == 0 }) //nolint:gosec // which half goes first is no secret
	set.Logger = inOurWords(set.Logger)
	queued, err := exporterhelper.NewLogs(ctx, set, cfg, f.consume,
		exporterhelper.WithStart(f.start),
		exporterhelper.WithShutdown(f.shutdown),
		exporterhelper.WithCapabilities(consumer.Capabilities{MutatesData: true}), // a refused batch is divided
		exporterhelper.WithTimeout(exporterhelper.TimeoutConfig{}),                // each request has its own
		exporterhelper.WithQueue(config.SendingQueue),
		exporterhelper.WithRetry(config.RetryOnFailure),
	)
	if err != nil {
		return nil, err
	}
	return queueroom.First(queued, set.ID, config.SendingQueue.Get().StorageID), nil
}
