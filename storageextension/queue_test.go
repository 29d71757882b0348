package storageextension

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.uber.org/zap"

	"github.com/otelaudit/otelaudit/storageextension/internal/metadata"
	"github.com/otelaudit/otelaudit/storageextension/queueroom"
)

// file is what survives a kill: a storage in memory that fails as a full disk
// does, sometimes after it has written.
type file struct {
	mu       sync.Mutex // guards what follows
	random   *rand.Rand
	failing  int // of 100 writes
	kept     map[string][]byte
	detached bool // the process that used it is dead
}

var errFull = errors.New("no space left on device")

func (f *file) Get(_ context.Context, key string) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.kept[key], nil
}

func (f *file) Set(ctx context.Context, key string, value []byte) error {
	return f.Batch(ctx, storage.SetOperation(key, value))
}

func (f *file) Delete(ctx context.Context, key string) error {
	return f.Batch(ctx, storage.DeleteOperation(key))
}

func (f *file) Batch(_ context.Context, ops ...*storage.Operation) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.detached {
		return errors.New("this process is dead")
	}
	fails := f.random.IntN(100) < f.failing
	if fails && f.random.IntN(4) > 0 {
		return errFull // and not applied
	}
	for _, op := range ops {
		switch op.Type {
		case storage.Get:
			op.Value = f.kept[op.Key]
		case storage.Set:
			f.kept[op.Key] = append([]byte(nil), op.Value...)
		case storage.Delete:
			delete(f.kept, op.Key)
		}
	}
	if fails {
		return errFull // but applied
	}
	return nil
}

func (*file) Close(context.Context) error { return nil }

// kill detaches the dead process and returns the file for the next one.
func (f *file) kill() *file {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.detached = true
	return &file{random: f.random, failing: f.failing, kept: maps.Clone(f.kept)}
}

func (f *file) fail(percent int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failing = percent
}

// bare is a storage extension that gives its file away as it is.
type bare struct {
	component.StartFunc
	component.ShutdownFunc

	file *file
}

func (b bare) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return b.file, nil
}

type host struct{ storage.Extension }

func (h host) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{component.NewID(metadata.Type): h.Extension}
}

// careful puts this extension between a file and a queue.
func careful(t *testing.T, f *file) *fileStorage {
	t.Helper()
	telemetry, err := metadata.NewTelemetryBuilder(componenttest.NewNopTelemetrySettings())
	require.NoError(t, err)
	return &fileStorage{
		Extension: bare{file: f}, disk: &disk{directory: t.TempDir(), reserve: 1},
		logger: zap.NewNop(), telemetry: telemetry, stopping: make(chan struct{}),
	}
}

// destination remembers what was delivered.
type destination struct {
	down chan struct{} // unless nil, nothing is delivered before it is closed, and then refused

	mu   sync.Mutex // guards seen
	seen map[string]bool
}

func (d *destination) push(_ context.Context, logs plog.Logs) error {
	if d.down != nil {
		<-d.down
		return errors.New("the destination is down")
	}
	if logs.LogRecordCount() == 0 {
		return nil // what the queue makes of a request that it could not keep
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seen[logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Body().Str()] = true
	return nil
}

func (d *destination) missing(acknowledged []string) (missing []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, id := range acknowledged {
		if !d.seen[id] {
			missing = append(missing, id)
		}
	}
	return missing
}

// start makes an exporter with a persistent queue, as the audit exporter has.
func start(t *testing.T, h host, d *destination) exporter.Logs {
	t.Helper()
	queue := exporterhelper.NewDefaultQueueConfig()
	id := component.NewID(metadata.Type)
	queue.StorageID = &id
	queue.NumConsumers = 3
	queue.Batch = configoptional.None[exporterhelper.BatchConfig]()
	e, err := exporterhelper.NewLogs(t.Context(), exportertest.NewNopSettings(exportertest.NopType), &struct{}{}, d.push,
		exporterhelper.WithQueue(configoptional.Some(queue)), exporterhelper.WithTimeout(exporterhelper.TimeoutConfig{Timeout: time.Hour}))
	require.NoError(t, err)
	e = queueroom.First(e, component.NewID(metadata.Type), &id)
	require.NoError(t, e.Start(t.Context(), h))
	return e
}

func request(id string) plog.Logs {
	logs := plog.NewLogs()
	logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr(id)
	return logs
}

// trial sends requests on a disk that fails a share of all writes, kills the
// process every now and then, lets the disk recover, and returns what was
// acknowledged and never delivered.
func trial(t *testing.T, seed uint64, wrapped bool) (missing []string) {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 1))
	f := &file{random: rand.New(rand.NewPCG(seed, 2)), kept: map[string][]byte{}}
	d := &destination{seen: map[string]bool{}}
	var acknowledged []string
	for life := range 4 {
		var h host
		if wrapped {
			extension := careful(t, f)
			h = host{extension}
		} else {
			h = host{bare{file: f}}
		}
		e := start(t, h, d)
		if wrapped {
			require.NoError(t, h.Extension.(*fileStorage).Ready())
		}
		f.fail(random.IntN(50))
		for i := range 30 {
			id := strconv.Itoa(life) + "/" + strconv.Itoa(i)
			if e.ConsumeLogs(t.Context(), request(id)) == nil {
				acknowledged = append(acknowledged, id)
			}
		}
		dead := f
		f = f.kill()
		f.fail(0)
		if wrapped {
			require.NoError(t, h.Extension.(*fileStorage).NotReady())
		}
		dead.fail(0)
		_ = e.Shutdown(t.Context())
	}
	last := careful(t, f)
	e := start(t, host{last}, d)
	require.NoError(t, last.Ready())
	// Behind whatever is still there; what was taken out before it is delivered when
	// the exporter has ended.
	require.NoError(t, e.ConsumeLogs(t.Context(), request("last")))
	require.Eventually(t, func() bool { return len(d.missing([]string{"last"})) == 0 }, 20*time.Second, time.Millisecond, "seed %d", seed)
	require.NoError(t, e.Shutdown(t.Context()))
	return d.missing(acknowledged)
}

func TestNothingAcknowledgedIsLost(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		assert.Empty(t, trial(t, seed, true), "seed %d", seed)
	}
}

// TestWithoutItRequestsAreLost is why the extension exists. When it fails, the
// queue of exporterhelper has learned to be careful, and this can go.
func TestWithoutItRequestsAreLost(t *testing.T) {
	t.Parallel()
	// What is lost is up to the scheduler, too.
	for seed := range uint64(1000) {
		if len(trial(t, seed, false)) > 0 {
			return
		}
	}
	t.Error("the queue loses nothing by itself any more")
}

func TestAFullDiskRefusesAndGivesBack(t *testing.T) {
	t.Parallel()
	f := &file{random: rand.New(rand.NewPCG(1, 1)), kept: map[string][]byte{}}
	extension := careful(t, f)
	d := &destination{seen: map[string]bool{}}
	e := start(t, host{extension}, d)
	require.NoError(t, extension.Ready())
	extension.disk.reserve = 1 << 60
	err := e.ConsumeLogs(t.Context(), request("refused"))
	require.ErrorIs(t, err, storage.ErrStorageFull)
	require.ErrorContains(t, err, "free some space there")
	for range 2000 {
		require.ErrorIs(t, e.ConsumeLogs(t.Context(), request("refused")), storage.ErrStorageFull)
	}
	extension.disk.reserve = 1
	require.NoError(t, e.ConsumeLogs(t.Context(), request("taken")), "refusals took no place in the queue")
	require.Eventually(t, func() bool { return len(d.missing([]string{"taken"})) == 0 }, 10*time.Second, time.Millisecond)
	require.NoError(t, extension.NotReady())
	require.NoError(t, e.Shutdown(t.Context()))
}

// TestTheEndIsNotHeldUp ends a collector whose queue waits for the disk.
func TestTheEndIsNotHeldUp(t *testing.T) {
	t.Parallel()
	f := &file{random: rand.New(rand.NewPCG(1, 1)), kept: map[string][]byte{}}
	extension := careful(t, f)
	d := &destination{seen: map[string]bool{}}
	e := start(t, host{extension}, d)
	require.NoError(t, extension.Ready())
	require.NoError(t, e.ConsumeLogs(t.Context(), request("first")))
	require.Eventually(t, func() bool { return len(d.missing([]string{"first"})) == 0 }, 10*time.Second, time.Millisecond)
	f.fail(100)
	stuck := make(chan error, 1)
	go func() { stuck <- extension.clients[0].Set(context.Background(), "key", nil) }()
	require.Eventually(t, func() bool { return extension.waiting.Load() > 0 }, 10*time.Second, time.Millisecond)
	require.NoError(t, extension.NotReady())
	select {
	case err := <-stuck:
		require.ErrorIs(t, err, errStopped)
	case <-time.After(10 * time.Second):
		require.Fail(t, "it still waits for the disk")
	}
	require.NoError(t, e.Shutdown(t.Context()))
}

// TestADamagedRequestIsKeptAside changes a byte of a stored request: it is neither
// delivered as if genuine nor gone.
func TestADamagedRequestIsKeptAside(t *testing.T) {
	t.Parallel()
	f := &file{random: rand.New(rand.NewPCG(1, 1)), kept: map[string][]byte{}}
	first := careful(t, f)
	d := &destination{seen: map[string]bool{}, down: make(chan struct{})}
	e := start(t, host{first}, d)
	require.NoError(t, first.Ready())
	for i := range 20 {
		require.NoError(t, e.ConsumeLogs(t.Context(), request("request "+strconv.Itoa(i))))
	}
	next := f.kill()
	require.NoError(t, first.NotReady())
	close(d.down) // the queue waits for its consumers before it ends
	_ = e.Shutdown(t.Context())
	for key, value := range next.kept {
		if i := bytes.Index(value, []byte("request 15")); i >= 0 && isItem(key) {
			value[i] = 'R'
		}
	}
	second := careful(t, next)
	d = &destination{seen: map[string]bool{}}
	e = start(t, host{second}, d)
	require.NoError(t, second.Ready())
	require.Eventually(t, func() bool { return len(d.missing([]string{"request 14", "request 16", "request 19"})) == 0 }, 10*time.Second, time.Millisecond)
	require.Eventually(t, func() bool { return next.holds(aside, "Request 15") }, 10*time.Second, time.Millisecond)
	assert.Equal(t, []string{"request 15", "Request 15"}, d.missing([]string{"request 15", "Request 15"}))
	require.NoError(t, e.Shutdown(t.Context()))
}

// holds reports whether a value under a key that begins so has text.
func (f *file) holds(prefix, text string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for key, value := range f.kept {
		if strings.HasPrefix(key, prefix) && bytes.Contains(value, []byte(text)) {
			return true
		}
	}
	return false
}

// TestDamagedPlacesEndTheStart: a queue that does not know where it was would write
// over what it holds.
func TestDamagedPlacesEndTheStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put := func(value []byte) {
		client, err := newStorage(t, dir).Extension.GetClient(t.Context(), component.KindExporter, component.NewID(metadata.Type), "logs")
		require.NoError(t, err)
		require.NoError(t, client.Set(t.Context(), "qmv0", value))
		require.NoError(t, client.Close(t.Context()))
	}
	whole := sealed([]byte("places"))
	put(whole)
	require.NoError(t, newStorage(t, dir).Start(t.Context(), nil))
	whole[0] ^= 1
	put(whole)
	err := newStorage(t, dir).Start(t.Context(), nil)
	require.ErrorContains(t, err, `what it says under "qmv0" is not what was written`)
	require.ErrorContains(t, err, dir)
}

// TestADamagedFileIsAnError cuts a file short, for which its library panics.
func TestADamagedFileIsAnError(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	id := component.NewID(metadata.Type)
	client, err := newStorage(t, dir).GetClient(t.Context(), component.KindExporter, id, "logs")
	require.NoError(t, err)
	for i := range 200 {
		require.NoError(t, client.Set(t.Context(), strconv.Itoa(i), bytes.Repeat([]byte{byte(i)}, 5000)))
	}
	require.NoError(t, client.Close(t.Context()))
	path := filepath.Join(dir, "exporter_file_storage__logs")
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	cleared := bytes.Clone(content)
	for page := 2; page < len(content)/4096; page++ {
		clear(cleared[page*4096 : page*4096+64])
	}
	for _, damaged := range [][]byte{cleared, content[:len(content)*2/5], content[:len(content)/5], content[:9000], content[:100]} {
		require.NoError(t, os.WriteFile(path, damaged, 0o600))
		err = newStorage(t, dir).Start(t.Context(), nil)
		require.ErrorContains(t, err, path+" is damaged", "%d bytes", len(damaged))
	}
	require.ErrorContains(t, err, "have what it held sent again")
}

// TestRoomInsideAFileCounts fills a file and empties it: it does not shrink, and
// takes as much again.
func TestRoomInsideAFileCounts(t *testing.T) {
	t.Parallel()
	f := newStorage(t, t.TempDir())
	client, err := f.GetClient(t.Context(), component.KindExporter, component.NewID(metadata.Type), "logs")
	require.NoError(t, err)
	defer client.Close(t.Context())
	require.NoError(t, f.Ready())
	for i := range 8 {
		require.NoError(t, client.Set(t.Context(), strconv.Itoa(i), make([]byte, 1<<20)))
	}
	for path, held := range f.files() {
		assert.Greater(t, held, int64(8<<20))
		assert.FileExists(t, path)
	}
	assert.Less(t, freeInside(f.files()), uint64(8<<20))
	for i := range 8 {
		require.NoError(t, client.Delete(t.Context(), strconv.Itoa(i)))
	}
	for _, held := range f.files() {
		assert.Zero(t, held)
	}
	assert.GreaterOrEqual(t, freeInside(f.files()), uint64(8<<20))
}

func newStorage(t *testing.T, dir string) *fileStorage {
	t.Helper()
	cfg := NewFactory().CreateDefaultConfig().(*Config)
	cfg.Directory = dir
	extension, err := NewFactory().Create(t.Context(), extensiontest.NewNopSettings(metadata.Type), cfg)
	require.NoError(t, err)
	return extension.(*fileStorage)
}

func TestSealIsAFieldThatOthersSkip(t *testing.T) {
	t.Parallel()
	value, err := plogotlp.NewExportRequestFromLogs(request("text")).MarshalProto()
	require.NoError(t, err)
	stored := sealed(value)
	again := plogotlp.NewExportRequest()
	require.NoError(t, again.UnmarshalProto(stored))
	assert.Equal(t, "text", again.Logs().ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Body().Str())
	for bit := range len(value) * 8 {
		stored[bit/8] ^= 1 << (bit % 8)
		_, whole := opened(stored)
		require.False(t, whole, "bit %d", bit)
		stored[bit/8] ^= 1 << (bit % 8)
	}
	got, whole := opened(stored)
	assert.True(t, whole)
	assert.Equal(t, value, got)
	got, whole = opened(value)
	assert.True(t, whole, "stored without")
	assert.Equal(t, value, got)
}
