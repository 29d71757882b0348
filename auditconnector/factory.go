package auditconnector

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
)

// NewFactory returns the factory of the audit connector, logs to logs.
func NewFactory() connector.Factory {
	return connector.NewFactory(
		component.MustNewType("audit"),
		func() component.Config { return &Config{} },
		connector.WithLogsToLogs(newLogs, component.StabilityLevelAlpha),
	)
}

func newLogs(_ context.Context, _ connector.Settings, _ component.Config, next consumer.Logs) (connector.Logs, error) {
	return struct {
		component.StartFunc
		component.ShutdownFunc
		consumer.Logs
	}{Logs: next}, nil
}
