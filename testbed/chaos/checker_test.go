package chaos

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/pglocal"
	"github.com/otelaudit/otelaudit/testbed/database"
	"github.com/otelaudit/otelaudit/testbed/loadgen"
	"github.com/otelaudit/otelaudit/testbed/metrics"
	"github.com/otelaudit/otelaudit/testbed/otlpclient"
	"github.com/otelaudit/otelaudit/testbed/pgproxy"
)

// finished is a lab in which everything has gone well, with what clients know.
type finished struct {
	*Lab

	run    string
	events []loadgen.Event // all acknowledged
	clones int
}

// newFinished makes one of four requests; flipped is what happens on its way to
// an event of the second, nil for nothing.
func newFinished(t *testing.T, flipped func(loadgen.Event) pgproxy.Rule) *finished {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	lab, err := NewLab(ctx, t.TempDir(), Setup{Mode: Synchronous})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, lab.Close(context.WithoutCancel(t.Context()))) })
	client, err := otlpclient.DialGRPC(lab.Nodes[0].GRPC, otlpclient.Options{})
	require.NoError(t, err)
	defer client.Close()
	f := &finished{Lab: lab, run: "done"}
	g := loadgen.New(loadgen.Options{Run: f.run, Seed: 1, Start: time.Now(), Tenants: 2, FillerBytes: 120})
	for i := range 4 {
		logs, events := g.Request(20)
		if i == 1 && flipped != nil {
			lab.Proxy.Arm(flipped(events[7]))
		}
		require.NoError(t, client.Send(ctx, logs))
		f.events = append(f.events, events...)
	}
	// A store is copied while nobody is in it, and a journal is closed.
	require.NoError(t, lab.Nodes[0].Terminate(ctx))
	return f
}

func (f *finished) ledger() clientLedger {
	ledger := clientLedger{loadgen.NewLedger(), true}
	ledger.Record(loadgen.Acknowledged, f.events...)
	return ledger
}

// checked is the row after something was done to a copy of the store.
func (f *finished) checked(t *testing.T, statements string, ledger clientLedger) *Row {
	t.Helper()
	f.clones++
	copied := *f.Lab
	copied.Database = f.Server.Database(fmt.Sprintf("copy_%d", f.clones))
	require.NoError(t, f.Server.Exec(t.Context(), "postgres", "CREATE DATABASE "+copied.Database.Name+" TEMPLATE "+f.Database.Name))
	require.NoError(t, f.Server.Exec(t.Context(), copied.Database.Name, "SET session_replication_role = replica; "+statements))
	row := &Row{}
	require.NoError(t, copied.check(t.Context(), row, map[string]clientLedger{f.run: ledger}))
	return row
}

// eventAgain is an event a second time, under another identity and in another place.
const eventAgain = `DO $$ DECLARE names text; expressions text; BEGIN
	SELECT string_agg(quote_ident(attname), ', '),
	       string_agg(CASE attname WHEN 'event_id' THEN 'event_id || ''-again''' WHEN 'seq' THEN 'seq + 1000' ELSE quote_ident(attname) END, ', ')
	  INTO names, expressions FROM pg_attribute
	 WHERE attrelid = 'audit_events'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '';
	EXECUTE format('INSERT INTO audit_events (%s) SELECT %s FROM audit_events WHERE target_id = ''lg-done-0000011''', names, expressions);
END $$`

// TestTheCheckerFinds plants what a collector must never do into a lab in which
// all went well: a table of zeros says something only because these are not.
func TestTheCheckerFinds(t *testing.T) {
	t.Parallel()
	f := newFinished(t, nil)
	const one = " WHERE target_id = 'lg-done-0000011'"
	for _, c := range []struct {
		name, sql     string
		lost, doubled int
		verify        bool
	}{
		{"nothing", "", 0, 0, false},
		{"an acknowledged event deleted", "DELETE FROM audit_events" + one, 1, 0, true},
		{"an event twice", eventAgain, 0, 1, true},
		{"a column altered", "UPDATE audit_events SET action = 'another'" + one, 0, 0, true},
		{"an actor altered", "UPDATE audit_events SET actor = '{\"id\": \"another\"}'" + one, 0, 0, true},
		{"an identity deleted", "DELETE FROM audit_event_ids WHERE id = (SELECT event_id FROM audit_events" + one + ")", 0, 0, true},
		{"a commit deleted", "DELETE FROM audit_commits WHERE prev_size > 0", 0, 0, true},
		{"an event for another", "UPDATE audit_events SET target = target || '{\"id\": \"lg-done-0000012\"}'" + one, 1, 1, true},
		{"all gone", "DELETE FROM audit_events; DELETE FROM audit_event_ids; DELETE FROM audit_commits", len(f.events), 0, true},
	} {
		row := f.checked(t, c.sql, f.ledger())
		assert.Equal(t, c.lost, row.Lost, "%s: lost; %v", c.name, row.Why)
		assert.Equal(t, c.doubled, row.Doubled, "%s: doubled; %v", c.name, row.Why)
		assert.Equal(t, c.verify, row.Verify > 0, "%s: verify %d; %v", c.name, row.Verify, row.Why)
		assert.Equal(t, c.name == "nothing", row.Clean(), c.name)
	}

	forged := f.ledger()
	forged.Record(loadgen.Acknowledged, loadgen.Event{Marker: "lg-done-0099999"})
	assert.Positive(t, f.checked(t, "", forged).Lost, "acknowledged and nowhere")
	for _, c := range []struct {
		name    string
		fate    loadgen.Fate
		patient bool
		lost    int
	}{
		{"refused for good", loadgen.Refused, true, 1},
		{"refused for good after a try without an answer", loadgen.Sent, true, 1},
		{"refused for good by a client that gives up", loadgen.Refused, false, 0},
		{"given up", loadgen.Sent, false, 0},
	} {
		dropped := f.ledger()
		dropped.patient = c.patient
		dropped.Record(c.fate, loadgen.Event{Marker: "lg-done-0099999"})
		row := f.checked(t, "", dropped)
		assert.Equal(t, c.lost, row.Lost, "%s; %v", c.name, row.Why)
		assert.Equal(t, c.lost == 0, row.Clean(), "%s; %v", c.name, row.Why)
	}
	held := f.ledger()
	held.patient = false
	held.Record(loadgen.Sent, loadgen.Event{Marker: "lg-done-0099999"})
	row := f.checked(t, "INSERT INTO audit_quarantine (reason, sha256, otlp) VALUES ('malformed', sha256('x'), 'lg-done-0099999')", held)
	assert.Equal(t, 1, row.Verify, "a valid event in quarantine; %v", row.Why)
	assert.Zero(t, row.Lost+row.Doubled, row.Why)
	short := clientLedger{loadgen.NewLedger(), true}
	short.Record(loadgen.Acknowledged, f.events[1:]...)
	assert.Positive(t, f.checked(t, "", short).Verify, "stored and sent by nobody")

	// Five events are stored that nobody was told of, and one is awaited.
	waiting := clientLedger{loadgen.NewLedger(), true}
	waiting.Record(loadgen.Acknowledged, append(f.events[5:], loadgen.Event{Marker: "lg-done-0099999"})...)
	waiting.Record(loadgen.Sent, f.events[:5]...)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	require.NoError(t, f.settle(ctx, map[string]clientLedger{f.run: waiting}))
	require.Error(t, ctx.Err(), "it waited for the acknowledged event, not for as many")
	require.NoError(t, f.settle(t.Context(), map[string]clientLedger{f.run: f.ledger()}))

	unread, err := newClock()
	require.NoError(t, err)
	defer unread.remove() //nolint:errcheck // a directory below the temporary one
	moved := *f.Lab
	moved.clock = unread
	require.ErrorContains(t, moved.jump(t.Context(), 3*time.Hour), "did not move", "a clock that the server does not read")

	silent := &Row{}
	silent.balanced("a collector", []metrics.Balance{{Place: "processor"}})
	assert.Zero(t, silent.Equations, "nothing was asked of it")
	assert.Equal(t, 1, silent.Verify, "metrics that know of no record")
	silent.balanced("a collector", []metrics.Balance{{Place: "processor", In: 2, Passed: 2}, {Place: "journal"}})
	assert.Equal(t, 1, silent.Equations)
	assert.Equal(t, 1, silent.Verify)

	f.withoutLine(t, "lg-done-0000011")
	row = f.checked(t, "", f.ledger())
	assert.Equal(t, 1, row.Lost, row.Why)
	assert.Positive(t, row.Verify, row.Why)
}

// withoutLine takes an event's line out of the journal.
func (f *finished) withoutLine(t *testing.T, marker string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(f.Nodes[0].Journal(), "*.jsonl"))
	require.NoError(t, err)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		lines := bytes.SplitAfter(text, []byte("\n"))
		kept := slices.DeleteFunc(slices.Clone(lines), func(line []byte) bool { return bytes.Contains(line, []byte(marker)) })
		if len(kept) < len(lines) {
			require.Len(t, kept, len(lines)-1)
			require.NoError(t, os.WriteFile(path, bytes.Join(kept, nil), 0o600))
			return
		}
	}
	t.Fatalf("no journal in %v has %s", paths, marker)
}

// TestAFlippedBitOfARowIsNamed flips a bit of one event's text between collector
// and PostgreSQL, without TLS. Nothing can notice before COMMIT; verify names
// exactly that event, and the journal has it as it was.
func TestAFlippedBitOfARowIsNamed(t *testing.T) {
	t.Parallel()
	var victim loadgen.Event
	f := newFinished(t, func(e loadgen.Event) pgproxy.Rule {
		victim = e
		return pgproxy.Rule{
			Do:    pgproxy.Corrupt,
			Match: func(m pgproxy.Message) bool { return pgproxy.CopyData(m) && bytes.Contains(m.Body, []byte(e.Filler)) },
			Where: func(m pgproxy.Message) int { return 8 * bytes.Index(m.Body, []byte(e.Filler)) },
		}
	})
	require.Equal(t, 1, f.Proxy.Faults())
	conn, err := pgx.Connect(t.Context(), f.Database.Auditor)
	require.NoError(t, err)
	var tenant, id string
	var seq int64
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT tenant_id, event_id, seq FROM audit_events WHERE target_id = $1`, victim.Marker).Scan(&tenant, &id, &seq))
	require.NoError(t, conn.Close(t.Context()))
	trust, err := keys.LoadTrust(f.Keys.Trust)
	require.NoError(t, err)
	report, err := f.verified(t.Context(), trust)
	require.NoError(t, err)
	require.NotEmpty(t, report.Findings)
	for _, finding := range report.Findings {
		assert.Equal(t, tenant, finding.Tenant, finding)
		assert.Equal(t, seq, finding.Seq, finding)
		assert.Equal(t, seq+1, finding.Until, finding)
	}
	row := f.checked(t, "", f.ledger())
	assert.Zero(t, row.Lost+row.Doubled, row.Why)
	assert.Positive(t, row.Verify)
	assert.Contains(t, strings.Join(row.Why, " "), id)
}

// TestNoOldPrimaryStaysBehind holds that whatever goes wrong after a failover, the
// server that was restarted for the reckoning is ended.
func TestNoOldPrimaryStaysBehind(t *testing.T) {
	t.Parallel()
	f := newFinished(t, nil)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	old, err := database.Start(ctx, pglocal.Options{Dir: filepath.Join(t.TempDir(), "old")})
	require.NoError(t, err)
	require.NoError(t, old.Kill())
	require.Error(t, f.account(ctx, old), "it has no such database")
	select {
	case <-old.Exited():
	default:
		t.Error("the old primary runs")
		require.NoError(t, old.Kill())
	}
	assert.NoDirExists(t, old.DataDir)
}
