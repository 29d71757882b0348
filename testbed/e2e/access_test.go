package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/cli"
	"github.com/otelaudit/otelaudit/internal/journal"
)

// deployDev prepares a collector with the configuration of `otelaudit dev`.
func deployDev(t *testing.T, db *databaseURLs) *deployment {
	t.Helper()
	d := deploy(t, filepath.Join("..", "..", "..", "config", "dev.yaml"), db.environment())
	d.env["AUDIT_GRPC_ENDPOINT"], d.env["AUDIT_HTTP_ENDPOINT"] = d.env["TESTBED_GRPC"], d.env["TESTBED_HTTP"]
	d.env["AUDIT_HEALTH_ENDPOINT"], d.env["AUDIT_METRICS_PORT"] = d.env["TESTBED_HEALTH"], d.env["TESTBED_METRICS"]
	return d
}

// otelaudit runs the command line as a person called eve, with these variables.
func otelaudit(t *testing.T, env map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = cli.Run(within(t, time.Minute), &cli.System{
		Stdin: bytes.NewReader(nil), Stdout: &out, Stderr: &errs, User: "eve", Now: time.Now,
		Getenv: func(name string) string { return env[name] },
	}, args)
	return code, out.String(), errs.String()
}

// trace is an event of _system about a read.
type trace struct {
	EventID string `json:"event_id"`
	Action  string `json:"action"`
	Actor   struct {
		ID string `json:"id"`
	} `json:"actor"`
	Target struct {
		ID string `json:"id"`
	} `json:"target"`
	Payload struct {
		DatabaseUser string         `json:"database_user"`
		Rows         int            `json:"rows"`
		Filter       map[string]any `json:"filter"`
	} `json:"payload"`
}

// storedTraces are the traces in the store, as its administrator sees them.
func storedTraces(t *testing.T, db *databaseURLs) []trace {
	t.Helper()
	conn := connect(t, db.Owner)
	rows, err := conn.Query(within(t, patience), `
		SELECT json_build_object('event_id', event_id, 'action', action, 'actor', actor, 'target', target, 'payload', payload)
		FROM audit_events WHERE tenant_id = '_system' ORDER BY seq`)
	require.NoError(t, err)
	defer rows.Close()
	var found []trace
	for rows.Next() {
		var text []byte
		var one trace
		require.NoError(t, rows.Scan(&text))
		require.NoError(t, json.Unmarshal(text, &one))
		found = append(found, one)
	}
	require.NoError(t, rows.Err())
	return found
}

func outboxed(t *testing.T, db *databaseURLs) (rows int) {
	t.Helper()
	require.NoError(t, connect(t, db.Owner).QueryRow(within(t, patience), `SELECT count(*) FROM audit_outbox`).Scan(&rows))
	return rows
}

// journaledTraces is how often each event of _system stands in the journal.
func (d *deployment) journaledTraces() map[string]int {
	d.t.Helper()
	dir, err := journal.ReadDirectory(d.env["AUDIT_JOURNAL_DIR"])
	require.NoError(d.t, err)
	ids := map[string]int{}
	for line, err := range dir.Lines() {
		require.NoError(d.t, err)
		if !line.IsEntry() {
			continue
		}
		record, err := line.Record()
		require.NoError(d.t, err)
		if record.TenantID == "_system" {
			ids[record.EventID]++
		}
	}
	return ids
}

// TestReadsLeaveATraceInBothSinks with the configuration of `otelaudit dev`.
func TestReadsLeaveATraceInBothSinks(t *testing.T) {
	t.Parallel()
	acquire(t, 1)
	db := newDatabase(t)
	reader := map[string]string{"AUDIT_READER_URL": db.Reader}
	d := deployDev(t, db).start()

	code, _, stderr := otelaudit(t, reader, "list", "--tenant", "acme", "--action-prefix", "invoice.", "--as", "alice")
	require.Zero(t, code, stderr)
	eventually(t, func() bool { return outboxed(t, db) == 0 }, "the trace goes to the log")
	traces := storedTraces(t, db)
	require.Len(t, traces, 1)
	assert.Equal(t, "audit.read.list", traces[0].Action)
	assert.Equal(t, "alice", traces[0].Actor.ID)
	assert.Equal(t, "acme", traces[0].Target.ID)
	assert.Equal(t, "testbed_reader", traces[0].Payload.DatabaseUser)
	assert.Equal(t, map[string]any{"action_prefix": "invoice."}, traces[0].Payload.Filter)
	assert.Equal(t, map[string]int{traces[0].EventID: 1}, d.journaledTraces())

	// Who waits for the signature gets it.
	run(t, db, `SELECT audit_access_set('', 'signed', 'a test')`)
	code, stdout, stderr := otelaudit(t, reader, "list", "--tenant", "acme", "--access", "--format", "jsonl")
	require.Zero(t, code, stderr)
	assert.Contains(t, stdout, traces[0].EventID, "who read acme")
	eventually(t, func() bool { return outboxed(t, db) == 0 }, "the other traces go, too")
	traces = storedTraces(t, db)
	require.Len(t, traces, 3, "one of each command, and none of the receiver's own work")
	assert.Equal(t, "audit.access.set", traces[1].Action)
	assert.Equal(t, "_system", traces[2].Target.ID)
	eventually(t, func() bool { return d.metric("receiver_audit_access_sent_records") == 3 }, "all are counted")
	assert.Zero(t, d.metric("receiver_audit_access_oldest_row"))

	// Nobody from outside writes there.
	require.NoError(t, d.client().Send(within(t, patience), ofTheSystem()))
	assert.Len(t, quarantineOf(t, connect(t, db.Owner), "_system"), 1)
	assert.Len(t, storedTraces(t, db), 3)

	d.stop()
	consistent(t, db)
	d.env["TESTBED_TRUST"] = db.Trust
	d.verifiedJournal()
	report := d.reconciled(db)
	assert.Zero(t, report.ExitCode(), "%+v", report)
}

// TestATraceIsOneEventWhateverIsKilled: the collector dies between the log's
// having the event and the outbox's losing the row, and the next one sees it.
func TestATraceIsOneEventWhateverIsKilled(t *testing.T) {
	t.Parallel()
	acquire(t, 1)
	db := newDatabase(t)
	run(t, db, `REVOKE EXECUTE ON FUNCTION audit_outbox_clear() FROM audit_writer`)
	d := deployDev(t, db).start()
	code, _, stderr := otelaudit(t, map[string]string{"AUDIT_READER_URL": db.Reader}, "list", "--tenant", "acme")
	require.Zero(t, code, stderr)
	eventually(t, func() bool { return len(storedTraces(t, db)) == 1 }, "the event is in the log")
	d.process.Kill()
	require.Equal(t, 1, outboxed(t, db))
	run(t, db, `GRANT EXECUTE ON FUNCTION audit_outbox_clear() TO audit_writer`)
	d.start()
	eventually(t, func() bool { return outboxed(t, db) == 0 }, "the row goes")
	traces := storedTraces(t, db)
	require.Len(t, traces, 1)
	assert.Equal(t, map[string]int{traces[0].EventID: 1}, d.journaledTraces())
	d.stop()
	consistent(t, db)
}

// TestReadsWithoutACollector: what must leave a trace does not need the collector.
func TestReadsWithoutACollector(t *testing.T) {
	t.Parallel()
	acquire(t, 1)
	db := newDatabase(t)
	code, _, stderr := otelaudit(t, map[string]string{"AUDIT_READER_URL": db.Reader}, "list", "--tenant", "acme")
	require.Zero(t, code, stderr)
	require.Equal(t, 1, outboxed(t, db))
	d := deployDev(t, db).start()
	eventually(t, func() bool { return outboxed(t, db) == 0 }, "the next collector takes it")
	require.Len(t, storedTraces(t, db), 1)
	d.stop()
}

// TestOnlyWhoIsNamedAnnouncesRemovals: the sender whose entry names _system writes
// there through an ordinary endpoint, and nobody else does.
func TestOnlyWhoIsNamedAnnouncesRemovals(t *testing.T) {
	t.Parallel()
	acquire(t, 1)
	db := newDatabase(t)
	d := authenticated(t, db, "quarantine")
	for _, sender := range []struct{ name, password string }{
		{"acme", acmePassword}, {"agent", agentPassword}, {"retention", retentionPassword},
	} {
		logs := ofTheSystem()
		attrs := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes()
		attrs.PutStr("audit.action", "audit.prune")
		attrs.PutStr("audit.record.id", "prune-by-"+sender.name)
		require.NoError(t, d.clientAs(sender.name, sender.password).Send(within(t, patience), logs))
	}
	announced := storedTraces(t, db)
	require.Len(t, announced, 1)
	assert.Equal(t, "prune-by-retention", announced[0].EventID)
	assert.Len(t, quarantineOf(t, connect(t, db.Owner), "_system"), 2)
	d.stop()
	consistent(t, db)
}

// run executes a statement as the store's owner.
func run(t *testing.T, db *databaseURLs, statement string, arguments ...any) {
	t.Helper()
	_, err := connect(t, db.Owner).Exec(context.WithoutCancel(t.Context()), statement, arguments...)
	require.NoError(t, err)
}

// ofTheSystem is what a client sends that would like to be the system.
func ofTheSystem() plog.Logs {
	logs := plog.NewLogs()
	attrs := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Attributes()
	for name, text := range map[string]string{
		"audit.tenant.id": "_system", "audit.action": "audit.read.list", "audit.outcome": "success", "audit.actor.id": "mallory", "audit.actor.type": "user",
	} {
		attrs.PutStr(name, text)
	}
	return logs
}

// TestTheLongestTraceGoesToTheLog: what the functions of the store let into the
// outbox, the processor takes, whatever a login says of itself and of its read.
func TestTheLongestTraceGoesToTheLog(t *testing.T) {
	t.Parallel()
	acquire(t, 1)
	db := newDatabase(t)
	deployDev(t, db).start()
	for _, character := range []string{"x", "é", "€", "𝄞"} {
		long := "x" + strings.Repeat(character, 16000)
		most := func(bytes int) string { return strings.ToValidUTF8(long[:bytes], "") }
		tx, err := connect(t, db.Reader).Begin(within(t, patience))
		require.NoError(t, err)
		_, err = tx.Exec(within(t, patience), `SELECT set_config('audit.actor', $1, true), set_config('audit.os_user', $1, true),
			set_config('application_name', $1, true), audit_trace('audit.read.' || repeat('a', 32), 'failure', $2, jsonb_build_object('text', $3::text), 9223372036854775807)`,
			long, most(512), most(16000))
		require.NoError(t, err)
		require.NoError(t, tx.Commit(within(t, patience)))
		run(t, db, `INSERT INTO audit_outbox (event_id, record) VALUES ($1, jsonb_build_object('a', $1::text))`, most(512))
		run(t, db, `SELECT audit_outbox_discard(ARRAY[$1], $2)`, most(512), most(4096))
	}
	eventually(t, func() bool { return outboxed(t, db) == 0 }, "every trace goes to the log")
	var stored int
	require.NoError(t, connect(t, db.Owner).QueryRow(within(t, patience), `SELECT count(*) FROM audit_events WHERE tenant_id = '_system'`).Scan(&stored))
	assert.Equal(t, 8, stored)
	assert.Empty(t, quarantineOf(t, connect(t, db.Owner), "_system"))
}
