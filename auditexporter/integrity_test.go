package auditexporter

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"

	"github.com/otelaudit/otelaudit/auditexporter/internal/metadata"
	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

const testLog = "audit.example.com/test"

// testKey is a key file.
func testKey(t testing.TB) string {
	t.Helper()
	seed := sha256.Sum256([]byte("test"))
	private, _, err := keys.Generate(bytes.NewReader(seed[:]), testLog)
	require.NoError(t, err)
	return private + "\n"
}

func testRing(t testing.TB) *keys.Ring {
	t.Helper()
	ring, err := keys.ParseRing([]byte(testKey(t)))
	require.NoError(t, err)
	return ring
}

func withAnchors(path string) func(*Config) {
	return func(c *Config) { c.Integrity.AnchorFile = path }
}

// byReason is a counter by its attribute reason.
func (r *rig) byReason(t testing.TB, name string) map[string]int64 {
	t.Helper()
	found := make(map[string]int64)
	got, err := r.telemetry.GetMetric("otelcol_audit_exporter_" + name)
	if err != nil {
		return found // not counted yet
	}
	for _, p := range got.Data.(metricdata.Sum[int64]).DataPoints {
		reason, _ := p.Attributes.Value("reason")
		found[reason.AsString()] = p.Value
	}
	return found
}

// unanchored is the age of the oldest commit without an anchor.
func (r *rig) unanchored(t testing.TB) float64 {
	t.Helper()
	got, err := r.telemetry.GetMetric("otelcol_audit_exporter_seconds_since_anchor")
	require.NoError(t, err)
	points := got.Data.(metricdata.Gauge[float64]).DataPoints
	require.Len(t, points, 1)
	return points[0].Value
}

// requireSigned checks that every commit is signed by the test key and that the newest
// root of each tenant and epoch is that of its leaves.
func requireSigned(t testing.TB, d *storetest.Database) {
	t.Helper()
	storetest.CheckState(t, d)
	type commit struct {
		Tenant string
		Epoch  int32
		Size   int64
		Root   []byte
		Note   string
		Leaves [][]byte
	}
	conn, err := pgx.Connect(t.Context(), d.SuperURL)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	rows, err := conn.Query(t.Context(), `SELECT c.tenant_id, c.epoch, c.size, c.root, c.note, (SELECT array_agg(leaf_hash ORDER BY seq) FROM audit_events AS e
		WHERE e.tenant_id = c.tenant_id AND e.epoch = c.epoch AND e.seq < c.size) FROM audit_commits AS c`)
	require.NoError(t, err)
	commits, err := pgx.CollectRows(rows, pgx.RowToStructByPos[commit])
	require.NoError(t, err)
	require.NotEmpty(t, commits)
	ring := testRing(t)
	for _, c := range commits {
		text, err := ring.Open([]byte(c.Note))
		require.NoError(t, err)
		signed, err := merkle.ParseCheckpoint(text)
		require.NoError(t, err)
		frontier, err := merkle.ParseFrontier(0, nil)
		require.NoError(t, err)
		for _, leaf := range c.Leaves {
			frontier.Append(merkle.Hash(leaf))
		}
		assert.Equal(t, merkle.TenantOrigin(testLog, c.Tenant, c.Epoch), signed.Origin)
		assert.Equal(t, c.Size, signed.Size)
		assert.Equal(t, frontier.Root(), signed.Root)
	}
}

// The drill: a base backup, more events, and the backup is restored. The running
// collector and one that starts later refuse the tenant that lost events, and no
// other. A signed statement opens the next epoch, and writing goes on.
func TestRollbackDrill(t *testing.T) {
	cluster, d := own(t)
	anchors := filepath.Join(t.TempDir(), "anchors")
	logged, host := observe(t)
	e := startWith(t, d.WriterURL, logged.core, host, withAnchors(anchors))
	consume := func(e *rig, tenant, prefix string, n int) error {
		records := refunds(1, n)
		for i, r := range records {
			r.TenantID, r.EventID = tenant, fmt.Sprint(prefix, i)
		}
		return e.ConsumeLogs(t.Context(), canonical(t, records...))
	}
	require.NoError(t, consume(e, "acme", "before", 10))
	require.NoError(t, consume(e, "quiet", "before", 10))

	backup := filepath.Join(t.TempDir(), "backup")
	run := func(name string, arguments ...string) {
		out, err := exec.CommandContext(t.Context(), name, arguments...).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	require.NoError(t, cluster.Kill())
	run("cp", "-a", cluster.DataDir, backup)
	require.NoError(t, cluster.Restart(t.Context()))
	host.wait(t, componentstatus.StatusOK)
	require.Eventually(t, func() bool { return consume(e, "acme", "after", 5) == nil }, time.Minute, 10*time.Millisecond)
	newest := newestAnchor(t, anchors, 0)
	require.Equal(t, int64(15), newest.Size)

	require.NoError(t, cluster.Kill())
	run("rm", "-rf", cluster.DataDir)
	run("cp", "-a", backup, cluster.DataDir)
	require.NoError(t, cluster.Restart(t.Context()))
	require.Eventually(t, func() bool { return consume(e, "quiet", "after", 5) == nil }, time.Minute, 10*time.Millisecond, "a tenant that lost nothing")

	const message = `the store has gone back: tenant "acme" has 10 events in epoch 0, and had 15 in epoch 0 when this log was last written; ` +
		`find out who restored or cut it, then run otelaudit recover --new-epoch --tenant acme`
	refuse := func(e *rig, text func() string) {
		err := consume(e, "acme", "later", 3)
		require.ErrorIs(t, err, errLogRefused)
		require.NotContains(t, err.Error(), "15", "a client need not know")
		require.Error(t, consume(e, "acme", "after", 5), "nor what was lost")
		require.Error(t, consume(e, "acme", "before", 10), "nor what is there")
		require.GreaterOrEqual(t, e.sum(t, "rollback_detected"), 3)
		require.Equal(t, int64(e.sum(t, "rollback_detected")), e.byReason(t, "head_refused")["rollback"])
		require.Positive(t, e.byReason(t, "refused_records")["tenant"])
		require.Contains(t, text(), message)
		require.LessOrEqual(t, strings.Count(text(), message), 2, "once a minute")
		e.requireBalance(t)
	}
	refuse(e, logged.text)
	host.mu.Lock()
	require.Equal(t, componentstatus.StatusOK, host.last, "others are stored")
	host.mu.Unlock()
	require.NoError(t, e.Shutdown(t.Context()))

	logged, host = observe(t)
	e = startWith(t, d.WriterURL, logged.core, host, withAnchors(anchors))
	refuse(e, logged.text)

	// What otelaudit recover --new-epoch does.
	conn, err := pgx.Connect(t.Context(), d.WriterURL)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	var root []byte
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT root FROM audit_commits WHERE tenant_id = 'acme' ORDER BY size DESC LIMIT 1").Scan(&root))
	statement := merkle.EpochStatement{
		Origin: merkle.TenantOrigin(testLog, "acme", 1), PreviousOrigin: merkle.TenantOrigin(testLog, "acme", 0),
		PreviousSize: 10, PreviousRoot: merkle.Hash(root), LostSize: newest.Size, LostRoot: newest.Root,
		RecordedAt: time.Now().UTC().Truncate(time.Microsecond), Reason: "the backup of Sunday was restored",
	}
	require.NoError(t, statement.Check())
	note, err := testRing(t).Sign(statement.Text())
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "INSERT INTO audit_epochs (recorded_at, prev_size, epoch, tenant_id, reason, note) VALUES ($1, 10, 1, 'acme', $2, $3)",
		statement.RecordedAt, statement.Reason, string(note))
	require.NoError(t, err)
	detected := e.sum(t, "rollback_detected")
	require.NoError(t, consume(e, "acme", "later", 3))
	require.NoError(t, consume(e, "acme", "after", 5), "the clients' retries bring back what they still have")
	require.Equal(t, detected, e.sum(t, "rollback_detected"))
	require.Equal(t, int64(8), newestAnchor(t, anchors, 1).Size)
	require.Equal(t, int64(15), newestAnchor(t, anchors, 0).Size, "the witness of what was lost is kept")
	requireSigned(t, d)
}

// newestAnchor is that of "acme". It waits for nothing: what was acknowledged is in the file.
func newestAnchor(t testing.TB, path string, epoch int32) (newest merkle.Checkpoint) {
	t.Helper()
	notes, err := anchor.ReadFile(path)
	require.NoError(t, err)
	for _, note := range notes {
		c, err := anchor.Unverified(note)
		require.NoError(t, err)
		if c.Origin == merkle.TenantOrigin(testLog, "acme", epoch) && c.Size > newest.Size {
			newest = c
		}
	}
	return newest
}

func TestEveryCommitIsSigned(t *testing.T) {
	d := storetest.NewDatabase(t)
	anchors := filepath.Join(t.TempDir(), "anchors")
	e := start(t, d.WriterURL, withAnchors(anchors))
	load(t, e, 40, func(context.Context, *atomic.Int64) {})
	requireSigned(t, d)
	require.Equal(t, count(t, d, "audit_commits"), e.sum(t, "sealed_commits"))
	require.Zero(t, e.unanchored(t))
	require.Zero(t, e.sum(t, "anchor_failures"))
}

// The anchor file fails while the collector runs. Events are stored and signed,
// and it is said and counted.
func TestAnchorFileFails(t *testing.T) {
	for name, spoil := range map[string]struct {
		do   func(t *testing.T, path string)
		text string
	}{
		"appended to": {func(t *testing.T, path string) {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(path, append(text, 'x'), 0o600))
		}, "was changed by somebody else while it was in use"},
		"exchanged": {func(t *testing.T, path string) {
			require.NoError(t, os.Rename(path, path+".1"))
			require.NoError(t, os.WriteFile(path, nil, 0o600))
		}, "was changed by somebody else while it was in use"},
		"removed": {func(t *testing.T, path string) { require.NoError(t, os.Remove(path)) }, "it was removed while in use, and was written again"},
	} {
		t.Run(name, func(t *testing.T) {
			d := storetest.NewDatabase(t)
			anchors := filepath.Join(t.TempDir(), "anchors")
			logged, host := observe(t)
			e := startWith(t, d.WriterURL, logged.core, host, withAnchors(anchors))
			require.NoError(t, e.ConsumeLogs(t.Context(), canonical(t, refund("acme", "e-1", 1))))
			spoil.do(t, anchors)
			require.NoError(t, e.ConsumeLogs(t.Context(), canonical(t, refund("acme", "e-2", 1))))
			require.Eventually(t, func() bool { return e.sum(t, "anchor_failures") > 0 }, time.Minute, 10*time.Millisecond)
			require.Contains(t, logged.text(), "ERROR checkpoints are not anchored")
			require.Contains(t, logged.text(), "integrity::anchor_file: anchor file "+anchors+": ")
			require.Contains(t, logged.text(), spoil.text)
			host.wait(t, componentstatus.StatusOK)
			if name == "appended to" {
				require.Positive(t, e.unanchored(t))
			}
			require.NoError(t, e.ConsumeLogs(t.Context(), canonical(t, refund("acme", "e-3", 1))))
			require.NoError(t, e.Shutdown(t.Context()))
			requireSigned(t, d)
			if name == "removed" {
				require.Equal(t, int64(3), newestAnchor(t, anchors, 0).Size)
			}
		})
	}
}

func TestStartErrorsNameTheKey(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), mode))
		return path
	}
	good := file("good", testKey(t), 0o600)
	used := filepath.Join(dir, "used")
	open, err := anchor.Open(used)
	require.NoError(t, err)
	defer func() { _ = open.Close() }()
	for _, test := range []struct {
		name   string
		change func(*IntegrityConfig)
		wanted string
	}{
		{"missing", func(c *IntegrityConfig) { c.KeyFile = filepath.Join(dir, "none") }, dir + "/none: no such file or directory"},
		{"open to others", func(c *IntegrityConfig) { c.KeyFile = file("open", testKey(t), 0o644) }, "integrity::key_file: " + dir + "/open: others may"},
		{"no key", func(c *IntegrityConfig) { c.KeyFile = file("garbage", "hunter2\n", 0o600) }, "integrity::key_file: " + dir + "/garbage: not a key file: line 1: "},
		{"no key in the environment", func(c *IntegrityConfig) { c.Key = "hunter2" }, "integrity::key: not a key file: line 1: "},
		{"another log", func(c *IntegrityConfig) { c.KeyFile, c.LogName = good, "audit.example.com/other" }, "integrity::log_name: the keys are of the log audit.example.com/test, not of audit.example.com/other"},
		{"anchors in use", func(c *IntegrityConfig) { c.KeyFile, c.AnchorFile = good, used }, "integrity::anchor_file: anchor file " + used + ": in use already"},
		{"damaged anchors", func(c *IntegrityConfig) { c.KeyFile, c.AnchorFile = good, file("damaged", "hello\n", 0o600) }, "integrity::anchor_file: anchor file " + dir + "/damaged: damaged anchors: line 1: not a checkpoint line"},
		{"no directory", func(c *IntegrityConfig) { c.KeyFile, c.AnchorFile = good, filepath.Join(dir, "none", "anchors") }, "integrity::anchor_file: anchor file " + dir + "/none/anchors: no such file or directory"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := createDefaultConfig().(*Config)
			cfg.URL = "postgres://collector@127.0.0.1:1/audit"
			test.change(&cfg.Integrity)
			require.NoError(t, cfg.Validate())
			logged, host := observe(t)
			set := exportertest.NewNopSettings(metadata.Type)
			set.Logger = zap.New(logged.core)
			e, err := NewFactory().CreateLogs(t.Context(), set, cfg)
			require.NoError(t, err)
			err = e.Start(t.Context(), host)
			require.ErrorContains(t, err, test.wanted)
			require.NotContains(t, err.Error()+logged.text(), "hunter2")
			require.NoError(t, e.Shutdown(t.Context()))
		})
	}
}

// Keys come from a file as well, and what is weaker than it could be is said.
func TestWarningsAtStart(t *testing.T) {
	key := filepath.Join(t.TempDir(), "log.key")
	require.NoError(t, os.WriteFile(key, []byte(testKey(t)), 0o600))
	for _, test := range []struct {
		name   string
		change func(*Config)
		wanted string
		absent string
	}{
		{"no anchors", func(*Config) {}, "WARN integrity::anchor_file is not set", "integrity::mode is off"},
		{"anchors", func(c *Config) {
			c.Integrity.Key, c.Integrity.KeyFile, c.Integrity.AnchorFile = "", key, filepath.Join(t.TempDir(), "anchors")
		}, "INFO commits are signed", "WARN"},
		{"off", func(c *Config) { c.Integrity = IntegrityConfig{Mode: integrityOff} }, "WARN integrity::mode is off", "anchor_file"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := storetest.NewDatabase(t)
			logged, host := observe(t)
			e := startWith(t, d.WriterURL, logged.core, host, test.change)
			require.NoError(t, e.ConsumeLogs(t.Context(), canonical(t, refund("acme", "e-1", 1))))
			assert.Contains(t, logged.text(), test.wanted)
			assert.NotContains(t, logged.text(), test.absent)
			if test.name != "off" {
				requireSigned(t, d)
			}
		})
	}
}

// Signatures are not left out from one day to the next, and not begun in the
// middle either.
func TestIntegritySwitchedOffAndOn(t *testing.T) {
	d := storetest.NewDatabase(t)
	off := func(c *Config) { c.Integrity = IntegrityConfig{Mode: integrityOff} }
	plain, signed := start(t, d.WriterURL, off), start(t, d.WriterURL)
	require.NoError(t, plain.ConsumeLogs(t.Context(), canonical(t, refund("plain", "e-1", 1))))
	require.NoError(t, signed.ConsumeLogs(t.Context(), canonical(t, refund("signed", "e-1", 1))))
	require.ErrorContains(t, plain.ConsumeLogs(t.Context(), canonical(t, refund("signed", "e-2", 1))), "the tenant's log is signed, and this writer has integrity.mode off")
	require.ErrorIs(t, signed.ConsumeLogs(t.Context(), canonical(t, refund("plain", "e-2", 1))), errLogRefused)
	require.Equal(t, map[string]int64{"unsealed": 1}, signed.byReason(t, "head_refused"))
	require.Zero(t, signed.sum(t, "rollback_detected"))
}

// What is in the log can be given to verify as anchors.
func TestAnchorLog(t *testing.T) {
	d := storetest.NewDatabase(t)
	logged, host := observe(t)
	e := startWith(t, d.WriterURL, logged.core, host, func(c *Config) { c.Integrity.AnchorLog, c.Integrity.AnchorInterval = true, time.Second })
	require.NoError(t, e.ConsumeLogs(t.Context(), canonical(t, refunds(3, 30)...)))
	require.Positive(t, e.unanchored(t))
	require.Eventually(t, func() bool { return logged.seen.FilterMessage("audit checkpoint").Len() == 3 }, time.Minute, 10*time.Millisecond)
	require.Zero(t, e.unanchored(t))
	require.NoError(t, e.ConsumeLogs(t.Context(), canonical(t, refund("t0", "later", 1))))
	require.NoError(t, e.Shutdown(t.Context()))
	var text bytes.Buffer
	for _, entry := range logged.seen.FilterMessage("audit checkpoint").All() {
		fmt.Fprintf(&text, "2026-01-01T00:00:00Z\tinfo\t%s\t%s", entry.Message, anchor.AppendLine(nil, []byte(entry.ContextMap()["checkpoint"].(string))))
	}
	notes, err := anchor.Read(&text)
	require.NoError(t, err)
	require.Len(t, notes, 4, "the last one at shutdown")
	for _, note := range notes {
		_, err := testRing(t).Open(note)
		require.NoError(t, err)
	}
}

// YAML 1.1 would read off as false.
func TestModeOffWithoutQuotes(t *testing.T) {
	for _, mode := range []string{"off", `"off"`} {
		cfg, err := parse(t, "url: postgres://c:p@localhost/audit\nintegrity: {mode: "+mode+"}")
		require.NoError(t, err)
		assert.Equal(t, "off", cfg.Integrity.Mode)
	}
}

// No message holds the key.
func TestKeyIsOpaque(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Integrity.Key = configopaque.String(testKey(t))
	assert.NotContains(t, fmt.Sprintf("%v %+v", cfg, cfg.Integrity), "PRIVATE+KEY")
}
