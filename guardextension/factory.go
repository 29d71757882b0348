package guardextension

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"

	"github.com/otelaudit/otelaudit/guardextension/internal/metadata"
)

//go:generate mdatagen metadata.yaml

// NewFactory returns the factory of the guard, a middleware for the gRPC and the
// HTTP server of the otlp receiver.
func NewFactory() extension.Factory {
	return extension.NewFactory(
		metadata.Type,
		func() component.Config { return defaultConfig() },
		create,
		metadata.ExtensionStability,
	)
}

func create(_ context.Context, set extension.Settings, cfg component.Config) (extension.Extension, error) {
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return newGuard(cfg.(*Config), telemetry), nil //nolint:contextcheck // a message that never ends is given up in nobody's context
}
