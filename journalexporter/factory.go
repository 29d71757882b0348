package journalexporter

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"

	"github.com/otelaudit/otelaudit/journalexporter/internal/metadata"
)

// NewFactory returns the factory of the journal exporter. It does no I/O: keys
// and directory are opened by Start.
func NewFactory() exporter.Factory {
	return exporter.NewFactory(
		metadata.Type,
		createDefaultConfig,
		exporter.WithLogs(createLogs, metadata.LogsStability),
	)
}

// createLogs does without exporterhelper, which would log an error for every
// refused request and may answer before the journal does.
func createLogs(_ context.Context, set exporter.Settings, cfg component.Config) (exporter.Logs, error) {
	return newExporter(set, cfg.(*Config), time.Now)
}
