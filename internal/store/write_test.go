package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/pgurl"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

func newWriter(t testing.TB, url string, change ...func(*store.WriterOptions)) *store.Writer {
	t.Helper()
	config, err := pgurl.Parse(url, "test")
	require.NoError(t, err)
	opts := store.WriterOptions{Connection: &config.Config, Schema: "public", RolePrefix: "audit_", Now: time.Now}
	for _, c := range change {
		c(&opts)
	}
	w := store.NewWriter(opts)
	t.Cleanup(w.Close)
	return w
}

// audit returns a record; amount is what tells two of one identity apart.
func audit(tenant, id, key string, amount int) *record.Record {
	return &record.Record{
		TenantID: tenant, EventID: id, Action: "order.refund", Outcome: record.OutcomeSuccess, IdempotencyKey: key,
		Actor:        members("type", record.StringValue("user"), "id", record.StringValue("u-1"), "email", record.StringValue("a@example.com")),
		Target:       members("type", record.StringValue("order"), "id", record.StringValue("o-7")),
		Context:      members("request_id", record.StringValue("r-1"), "ip", record.StringValue("192.0.2.1")),
		Payload:      members("amount", record.NumberValue(float64(amount))),
		TimeUnixNano: 1_763_800_000_123_456_789, Severity: 9, Flags: []string{record.FlagTimeObserved},
	}
}

func members(pairs ...any) record.Value {
	v := record.EmptyObject()
	for i := 0; i < len(pairs); i += 2 {
		v = v.Set(pairs[i].(string), pairs[i+1].(record.Value))
	}
	return v
}

func events(t testing.TB, records ...*record.Record) []*store.Event {
	t.Helper()
	var enc store.Encoder
	out := make([]*store.Event, len(records))
	for i, r := range records {
		event, err := enc.Encode(r, "")
		require.NoError(t, err)
		out[i] = &event
	}
	return out
}

func write(t testing.TB, w *store.Writer, list []*store.Event) []store.Status {
	t.Helper()
	outcomes := make([]store.Outcome, len(list))
	require.NoError(t, w.Write(t.Context(), list, outcomes))
	return statuses(outcomes)
}

func statuses(outcomes []store.Outcome) []store.Status {
	out := make([]store.Status, len(outcomes))
	for i := range outcomes {
		out[i] = outcomes[i].Status
	}
	return out
}

func query[T any](t testing.TB, d *storetest.Database, sql string, args ...any) T {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), d.SuperURL)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	rows, err := conn.Query(t.Context(), sql, args...)
	require.NoError(t, err)
	v, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[T])
	require.NoError(t, err)
	return v
}

func execute(t testing.TB, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	_, err = conn.Exec(t.Context(), sql)
	require.NoError(t, err)
}

func TestWriteStoresEveryMember(t *testing.T) {
	t.Parallel()
	d := storetest.NewDatabase(t)
	rec := audit("acme", "e-1", "k-1", 42)
	rec.Reason, rec.CorrelationID, rec.CausationID = "because", "c-1", "c-0"
	rec.TraceID, rec.SpanID, rec.EventName = strings.Repeat("ab", 16), strings.Repeat("cd", 8), "audit.order"
	rec.SeverityText, rec.SchemaVersion = "INFO", "1.0"
	rec.Changes = members("before", record.NullValue(), "after", members("state", record.StringValue("paid")))
	rec.Body = record.StringValue("text \u2603")
	rec.ObservedTimeUnixNano = 1_763_800_001_000_000_001
	list := events(t, rec)
	require.Equal(t, []store.Status{store.Stored}, write(t, newWriter(t, d.WriterURL), list))

	type row struct {
		Seq, TimeUnixNano, ObservedTimeUnixNano int64
		Tenant, EventID, ActorID, TargetType    string
		Severity                                int16
		Flags                                   []string
		Changes, Body                           string
		LeafHash                                []byte
		Microseconds                            int64
	}
	conn, err := pgx.Connect(t.Context(), d.SuperURL)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	rows, err := conn.Query(t.Context(), `SELECT seq, time_unix_nano, observed_time_unix_nano, tenant_id, event_id, actor_id, target_type,
		severity, flags, changes::text, body::text, leaf_hash, (extract(epoch FROM event_time) * 1000000)::int8 FROM audit_events`)
	require.NoError(t, err)
	got, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[row])
	require.NoError(t, err)
	assert.Equal(t, row{
		Seq: 0, TimeUnixNano: rec.TimeUnixNano, ObservedTimeUnixNano: rec.ObservedTimeUnixNano,
		Tenant: "acme", EventID: "e-1", ActorID: "u-1", TargetType: "order", Severity: 9, Flags: rec.Flags,
		Changes: `{"after": {"state": "paid"}, "before": null}`, Body: `"text ☃"`, LeafHash: list[0].Leaf[:],
		Microseconds: rec.TimeUnixNano / 1000,
	}, got)
	storetest.CheckState(t, d)
}

func TestWriteIdentity(t *testing.T) { //nolint:tparallel // its cases share one writer
	t.Parallel()
	const (
		S = store.Stored
		D = store.Duplicate
		C = store.Conflict
	)
	rec := func(id, key string, amount int) *record.Record { return audit("acme", id, key, amount) }
	tests := []struct {
		name           string
		first, second  []*record.Record
		firsts, wanted []store.Status
	}{
		{"same again", []*record.Record{rec("a", "", 1)}, []*record.Record{rec("a", "", 1)}, []store.Status{S}, []store.Status{D}},
		{"same id, other content", []*record.Record{rec("a", "", 1)}, []*record.Record{rec("a", "", 2)}, []store.Status{S}, []store.Status{C}},
		{"same key, other id", []*record.Record{rec("a", "k", 1)}, []*record.Record{rec("b", "k", 1)}, []store.Status{S}, []store.Status{D}},
		{"same key, other content", []*record.Record{rec("a", "k", 1)}, []*record.Record{rec("b", "k", 2)}, []store.Status{S}, []store.Status{C}},
		{"id and key of two events", []*record.Record{rec("a", "k", 1), rec("b", "l", 1)}, []*record.Record{rec("a", "l", 1)}, []store.Status{S, S}, []store.Status{C}},
		{"id and key of one event", []*record.Record{rec("a", "k", 1)}, []*record.Record{rec("a", "k", 1)}, []store.Status{S}, []store.Status{D}},
		{"an id is no key", []*record.Record{rec("a", "", 1)}, []*record.Record{rec("b", "a", 1)}, []store.Status{S}, []store.Status{S}},
		{"within the batch", []*record.Record{rec("a", "", 1), rec("a", "", 1), rec("a", "", 2)}, nil, []store.Status{S, D, C}, nil},
		{"key within the batch, first stays", []*record.Record{rec("z", "k", 1), rec("a", "k", 1), rec("b", "k", 2)}, nil, []store.Status{S, D, C}, nil},
		{"two events within the batch", []*record.Record{rec("a", "k", 1), rec("b", "l", 1), rec("b", "k", 1)}, nil, []store.Status{S, S, C}, nil},
		{"one in the batch, one stored", []*record.Record{rec("a", "k", 1)}, []*record.Record{rec("b", "", 1), rec("b", "k", 1)}, []store.Status{S}, []store.Status{S, C}},
		{"new and old mixed", []*record.Record{rec("b", "", 1)}, []*record.Record{rec("c", "", 1), rec("b", "", 1), rec("a", "", 1)}, []store.Status{S}, []store.Status{S, D, S}},
		{
			"another tenant",
			[]*record.Record{rec("a", "k", 1)},
			[]*record.Record{audit("other", "a", "k", 2)},
			[]store.Status{S},
			[]store.Status{S},
		},
	}
	d := storetest.NewDatabase(t)
	w := newWriter(t, d.WriterURL)
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			own := func(records []*record.Record) []*store.Event {
				for _, r := range records {
					r.TenantID = fmt.Sprintf("%s-%d", r.TenantID, i)
				}
				return events(t, records...)
			}
			assert.Equal(t, test.firsts, write(t, w, own(test.first)))
			if test.second != nil {
				assert.Equal(t, test.wanted, write(t, w, own(test.second)))
			}
		})
	}
	storetest.CheckState(t, d)
}

// A commit row says that something was committed: nothing new, no row.
func TestWriteDuplicatesLeaveNoCommit(t *testing.T) {
	t.Parallel()
	d := storetest.NewDatabase(t)
	w := newWriter(t, d.WriterURL)
	list := events(t, audit("acme", "a", "", 1), audit("acme", "b", "", 1))
	write(t, w, list)
	write(t, w, list)
	assert.Equal(t, int64(1), query[int64](t, d, "SELECT count(*) FROM audit_commits"))
	storetest.CheckState(t, d)
}

// Identities outlive the month: one that was stored in an older month still
// makes its retry a duplicate.
func TestWriteKnowsOlderMonths(t *testing.T) {
	t.Parallel()
	d := storetest.NewDatabase(t)
	list := events(t, audit("acme", "a", "k", 1))
	execute(t, d.SuperURL, fmt.Sprintf(`INSERT INTO audit_event_ids (recorded_at, seq, epoch, kind, tenant_id, id, fingerprint)
		SELECT now() - interval '40 days', 0, 0, kind::"char", 'acme', id, '\x%x' FROM (VALUES ('e', 'a'), ('k', 'k')) AS i (kind, id)`, list[0].Fingerprint))
	assert.Equal(t, []store.Status{store.Duplicate}, write(t, newWriter(t, d.WriterURL), list))
}

// One bad record among good ones costs itself and nothing else.
func TestWriteIsolatesWhatPostgresRefuses(t *testing.T) {
	t.Parallel()
	bad := map[string]func(*record.Record){
		"22021 U+0000 in text":          func(r *record.Record) { r.Reason = "a\x00b" },
		"22021 not UTF-8":               func(r *record.Record) { r.Reason = "\xff\xfe" },
		"22P05 U+0000 in JSON":          func(r *record.Record) { r.Payload = record.StringValue("a\x00b") },
		"23514 an outcome of its own":   func(r *record.Record) { r.Outcome = "perhaps" },
		"54000 a key as long as a page": func(r *record.Record) { r.CorrelationID = incompressible(3000) },
		"23502 no outcome":              func(r *record.Record) { r.Outcome = "" },
	}
	for name, spoil := range bad {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := storetest.NewDatabase(t)
			var records []*record.Record
			for i := range 100 {
				records = append(records, audit(fmt.Sprintf("t%d", i%3), fmt.Sprintf("e%03d", i), "", i))
			}
			spoil(records[57])
			list := events(t, records...)
			outcomes := make([]store.Outcome, len(list))
			require.NoError(t, newWriter(t, d.WriterURL).Write(t.Context(), list, outcomes))
			for i, o := range outcomes {
				if i == 57 {
					assert.Equal(t, store.Outcome{Status: store.Rejected, SQLState: name[:5]}, o)
				} else {
					assert.Equal(t, store.Stored, o.Status, "event %d", i)
				}
			}
			assert.Equal(t, int64(99), query[int64](t, d, "SELECT count(*) FROM audit_events"))
			storetest.CheckState(t, d)
		})
	}
}

func incompressible(n int) string {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('!' + r.IntN(90))
	}
	return string(b)
}

// Writers of the same tenants at the same time, each event sent by two of them.
func TestWriteConcurrently(t *testing.T) {
	t.Parallel()
	d := storetest.NewDatabase(t)
	const writers, rounds, total = 4, 12, 400
	var all []*store.Event
	for i := range total {
		key := ""
		if i%3 == 0 {
			key = fmt.Sprintf("k%d", i)
		}
		all = append(all, events(t, audit(fmt.Sprintf("t%d", i%5), fmt.Sprintf("e%d", i), key, i))...)
	}
	var (
		mu     sync.Mutex
		stored = make(map[string]int)
		group  sync.WaitGroup
	)
	for n := range writers {
		w := newWriter(t, d.WriterURL)
		group.Go(func() {
			random := rand.New(rand.NewPCG(7, uint64(n)))
			for range rounds {
				// Each writer has rows of its own, because it fills holes in them.
				var list []*store.Event
				for _, i := range random.Perm(total)[:random.IntN(total)] {
					key := ""
					if i%3 == 0 {
						key = fmt.Sprintf("k%d", i)
					}
					list = append(list, events(t, audit(fmt.Sprintf("t%d", i%5), fmt.Sprintf("e%d", i), key, i))...)
				}
				outcomes := make([]store.Outcome, len(list))
				if err := w.Write(context.Background(), list, outcomes); err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				for i, o := range outcomes {
					if o.Status == store.Stored {
						stored[list[i].EventID]++
					} else {
						assert.Equal(t, store.Duplicate, o.Status)
					}
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	for id, n := range stored {
		assert.Equal(t, 1, n, id)
	}
	assert.Equal(t, int64(len(stored)), query[int64](t, d, "SELECT count(*) FROM audit_events"))
	assert.LessOrEqual(t, len(stored), len(all))
	storetest.CheckState(t, d)
}
