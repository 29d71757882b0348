package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/otelaudit/otelaudit/internal/cli"
	"github.com/otelaudit/otelaudit/internal/reconcile"
	"github.com/otelaudit/otelaudit/internal/verify"
	"github.com/otelaudit/otelaudit/testbed/database"
	"github.com/otelaudit/otelaudit/testbed/loadgen"
	"github.com/otelaudit/otelaudit/testbed/otlpclient"
)

// otelaudit runs a command line with the environment of a deployment and the
// logins that belong to it.
func (d *deployment) otelaudit(db *databaseURLs, args ...string) (code int, stdout, stderr string) {
	d.t.Helper()
	env := map[string]string{
		"AUDIT_WRITER_URL": db.Writer, "AUDIT_AUDITOR_URL": db.Auditor, "AUDIT_READER_URL": db.Reader, "AUDIT_TRUST_FILE": db.Trust,
		"AUDIT_LOG_KEY_FILE": db.Key, "AUDIT_ANCHOR_FILE": d.env["AUDIT_ANCHOR_FILE"], "AUDIT_JOURNAL_ANCHOR_FILE": d.env["AUDIT_JOURNAL_ANCHOR_FILE"],
	}
	var out, errs bytes.Buffer
	code = cli.Run(within(d.t, time.Minute), &cli.System{
		Stdout: &out, Stderr: &errs, Getenv: func(name string) string { return env[name] }, Now: time.Now, User: "operator",
	}, args)
	return code, out.String(), errs.String()
}

// backup copies the data of a server that is not running, and returns what puts
// it back while the server is not running.
func backup(t *testing.T, server *database.Server) (restore func()) {
	t.Helper()
	there, aside := server.DataDir, server.DataDir+".backup"
	copyTree := func(from, to string) {
		output, err := exec.CommandContext(t.Context(), "cp", "-a", from, to).CombinedOutput()
		require.NoError(t, err, "%s", output)
	}
	require.NoError(t, server.Kill())
	copyTree(there, aside)
	require.NoError(t, server.Restart(within(t, time.Minute)))
	return func() {
		t.Helper()
		require.NoError(t, server.Kill())
		require.NoError(t, os.RemoveAll(there))
		copyTree(aside, there)
		require.NoError(t, server.Restart(within(t, time.Minute)))
	}
}

// TestRollback restores an old backup under a running collector: it refuses to
// append, also after a restart; verify says what is gone; after recover it goes
// on by itself, and the loss is on record. The journal has it all.
func TestRollback(t *testing.T) {
	t.Parallel()
	acquire(t, 1)
	server, db := ownServer(t)
	d := withJournal(t, db, bothRequired, "[]").start()
	g := generator("back", loadgen.Options{Tenants: 2})
	ledger := loadgen.NewLedger()
	send := func(n int) []loadgen.Event {
		logs, events := g.Request(n)
		require.NoError(t, loadgen.Deliver(within(t, patience), d.client(), logs, events, ledger, loadgen.Patient))
		return events
	}
	kept := send(40)
	restore := backup(t, server)
	lost := send(60)
	assert.Equal(t, 100, reckon(t, db, "back", ledger).Stored)
	restore()

	logs, next := g.Request(20)
	refused := func() {
		t.Helper()
		var answer *otlpclient.StatusError
		require.ErrorAs(t, d.client().Send(within(t, patience), logs), &answer)
		assert.Equal(t, codes.Unavailable, answer.GRPC, "a client must try again")
		require.ErrorAs(t, otlpclient.NewHTTP(d.http, otlpclient.Options{}).Send(within(t, patience), logs), &answer)
		assert.Equal(t, 503, answer.HTTP)
		assert.Equal(t, 40, count(t, db, `SELECT count(*) FROM audit_events`), "nothing is appended to what went back")
		eventually(t, func() bool { return d.metric("audit_exporter_rollback_detected") > 0 }, "the rollback is counted")
		assert.Positive(t, d.metric("audit_exporter_head_refused", "reason", "rollback"))
		assert.Contains(t, d.process.Log(), "the store has gone back: tenant")
		assert.Contains(t, d.process.Log(), "otelaudit recover --new-epoch --tenant back-t00")
	}
	eventually(t, func() bool {
		// Connections that the restart cut are made anew first.
		_ = d.client().Send(within(t, patience), logs)
		return d.metric("audit_exporter_rollback_detected") > 0
	}, "the collector notices")
	refused()
	d.process.Kill()
	d.start()
	refused()

	report := verified(t, db)
	require.Equal(t, verify.Tampered, report.Verdict)
	for _, finding := range report.Findings {
		assert.Equal(t, verify.TailMissing, finding.Kind, "%+v", finding)
	}
	require.Len(t, report.Findings, 2, "one per tenant")

	code, out, errs := d.otelaudit(db, "recover", "--new-epoch", "--all", "--reason", "drill", "--dry-run", "--format", "table")
	require.Zero(t, code, errs)
	assert.Contains(t, out, "would open epoch 1 (--dry-run)")
	refused()
	code, out, errs = d.otelaudit(db, "recover", "--new-epoch", "--all", "--reason", "restored the backup of Sunday", "--format", "table")
	require.Zero(t, code, errs)
	assert.Contains(t, out, "opened epoch 1")
	assert.Contains(t, out, "lost: seq")
	code, _, errs = d.otelaudit(db, "recover", "--new-epoch", "--all", "--reason", "again")
	assert.Equal(t, 1, code)
	assert.Contains(t, errs, "nothing to recover")

	pid := d.process.PID()
	require.NoError(t, loadgen.Deliver(within(t, patience), d.client(), logs, next, ledger, loadgen.Patient))
	assert.Equal(t, pid, d.process.PID(), "without a restart")
	require.NoError(t, d.process.WaitHealth(within(t, patience), 200))
	assert.Equal(t, 62, count(t, db, `SELECT count(*) FROM audit_events`), "40 from before, 20 new, and two that say what was opened")

	report = verified(t, db)
	require.Equal(t, verify.Intact, report.Verdict, "%+v", report.Findings)
	acknowledged := 0
	for _, notice := range report.Notices {
		if notice.Kind == verify.LossAcknowledged {
			acknowledged++
			assert.Contains(t, notice.Detail, "restored the backup of Sunday")
		}
	}
	assert.Equal(t, 2, acknowledged)

	// The journal never went back. A client that still has the lost events sends
	// them again, and they are stored again.
	d.once(append(append(kept, lost...), next...))
	d.verifiedJournal()
	missing := d.reconciled(db)
	require.Equal(t, reconcile.Agree, missing.Verdict, "the loss is acknowledged: %+v", missing.Findings)
	require.EqualValues(t, 60, missing.Counts.LostAcknowledged)
	require.Len(t, missing.Acknowledged, 60, "what is lost is named")
	require.NoError(t, d.client().Send(within(t, patience), g.Pack(lost)))
	assert.Equal(t, 122, count(t, db, `SELECT count(*) FROM audit_events`))
	assert.Equal(t, 120, reckon(t, db, "back", ledger).Stored)
	require.Equal(t, reconcile.Agree, d.reconciled(db).Verdict)
}
