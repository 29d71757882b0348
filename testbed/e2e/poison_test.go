package e2e

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"google.golang.org/grpc/codes"

	"github.com/otelaudit/otelaudit/internal/journal"
	"github.com/otelaudit/otelaudit/internal/reconcile"
	"github.com/otelaudit/otelaudit/testbed/database"
	"github.com/otelaudit/otelaudit/testbed/loadgen"
	"github.com/otelaudit/otelaudit/testbed/otlpclient"
	"github.com/otelaudit/otelaudit/testbed/poison"
)

// mates is how many good records a bad one is sent with.
const mates = 1000

// dose is one bad record on its way, and what must become of it.
type dose struct {
	*poison.Case

	protocol poison.Protocol
	run      string
	marker   string // of the bad record
}

// outcome is the one over the protocol that it went by.
func (d *dose) outcome() poison.Outcome { return d.Over(d.protocol) }

// doses are the matrix over the protocols: what it puts on flat records over each
// of them, the other shapes over one each, in turns.
func doses(everyProtocol bool) []*dose {
	cases := poison.Cases()
	var all []*dose
	for i := range cases {
		protocols := poison.Protocols()
		if !everyProtocol || cases[i].Shape != "" {
			protocols = protocols[i%len(protocols):][:1]
		}
		if cases[i].JSONOnly {
			protocols = []poison.Protocol{poison.HTTPJSON}
		}
		for _, p := range protocols {
			all = append(all, &dose{Case: &cases[i], protocol: p, run: fmt.Sprintf("p%d", len(all))})
		}
	}
	return all
}

// give sends it among good records and holds the answer to what is promised.
func (d *dose) give(t *testing.T, clients map[poison.Protocol]func(context.Context, []byte) error) {
	t.Helper()
	g := generator(d.run, loadgen.Options{Tenants: 2, Shapes: []loadgen.Shape{loadgen.Flat, loadgen.Nested, loadgen.JSONText, loadgen.Compact}})
	logs, bad, _ := d.Request(g, mates)
	d.marker = bad.Marker
	body, err := poison.Encode(logs, d.protocol)
	require.NoError(t, err)
	err = clients[d.protocol](within(t, patience), body)
	refusal := d.outcome().Refusal
	if refusal == "" {
		require.NoError(t, err, "%s over %s: the client is told success", d.Name, d.protocol)
		return
	}
	refusedOver(t, d.protocol, err, d.Name)
	assert.ErrorContains(t, err, refusal, "%s over %s", d.Name, d.protocol)
}

// refusedOver fails the test unless a request was refused in words that OTLP
// calls permanent.
func refusedOver(t *testing.T, p poison.Protocol, err error, what string) {
	t.Helper()
	var refused *otlpclient.StatusError
	require.ErrorAs(t, err, &refused, "%s over %s", what, p)
	assert.False(t, refused.Retryable(), "%s over %s: sending it again would not help: %v", what, p, err)
	if p == poison.GRPC {
		assert.Contains(t, []codes.Code{codes.Internal, codes.InvalidArgument}, refused.GRPC, "%s: %v", what, err)
		return
	}
	assert.Equal(t, 400, refused.HTTP, "%s over %s: %v", what, p, err)
}

func clientsOf(t *testing.T, d *deployment) map[poison.Protocol]func(context.Context, []byte) error {
	t.Helper()
	web := otlpclient.NewHTTP(d.http, otlpclient.Options{})
	t.Cleanup(func() { _ = web.Close() })
	return map[poison.Protocol]func(context.Context, []byte) error{
		poison.GRPC: d.client().SendRaw,
		poison.HTTPProto: func(ctx context.Context, body []byte) error {
			return web.SendRaw(ctx, "application/x-protobuf", body)
		},
		poison.HTTPJSON: func(ctx context.Context, body []byte) error { return web.SendRaw(ctx, "application/json", body) },
	}
}

// kept is what a sink has of the matrix, by run.
type kept struct {
	good map[string]int // events but the bad one
	bad  map[string]string
	// quarantine are the reasons, by marker.
	quarantine map[string][]quarantined
}

var markerPattern = regexp.MustCompile(`lg-([a-z0-9]+)-\d{7}`)

// markersOf are the markers in a quarantined record, each once.
func markersOf(otlp string) []string {
	found := markerPattern.FindAllString(otlp, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

// inStore reads what the store has, each event's row for the bad ones.
func inStore(t *testing.T, db *databaseURLs, given []*dose) kept {
	t.Helper()
	conn := connect(t, db.Auditor)
	var markers []string
	for _, d := range given {
		markers = append(markers, d.marker)
	}
	k := kept{good: map[string]int{}, bad: map[string]string{}, quarantine: map[string][]quarantined{}}
	rows, err := conn.Query(t.Context(), `SELECT split_part(target_id, '-', 2), count(DISTINCT target_id)::int FROM audit_events WHERE target_id <> ALL ($1) GROUP BY 1`, markers)
	require.NoError(t, err)
	var run string
	var n int
	_, err = pgx.ForEachRow(rows, []any{&run, &n}, func() error { k.good[run] = n; return nil })
	require.NoError(t, err)
	rows, err = conn.Query(t.Context(), `SELECT target_id, to_jsonb(e)::text FROM audit_events e WHERE target_id = ANY ($1)`, markers)
	require.NoError(t, err)
	var marker, row string
	_, err = pgx.ForEachRow(rows, []any{&marker, &row}, func() error {
		k.bad[marker] += row // twice would be two
		return nil
	})
	require.NoError(t, err)
	for _, q := range quarantineOf(t, conn, "lg-") {
		for _, m := range markersOf(q.OTLP) {
			k.quarantine[m] = append(k.quarantine[m], q)
		}
	}
	return k
}

// inJournal reads what the journal has.
func inJournal(t *testing.T, d *deployment) kept {
	t.Helper()
	dir, err := journal.ReadDirectory(d.env["AUDIT_JOURNAL_DIR"])
	require.NoError(t, err)
	k := kept{bad: map[string]string{}, quarantine: map[string][]quarantined{}}
	for line, err := range dir.Lines() {
		require.NoError(t, err)
		switch line.Kind {
		case journal.RecordEntry:
			record, err := line.Record()
			require.NoError(t, err)
			k.bad[record.TargetID()] += string(line.Raw)
		case journal.QuarantineEntry:
			q, err := line.Quarantine()
			require.NoError(t, err)
			for _, m := range markersOf(string(q.OTLP)) {
				k.quarantine[m] = append(k.quarantine[m], quarantined{Reason: q.Reason, Detail: q.Detail, OTLP: string(q.OTLP)})
			}
		default:
		}
	}
	return k
}

// check holds the store against what is promised of one dose.
func (d *dose) check(t *testing.T, k kept) {
	t.Helper()
	want := d.outcome()
	found := k.quarantine[d.marker]
	row, stored := k.bad[d.marker]
	if want.Refusal != "" {
		assert.Zero(t, k.good[d.run], "nothing of a refused request is stored")
		assert.False(t, stored)
		assert.Empty(t, found)
		return
	}
	assert.Equal(t, mates, k.good[d.run], "the good ones are stored")
	if want.Reason != "" {
		require.Len(t, found, 1, "in quarantine, once")
		assert.Equal(t, want.Reason, found[0].Reason, found[0].Detail)
		assert.NotEmpty(t, found[0].Detail, "a person must understand why")
		assert.False(t, stored)
		return
	}
	require.Empty(t, found)
	require.True(t, stored)
	assert.Contains(t, row, want.Holds)
	if want.Flag != "" {
		assert.Contains(t, row, `"`+want.Flag+`"`)
	}
}

// TestPoison sends each bad record among 1,000 good ones to both sinks, once;
// TestPoisonTwice sends them again.
func TestPoison(t *testing.T) { //nolint:tparallel // the subtests share one collector
	t.Parallel()
	acquire(t, 1)
	db := newDatabase(t)
	env := db.environment()
	env["TESTBED_SEGMENT_BYTES"] = "67108864"
	d := guarded(deploy(t, "journal.yaml", env)).start()
	clients := clientsOf(t, d)
	given := doses(true)
	for _, dose := range given {
		dose.give(t, clients)
	}
	store, journaled := inStore(t, db, given), inJournal(t, d)
	for _, dose := range given {
		t.Run(dose.Name+" over "+string(dose.protocol), func(t *testing.T) {
			dose.check(t, store)
			assert.Equal(t, store.bad[dose.marker] != "", journaled.bad[dose.marker] != "", "both sinks have it")
			assert.Equal(t, reasons(store.quarantine[dose.marker]), reasons(journaled.quarantine[dose.marker]))
		})
	}
	consistent(t, db)
	d.verifiedJournal()
	report := d.reconciled(db)
	assert.Equal(t, reconcile.Agree, report.Verdict, "%+v", report)
	assert.NoError(t, d.client().Send(within(t, patience), plog.NewLogs()), "it still serves")
}

func reasons(list []quarantined) (out []string) {
	for _, q := range list {
		out = append(out, q.Reason)
	}
	return out
}

// TestPoisonInTheQueue sends the matrix into a durable queue while PostgreSQL is
// away: every poison stands on the disk before it meets the store, and none
// holds up what is behind it.
func TestPoisonInTheQueue(t *testing.T) { //nolint:tparallel // the subtests share one collector
	t.Parallel()
	acquire(t, 1)
	server, db := ownServer(t)
	d := guarded(deploy(t, "durable.yaml", db.environment())).start()
	require.NoError(t, server.Kill())
	clients := clientsOf(t, d)
	given := doses(false)
	want := 0
	for i, dose := range given {
		dose.give(t, clients)
		if dose.outcome().Refusal == "" {
			want += mates
		}
		if i == len(given)/2 {
			d.process.Kill()
			d.launch()
			require.NoError(t, d.process.WaitServing(within(t, patience)))
			clients = clientsOf(t, d) // those of before wait before they connect again
			eventually(t, func() bool { return d.client().Send(within(t, patience), plog.NewLogs()) == nil }, "it serves again")
		}
	}
	require.NoError(t, server.Restart(within(t, time.Minute)))
	deadline := within(t, 2*time.Minute)
	for count(t, db, `SELECT count(*) FROM audit_events`) < want {
		require.NoError(t, deadline.Err(), "the queue is delivered")
		time.Sleep(100 * time.Millisecond)
	}
	eventually(t, func() bool { return d.metric("exporter_queue_size") == 0 }, "the queue is empty")
	store := inStore(t, db, given)
	for _, dose := range given {
		t.Run(dose.Name, func(t *testing.T) { dose.check(t, store) })
	}
	consistent(t, db)
}

// TestPoisonTwice: the same bad records again, among other good ones, change
// nothing: neither a second event nor a second row of quarantine.
func TestPoisonTwice(t *testing.T) {
	t.Parallel()
	acquire(t, 1)
	db := newDatabase(t)
	d := guarded(deploy(t, "journal.yaml", db.environment())).start()
	client := d.client()
	cases := poison.Cases()
	state := func() (events, quarantine int) {
		return count(t, db, `SELECT count(*) FROM audit_events`), count(t, db, `SELECT count(*) FROM audit_quarantine`)
	}
	var last []byte
	all := plog.NewLogs()
	for i := range cases {
		if cases[i].Over(poison.GRPC).Refusal != "" || cases[i].Flag == "time_arrival" || strings.Contains(cases[i].Name, "2 MB") {
			continue // what has no time is another event every time
		}
		logs, _, _ := cases[i].Request(generator(fmt.Sprintf("tw%d", i), loadgen.Options{Start: time.Unix(1_700_000_000, 0)}), 2)
		logs.ResourceLogs().MoveAndAppendTo(all.ResourceLogs())
	}
	last, err := poison.Encode(all, poison.GRPC)
	require.NoError(t, err)
	require.NoError(t, client.SendRaw(within(t, patience), last))
	events, quarantine := state()
	require.Positive(t, quarantine)
	for range 3 {
		require.NoError(t, client.SendRaw(within(t, patience), last))
	}
	again, quarantineAgain := state()
	assert.Equal(t, events, again)
	assert.Equal(t, quarantine, quarantineAgain)
	consistent(t, db)
	report := d.reconciled(db)
	assert.Equal(t, reconcile.Agree, report.Verdict, "%+v", report)
}

// TestPoisonWhilePostgresGoesDown retries bad records among good ones over a
// server that goes away and comes back: no batch is lost for one of them.
func TestPoisonWhilePostgresGoesDown(t *testing.T) {
	t.Parallel()
	acquire(t, 1)
	server, db := ownServer(t)
	d := guarded(deploy(t, "journal.yaml", db.environment())).start()
	given := doses(false)
	calm := disturb(t, server)
	client := d.client()
	for _, dose := range given {
		dose.protocol = poison.GRPC
		g := generator(dose.run, loadgen.Options{Tenants: 2})
		logs, bad, _ := dose.Request(g, mates/10)
		dose.marker = bad.Marker
		body, err := poison.Encode(logs, poison.GRPC)
		require.NoError(t, err)
		ctx := within(t, time.Minute)
		for err = client.SendRaw(ctx, body); otlpclient.Retryable(err) && ctx.Err() == nil; err = client.SendRaw(ctx, body) {
			time.Sleep(20 * time.Millisecond)
		}
		assert.Equal(t, dose.outcome().Refusal == "", err == nil, "%s: %v", dose.Name, err)
	}
	calm()
	store := inStore(t, db, given)
	for _, dose := range given {
		want := dose.outcome()
		if want.Refusal != "" {
			continue
		}
		assert.Equal(t, mates/10, store.good[dose.run], dose.Name)
		assert.Equal(t, want.Reason != "", len(store.quarantine[dose.marker]) == 1, dose.Name)
		assert.Equal(t, want.Reason == "", store.bad[dose.marker] != "", dose.Name)
	}
	consistent(t, db)
}

// disturb takes the server away and brings it back until calm is called, at the end
// of the test at the latest.
func disturb(t *testing.T, server *database.Server) (calm func()) {
	t.Helper()
	stop, done := make(chan struct{}), make(chan error, 1)
	awayAndBack := func() error {
		if err := server.Kill(); err != nil {
			return err
		}
		time.Sleep(100 * time.Millisecond)
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		return server.Restart(ctx)
	}
	go func() {
		for {
			err := awayAndBack()
			if err != nil {
				done <- err
				return
			}
			select {
			case <-stop:
				done <- nil
				return
			case <-time.After(time.Second):
			}
		}
	}()
	calm = sync.OnceFunc(func() {
		close(stop)
		assert.NoError(t, <-done)
	})
	t.Cleanup(calm)
	return calm
}

// TestNothingInARequest sends requests without anything to store.
func TestNothingInARequest(t *testing.T) {
	t.Parallel()
	acquire(t, 1)
	db := newDatabase(t)
	d := guarded(deploy(t, "journal.yaml", db.environment())).start()
	empty := map[string]func(plog.Logs){
		"nothing":                   func(plog.Logs) {},
		"a resource without scopes": func(l plog.Logs) { l.ResourceLogs().AppendEmpty().Resource().Attributes().PutStr("audit.action", "a") },
		"a scope without records": func(l plog.Logs) {
			l.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().Scope().SetName("a\x00b")
		},
		"many resources without scopes": func(l plog.Logs) {
			for range 1000 {
				l.ResourceLogs().AppendEmpty()
			}
		},
		"a record without anything": func(l plog.Logs) {
			l.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		},
	}
	clients := clientsOf(t, d)
	for name, fill := range empty {
		logs := plog.NewLogs()
		fill(logs)
		for _, p := range poison.Protocols() {
			body, err := poison.Encode(logs, p)
			require.NoError(t, err)
			assert.NoError(t, clients[p](within(t, patience), body), "%s over %s", name, p)
		}
	}
	assert.Zero(t, count(t, db, `SELECT (SELECT count(*) FROM audit_events) + (SELECT count(*) FROM audit_quarantine)`))
	consistent(t, db)
}

// TestGarbageIsRefused sends what is no request: the client is told, for good,
// and nothing is stored.
func TestGarbageIsRefused(t *testing.T) {
	t.Parallel()
	acquire(t, 1)
	db := newDatabase(t)
	d := guarded(deploy(t, "journal.yaml", db.environment())).start()
	clients := clientsOf(t, d)
	good, _ := generator("garb", loadgen.Options{}).Request(5)
	for _, p := range poison.Protocols() {
		whole, err := poison.Encode(good, p)
		require.NoError(t, err)
		for name, body := range map[string][]byte{
			"cut off":       whole[:len(whole)-1],
			"half of it":    whole[:len(whole)/2],
			"no OTLP":       []byte("GET / HTTP/1.1"),
			"only a number": []byte("7"),
		} {
			refusedOver(t, p, clients[p](within(t, patience), body), name)
		}
	}
	assert.Zero(t, count(t, db, `SELECT (SELECT count(*) FROM audit_events) + (SELECT count(*) FROM audit_quarantine)`))
}
