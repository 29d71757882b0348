package auditexporter

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap/zapcore"

	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// memoryStorage is a storage extension that outlives the exporter.
type memoryStorage struct {
	component.StartFunc
	component.ShutdownFunc
	mu     sync.Mutex // guards values
	values map[string][]byte
}

func (m *memoryStorage) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return m, nil
}

func (m *memoryStorage) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{storageID: m}
}

func (m *memoryStorage) Get(ctx context.Context, key string) ([]byte, error) {
	op := storage.GetOperation(key)
	err := m.Batch(ctx, op)
	return op.Value, err
}

func (m *memoryStorage) Set(ctx context.Context, key string, value []byte) error {
	return m.Batch(ctx, storage.SetOperation(key, value))
}

func (m *memoryStorage) Delete(ctx context.Context, key string) error {
	return m.Batch(ctx, storage.DeleteOperation(key))
}

func (m *memoryStorage) Batch(_ context.Context, ops ...*storage.Operation) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, op := range ops {
		switch op.Type {
		case storage.Get:
			op.Value = m.values[op.Key]
		case storage.Set:
			m.values[op.Key] = slices.Clone(op.Value)
		case storage.Delete:
			delete(m.values, op.Key)
		}
	}
	return nil
}

func (*memoryStorage) Close(context.Context) error { return nil }

var storageID = component.MustNewID("file_storage")

func durable(c *Config) {
	queue := exporterhelper.NewDefaultQueueConfig()
	queue.StorageID = &storageID
	c.Mode, c.SendingQueue, c.Timeout = modeDurableQueue, configoptional.Some(queue), 200*time.Millisecond
	c.RetryOnFailure.InitialInterval = 50 * time.Millisecond
}

// What the queue has taken outlives a shutdown while PostgreSQL is down: the
// collector deletes what fails for good, so nothing may look like that.
func TestDurableQueueSurvivesShutdown(t *testing.T) {
	d := storetest.NewDatabase(t)
	extension := &memoryStorage{values: make(map[string][]byte)}
	logged, _ := observe(t)
	down := startWith(t, "postgres://collector@127.0.0.1:1/audit", logged.core, extension, durable)
	for _, r := range refunds(3, 40) {
		require.NoError(t, down.ConsumeLogs(t.Context(), canonical(t, r)))
	}
	require.Eventually(t, func() bool { return down.sum(t, "refused_records") > 0 }, time.Minute, 5*time.Millisecond)
	require.NoError(t, down.Shutdown(t.Context()))
	assert.LessOrEqual(t, len(logged.seen.All()), 20, logged.text())

	up := startWith(t, d.WriterURL, zapcore.NewNopCore(), extension, durable)
	require.Eventually(t, func() bool { return up.sum(t, "stored_records") == 40 }, time.Minute, 5*time.Millisecond)
	assert.Equal(t, 40, count(t, d, "audit_events"))
	storetest.CheckState(t, d)
}
