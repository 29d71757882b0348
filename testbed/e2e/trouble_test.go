package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/testbed/database"
	"github.com/otelaudit/otelaudit/testbed/loadgen"
	"github.com/otelaudit/otelaudit/testbed/otlpclient"
)

// TestWrongDatabase points the exporter at databases it must not or cannot write
// to: it says so once, is unhealthy, and acknowledges nothing.
func TestWrongDatabase(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		url  func(t *testing.T, db *databaseURLs) string
		says []string // all of them, in any line
	}{
		{
			"wrong password",
			func(_ *testing.T, db *databaseURLs) string {
				before, after, _ := strings.Cut(db.Writer, "@")
				return before[:strings.LastIndexByte(before, ':')] + ":hunter2-wrong@" + after
			},
			[]string{"refuses the password of the login"},
		},
		{
			"missing migration",
			func(t *testing.T, _ *databaseURLs) string {
				t.Helper()
				empty, err := sharedServer(t).NewEmpty(within(t, patience))
				require.NoError(t, err)
				return empty.Writer
			},
			[]string{"otelaudit migrate up"},
		},
		{"superuser", func(_ *testing.T, db *databaseURLs) string { return db.Owner }, []string{"superuser", "only a member of audit_writer"}},
		{"wrong role", func(_ *testing.T, db *databaseURLs) string { return db.Reader }, []string{"audit_writer"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			acquire(t, 1)
			db := newDatabase(t)
			env := db.environment()
			env["AUDIT_WRITER_URL"], env["TESTBED_TIMEOUT"] = c.url(t, db), "300ms"
			d := deploy(t, "gateway.yaml", env)
			d.launch()
			require.NoError(t, d.process.WaitServing(within(t, patience)))
			g := generator("wrong", loadgen.Options{})
			ledger := loadgen.NewLedger()
			for range 20 {
				logs, events := g.Request(5)
				err := loadgen.Deliver(within(t, patience), d.client(), logs, events, ledger, loadgen.Patience{Timeout: patience})
				require.Error(t, err)
				assert.True(t, otlpclient.Retryable(err), "a client must try again after %v", err)
				assert.Empty(t, d.leaks(err.Error()), "what the client is told")
			}
			require.NoError(t, d.process.WaitHealth(within(t, patience), 500))
			assert.Zero(t, ledger.Count(loadgen.Acknowledged))
			log := d.process.Log()
			for _, text := range c.says {
				// Once per minute at most; twice where the first attempt and the first
				// write say it differently.
				n := strings.Count(log, text)
				assert.Positive(t, n, "the log does not say %q", text)
				assert.LessOrEqual(t, n, 3, "%q once, not a flood", text)
			}
			assert.Zero(t, count(t, db, `SELECT count(*) FROM audit_events`))
		})
	}
}

// TestWrongConfiguration starts collectors with one wrong key each: the message
// names the key and what is allowed, and nothing starts.
func TestWrongConfiguration(t *testing.T) { //nolint:tparallel // a collector each, one after the other
	t.Parallel()
	acquire(t, 1)
	gateway, err := os.ReadFile(filepath.Join("testdata", "gateway.yaml"))
	require.NoError(t, err)
	durable, err := os.ReadFile(filepath.Join("testdata", "durable.yaml"))
	require.NoError(t, err)
	both, err := os.ReadFile(filepath.Join("testdata", "journal.yaml"))
	require.NoError(t, err)
	for _, c := range []struct {
		name     string
		yaml     string
		old, new string
		says     []string
	}{
		{"unknown key of the exporter", string(gateway), "    url: ${env:AUDIT_WRITER_URL}", "    url: ${env:AUDIT_WRITER_URL}\n    urll: x", []string{"urll"}},
		{"no url", string(gateway), "    url: ${env:AUDIT_WRITER_URL}\n", "", []string{"exporters::audit", "url: is required"}},
		{"mode", string(gateway), "    url: ${env:AUDIT_WRITER_URL}", "    url: ${env:AUDIT_WRITER_URL}\n    mode: fast", []string{"mode: must be synchronous or durable-queue"}},
		{"timeout", string(gateway), "timeout: ${env:TESTBED_TIMEOUT:-4s}", "timeout: 1ms", []string{"timeout: must be 100ms to 5m"}},
		{"others", string(gateway), "  audit: {}", "  audit:\n    others: keep", []string{"processors::audit", "others", "pass", "drop"}},
		{"on_conflict", string(gateway), "  audit: {}", "  audit:\n    tenant:\n      on_conflict: shrug", []string{"processors::audit::tenant", "on_conflict", "quarantine", "reject"}},
		{"unknown key of the processor", string(gateway), "  audit: {}", "  audit:\n    tenants: {}", []string{"tenants"}},
		{"value pattern", string(gateway), "  audit: {}", "  audit:\n    redaction:\n      value_patterns: ['(']", []string{"processors::audit::redaction", "value_patterns"}},
		{"no required sink", string(gateway), "    required: [logs/audit]", "    required: []", []string{"connectors::audit/route", "required"}},
		{"unnamed pipeline", string(gateway), "    rest: [logs/app]", "    rest: []", []string{"logs/app"}},
		{"durable queue without storage", string(durable), "      storage: file_storage\n", "", []string{"sending_queue::storage", "is required"}},
		{"durable queue that gives up", string(durable), "max_elapsed_time: 0", "max_elapsed_time: 5m", []string{"retry_on_failure::max_elapsed_time", "must be 0"}},
		{"no key", string(gateway), "      key_file: ${env:AUDIT_LOG_KEY_FILE}\n", "", []string{"integrity::key_file: is required", "otelaudit keygen"}},
		{"a log of another name", string(gateway), "      key_file: ${env:AUDIT_LOG_KEY_FILE}", "      key_file: ${env:AUDIT_LOG_KEY_FILE}\n      log_name: other.example.com", []string{"integrity::log_name", "other.example.com"}},
		{"a journal without a key", string(both), "    directory: ${env:AUDIT_JOURNAL_DIR}\n    integrity:\n      key_file: ${env:AUDIT_LOG_KEY_FILE}", "    directory: ${env:AUDIT_JOURNAL_DIR}", []string{"exporters::auditjournal", "integrity::key_file: is required"}},
		{"anchors beside what they are for", string(both), "    anchor_file: ${env:AUDIT_JOURNAL_ANCHOR_FILE}", "    anchor_file: ${env:AUDIT_JOURNAL_DIR}/anchors", []string{"anchor_file: lies in directory"}},
		{"synchronous with a queue", string(durable), "    mode: durable-queue", "    mode: synchronous", []string{"sending_queue", "durable-queue"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, 1, strings.Count(c.yaml, c.old), "the test changes one place")
			env := withKeys(t, database.Database{}).environment()
			env["AUDIT_WRITER_URL"] = "postgres://hunter2-user:hunter2-secret@127.0.0.1:1/nowhere"
			d := deploy(t, "gateway.yaml", env)
			d.config = strings.Replace(c.yaml, c.old, c.new, 1)
			d.launch()
			err := d.process.Wait(within(t, patience))
			require.Error(t, err, "it must not start")
			for _, text := range append(c.says, "Error: ") {
				assert.Positive(t, strings.Count(d.process.Log(), text), "the log does not say %q", text)
			}
			assert.Zero(t, strings.Count(d.process.Log(), "Everything is ready"), "it started")
		})
	}
}

// TestFilesOfTheLog starts collectors whose key or anchors cannot be used: they
// say which file, why and what to do, and do not start.
func TestFilesOfTheLog(t *testing.T) { //nolint:tparallel // a collector each, one after the other
	t.Parallel()
	acquire(t, 1)
	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, d *deployment)
		says  []string
	}{
		{"key that others read", func(t *testing.T, d *deployment) {
			require.NoError(t, os.Chmod(d.env["AUDIT_LOG_KEY_FILE"], 0o644))
		}, []string{"integrity::key_file", "others may use this secret (mode 0644)", "chmod 600"}},
		{"no key", func(t *testing.T, d *deployment) {
			require.NoError(t, os.Remove(d.env["AUDIT_LOG_KEY_FILE"]))
		}, []string{"integrity::key_file", "no such file or directory"}},
		{"garbage in place of a key", func(t *testing.T, d *deployment) {
			require.NoError(t, os.WriteFile(d.env["AUDIT_LOG_KEY_FILE"], []byte("hunter2\n"), 0o600))
		}, []string{"integrity::key_file", "not a key file: line 1"}},
		{"garbage in place of anchors", func(t *testing.T, d *deployment) {
			require.NoError(t, os.WriteFile(d.env["AUDIT_ANCHOR_FILE"], []byte("hunter2\n"), 0o600))
		}, []string{"anchor file", "damaged anchors: line 1"}},
		{"anchors in use", func(t *testing.T, d *deployment) {
			file, err := anchor.Open(d.env["AUDIT_ANCHOR_FILE"])
			require.NoError(t, err)
			t.Cleanup(func() { assert.NoError(t, file.Close()) })
		}, []string{"anchor file", "in use already"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := withKeys(t, database.Database{}).environment()
			env["AUDIT_WRITER_URL"] = "postgres://hunter2-user:hunter2-secret@127.0.0.1:1/nowhere"
			d := deploy(t, "journal.yaml", env)
			c.spoil(t, d)
			d.launch()
			require.Error(t, d.process.Wait(within(t, patience)), "it must not start")
			for _, text := range c.says {
				assert.Contains(t, d.process.Log(), text)
			}
			assert.NotContains(t, d.process.Log(), "Everything is ready", "it started")
		})
	}
}

// TestDiskFull gives PostgreSQL no room: nothing is acknowledged that is not
// stored, and it goes on by itself when there is room again.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	acquire(t, 1)
	db := newDatabase(t)
	env := db.environment()
	env["TESTBED_TIMEOUT"] = "300ms"
	d := deploy(t, "gateway.yaml", env).start()
	g := generator("full", loadgen.Options{Tenants: 2})
	ledger := loadgen.NewLedger()
	logs, events := g.Request(10)
	require.NoError(t, loadgen.Deliver(within(t, patience), d.client(), logs, events, ledger, loadgen.Patient))

	// A full disk is SQLSTATE 53100, raised by a trigger instead of a full disk.
	conn := connect(t, db.Owner)
	for _, sql := range []string{
		`CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$`,
		`CREATE TRIGGER disk_full BEFORE INSERT ON audit_commits FOR EACH STATEMENT EXECUTE FUNCTION disk_full()`,
	} {
		_, err := conn.Exec(within(t, patience), sql)
		require.NoError(t, err)
	}
	for range 20 {
		logs, events := g.Request(10)
		err := loadgen.Deliver(within(t, patience), d.client(), logs, events, ledger, loadgen.Patience{Timeout: patience})
		require.Error(t, err)
		assert.True(t, otlpclient.Retryable(err), "a client must try again after %v", err)
	}
	require.NoError(t, d.process.WaitHealth(within(t, patience), 500))
	assert.LessOrEqual(t, strings.Count(d.process.Log(), "53100"), 5, "once, not a flood")

	_, err := conn.Exec(within(t, patience), `DROP TRIGGER disk_full ON audit_commits`)
	require.NoError(t, err)
	logs, events = g.Request(10)
	require.NoError(t, loadgen.Deliver(within(t, patience), d.client(), logs, events, ledger, loadgen.Patient))
	require.NoError(t, d.process.WaitHealth(within(t, patience), 200))
	assert.Equal(t, 20, reckon(t, db, "full", ledger).Stored)
	assert.Zero(t, count(t, db, `SELECT count(*) FROM audit_quarantine`), "a full disk is no fault of the records")
}

// TestMetricsAdd checks that what came in equals what became of it.
func TestMetricsAdd(t *testing.T) {
	t.Parallel()
	acquire(t, 1)
	db := newDatabase(t)
	d := deploy(t, "gateway.yaml", db.environment()).start()
	g := generator("metrics", loadgen.Options{Tenants: 3, OrdinaryShare: 0.3})
	logs, events := g.Request(100)
	for range 2 {
		require.NoError(t, d.client().Send(within(t, patience), logs))
	}
	bad := events[0]
	bad.Tenant = ""
	bad.Shape = loadgen.Flat
	require.NoError(t, d.client().Send(within(t, patience), g.Pack([]loadgen.Event{bad})))
	eventually(t, func() bool { return d.metric("audit_exporter_received_records") == 201 }, "201 records received, are %v", d.metric("audit_exporter_received_records"))
	assert.InDelta(t, 100, d.metric("audit_exporter_stored_records"), 0)
	assert.InDelta(t, 100, d.metric("audit_exporter_duplicate_records"), 0)
	assert.InDelta(t, 1, d.metric("audit_exporter_quarantined_records", "reason", "missing_tenant"), 0)
	assert.Positive(t, d.metric("audit_exporter_stored_records", "outcome", "denied"))
	assert.InDelta(t, 100, d.metric("audit_exporter_stored_records", "action", "item.update"), 0, "named in telemetry.actions")
	assert.Zero(t, d.metric("audit_exporter_refused_records"))
}
