package auditexporter

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/auditexporter/internal/metadata"
)

// auditExporter is the exporter in mode synchronous. It is safe for concurrent
// use; an answer of nil means that every audit record of the call is committed
// or in quarantine.
type auditExporter struct {
	component.StartFunc
	component.ShutdownFunc

	cfg       *Config
	telemetry *metadata.TelemetryBuilder
	now       func() time.Time
}

func newExporter(set exporter.Settings, cfg *Config, now func() time.Time) (*auditExporter, error) {
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return &auditExporter{cfg: cfg, telemetry: telemetry, now: now}, nil
}

// Capabilities says that the exporter only reads.
func (*auditExporter) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// ConsumeLogs refuses everything until the write path is connected.
func (e *auditExporter) ConsumeLogs(_ context.Context, logs plog.Logs) error {
	if logs.LogRecordCount() == 0 {
		return nil
	}
	return errors.New("the write path is not connected")
}
