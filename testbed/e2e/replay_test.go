package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/cli"
	"github.com/otelaudit/otelaudit/internal/replay"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/testbed/loadgen"
	"github.com/otelaudit/otelaudit/testbed/otlpclient"
	"github.com/otelaudit/otelaudit/testbed/poison"
)

// replayResult is one line that quarantine replay prints.
type replayResult struct {
	ID       int64  `json:"id"`
	Result   string `json:"result"`
	Resolved bool   `json:"resolved"`
	Detail   string `json:"detail"`
}

// quarantineCommand runs a command on the quarantine with a login.
func (d *deployment) quarantineCommand(url string, args ...string) (code int, results []replayResult, stderr string) {
	d.t.Helper()
	var out, errs bytes.Buffer
	ctx, cancel := context.WithTimeout(d.t.Context(), time.Minute)
	defer cancel()
	code = cli.Run(ctx, &cli.System{
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Now: time.Now, User: "tester",
		Getenv: func(name string) string {
			return map[string]string{"AUDIT_DATABASE_URL": url, "OTEL_EXPORTER_OTLP_ENDPOINT": d.http}[name]
		},
	}, append([]string{"quarantine"}, args...))
	for _, leak := range d.leaks(out.String() + errs.String()) {
		assert.Fail(d.t, "the output holds what it must not", leak)
	}
	for line := range bytes.Lines(out.Bytes()) {
		var one replayResult
		assert.NoError(d.t, json.Unmarshal(line, &one), string(line)) //nolint:testifylint // not always in the test's goroutine
		results = append(results, one)
	}
	return code, results, errs.String()
}

// sendOne sends a flat record that put has changed.
func (d *deployment) sendOne(g *loadgen.Generator, tenant string, put func(plog.LogRecord)) {
	d.t.Helper()
	event := g.Event()
	event.Shape, event.Tenant = loadgen.Flat, tenant
	request := g.Pack([]loadgen.Event{event})
	for _, lr := range request.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
		put(lr)
	}
	require.NoError(d.t, loadgen.Deliver(within(d.t, patience), d.client(), request, []loadgen.Event{event}, loadgen.NewLedger(), loadgen.Patient))
}

// TestReplayAfterMending quarantines records of every shape for want of a tenant,
// replays them in vain, mends the configuration and replays them, twice at once.
func TestReplayAfterMending(t *testing.T) {
	t.Parallel()
	acquire(t, 1)
	db := newDatabase(t)
	d := deploy(t, "single.yaml", db.environment()).start()
	g := generator("replay", loadgen.Options{RecordIDs: 0.3, FillerBytes: 10})
	silent := claiming(g, "")
	require.NoError(t, loadgen.Deliver(within(t, patience), d.client(), g.Pack(silent), silent, loadgen.NewLedger(), loadgen.Patient))
	d.sendOne(g, "", func(lr plog.LogRecord) { // of no time but that of its arrival
		lr.SetTimestamp(0)
		lr.SetObservedTimestamp(0)
	})
	d.sendOne(g, "", func(lr plog.LogRecord) { lr.Attributes().PutStr("audit.payload", `{"password":"hunter2","n":1}`) })
	d.sendOne(g, "", func(lr plog.LogRecord) { lr.Attributes().PutStr("audit.idempotency.key", "replay-key") })
	const open = `SELECT count(*) FROM audit_quarantine WHERE resolution IS NULL`
	const events = `SELECT count(*) FROM audit_events`
	n := len(silent) + 3
	require.Equal(t, n, count(t, db, open))

	code, results, stderr := d.quarantineCommand(db.Operator, "replay", "--all", "--wait", "0")
	require.Equal(t, 1, code, stderr)
	require.Len(t, results, n)
	require.Contains(t, results[0].Detail, "--expect-tenant")
	require.Equal(t, n, count(t, db, `SELECT count(*) FROM audit_quarantine`), "nothing was sent")
	code, results, stderr = d.quarantineCommand(db.Operator, "replay", "--all", "--expect-tenant", "acme", "--wait", "0")
	require.Equal(t, 1, code, stderr)
	require.Len(t, results, n)
	for _, r := range results {
		require.False(t, r.Resolved)
		require.Contains(t, []string{"absent", "quarantined"}, r.Result, r.Detail)
	}
	require.Zero(t, count(t, db, events))

	d.stop()
	d.config = strings.Replace(d.config, "audit: {}", "audit:\n    tenant:\n      default: acme", 1)
	d.start()
	// A replay that was interrupted after it had sent.
	operator, err := store.Connect(t.Context(), store.Options{URL: db.Operator})
	require.NoError(t, err)
	defer operator.Close()
	first, err := operator.QuarantineGet(t.Context(), 1)
	require.NoError(t, err)
	record, err := replay.New(first.OTLP, first.Encoding, first.ReceivedAt)
	require.NoError(t, err)
	require.NoError(t, otlpclient.NewHTTP(d.http, otlpclient.Options{}).SendRaw(within(t, patience), "application/x-protobuf", record.Body))

	for name, url := range map[string]string{"auditor": db.Auditor, "reader": db.Reader, "pruner": db.Pruner} {
		code, _, stderr := d.quarantineCommand(url, "replay", "1", "--expect-tenant", "acme")
		require.Equal(t, 2, code, name)
		require.Contains(t, stderr, "operator role", name)
	}
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			code, results, stderr := d.quarantineCommand(db.Operator, "replay", "--all", "--expect-tenant", "acme", "--note", "a default tenant")
			assert.Zero(t, code, stderr)
			for _, r := range results {
				assert.True(t, r.Resolved, r.Detail)
			}
		})
	}
	both.Wait()
	require.Zero(t, count(t, db, open))
	require.Equal(t, n, count(t, db, events), "one event of each record")
	require.Zero(t, count(t, db, `SELECT count(*) FROM audit_quarantine WHERE reason = 'conflict'`))
	rows := count(t, db, `SELECT count(*) FROM audit_quarantine`)
	require.Equal(t, rows, count(t, db, `SELECT count(*) FROM audit_outbox WHERE record->>'action' = 'audit.quarantine.replay'`))
	code, results, stderr = d.quarantineCommand(db.Operator, "replay", "1", "2", "--expect-tenant", "acme")
	require.Zero(t, code, stderr)
	require.Equal(t, "replayed", results[0].Result)
	require.Equal(t, n, count(t, db, events))
	consistent(t, db)
}

// TestReplayOfWhatCannotBecomeAnEvent: conflicts, poison and bytes that are none
// stay where they are, until somebody discards them.
func TestReplayOfWhatCannotBecomeAnEvent(t *testing.T) {
	t.Parallel()
	acquire(t, 1)
	db := newDatabase(t)
	d := deploy(t, "single.yaml", db.environment()).start()
	g := generator("stays", loadgen.Options{})
	for _, action := range []string{"invoice.create", "invoice.delete"} {
		d.sendOne(g, "acme", func(lr plog.LogRecord) {
			lr.Attributes().PutStr("audit.record.id", "one-id")
			lr.Attributes().PutStr("audit.action", action)
		})
	}
	d.sendOne(g, "acme", func(lr plog.LogRecord) { poison.Nest(lr.Attributes().PutEmpty("audit.payload"), 70) })
	d.sendOne(g, "acme", func(lr plog.LogRecord) { lr.Attributes().Remove("audit.action") })
	writer := connect(t, db.Writer)
	_, err := writer.Exec(t.Context(), `INSERT INTO audit_quarantine (tenant_id, reason, sha256, otlp, otlp_encoding) VALUES
		('acme', 'malformed', sha256('1'), '\xff', 'protobuf'), ('acme', 'malformed', sha256('2'), '', 'protobuf'),
		('acme', 'malformed', sha256('3'), '{"resourceLogs":', 'json')`)
	require.NoError(t, err)
	require.Equal(t, 6, count(t, db, `SELECT count(*) FROM audit_quarantine`))

	for range 2 { // the second time nothing more happens
		code, results, stderr := d.quarantineCommand(db.Operator, "replay", "--all", "--tenant", "acme", "--wait", "100ms")
		require.Equal(t, 1, code, stderr)
		found := map[string]int{}
		for _, r := range results {
			require.False(t, r.Resolved, "%+v", r)
			require.NotEmpty(t, r.Detail)
			require.NotContains(t, r.Detail, "lg-", "no payload")
			found[r.Result]++
		}
		require.Equal(t, 3, found["unsendable"], "%+v", results)
		require.Equal(t, 1, found["conflict"], "%+v", results)
		require.Equal(t, len(results)-4, found["absent"]+found["quarantined"], "%+v", results)
	}
	require.Equal(t, 1, count(t, db, `SELECT count(*) FROM audit_events`))

	code, _, stderr := d.quarantineCommand(db.Operator, "discard", "1", "2", "--reason", "a test")
	require.Zero(t, code, stderr)
	code, results, _ := d.quarantineCommand(db.Operator, "replay", "1")
	require.Equal(t, 1, code)
	require.Equal(t, "discarded", results[0].Result)
	code, _, stderr = d.quarantineCommand(db.Operator, "discard", "1", "--reason", "again")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "quarantined record 1 was discarded by")
	require.Equal(t, 2, count(t, db, `SELECT count(*) FROM audit_quarantine WHERE resolution = 'discarded' AND octet_length(otlp) > 0`), "nothing is deleted")

	d.stop()
	code, results, stderr = d.quarantineCommand(db.Operator, "replay", "3")
	require.Equal(t, 2, code)
	require.Empty(t, results)
	require.Contains(t, stderr, "cannot reach the collector")
}

// TestReplayAsForwarder replays a record that claims another tenant than its
// sender's: with the authority of a forwarder it becomes that one's event, and a
// processor that believes forwarders' marks must not find one.
func TestReplayAsForwarder(t *testing.T) {
	t.Parallel()
	acquire(t, 1)
	db := newDatabase(t)
	d := authenticated(t, db, "quarantine")
	g := generator("replayfwd", loadgen.Options{})
	foreign := claiming(g, "fwd-t000")
	require.NoError(t, loadgen.Deliver(within(t, patience), d.clientAs("acme", acmePassword), g.Pack(foreign), foreign, loadgen.NewLedger(), loadgen.Patient))
	require.Equal(t, len(foreign), count(t, db, `SELECT count(*) FROM audit_quarantine WHERE reason = 'tenant_violation'`))

	code, results, stderr := d.quarantineCommand(db.Operator, "replay", "1")
	require.Equal(t, 1, code, stderr)
	require.Equal(t, "refused", results[0].Result)
	require.Contains(t, results[0].Detail, "401")
	as := func(name, password string) string {
		return "Authorization=Basic " + base64.StdEncoding.EncodeToString([]byte(name+":"+password))
	}
	code, results, stderr = d.quarantineCommand(db.Operator, "replay", "1", "--header", as("acme", acmePassword), "--wait", "0")
	require.Equal(t, 1, code, stderr)
	require.False(t, results[0].Resolved, "its sender may still not speak for the other tenant")
	code, results, stderr = d.quarantineCommand(db.Operator, "replay", "--all", "--header", as("agent", agentPassword))
	require.Zero(t, code, "%s %+v", stderr, results)
	require.Equal(t, len(foreign), count(t, db, `SELECT count(*) FROM audit_events WHERE tenant_id = 'fwd-t000'`))
	require.Zero(t, count(t, db, `SELECT count(*) FROM audit_quarantine WHERE resolution IS NULL`))
}
