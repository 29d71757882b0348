package storageextension

import (
	"context"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/otelaudit/otelaudit/storageextension/internal/metadata"
)

//go:generate mdatagen metadata.yaml

// NewFactory returns the factory of file_storage.
func NewFactory() extension.Factory {
	return extension.NewFactory(metadata.Type, defaultConfig, create, metadata.ExtensionStability)
}

func create(ctx context.Context, set extension.Settings, cfg component.Config) (extension.Extension, error) {
	config := cfg.(*Config)
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	inner, err := filestorage.NewFactory().Create(ctx, set, &config.Config)
	if err != nil {
		return nil, err
	}
	return &fileStorage{
		Extension: inner.(storage.Extension),                                                    //nolint:forcetypeassert // filestorage is nothing else
		disk:      &disk{directory: config.Directory, reserve: uint64(config.ReserveMiB) << 20}, //nolint:gosec // validated
		timeout:   config.Timeout,
		logger:    set.Logger, telemetry: telemetry,
		stopping: make(chan struct{}),
	}, nil
}
