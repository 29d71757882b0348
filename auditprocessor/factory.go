package auditprocessor

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processorhelper"

	"github.com/otelaudit/otelaudit/auditprocessor/internal/metadata"
)

//go:generate mdatagen metadata.yaml

// NewFactory returns the factory of the audit processor. It does no I/O and
// starts nothing.
func NewFactory() processor.Factory {
	return processor.NewFactory(
		metadata.Type,
		createDefaultConfig,
		processor.WithLogs(createLogs, metadata.LogsStability),
	)
}

func createLogs(ctx context.Context, set processor.Settings, cfg component.Config, next consumer.Logs) (processor.Logs, error) {
	return newLogs(ctx, set, cfg.(*Config), next, time.Now)
}

// newLogs is createLogs with the clock as an argument.
func newLogs(ctx context.Context, set processor.Settings, cfg *Config, next consumer.Logs, now func() time.Time) (processor.Logs, error) {
	p, err := newAuditProcessor(set, cfg, now)
	if err != nil {
		return nil, err
	}
	p.next = next
	logs, err := processorhelper.NewLogs(ctx, set, cfg, next, p.processLogs,
		processorhelper.WithCapabilities(consumer.Capabilities{MutatesData: true}),
		processorhelper.WithStart(p.start),
		processorhelper.WithShutdown(p.shutdown))
	if err != nil || p.limiter == nil {
		return logs, err
	}
	return &charging{Logs: logs, limiter: p.limiter}, nil
}
