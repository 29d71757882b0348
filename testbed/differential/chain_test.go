package differential

import (
	"context"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/otelaudit/otelaudit/auditexporter"
	"github.com/otelaudit/otelaudit/auditprocessor"
	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/otlpmap"
	"github.com/otelaudit/otelaudit/internal/reconcile"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
	"github.com/otelaudit/otelaudit/internal/verify"
	"github.com/otelaudit/otelaudit/journalexporter"
	"github.com/otelaudit/otelaudit/testbed/signing"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

// chain is processor, store and journal, as a collector of ours runs them.
type chain struct {
	db        *storetest.Database
	conn      *pgx.Conn
	dir       string
	keys      signing.Files
	processor consumer.Logs
	out       *consumertest.LogsSink
	store     exporter.Logs
	journal   exporter.Logs
	telemetry *componenttest.Telemetry // of the store's exporter

	since [][]byte // requests since the last check of the whole state
}

func newChain(t testing.TB) *chain {
	t.Helper()
	c := &chain{db: storetest.NewDatabase(t), dir: t.TempDir(), out: new(consumertest.LogsSink), telemetry: componenttest.NewTelemetry()}
	var err error
	c.keys, err = signing.New(c.dir)
	require.NoError(t, err)
	c.conn, err = pgx.Connect(context.Background(), c.db.SuperURL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.conn.Close(context.Background()) })

	factory := auditprocessor.NewFactory()
	processor, err := factory.CreateLogs(context.Background(), processortest.NewNopSettings(factory.Type()), factory.CreateDefaultConfig(), c.out)
	require.NoError(t, err)
	c.processor = processor
	c.store = newExporter(t, auditexporter.NewFactory(), c.telemetry, map[string]any{
		"url":       c.db.WriterURL,
		"timeout":   "60s",
		"integrity": map[string]any{"key_file": c.keys.Key},
	})
	c.journal = newExporter(t, journalexporter.NewFactory(), componenttest.NewTelemetry(), map[string]any{
		"directory":   filepath.Join(c.dir, "journal"),
		"anchor_file": filepath.Join(c.dir, "anchors"),
		"integrity":   map[string]any{"key_file": c.keys.Key},
	})
	for _, started := range []component.Component{processor, c.store, c.journal} {
		require.NoError(t, started.Start(context.Background(), componenttest.NewNopHost()))
		t.Cleanup(func() { require.NoError(t, started.Shutdown(context.Background())) })
	}
	return c
}

func newExporter(t testing.TB, factory exporter.Factory, telemetry *componenttest.Telemetry, settings map[string]any) exporter.Logs {
	t.Helper()
	cfg := factory.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(settings).Unmarshal(cfg))
	set := exportertest.NewNopSettings(factory.Type())
	set.TelemetrySettings = telemetry.NewTelemetrySettings()
	logs, err := factory.CreateLogs(context.Background(), set, cfg)
	require.NoError(t, err)
	return logs
}

// ends are how many records the store's exporter says ended in which way.
type ends struct{ received, stored, duplicate, quarantined, refused int }

func (c *chain) ends() (e ends) {
	for name, into := range map[string]*int{
		"received": &e.received, "stored": &e.stored, "duplicate": &e.duplicate, "quarantined": &e.quarantined, "refused": &e.refused,
	} {
		if got, err := c.telemetry.GetMetric("otelcol_audit_exporter_" + name + "_records"); err == nil {
			for _, p := range got.Data.(metricdata.Sum[int64]).DataPoints {
				*into += int(p.Value)
			}
		}
	}
	return e
}

// rows are how many events and quarantined records there are.
func (c *chain) rows(t testing.TB) (events, quarantine int) {
	t.Helper()
	require.NoError(t, c.conn.QueryRow(context.Background(),
		`SELECT (SELECT count(*) FROM audit_events), (SELECT count(*) FROM audit_quarantine)`).Scan(&events, &quarantine))
	return events, quarantine
}

// give sends a request twice and checks what became of it.
func (c *chain) give(t testing.TB, request []byte) {
	t.Helper()
	c.since = append(c.since, request)
	c.once(t, request)
	events, quarantine := c.rows(t)
	again := c.once(t, request)
	eventsAgain, quarantineAgain := c.rows(t)
	require.LessOrEqual(t, eventsAgain-events, again, "only what has no time is another event the second time: %x", request)
	require.LessOrEqual(t, quarantineAgain-quarantine, again, "nothing is in quarantine twice: %x", request)
}

// once sends a request and returns how many of its records got their time here.
func (c *chain) once(t testing.TB, request []byte) (stamped int) {
	t.Helper()
	logs, err := new(plog.ProtoUnmarshaler).UnmarshalLogs(request)
	require.NoError(t, err)
	ordinary, audit := split(t, logs)
	c.out.Reset()
	require.NoError(t, c.processor.ConsumeLogs(context.Background(), logs))
	out := plog.NewLogs()
	for _, l := range c.out.AllLogs() {
		l.ResourceLogs().MoveAndAppendTo(out.ResourceLogs())
	}
	ordinaryOut, auditOut := split(t, out)
	require.Equal(t, ordinary, ordinaryOut, "what is not audit is not touched: %x", request)
	require.Len(t, auditOut, len(audit), "what is audit stays audit: %x", request)
	if len(audit) == 0 {
		return 0
	}
	out.MarkReadOnly()
	before := c.ends()
	events, quarantine := c.rows(t)
	onlyAudit := auditOf(out)
	require.NoError(t, c.store.ConsumeLogs(context.Background(), onlyAudit), "%x", request)
	require.NoError(t, c.journal.ConsumeLogs(context.Background(), onlyAudit), "%x", request)
	after := c.ends()
	require.Equal(t, len(audit), after.received-before.received)
	require.Equal(t, after.received, after.stored+after.duplicate+after.quarantined+after.refused, "each record ends in one way: %+v: %x", after, request)
	require.Zero(t, after.refused)
	eventsAfter, quarantineAfter := c.rows(t)
	require.Equal(t, after.stored-before.stored, eventsAfter-events, "%x", request)
	require.LessOrEqual(t, quarantineAfter-quarantine, after.quarantined-before.quarantined)
	return c.found(t, onlyAudit, request)
}

// split returns the encoded log records by whether they claim to be audit.
func split(t testing.TB, logs plog.Logs) (ordinary, audit []string) {
	t.Helper()
	for _, rl := range logs.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				encoded, err := otlpmap.MarshalOne(pcommon.NewResource(), pcommon.NewInstrumentationScope(), lr)
				require.NoError(t, err)
				if otlpmap.IsAudit(lr) {
					audit = append(audit, string(encoded))
				} else {
					ordinary = append(ordinary, string(encoded))
				}
			}
		}
	}
	return ordinary, audit
}

// auditOf is what the connector hands to the sinks.
func auditOf(logs plog.Logs) plog.Logs {
	out := plog.NewLogs()
	logs.CopyTo(out)
	for _, rl := range out.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			sl.LogRecords().RemoveIf(func(lr plog.LogRecord) bool { return !otlpmap.IsAudit(lr) })
		}
	}
	out.MarkReadOnly()
	return out
}

// found looks for every record in the store: as an event, or in quarantine.
func (c *chain) found(t testing.TB, logs plog.Logs, request []byte) (stamped int) {
	t.Helper()
	decoder := otlpmap.NewDecoder(otlpmap.Options{TenantAttributes: []string{}})
	for _, rl := range logs.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				d := decoder.Decode(rl.Resource(), sl.Scope(), lr, true)
				var there bool
				if d.Mark != nil {
					require.NoError(t, c.conn.QueryRow(context.Background(),
						`SELECT EXISTS (SELECT FROM audit_quarantine WHERE sha256 = $1 AND reason = $2)`, d.Mark.SHA256[:], d.Mark.Reason).Scan(&there))
					require.True(t, there, "%s (%s) is not in quarantine: %x", d.Mark.Reason, d.Mark.Detail, request)
					continue
				}
				require.Nil(t, d.Problem, "%x", request)
				if strings.Contains(strings.Join(d.Record.Flags, " "), record.FlagTimeArrival) {
					stamped++
				}
				digest := otlpmap.Digest(rl.Resource(), sl.Scope(), lr)
				require.NoError(t, c.conn.QueryRow(context.Background(), `SELECT EXISTS (SELECT FROM audit_event_ids WHERE tenant_id = $1 AND (kind = 'e' AND id = $2 OR kind = 'k' AND id = $3))
					OR EXISTS (SELECT FROM audit_quarantine WHERE reason = 'conflict' AND sha256 = $4)`,
					d.Record.TenantID, d.Record.EventID, d.Record.IdempotencyKey, digest[:]).Scan(&there))
				require.True(t, there, "event %s of %s is nowhere: %x", d.Record.EventID, d.Record.TenantID, request)
			}
		}
	}
	return stamped
}

// check holds the whole state of both sinks against itself.
func (c *chain) check(t testing.TB) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Logf("one of these requests:\n%x", c.since)
		}
	}()
	storetest.CheckState(t, c.db)
	trust, err := keys.LoadTrust(c.keys.Trust)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	report, err := verify.Store(ctx, verify.Options{Database: store.Options{URL: c.db.AuditorURL}, Trust: trust})
	require.NoError(t, err)
	require.Empty(t, report.Findings)
	require.Empty(t, report.Unchecked)
	anchors, err := anchor.ReadFile(filepath.Join(c.dir, "anchors"))
	require.NoError(t, err)
	journaled, err := verify.Journal(ctx, verify.JournalOptions{Directory: filepath.Join(c.dir, "journal"), Trust: trust, Anchors: anchors})
	require.NoError(t, err)
	require.Equal(t, verify.Intact, journaled.Verdict, "%+v", journaled)
	c.reconciled(ctx, t, trust, anchors)
	c.clean(t)
	c.since = nil
}

func (c *chain) reconciled(ctx context.Context, t testing.TB, trust *keys.Trust, anchors [][]byte) {
	t.Helper()
	scanner, err := store.OpenScanner(ctx, store.Options{URL: c.db.AuditorURL}, "")
	require.NoError(t, err)
	defer scanner.Close()
	reader, err := store.Connect(ctx, store.Options{URL: c.db.AuditorURL})
	require.NoError(t, err)
	defer reader.Close()
	report, err := reconcile.Run(ctx, reconcile.Options{
		Scanner: scanner, Reader: reader, Directories: []string{filepath.Join(c.dir, "journal")}, Trust: trust, Anchors: anchors,
		TempDir: t.TempDir(), Now: time.Now,
	})
	require.NoError(t, err)
	require.Empty(t, report.Findings)
	require.NotEqual(t, reconcile.Differ, report.Verdict)
}

// clean looks for what was planted, as text and as bytes, in every column and in
// the journal.
func (c *chain) clean(t testing.TB) {
	t.Helper()
	forms := []string{planted, base64.StdEncoding.EncodeToString([]byte(planted))}
	for _, form := range forms {
		var rows int
		require.NoError(t, c.conn.QueryRow(context.Background(), `SELECT
			(SELECT count(*) FROM audit_events e WHERE position($1 IN to_jsonb(e)::text) > 0) +
			(SELECT count(*) FROM audit_quarantine q WHERE position(convert_to($1, 'UTF8') IN otlp) > 0 OR position($1 IN (to_jsonb(q) - 'otlp')::text) > 0)`, form).Scan(&rows))
		require.Zero(t, rows, "%q stands in the database", form)
		segments, err := filepath.Glob(filepath.Join(c.dir, "journal", "*"))
		require.NoError(t, err)
		for _, path := range segments {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			require.NotContains(t, string(text), form, "%s", path)
		}
	}
}
