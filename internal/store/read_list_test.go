package store_test

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// small is a store of a few hundred events of two tenants in which many share a
// time and every filter matches some.
type small struct {
	events []placed
	now    time.Time
}

func plantSmall(t *testing.T, db *storetest.Database) *small {
	t.Helper()
	random := rand.New(rand.NewPCG(3, 4))
	s := &small{now: time.Now().UTC().Truncate(time.Microsecond)}
	pick := func(words ...string) string { return words[random.IntN(len(words))] }
	next := map[string]int64{}
	for i := range 400 {
		tenant := pick("acme", "acme", "globex")
		epoch := int32(random.IntN(2))
		place := fmt.Sprint(tenant, epoch)
		rec := &record.Record{
			TenantID: tenant, EventID: fmt.Sprintf("%s-%d", tenant, i),
			Action:        pick("order", "order.refund", "orders.list", "login", "Order", "order\U0010FFFF", "order\U0010FFFFx", "zahl\uD7FFung", "é"),
			Outcome:       pick(record.OutcomeSuccess, record.OutcomeFailure, record.OutcomeDenied),
			Actor:         jsonValue(t, fmt.Sprintf(`{"type":%q,"id":%q}`, pick("user", "service"), pick("u1", "u2"))),
			Reason:        pick("", "100% of a_b", "100 of aXb", "A_B, Größe"),
			CorrelationID: pick("", "c1", "c2"), CausationID: pick("", "x1"), TraceID: pick("", strings.Repeat("a", 32)),
			TimeUnixNano: s.now.Add(-time.Duration(random.IntN(40)) * time.Minute).UnixNano(),
		}
		if random.IntN(2) == 0 {
			rec.Target = jsonValue(t, fmt.Sprintf(`{"type":%q,"id":%q}`, pick("order", "invoice"), pick("1", "2")))
			rec.Context = jsonValue(t, fmt.Sprintf(`{"request_id":%q,"ip":%q}`, pick("r1", "r2"), pick("10.0.0.1", "::1")))
		}
		recordedAt := s.now
		if i%5 == 0 { // last month, arrived in time
			recordedAt = s.now.AddDate(0, 0, -s.now.Day())
			rec.TimeUnixNano = recordedAt.UnixNano()
		}
		if i%7 == 0 { // arrives from the future
			rec.TimeUnixNano = s.now.AddDate(70, 0, 0).UnixNano()
		}
		s.events = append(s.events, placed{rec: rec, seq: next[place], epoch: epoch, recordedAt: recordedAt})
		next[place]++
	}
	execute(t, db.WriterURL, "SELECT audit_ensure_month(now() - interval '1 month')")
	plant(t.Context(), t, db.WriterURL, s.events)
	return s
}

func (p placed) eventTime() time.Time {
	at := time.Unix(0, p.rec.TimeUnixNano).UTC().Truncate(time.Microsecond)
	if at.After(p.recordedAt) {
		return p.recordedAt
	}
	return at
}

// ids answers a filter by looking at every event: the oracle.
func (s *small) ids(tenant string, f store.Filter) []string {
	var found []placed
	is := func(want, got string) bool { return want == "" || want == got }
	// Bounds are cut as event times are: an event's own nanoseconds as since hold it.
	f.Since, f.Until = f.Since.Truncate(time.Microsecond), f.Until.Truncate(time.Microsecond)
	for _, e := range s.events {
		r := e.rec
		at := e.eventTime()
		if r.TenantID == tenant && strings.HasPrefix(r.Action, f.ActionPrefix) && is(f.Action, r.Action) &&
			is(f.ActorType, r.ActorType()) && is(f.ActorID, r.ActorID()) && is(f.TargetType, r.TargetType()) && is(f.TargetID, r.TargetID()) &&
			is(f.Outcome, r.Outcome) && is(f.CorrelationID, r.CorrelationID) && is(f.CausationID, r.CausationID) && is(f.TraceID, r.TraceID) &&
			is(f.RequestID, r.Context.Get("request_id").Text()) && is(f.IP, r.Context.Get("ip").Text()) &&
			strings.Contains(r.Reason, f.ReasonContains) && (f.Since.IsZero() || !at.Before(f.Since)) && (f.Until.IsZero() || at.Before(f.Until)) {
			found = append(found, e)
		}
	}
	slices.SortFunc(found, func(a, b placed) int {
		order := cmp.Or(a.eventTime().Compare(b.eventTime()), cmp.Compare(a.seq, b.seq), cmp.Compare(a.epoch, b.epoch))
		if f.OldestFirst {
			return order
		}
		return -order
	})
	ids := []string{}
	for _, e := range found {
		ids = append(ids, e.rec.EventID)
	}
	return ids
}

// pages follows the cursors to the end.
func pages(ctx context.Context, t *testing.T, r *store.Reader, tenant string, f store.Filter) []string {
	t.Helper()
	ids := []string{}
	for {
		page, err := r.List(ctx, tenant, f)
		require.NoError(t, err)
		for _, e := range page.Events {
			ids = append(ids, e.Record.EventID)
			require.Equal(t, tenant, e.Record.TenantID)
		}
		if page.Next == "" {
			return ids
		}
		require.Len(t, page.Events, f.Limit)
		f.Cursor = page.Next
	}
}

func TestListAnswersEveryFilterAsLookingAtAllEventsWould(t *testing.T) {
	db := storetest.NewDatabase(t)
	s := plantSmall(t, db)
	filters := map[string]store.Filter{
		"all":                    {},
		"action":                 {Action: "order"},
		"actor":                  {ActorType: "user", ActorID: "u1"},
		"actor type":             {ActorType: "service"},
		"target":                 {TargetType: "order", TargetID: "1"},
		"target id":              {TargetID: "2"},
		"outcome":                {Outcome: record.OutcomeDenied},
		"correlation":            {CorrelationID: "c1"},
		"causation":              {CausationID: "x1"},
		"trace":                  {TraceID: strings.Repeat("a", 32)},
		"request":                {RequestID: "r1"},
		"address":                {IP: "::1"},
		"reason":                 {ReasonContains: "a_b", Since: s.now.Add(-time.Hour)},
		"reason with percent":    {ReasonContains: "0%", Since: s.now.Add(-30 * time.Minute), Outcome: record.OutcomeSuccess},
		"reason in UTF-8":        {ReasonContains: "rö", Since: s.now.AddDate(-1, 0, 0), Until: s.now},
		"reason, nothing":        {ReasonContains: "a_b_", Since: s.now.AddDate(-1, 0, 0)},
		"several":                {ActionPrefix: "order", Outcome: record.OutcomeSuccess, ActorID: "u2", CorrelationID: "c2"},
		"nothing":                {Action: "none"},
		"since":                  {Since: s.now.Add(-20 * time.Minute)},
		"until":                  {Until: s.now.Add(-20 * time.Minute)},
		"window":                 {Since: s.now.Add(-30 * time.Minute), Until: s.now.Add(-10 * time.Minute)},
		"equal bounds":           {Since: s.now.Add(-30 * time.Minute), Until: s.now.Add(-30 * time.Minute)},
		"nanosecond after since": {Since: s.now.Add(-30*time.Minute + time.Nanosecond)},
		"nanosecond after until": {Until: s.now.Add(-30*time.Minute + time.Nanosecond)},
		"future":                 {Since: s.now.Add(time.Microsecond)},
		"another zone":           {Since: s.now.Add(-20 * time.Minute).In(time.FixedZone("", 5*3600))},
	}
	for _, prefix := range []string{"order", "order.", "orders", "o", "O", "order\U0010FFFF", "\U0010FFFF", "zahl\uD7FF", "zahl", "é", "x"} {
		filters["prefix "+prefix] = store.Filter{ActionPrefix: prefix}
	}
	for role, url := range map[string]string{"reader": db.ReaderURL, "auditor": db.AuditorURL} {
		r := connect(t, url)
		for name, f := range filters {
			t.Run(role+"/"+name, func(t *testing.T) {
				for _, oldestFirst := range []bool{false, true} {
					for _, limit := range []int{7, 1000} {
						f.OldestFirst, f.Limit = oldestFirst, limit
						require.Equal(t, s.ids("acme", f), pages(t.Context(), t, r, "acme", f))
					}
				}
			})
		}
	}
	require.Empty(t, pages(t.Context(), t, reader(t, db), "initech", store.Filter{Limit: 5}))
}

func TestListDefaultsToFiftyNewest(t *testing.T) {
	db := storetest.NewDatabase(t)
	s := plantSmall(t, db)
	page, err := reader(t, db).List(t.Context(), "acme", store.Filter{})
	require.NoError(t, err)
	require.Len(t, page.Events, store.DefaultLimit)
	require.Equal(t, s.ids("acme", store.Filter{})[0], page.Events[0].Record.EventID)
	require.NotEmpty(t, page.Next)
}

// A cursor continues exactly one list: a change of tenant, filter, order or
// window is a mistake, and so is anything else that is not a cursor.
func TestCursorsAreBoundToTheirList(t *testing.T) {
	db := storetest.NewDatabase(t)
	s := plantSmall(t, db)
	r := reader(t, db)
	first := store.Filter{Limit: 3, Outcome: record.OutcomeSuccess, Since: s.now.Add(-time.Hour + time.Nanosecond)}
	page, err := r.List(t.Context(), "acme", first)
	require.NoError(t, err)
	require.NotEmpty(t, page.Next)

	changed := func(change func(*store.Filter)) store.Filter {
		f := first
		f.Cursor = page.Next
		change(&f)
		return f
	}
	_, err = r.List(t.Context(), "acme", changed(func(f *store.Filter) { f.Limit = 5 }))
	require.NoError(t, err, "the limit may change")
	_, err = r.List(t.Context(), "globex", changed(func(*store.Filter) {}))
	require.ErrorIs(t, err, store.ErrCursor)
	for name, change := range map[string]func(*store.Filter){
		"outcome":  func(f *store.Filter) { f.Outcome = "" },
		"other":    func(f *store.Filter) { f.Action = "login" },
		"swapped":  func(f *store.Filter) { f.Outcome, f.Action = "", record.OutcomeSuccess },
		"order":    func(f *store.Filter) { f.OldestFirst = true },
		"since":    func(f *store.Filter) { f.Since = f.Since.Add(time.Second) },
		"until":    func(f *store.Filter) { f.Until = s.now },
		"relative": func(f *store.Filter) { f.Relative = "1h.." },
		"garbage":  func(f *store.Filter) { f.Cursor = "garbage" },
		"cut":      func(f *store.Filter) { f.Cursor = f.Cursor[:len(f.Cursor)-4] },
		"longer":   func(f *store.Filter) { f.Cursor += "AAAA" },
		"version": func(f *store.Filter) {
			raw, err := base64.RawURLEncoding.DecodeString(f.Cursor)
			require.NoError(t, err)
			raw[0]++
			f.Cursor = base64.RawURLEncoding.EncodeToString(raw)
		},
	} {
		_, err := r.List(t.Context(), "acme", changed(change))
		require.ErrorIs(t, err, store.ErrCursor, name)
	}
}

// "The last hour" is another hour for the second page; the cursor stays in the
// first one's.
func TestARelativeWindowStaysWhereItBegan(t *testing.T) {
	db := storetest.NewDatabase(t)
	s := plantSmall(t, db)
	r := reader(t, db)
	f := store.Filter{Limit: 4, Relative: "30m..", Since: s.now.Add(-30 * time.Minute)}
	want := s.ids("acme", f)
	ids := []string{}
	for {
		page, err := r.List(t.Context(), "acme", f)
		require.NoError(t, err)
		for _, e := range page.Events {
			ids = append(ids, e.Record.EventID)
		}
		if page.Next == "" {
			break
		}
		f.Cursor, f.Since = page.Next, f.Since.Add(10*time.Minute)
	}
	require.Equal(t, want, ids)
}

func TestFiltersThatCannotBeMeant(t *testing.T) {
	db := storetest.NewDatabase(t)
	r := reader(t, db)
	now := time.Now()
	for message, test := range map[string]struct {
		tenant string
		filter store.Filter
	}{
		"tenant: is required: every list is one tenant's":                     {"", store.Filter{}},
		"tenant: is not valid UTF-8 text without U+0000":                      {"a\x00", store.Filter{}},
		"action_prefix: is not valid UTF-8 text without U+0000":               {"acme", store.Filter{ActionPrefix: "\xff"}},
		"ip: is not valid UTF-8 text without U+0000":                          {"acme", store.Filter{IP: "\x00"}},
		"reason_contains: needs since: every event from there on is searched": {"acme", store.Filter{ReasonContains: "x", Until: now}},
		"limit: want 1 to 1000, found 1001":                                   {"acme", store.Filter{Limit: 1001}},
		"limit: want 1 to 1000, found -1":                                     {"acme", store.Filter{Limit: -1}},
		"until: " + stamp(now.Add(-1)) + " is before since, " + stamp(now):    {"acme", store.Filter{Since: now, Until: now.Add(-1)}},
	} {
		_, err := r.List(t.Context(), test.tenant, test.filter)
		var mistake *store.FilterError
		require.ErrorAs(t, err, &mistake)
		require.EqualError(t, err, message)
	}
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

func TestGetFindsTheTenantsOwn(t *testing.T) {
	db := storetest.NewDatabase(t)
	s := plantSmall(t, db)
	for role, url := range map[string]string{"reader": db.ReaderURL, "auditor": db.AuditorURL} {
		r := connect(t, url)
		for _, e := range s.events[:20] {
			got, err := r.Get(t.Context(), e.rec.TenantID, e.rec.EventID)
			require.NoError(t, err, role)
			require.Equal(t, e.rec.AppendCanonical(nil), got.Record.AppendCanonical(nil))
			require.Equal(t, e.eventTime(), got.EventTime)
			other := map[string]string{"acme": "globex", "globex": "acme"}[e.rec.TenantID]
			for _, stranger := range []string{other, "initech"} {
				_, err = r.Get(t.Context(), stranger, e.rec.EventID)
				require.ErrorIs(t, err, store.ErrNotFound)
				require.EqualError(t, err, fmt.Sprintf("event %q of tenant %q: not found", e.rec.EventID, stranger))
			}
		}
		_, err := r.Get(t.Context(), "", "x")
		require.EqualError(t, err, "tenant: is required")
		_, err = r.Get(t.Context(), "acme", "\x00")
		require.EqualError(t, err, "event_id: is not valid UTF-8 text without U+0000")
	}
}

func TestGetTellsOfAPrunedEvent(t *testing.T) {
	db := storetest.NewDatabase(t)
	execute(t, db.WriterURL, `INSERT INTO audit_event_ids (tenant_id, kind, id, fingerprint, epoch, seq, recorded_at) VALUES ('acme', 'e', 'gone', sha256(''), 0, 0, '2026-01-02 03:04:05+00')`)
	_, err := reader(t, db).Get(t.Context(), "acme", "gone")
	require.ErrorIs(t, err, store.ErrNotFound)
	require.ErrorContains(t, err, `event "gone" of tenant "acme" was recorded at 2026-01-02T03:04:05Z and has been pruned`)
}
