package storageextension

import (
	"context"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/extensioncapabilities"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"

	"github.com/otelaudit/otelaudit/storageextension/internal/metadata"
)

// fileStorage is filestorage with careful clients for exporters' queues.
type fileStorage struct {
	storage.Extension

	disk      *disk
	logger    *zap.Logger
	telemetry *metadata.TelemetryBuilder

	once     sync.Once
	stopping chan struct{} // closed when the pipelines are about to end

	mu      sync.Mutex // guards clients
	clients []*client
}

var (
	_ storage.Extension                     = (*fileStorage)(nil)
	_ extensioncapabilities.PipelineWatcher = (*fileStorage)(nil)
)

// GetClient returns a client; those of exporters' queues are careful. What other
// components keep here, such as a reader's place in a file, they can make again.
func (f *fileStorage) GetClient(ctx context.Context, kind component.Kind, id component.ID, name string) (storage.Client, error) {
	inner, err := f.Extension.GetClient(ctx, kind, id, name)
	if err != nil || kind != component.KindExporter {
		return inner, err
	}
	c := &client{
		Client: inner, admit: f.admit, stopping: f.stopping,
		logger: f.logger.With(zap.Stringer("exporter", id)), stalled: f.stalled, starting: true,
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.clients = append(f.clients, c)
	return c, nil
}

// Ready is called when all pipelines have started, and with them their queues.
func (f *fileStorage) Ready() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.clients {
		if err := c.started(); err != nil {
			return err
		}
	}
	return nil
}

// NotReady is called when the pipelines are about to end: who waits for the disk
// must not hold that up.
func (f *fileStorage) NotReady() error {
	f.once.Do(func() { close(f.stopping) })
	return nil
}

// Shutdown implements component.Component.
func (f *fileStorage) Shutdown(ctx context.Context) error {
	_ = f.NotReady()
	f.telemetry.Shutdown()
	return f.Extension.Shutdown(ctx)
}

// admit refuses a new request when the disk has no more than the reserve.
func (f *fileStorage) admit(ctx context.Context) error {
	err := f.disk.roomy()
	if err != nil {
		f.telemetry.ExtensionFileStorageRefusedRequests.Add(ctx, 1)
	}
	return err
}

func (f *fileStorage) stalled(ctx context.Context, by int64) {
	f.telemetry.ExtensionFileStorageStalled.Add(ctx, by)
}
