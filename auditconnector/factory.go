package auditconnector

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"

	"github.com/otelaudit/otelaudit/auditconnector/internal/metadata"
)

//go:generate mdatagen metadata.yaml

// NewFactory returns the factory of the audit connector, logs to logs.
func NewFactory() connector.Factory {
	return connector.NewFactory(
		metadata.Type,
		func() component.Config { return defaultConfig() },
		connector.WithLogsToLogs(createLogs, metadata.LogsToLogsStability),
	)
}

func createLogs(_ context.Context, set connector.Settings, cfg component.Config, next consumer.Logs) (connector.Logs, error) {
	router, ok := next.(connector.LogsRouterAndConsumer)
	if !ok {
		return nil, fmt.Errorf("the audit connector needs a router of logs pipelines, got %T", next)
	}
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return newConnector(cfg.(*Config), router, set.Logger, telemetry, time.Now)
}
