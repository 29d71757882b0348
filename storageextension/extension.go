package storageextension

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/extension/extensioncapabilities"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/otelaudit/otelaudit/storageextension/internal/metadata"
)

// fileStorage is filestorage with careful clients for exporters' queues.
type fileStorage struct {
	storage.Extension

	disk      *disk
	timeout   time.Duration // for the lock of a file
	logger    *zap.Logger
	telemetry *metadata.TelemetryBuilder

	once     sync.Once
	stopping chan struct{} // closed when the pipelines are about to end

	host    component.Host
	waiting atomic.Int64 // clients that wait for the disk

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
		Client: inner, admit: f.Room, damaged: f.damaged, stopping: f.stopping,
		path:   filepath.Join(f.disk.directory, fileName(id, name)),
		logger: f.logger.With(zap.Stringer("exporter", id)), stalled: f.stalled, starting: true, sizes: map[string]int64{},
	}
	if err := c.survey(ctx); err != nil {
		return nil, errors.Join(err, inner.Close(ctx))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.clients = append(f.clients, c)
	return c, nil
}

// Start looks at what is there before it lets a queue write.
func (f *fileStorage) Start(ctx context.Context, host component.Host) error {
	f.host = host
	if err := f.disk.inspect(f.timeout); err != nil {
		return err
	}
	return f.Extension.Start(ctx, host)
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

// Room refuses a new request when the disk has no more than the reserve, and while
// a queue waits for it. Exporters ask before they offer a request to their queue,
// and each client asks again when the queue stores it.
func (f *fileStorage) Room(ctx context.Context) error {
	err := errWaiting
	if f.waiting.Load() == 0 {
		err = f.disk.roomy(f.files)
	}
	if err != nil {
		f.telemetry.ExtensionFileStorageRefusedRequests.Add(ctx, 1)
	}
	return err
}

// Refused counts records that an exporter did not offer to its queue.
func (f *fileStorage) Refused(ctx context.Context, exporter string, records int) {
	f.telemetry.ExtensionFileStorageRefusedLogRecords.Add(ctx, int64(records),
		metric.WithAttributeSet(attribute.NewSet(attribute.String("exporter", exporter))))
}

// files is what the queues' files have inside, by path.
func (f *fileStorage) files() map[string]int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	held := make(map[string]int64, len(f.clients))
	for _, c := range f.clients {
		held[c.path] = c.bytes()
	}
	return held
}

func (f *fileStorage) damaged(ctx context.Context) {
	f.telemetry.ExtensionFileStorageDamagedRequests.Add(ctx, 1)
}

// stalled is told by each client that begins (1) or ends (-1) to wait for the disk.
func (f *fileStorage) stalled(ctx context.Context, by int64, why error) {
	f.telemetry.ExtensionFileStorageStalled.Add(ctx, by)
	if f.waiting.Add(by) > 0 {
		componentstatus.ReportStatus(f.host, componentstatus.NewRecoverableErrorEvent(why))
		return
	}
	componentstatus.ReportStatus(f.host, componentstatus.NewEvent(componentstatus.StatusOK))
}
