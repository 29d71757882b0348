package journalexporter

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/journal"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/otlpmap"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/record/recordtest"
	"github.com/otelaudit/otelaudit/journalexporter/internal/metadata"
)

// rig is a started exporter and what it says of itself.
type rig struct {
	exporter.Logs
	cfg       *Config
	telemetry *componenttest.Telemetry
	host      *statusHost
	log       *observer.ObservedLogs
}

// statusHost remembers the component's statuses.
type statusHost struct {
	mu   sync.Mutex // guards the rest
	seen []componentstatus.Status
	err  error // of the newest status that has one
}

func (*statusHost) GetExtensions() map[component.ID]component.Component { return nil }

func (h *statusHost) Report(event *componentstatus.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.seen = append(h.seen, event.Status())
	if event.Err() != nil {
		h.err = event.Err()
	}
}

func (h *statusHost) reason() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.err
}

func (h *statusHost) last() componentstatus.Status {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.seen) == 0 {
		return componentstatus.StatusNone
	}
	return h.seen[len(h.seen)-1]
}

// configured is a configuration in a fresh directory, with a key.
func configured(t testing.TB) *Config {
	t.Helper()
	base := t.TempDir()
	private, _, err := keys.Generate(bytes.NewReader(make([]byte, 32)), "audit.example.com/test")
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	cfg.Directory = filepath.Join(base, "journal")
	cfg.Integrity.KeyFile = filepath.Join(base, "log.key")
	cfg.AnchorFile = filepath.Join(base, "anchors")
	cfg.AnchorInterval = 100 * time.Millisecond
	require.NoError(t, os.WriteFile(cfg.Integrity.KeyFile, []byte(private+"\n"), 0o600))
	return cfg
}

func create(t testing.TB, cfg *Config) *rig {
	t.Helper()
	require.NoError(t, cfg.Validate())
	telemetry := componenttest.NewTelemetry()
	core, log := observer.New(zapcore.DebugLevel)
	set := exportertest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = telemetry.NewTelemetrySettings()
	set.Logger = zap.New(core)
	logs, err := NewFactory().CreateLogs(t.Context(), set, cfg)
	require.NoError(t, err)
	r := &rig{Logs: logs, cfg: cfg, telemetry: telemetry, host: &statusHost{}, log: log}
	t.Cleanup(func() { assert.NoError(t, telemetry.Shutdown(context.Background())) })
	return r
}

func start(t testing.TB, cfg *Config) *rig {
	t.Helper()
	r := create(t, cfg)
	require.NoError(t, r.Start(t.Context(), r.host))
	t.Cleanup(func() { assert.NoError(t, r.Shutdown(context.Background())) })
	return r
}

func (r *rig) text() string {
	var b strings.Builder
	for _, entry := range r.log.All() {
		b.WriteString(entry.Message + fmt.Sprint(entry.ContextMap()) + "\n")
	}
	return b.String()
}

func (r *rig) sum(t testing.TB, name string) (total int) {
	t.Helper()
	got, err := r.telemetry.GetMetric("otelcol_audit_journal_" + name)
	if err != nil {
		return 0 // not counted yet
	}
	for _, p := range got.Data.(metricdata.Sum[int64]).DataPoints {
		total += int(p.Value)
	}
	return total
}

func (r *rig) requireBalance(t testing.TB) {
	t.Helper()
	in := r.sum(t, "received_records")
	require.Equal(t, in, r.sum(t, "written_entries")+r.sum(t, "duplicate_entries")+r.sum(t, "refused_records"))
}

// canonical returns records as the processor hands them over.
func canonical(t testing.TB, records ...*record.Record) plog.Logs {
	t.Helper()
	logs := plog.NewLogs()
	list := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for _, r := range records {
		if p := r.Normalize(); p != nil {
			require.NoError(t, p)
		}
		otlpmap.Encode(r, list.AppendEmpty())
	}
	logs.MarkReadOnly()
	return logs
}

func typical(id string) *record.Record {
	r := recordtest.Typical()
	r.EventID = id
	return r
}

// lines are the entries of a journal, in order.
func lines(t testing.TB, cfg *Config) (entries []string, macs map[int64]string) {
	t.Helper()
	dir, err := journal.ReadDirectory(cfg.Directory)
	require.NoError(t, err)
	for line, err := range dir.Lines() {
		require.NoError(t, err)
		require.Nil(t, line.Damage)
		if line.IsEntry() {
			entries = append(entries, string(line.Raw))
		}
		if line.Checkpoint != nil && line.Checkpoint.MACs != nil {
			macs = line.Checkpoint.MACs
		}
	}
	return entries, macs
}

func TestWritesCanonicalBytes(t *testing.T) {
	cfg := configured(t)
	r := start(t, cfg)
	require.NoError(t, r.ConsumeLogs(t.Context(), plog.NewLogs()))
	require.NoError(t, r.ConsumeLogs(t.Context(), canonical(t, typical("1"), typical("2"))))
	require.NoError(t, r.ConsumeLogs(t.Context(), canonical(t, typical("2"), typical("3"))))
	found, _ := lines(t, cfg)
	require.Len(t, found, 3)
	for i, line := range found {
		require.Equal(t, string(typical(strconv.Itoa(i+1)).AppendCanonical(nil)), line)
	}
	require.Equal(t, 3, r.sum(t, "written_entries"))
	require.Equal(t, 1, r.sum(t, "duplicate_entries"))
	require.Equal(t, componentstatus.StatusOK, r.host.last())
	r.requireBalance(t)
	require.Eventually(t, func() bool {
		anchors, err := os.ReadFile(cfg.AnchorFile)
		return err == nil && bytes.Contains(anchors, []byte(`j-journal\n3\n`))
	}, 10*time.Second, 5*time.Millisecond)
}

func TestCarriesMACs(t *testing.T) {
	cfg := configured(t)
	r := start(t, cfg)
	logs := plog.NewLogs()
	list := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	otlpmap.Encode(typical("1"), list.AppendEmpty())
	otlpmap.Encode(typical("2"), list.AppendEmpty())
	const mac = "hmac-sha256:edge-2026-01:3DEe69EA00AX9lEWPd4WGwyR166xhVIHLOz3-Il0X3k"
	otlpmap.PutOriginMAC(list.At(1), mac)
	require.NoError(t, r.ConsumeLogs(t.Context(), logs))
	_, macs := lines(t, cfg)
	require.Equal(t, map[int64]string{1: mac}, macs)
}

func TestQuarantineEntries(t *testing.T) {
	cfg := configured(t)
	r := start(t, cfg)
	logs := plog.NewLogs()
	list := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	list.AppendEmpty().Body().SetStr("no audit data")
	list.AppendEmpty().Attributes().PutStr("audit.action", "x") // no tenant, no processor in front
	marked := list.AppendEmpty()
	marked.Attributes().PutStr("audit.action", "y")
	otlpmap.Quarantine(marked, otlpmap.QuarantineMark{Reason: record.ReasonTooDeep, Detail: "d", SHA256: [32]byte{1}, TenantID: "acme"})
	for range 2 {
		require.NoError(t, r.ConsumeLogs(t.Context(), logs))
	}
	found, _ := lines(t, cfg)
	require.Len(t, found, 2, "the same request again is the same entries")
	var reasons []string
	for _, line := range found {
		q, err := journal.ParseQuarantined([]byte(line))
		require.NoError(t, err)
		require.NotEmpty(t, q.OTLP)
		reasons = append(reasons, q.Reason+" "+q.TenantID)
	}
	require.Equal(t, []string{record.ReasonMissingTenant + " ", record.ReasonTooDeep + " acme"}, reasons)
	require.Equal(t, 4, r.sum(t, "quarantined_records"))
	require.Equal(t, 2, r.sum(t, "skipped_records"))
	r.requireBalance(t)
}

func TestParallelCallers(t *testing.T) {
	cfg := configured(t)
	cfg.MaxSegmentBytes = 100_000
	r := start(t, cfg)
	var group sync.WaitGroup
	for n := range 16 {
		group.Go(func() {
			for i := range 20 {
				assert.NoError(t, r.ConsumeLogs(t.Context(), canonical(t, typical(fmt.Sprintf("%d-%d", n, i)))))
			}
		})
	}
	group.Wait()
	found, _ := lines(t, cfg)
	require.Len(t, found, 320)
	require.Equal(t, 320, r.sum(t, "written_entries"))
	require.Greater(t, r.sum(t, "segments"), 2)
	r.requireBalance(t)
}

// A client is told to send again while the file cannot grow, and is served by
// the same process when it can.
func TestFullDisk(t *testing.T) {
	cfg := configured(t)
	r := start(t, cfg)
	require.NoError(t, r.ConsumeLogs(t.Context(), canonical(t, typical("1"))))
	var limit syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit))
	lower := limit
	lower.Cur = 3000
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &lower))
	defer func() { require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit)) }()
	many := canonical(t, typical("2"), typical("3"), typical("4"))
	for range 3 {
		require.ErrorIs(t, r.ConsumeLogs(t.Context(), many), errUnavailable)
	}
	require.Equal(t, componentstatus.StatusRecoverableError, r.host.last())
	require.Equal(t, 1, strings.Count(r.text(), "are not being written to the journal"), r.text())
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit))
	require.NoError(t, r.ConsumeLogs(t.Context(), many))
	require.Equal(t, componentstatus.StatusOK, r.host.last())
	require.Contains(t, r.text(), "written to the journal again")
	require.Positive(t, r.sum(t, "set_aside"))
	require.Equal(t, 9, r.sum(t, "refused_records"))
	r.requireBalance(t)
	found, _ := lines(t, cfg)
	require.Len(t, found, 4)
}

// A configuration that cannot be right keeps the collector from starting.
func TestStartFails(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(t *testing.T, cfg *Config)
		wanted string
	}{
		{"a key that others may read", func(t *testing.T, cfg *Config) {
			require.NoError(t, os.Chmod(cfg.Integrity.KeyFile, 0o644))
		}, "integrity::key_file: KEY: others may use this secret (mode 0644): run chmod 600 KEY"},
		{"no key", func(t *testing.T, cfg *Config) { require.NoError(t, os.Remove(cfg.Integrity.KeyFile)) }, "log.key: no such file or directory"},
		{"garbage", func(t *testing.T, cfg *Config) {
			require.NoError(t, os.WriteFile(cfg.Integrity.KeyFile, []byte("s3cret\n"), 0o600))
		}, "integrity::key_file: KEY: not a key file: line 1"},
		{"a key of another log", func(_ *testing.T, cfg *Config) { cfg.Integrity.LogName = "audit.example.com/prod" }, "integrity::log_name: is audit.example.com/prod, the key is of log audit.example.com/test"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := configured(t)
			test.change(t, cfg)
			r := create(t, cfg)
			err := r.Start(t.Context(), r.host)
			require.ErrorContains(t, err, strings.ReplaceAll(test.wanted, "KEY", cfg.Integrity.KeyFile))
			require.NotContains(t, err.Error(), "PRIVATE")
			require.NotContains(t, err.Error(), "s3cret")
			require.NoError(t, r.Shutdown(t.Context()))
		})
	}
}

// written writes one record and shuts the exporter down.
func written(t *testing.T, cfg *Config) {
	t.Helper()
	r := create(t, cfg)
	require.NoError(t, r.Start(t.Context(), r.host))
	require.NoError(t, r.ConsumeLogs(t.Context(), canonical(t, typical("before"))))
	require.NoError(t, r.Shutdown(t.Context()))
}

// edit changes a file and returns what gives it its bytes back.
func edit(t *testing.T, path string, change func(text []byte) []byte) (mend func(t *testing.T)) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, change(bytes.Clone(text)), 0o600))
	return func(t *testing.T) {
		t.Helper()
		require.NoError(t, os.WriteFile(path, text, 0o600))
	}
}

// A journal that cannot be opened does not keep the collector from starting: it
// is said exactly, clients are told to send again, and the journal is opened
// when somebody has seen to it.
func TestOpensWhenItCan(t *testing.T) {
	for _, test := range []struct {
		name   string
		spoil  func(t *testing.T, cfg *Config) (mend func(t *testing.T))
		wanted string
	}{
		{"a directory that others may enter", func(t *testing.T, cfg *Config) func(*testing.T) {
			require.NoError(t, os.Mkdir(cfg.Directory, 0o755))
			return func(t *testing.T) { require.NoError(t, os.Chmod(cfg.Directory, 0o700)) }
		}, "directory: DIR: others may read or write this journal (mode 0755): run chmod 700 DIR"},
		{"a file in its place", func(t *testing.T, cfg *Config) func(*testing.T) {
			require.NoError(t, os.WriteFile(cfg.Directory, nil, 0o600))
			return func(t *testing.T) { require.NoError(t, os.Remove(cfg.Directory)) }
		}, "directory: mkdir DIR: not a directory"},
		{"a directory in use", func(t *testing.T, cfg *Config) func(*testing.T) {
			other := *cfg
			other.AnchorFile = ""
			holder := create(t, &other)
			require.NoError(t, holder.Start(t.Context(), holder.host))
			return func(t *testing.T) { require.NoError(t, holder.Shutdown(t.Context())) }
		}, "directory: DIR: process PID holds this journal; a journal has one writer, give each its own directory"},
		{"an anchor file in use", func(t *testing.T, cfg *Config) func(*testing.T) {
			holder, err := anchor.Open(cfg.AnchorFile)
			require.NoError(t, err)
			return func(t *testing.T) { require.NoError(t, holder.Close()) }
		}, "anchor_file: anchor file ANCHORS: in use"},
		{"damaged anchors", func(t *testing.T, cfg *Config) func(*testing.T) {
			written(t, cfg)
			return edit(t, cfg.AnchorFile, func([]byte) []byte { return []byte("garbage\n") })
		}, "anchor_file: anchor file ANCHORS: damaged anchors: line 1"},
		{"no room to set a torn batch aside", func(t *testing.T, cfg *Config) func(*testing.T) {
			written(t, cfg)
			edit(t, filepath.Join(cfg.Directory, journal.SegmentName(1)), func(text []byte) []byte { return append(text, make([]byte, 2<<20)...) })
			var limit syscall.Rlimit
			require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit))
			lower := limit
			lower.Cur = 1 << 20
			require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &lower))
			mend := func(t *testing.T) { assert.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit)) }
			t.Cleanup(func() { mend(t) })
			return mend
		}, "directory: set aside the end of DIR/segment-000000000001.jsonl: "},
		{"a journal that was changed", func(t *testing.T, cfg *Config) func(*testing.T) {
			written(t, cfg)
			return edit(t, filepath.Join(cfg.Directory, journal.SegmentName(1)), func(text []byte) []byte {
				return bytes.Replace(text, []byte("usr_42"), []byte("usr_43"), 1)
			})
		}, "directory: DIR: this journal was changed after it was written: segment-000000000001.jsonl: line 3"},
		{"a journal that has gone back", func(t *testing.T, cfg *Config) func(*testing.T) {
			written(t, cfg)
			require.NoError(t, os.RemoveAll(cfg.Directory))
			return func(t *testing.T) { acknowledgeLoss(t, cfg) }
		}, "directory: DIR holds 0 entries of audit.example.com/test/j-journal, its anchor knows 1: the end of the journal is missing; restore the directory, or acknowledge the loss with 'otelaudit recover --new-epoch --journal DIR'"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := configured(t)
			mend := test.spoil(t, cfg)
			r := start(t, cfg)
			require.Equal(t, componentstatus.StatusRecoverableError, r.host.last())
			wanted := strings.NewReplacer("DIR", cfg.Directory, "ANCHORS", cfg.AnchorFile, "PID", strconv.Itoa(os.Getpid())).Replace(test.wanted)
			require.Contains(t, r.text(), wanted)
			require.ErrorContains(t, r.host.reason(), wanted)
			for range 3 {
				require.ErrorIs(t, r.ConsumeLogs(t.Context(), canonical(t, typical("1"), typical("2"))), errUnavailable)
			}
			require.Equal(t, 6, r.sum(t, "refused_records"))
			require.Eventually(t, func() bool { return r.sum(t, "open_failures") > 1 }, 30*time.Second, 10*time.Millisecond, "it is tried again")
			require.Equal(t, 1, strings.Count(r.text(), "are not being written to the journal"), r.text())
			mend(t)
			require.Eventually(t, func() bool { return r.host.last() == componentstatus.StatusOK }, 60*time.Second, 10*time.Millisecond)
			require.NoError(t, r.ConsumeLogs(t.Context(), canonical(t, typical("1"), typical("2"))))
			require.Contains(t, r.text(), "written to the journal again")
			r.requireBalance(t)
			found, _ := lines(t, cfg)
			require.Contains(t, found, string(typical("2").AppendCanonical(nil)))
		})
	}
}

// What is wrong may change; the status and the log say what it is now.
func TestSaysWhatIsWrongNow(t *testing.T) {
	cfg := configured(t)
	require.NoError(t, os.WriteFile(cfg.Directory, nil, 0o600))
	r := start(t, cfg)
	require.ErrorContains(t, r.host.reason(), "not a directory")
	require.NoError(t, os.Remove(cfg.Directory))
	require.NoError(t, os.Mkdir(cfg.Directory, 0o755))
	require.Eventually(t, func() bool { return strings.Contains(r.host.reason().Error(), "(mode 0755)") }, 30*time.Second, 10*time.Millisecond)
	require.Contains(t, r.text(), "not a directory")
	require.Contains(t, r.text(), "(mode 0755)")
	require.Equal(t, componentstatus.StatusRecoverableError, r.host.last())
}

// acknowledgeLoss opens a new epoch as 'otelaudit recover' does, beside a
// collector that tries to open the journal.
func acknowledgeLoss(t *testing.T, cfg *Config) {
	t.Helper()
	require.NoError(t, os.MkdirAll(cfg.Directory, 0o700))
	ring, err := keys.LoadRing(cfg.Integrity.KeyFile)
	require.NoError(t, err)
	var anchors *anchor.File
	var recovery *journal.Recovery
	require.Eventually(t, func() bool {
		if anchors, err = anchor.Open(cfg.AnchorFile); err != nil {
			return false
		}
		recovery, err = journal.Examine(journal.Options{Directory: cfg.Directory, Name: cfg.Name, Ring: ring, Anchors: anchors, Now: time.Now})
		if err != nil {
			assert.NoError(t, anchors.Close())
		}
		return err == nil
	}, 30*time.Second, 10*time.Millisecond)
	_, err = recovery.OpenEpoch("lost")
	require.NoError(t, err)
	require.NoError(t, recovery.Close())
	require.NoError(t, anchors.Close())
}

// A collector that stops while its journal cannot be opened stops.
func TestShutdownWithoutAJournal(t *testing.T) {
	cfg := configured(t)
	require.NoError(t, os.WriteFile(cfg.Directory, nil, 0o600))
	r := create(t, cfg)
	require.NoError(t, r.Start(t.Context(), r.host))
	require.NoError(t, r.Shutdown(t.Context()))
	require.ErrorIs(t, r.ConsumeLogs(t.Context(), canonical(t, typical("1"))), errUnavailable)
}

// Shutdown without Start, and the answer after it.
func TestShutdown(t *testing.T) {
	cfg := configured(t)
	require.NoError(t, create(t, cfg).Shutdown(t.Context()))
	r := create(t, cfg)
	require.NoError(t, r.Start(t.Context(), r.host))
	require.NoError(t, r.Shutdown(t.Context()))
	require.ErrorIs(t, r.ConsumeLogs(t.Context(), canonical(t, typical("1"))), errStopping)
}

func parse(t testing.TB, yaml string) (*Config, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.yaml")
	require.NoError(t, os.WriteFile(file, []byte(yaml), 0o600))
	conf, err := confmaptest.LoadConf(file)
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	if err := conf.Unmarshal(cfg); err != nil {
		return nil, err
	}
	return cfg, confmap.Validate(cfg)
}

func TestFullConfig(t *testing.T) {
	cfg, err := parse(t, `
directory: /j
name: second
integrity: {key: k, log_name: audit.example.com/prod}
anchor_file: /elsewhere/anchors
anchor_interval: 5s
max_segment_bytes: 5000
max_segment_age: 1h
dedup_entries: 0
timeout: 1s
max_batch_bytes: 65536
max_waiting_bytes: 65536
`)
	require.NoError(t, err)
	assert.Equal(t, &Config{
		Directory: "/j", Name: "second", Integrity: IntegrityConfig{Key: "k", LogName: "audit.example.com/prod"},
		AnchorFile: "/elsewhere/anchors", AnchorInterval: 5 * time.Second, MaxSegmentBytes: 5000, MaxSegmentAge: time.Hour,
		Timeout: time.Second, MaxBatchBytes: 65536, MaxWaitingBytes: 65536,
	}, cfg)
}

func TestInvalidConfigs(t *testing.T) {
	const base = "directory: /j\nintegrity: {key: s3cret}\n"
	for _, test := range []struct{ name, yaml, wanted string }{
		{"nothing", "{}", "directory: is required"},
		{"no key", "directory: /j", "integrity::key_file: is required (or integrity::key); 'otelaudit keygen' makes one"},
		{"two keys", "directory: /j\nintegrity: {key: s3cret, key_file: /k}", "integrity::key: excludes integrity::key_file; use one or the other"},
		{"unknown key", base + "dir: x", "has invalid keys: dir"},
		{"name", base + "name: a/b", `name: journal name "a/b" has a character other than`},
		{"log name", "directory: /j\nintegrity: {key: s3cret, log_name: a b}", "integrity::log_name: log name"},
		{"anchors inside", base + "anchor_file: /j/anchors", "anchor_file: lies in directory"},
		{"interval", base + "anchor_interval: 1ms", "anchor_interval: must be 100ms to 1h, found 1ms"},
		{"segment", base + "max_segment_bytes: 1", "max_segment_bytes: must be 4096 to 68719476736, found 1"},
		{"age", base + "max_segment_age: 1s", "max_segment_age: must be 1m to 8784h, found 1s"},
		{"dedup", base + "dedup_entries: -1", "dedup_entries: must be 0 to 16777216, found -1"},
		{"timeout", base + "timeout: 1ms", "timeout: must be 100ms to 5m, found 1ms"},
		{"batch", base + "max_batch_bytes: 1", "max_batch_bytes: must be 65536 to 268435456, found 1"},
		{"waiting", base + "max_waiting_bytes: 1", "max_waiting_bytes: must be at least max_batch_bytes (8388608), found 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := parse(t, test.yaml)
			require.ErrorContains(t, err, test.wanted)
			assert.NotContains(t, err.Error(), "s3cret")
		})
	}
}

var readmeKey = regexp.MustCompile("(?m)^\\| `([a-z_:]+)` \\(default = ([^)]*)\\)")

// The README's table has every key, with the default that the code has.
func TestReadmeTable(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	documented := make(map[string]string)
	for _, match := range readmeKey.FindAllStringSubmatch(string(readme), -1) {
		documented[match[1]] = match[2]
	}
	conf := confmap.New()
	require.NoError(t, conf.Marshal(createDefaultConfig()))
	actual := make(map[string]string)
	for _, key := range conf.AllKeys() {
		actual[key] = "none"
		if v := conf.Get(key); v != nil && fmt.Sprint(v) != "" && fmt.Sprint(v) != "[REDACTED]" {
			actual[key] = fmt.Sprint(v)
		}
	}
	assert.Equal(t, actual, documented)
}

// The README's configuration is valid as it stands.
func TestReadmeConfiguration(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, block, found := strings.Cut(string(readme), "exporters:\n  auditjournal:\n")
	require.True(t, found)
	block, _, _ = strings.Cut(block, "```")
	_, err = parse(t, strings.ReplaceAll(strings.TrimPrefix(block, "    "), "\n    ", "\n"))
	require.NoError(t, err)
}

// Entries that the journal's answer says nothing of are lost, and known to be:
// they do not wait for ever.
func TestForgottenEntriesDoNotWait(t *testing.T) {
	r := start(t, configured(t))
	counts := r.Logs.(*journalExporter).counts
	answered := counts.received(t.Context(), 3)
	assert.EqualValues(t, 3, counts.waiting.Load())
	counts.written(t.Context(), journal.Result{Written: 2})
	answered()
	assert.Zero(t, counts.waiting.Load())
	assert.Equal(t, 1, r.sum(t, "received_records")-r.sum(t, "written_entries"))
}
