package auditexporter

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/otelaudit/otelaudit/auditexporter/internal/metadata"
	"github.com/otelaudit/otelaudit/storageextension/queueroom"
)

// NewFactory returns the factory of the audit exporter. It does no I/O: the
// exporter connects after Start and serves without PostgreSQL.
func NewFactory() exporter.Factory {
	return exporter.NewFactory(
		metadata.Type,
		createDefaultConfig,
		exporter.WithLogs(createLogs, metadata.LogsStability),
	)
}

func createLogs(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Logs, error) {
	config := cfg.(*Config)
	e, err := newExporter(set, config, time.Now)
	if err != nil {
		return nil, err
	}
	if config.Mode != modeDurableQueue {
		// exporterhelper would log an error for every refused request.
		return e, nil
	}
	set.Logger = quieter(set.Logger)
	queued, err := exporterhelper.NewLogs(ctx, set, cfg, e.ConsumeLogs,
		exporterhelper.WithStart(e.Start),
		exporterhelper.WithShutdown(e.Shutdown),
		exporterhelper.WithCapabilities(e.Capabilities()),
		exporterhelper.WithTimeout(exporterhelper.TimeoutConfig{}), // the exporter has its own
		exporterhelper.WithQueue(config.SendingQueue),
		exporterhelper.WithRetry(config.RetryOnFailure),
	)
	if err != nil {
		return nil, err
	}
	return queueroom.First(queued, set.ID, config.SendingQueue.Get().StorageID), nil
}

// quieter passes each message once a minute: every consumer of the queue logs
// every retry, and the exporter says itself what is wrong.
func quieter(logger *zap.Logger) *zap.Logger {
	return logger.WithOptions(zap.WrapCore(func(core zapcore.Core) zapcore.Core {
		return zapcore.NewSamplerWithOptions(core, time.Minute, 1, 0)
	}))
}
