package e2e

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/journal"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/reconcile"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/verify"
	"github.com/otelaudit/otelaudit/testbed/loadgen"
	"github.com/otelaudit/otelaudit/testbed/otlpclient"
)

// journaled is how often each event stands in a journal, by marker.
func (d *deployment) journaled() map[string]int {
	d.t.Helper()
	dir, err := journal.ReadDirectory(d.env["AUDIT_JOURNAL_DIR"])
	require.NoError(d.t, err)
	markers := map[string]int{}
	for line, err := range dir.Lines() {
		require.NoError(d.t, err)
		if !line.IsEntry() {
			continue
		}
		record, err := line.Record()
		require.NoError(d.t, err)
		markers[record.TargetID()]++
	}
	return markers
}

// once fails the test unless each event stands in the journal exactly once.
func (d *deployment) once(events []loadgen.Event) {
	d.t.Helper()
	want := map[string]int{}
	for _, e := range events {
		want[e.Marker] = 1
	}
	require.Equal(d.t, want, d.journaled())
}

// verifiedJournal fails the test unless an auditor finds the journal intact.
func (d *deployment) verifiedJournal() {
	d.t.Helper()
	trust, err := keys.LoadTrust(d.env["TESTBED_TRUST"])
	require.NoError(d.t, err)
	anchors, err := anchor.ReadFile(d.env["AUDIT_JOURNAL_ANCHOR_FILE"])
	require.NoError(d.t, err)
	report, err := verify.Journal(within(d.t, time.Minute), verify.JournalOptions{
		Directory: d.env["AUDIT_JOURNAL_DIR"], Trust: trust, Anchors: anchors,
	})
	require.NoError(d.t, err)
	require.Equal(d.t, verify.Intact, report.Verdict, "%+v", report)
}

// reconciled compares the two sinks as an auditor does.
func (d *deployment) reconciled(db *databaseURLs) *reconcile.Report {
	d.t.Helper()
	ctx := within(d.t, time.Minute)
	trust, err := keys.LoadTrust(db.Trust)
	require.NoError(d.t, err)
	anchors, err := anchor.ReadFile(d.env["AUDIT_JOURNAL_ANCHOR_FILE"])
	require.NoError(d.t, err)
	scanner, err := store.OpenScanner(ctx, store.Options{URL: db.Auditor}, "")
	require.NoError(d.t, err)
	defer scanner.Close()
	reader, err := store.Connect(ctx, store.Options{URL: db.Auditor})
	require.NoError(d.t, err)
	defer reader.Close()
	report, err := reconcile.Run(ctx, reconcile.Options{
		Scanner: scanner, Reader: reader, Directories: []string{d.env["AUDIT_JOURNAL_DIR"]}, Trust: trust, Anchors: anchors,
		TempDir: d.t.TempDir(), Now: time.Now,
	})
	require.NoError(d.t, err)
	return report
}

// takeJournalAway makes the next segment impossible to begin, and gives back
// what brings the directory back.
func (d *deployment) takeJournalAway() (giveBack func()) {
	d.t.Helper()
	dir := d.env["AUDIT_JOURNAL_DIR"]
	require.NoError(d.t, os.Rename(dir, dir+".away"))
	require.NoError(d.t, os.WriteFile(dir, nil, 0o600))
	return func() {
		d.t.Helper()
		require.NoError(d.t, os.Remove(dir))
		require.NoError(d.t, os.Rename(dir+".away", dir))
	}
}

// withJournal is a deployment of both sinks in which every batch begins a
// segment of the journal.
func withJournal(t *testing.T, db *databaseURLs, required, bestEffort string) *deployment {
	t.Helper()
	env := db.environment()
	env["TESTBED_SEGMENT_BYTES"] = "4096"
	env["TESTBED_REQUIRED"], env["TESTBED_BEST_EFFORT"] = required, bestEffort
	return deploy(t, "journal.yaml", env)
}

const bothRequired = "[logs/audit, logs/journal]"

// TestBothSinks: what is acknowledged is in both, a retry in neither twice, and
// both verify, also after a restart.
func TestBothSinks(t *testing.T) {
	t.Parallel()
	acquire(t, 1)
	db := newDatabase(t)
	d := withJournal(t, db, bothRequired, "[]").start()
	g := generator("both", loadgen.Options{Tenants: 3, OrdinaryShare: 0.3, RecordIDs: 0.3})
	ledger := loadgen.NewLedger()
	var all []loadgen.Event
	for round := range 3 {
		logs, events := g.Request(50)
		all = append(all, events...)
		for range 3 {
			require.NoError(t, loadgen.Deliver(within(t, patience), d.client(), logs, events, ledger, loadgen.Patient))
		}
		if round == 1 {
			d.process.Kill()
			d.start()
		}
	}
	assert.Equal(t, 150, reckon(t, db, "both", ledger).Stored)
	d.once(all)
	d.verifiedJournal()
	d.stop()
	d.verifiedJournal()
	report := d.reconciled(db)
	require.Equal(t, reconcile.Agree, report.Verdict, "%+v", report)
	assert.EqualValues(t, 150, report.Counts.Matched)
	assert.EqualValues(t, 150, report.Counts.JournalEntries)
}

// TestJournalFails takes the journal's directory away under a running collector.
func TestJournalFails(t *testing.T) {
	t.Parallel()
	t.Run("best effort", func(t *testing.T) {
		t.Parallel()
		acquire(t, 1)
		db := newDatabase(t)
		d := withJournal(t, db, "[logs/audit]", "[logs/journal]").start()
		g := generator("jbest", loadgen.Options{Tenants: 2, OrdinaryShare: 0.3})
		ledger := loadgen.NewLedger()
		send := func() []loadgen.Event {
			logs, events := g.Request(20)
			require.NoError(t, loadgen.Deliver(within(t, patience), d.client(), logs, events, ledger, loadgen.Patience{Timeout: patience}))
			return events
		}
		before := send()
		eventually(t, func() bool { return len(d.journaled()) == 20 }, "best effort is written, too")
		giveBack := d.takeJournalAway()
		for range 3 {
			send()
		}
		eventually(t, func() bool {
			return d.metric("connector_audit_sink_records", "requirement", "best_effort", "result", "failed") == 60
		}, "the failure is counted")
		giveBack()
		after := send()
		eventually(t, func() bool { return len(d.journaled()) == 40 }, "the journal goes on by itself")
		d.once(append(before, after...))
		assert.Equal(t, 100, reckon(t, db, "jbest", ledger).Stored, "PostgreSQL never noticed")
		d.verifiedJournal()
		report := d.reconciled(db)
		require.Equal(t, reconcile.Differ, report.Verdict, "what the journal missed is named")
		require.Len(t, report.Findings, 60)
		for _, finding := range report.Findings {
			assert.Equal(t, reconcile.OnlyInStore, finding.Kind)
		}
	})
	t.Run("required", func(t *testing.T) {
		t.Parallel()
		acquire(t, 1)
		db := newDatabase(t)
		d := withJournal(t, db, bothRequired, "[]").start()
		g := generator("jreq", loadgen.Options{Tenants: 2})
		ledger := loadgen.NewLedger()
		logs, before := g.Request(20)
		require.NoError(t, loadgen.Deliver(within(t, patience), d.client(), logs, before, ledger, loadgen.Patient))
		giveBack := d.takeJournalAway()
		logs, events := g.Request(20)
		for range 3 {
			var refused *otlpclient.StatusError
			require.ErrorAs(t, d.client().Send(within(t, patience), logs), &refused)
			assert.Equal(t, codes.Unavailable, refused.GRPC, "a client must try again")
		}
		var refused *otlpclient.StatusError
		require.ErrorAs(t, otlpclient.NewHTTP(d.http, otlpclient.Options{}).Send(within(t, patience), logs), &refused)
		assert.Equal(t, 503, refused.HTTP)
		assert.Equal(t, 40, count(t, db, `SELECT count(*) FROM audit_events`), "the other sink has them all the same")
		require.NoError(t, d.process.WaitHealth(within(t, patience), 500), "unhealthy while nothing is acknowledged")
		giveBack()
		require.NoError(t, loadgen.Deliver(within(t, patience), d.client(), logs, events, ledger, loadgen.Patient))
		require.NoError(t, d.process.WaitHealth(within(t, patience), 200))
		assert.Equal(t, 40, reckon(t, db, "jreq", ledger).Stored)
		d.once(append(before, events...))
		d.verifiedJournal()
		require.Equal(t, reconcile.Agree, d.reconciled(db).Verdict)
	})
}

// TestJournalInUse starts collectors while another process writes the journal's
// directory: the other sink is served, and the journal as soon as it can be had.
func TestJournalInUse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name                 string
		required, bestEffort string
	}{
		{"best effort", "[logs/audit]", "[logs/journal]"},
		{"required", bothRequired, "[]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			acquire(t, 1)
			db := newDatabase(t)
			d := withJournal(t, db, c.required, c.bestEffort)
			giveBack := d.holdJournal()
			d.launch()
			require.NoError(t, d.process.WaitServing(within(t, patience)))
			require.NoError(t, d.process.WaitHealth(within(t, patience), 500), "somebody has to look at it")
			ledger := loadgen.NewLedger()
			g := generator("jused", loadgen.Options{Tenants: 2, OrdinaryShare: 0.3})
			logs, events := g.Request(20)
			err := loadgen.Deliver(within(t, patience), d.client(), logs, events, ledger, loadgen.Patience{Timeout: patience})
			if c.bestEffort == "[]" {
				require.Error(t, err)
				assert.True(t, otlpclient.Retryable(err), "%v", err)
			} else {
				require.NoError(t, err, "the answer does not depend on the journal")
			}
			assert.Equal(t, 20, count(t, db, `SELECT count(*) FROM audit_events`), "PostgreSQL is written all the same")
			assert.Contains(t, d.process.Log(), fmt.Sprintf("process %d holds this journal", os.Getpid()))
			assert.Positive(t, d.metric("audit_journal_open_failures"))

			giveBack()
			require.NoError(t, d.process.WaitHealth(within(t, patience), 200), "the same process goes on")
			logs, after := g.Request(20)
			require.NoError(t, loadgen.Deliver(within(t, patience), d.client(), logs, after, ledger, loadgen.Patient))
			eventually(t, func() bool { return len(d.journaled()) == 20 }, "the journal takes what comes")
			d.once(after)
			assert.Equal(t, 40, count(t, db, `SELECT count(*) FROM audit_events`))
			d.verifiedJournal()
		})
	}
}

// holdJournal writes the journal's directory from this process until it gives it
// back.
func (d *deployment) holdJournal() (giveBack func()) {
	d.t.Helper()
	ring, err := keys.LoadRing(d.env["AUDIT_LOG_KEY_FILE"])
	require.NoError(d.t, err)
	writer, err := journal.Open(journal.Options{Directory: d.env["AUDIT_JOURNAL_DIR"], Name: "journal", Ring: ring, Now: time.Now})
	require.NoError(d.t, err)
	d.t.Cleanup(func() { assert.NoError(d.t, writer.Close()) })
	return func() { require.NoError(d.t, writer.Close()) }
}

// TestJournalWithoutPostgreSQL: PostgreSQL that is down does not keep events from
// the journal, and clients that try again do not fill it.
func TestJournalWithoutPostgreSQL(t *testing.T) {
	t.Parallel()
	acquire(t, 1)
	server, db := ownServer(t)
	d := withJournal(t, db, bothRequired, "[]")
	d.env["TESTBED_TIMEOUT"] = "300ms"
	d.start()
	g := generator("jonly", loadgen.Options{Tenants: 2})
	ledger := loadgen.NewLedger()
	require.NoError(t, server.Kill())
	logs, events := g.Request(30)
	for range 5 {
		err := loadgen.Deliver(within(t, patience), d.client(), logs, events, ledger, loadgen.Patience{Timeout: patience})
		require.Error(t, err)
		assert.True(t, otlpclient.Retryable(err), "%v", err)
	}
	d.once(events)
	require.NoError(t, server.Restart(within(t, patience)))
	require.NoError(t, loadgen.Deliver(within(t, patience), d.client(), logs, events, ledger, loadgen.Patient))
	assert.Equal(t, 30, reckon(t, db, "jonly", ledger).Stored)
	d.once(events)
	d.verifiedJournal()
	require.Equal(t, reconcile.Agree, d.reconciled(db).Verdict)
}

// TestDisastersOfBothSinks kills and restarts collector and server under load:
// everything acknowledged is in PostgreSQL once and in the journal, and both
// verify.
func TestDisastersOfBothSinks(t *testing.T) { //nolint:tparallel // one after the other
	t.Parallel()
	acquire(t, 1)
	server, db := ownServer(t)
	env := db.environment()
	d := deploy(t, "journal.yaml", env).start()
	acknowledged := loadgen.NewLedger()
	for i, disaster := range disasters() {
		t.Run(disaster.name, func(t *testing.T) {
			d.t = t
			run := "jdis" + string(rune('a'+i))
			ledger := underLoad(t, d, run, func() { disaster.do(t, d, server.Cluster) })
			settle(t, d, db, run, ledger)
			d.verifiedJournal()
			for marker, fate := range ledger.Fates() {
				acknowledged.Record(fate, loadgen.Event{Marker: marker})
			}
		})
	}
	d.t = t
	consistent(t, db)
	journaled := d.journaled()
	for marker, fate := range acknowledged.Fates() {
		if fate == loadgen.Acknowledged {
			require.Positive(t, journaled[marker], "%s was acknowledged and is not in the journal", marker)
		}
	}
	d.stop()
	d.verifiedJournal()
	d.differsByUnacknowledged(db, acknowledged)
}

// differsByUnacknowledged: a client that gave up may have reached one sink alone.
// Nothing that was acknowledged may differ.
func (d *deployment) differsByUnacknowledged(db *databaseURLs, ledger *loadgen.Ledger) {
	d.t.Helper()
	markers := map[string]string{} // by event id
	dir, err := journal.ReadDirectory(d.env["AUDIT_JOURNAL_DIR"])
	require.NoError(d.t, err)
	for line, err := range dir.Lines() {
		require.NoError(d.t, err)
		if line.IsEntry() {
			record, err := line.Record()
			require.NoError(d.t, err)
			markers[record.EventID] = record.TargetID()
		}
	}
	rows, err := connect(d.t, db.Auditor).Query(d.t.Context(), `SELECT event_id, target_id FROM audit_events WHERE target_id IS NOT NULL`)
	require.NoError(d.t, err)
	var id, marker string
	_, err = pgx.ForEachRow(rows, []any{&id, &marker}, func() error {
		markers[id] = marker
		return nil
	})
	require.NoError(d.t, err)
	fates := ledger.Fates()
	report := d.reconciled(db)
	assert.Zero(d.t, report.More)
	for _, finding := range report.Findings {
		require.Contains(d.t, []reconcile.Kind{reconcile.OnlyInJournal, reconcile.OnlyInStore}, finding.Kind, "%+v", finding)
		marker := markers[finding.EventID]
		require.NotEmpty(d.t, marker, "%+v", finding)
		require.NotEqual(d.t, loadgen.Acknowledged, fates[marker], "%s was acknowledged: %+v", marker, finding)
	}
}
