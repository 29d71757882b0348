package auditprocessor

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"

	"github.com/otelaudit/otelaudit/auditprocessor/internal/metadata"
)

// auditProcessor is safe for concurrent use: it is not written to after it was
// made.
type auditProcessor struct {
	cfg       *Config
	now       func() time.Time
	telemetry *metadata.TelemetryBuilder
}

func newAuditProcessor(set processor.Settings, cfg *Config, now func() time.Time) (*auditProcessor, error) {
	tb, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return &auditProcessor{cfg: cfg, now: now, telemetry: tb}, nil
}

func (p *auditProcessor) shutdown(context.Context) error {
	p.telemetry.Shutdown()
	return nil
}

func (p *auditProcessor) processLogs(_ context.Context, logs plog.Logs) (plog.Logs, error) {
	return logs, nil
}
