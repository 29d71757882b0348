package store_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/record/recordtest"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// exported reads everything and returns the lines.
func exported(t testing.TB, r *store.Reader, o store.ExportOptions) (lines []string, gaps []store.Gap) {
	t.Helper()
	o.Now = time.Now
	x, err := r.Export(o)
	require.NoError(t, err)
	page := &store.EventPage{}
	encoder := &store.RowEncoder{}
	for {
		found, err := x.Next(t.Context(), page)
		if errors.Is(err, io.EOF) {
			return lines, gaps
		}
		require.NoError(t, err)
		gaps = append(gaps, found...)
		for i := range page.Len() {
			line, err := encoder.AppendJSON(nil, page.Row(i))
			require.NoError(t, err)
			lines = append(lines, string(line))
		}
	}
}

func extent(t testing.TB, r *store.Reader, tenant string) []store.LogExtent {
	t.Helper()
	e, err := r.Extent(t.Context(), tenant)
	require.NoError(t, err)
	return e.Logs
}

// plantArbitrary writes arbitrary events of acme and some of another tenant.
func plantArbitrary(t testing.TB, db *storetest.Database, n int) {
	t.Helper()
	w := newWriter(t, db.WriterURL)
	random := rand.New(rand.NewPCG(7, 7))
	for written := 0; written < n; {
		var list []*store.Event
		for range 1 + random.IntN(200) {
			rec := recordtest.Arbitrary(random)
			rec.TenantID, rec.EventID, rec.IdempotencyKey = "acme", fmt.Sprintf("e-%06d", written), ""
			rec.Action = []string{"invoice.create", "invoice.delete", "login"}[random.IntN(3)]
			rec.Reason = []string{"", "100% of it", "nothing"}[random.IntN(3)]
			if random.IntN(10) == 0 {
				rec.TenantID = "other"
			}
			rec.TimeUnixNano = time.Now().Add(-time.Duration(random.IntN(3600)) * time.Second).UnixNano()
			if random.IntN(20) == 0 {
				rec.TimeUnixNano = time.Now().Add(time.Hour).UnixNano()
			}
			require.Nil(t, rec.Normalize())
			list = append(list, events(t, rec)...)
			written++
		}
		write(t, w, list)
	}
}

// An export has the very lines that lists have, in the order of the log, for
// every filter.
func TestAnExportIsAListInTheOrderOfTheLog(t *testing.T) {
	db := storetest.NewDatabase(t)
	plantArbitrary(t, db, 3000)
	r := reader(t, db)
	now := time.Now()
	for name, filter := range map[string]store.Filter{
		"all":     {},
		"action":  {Action: "login"},
		"prefix":  {ActionPrefix: "invoice."},
		"outcome": {Outcome: record.OutcomeDenied},
		"window":  {Since: now.Add(-30 * time.Minute), Until: now.Add(-10 * time.Minute)},
		"reason":  {ReasonContains: "0%", Since: now.Add(-50 * time.Minute)},
		"nothing": {ActorID: "nobody at all"},
	} {
		t.Run(name, func(t *testing.T) {
			var want []store.StoredEvent
			for page := filter; ; {
				page.Limit = store.MaxLimit
				got, err := r.List(t.Context(), "acme", page)
				require.NoError(t, err)
				want = append(want, got.Events...)
				if page.Cursor = got.Next; page.Cursor == "" {
					break
				}
			}
			slices.SortFunc(want, func(a, b store.StoredEvent) int {
				return cmp.Or(cmp.Compare(a.Epoch, b.Epoch), cmp.Compare(a.Seq, b.Seq))
			})
			lines := make([]string, len(want))
			for i, event := range want {
				lines[i] = string(event.AppendJSON(nil))
			}
			got, gaps := exported(t, r, store.ExportOptions{Tenant: "acme", Filter: filter, Logs: extent(t, r, "acme")})
			require.Empty(t, gaps)
			require.Equal(t, lines, append([]string{}, got...))
		})
	}
}

// From wherever an export ended, another one goes on.
func TestAnExportGoesOnBehindAnyPlace(t *testing.T) {
	db := storetest.NewDatabase(t)
	plantArbitrary(t, db, 500)
	r := reader(t, db)
	splitLog(t, db, "acme", extent(t, r, "acme")[0].Size)
	logs := extent(t, r, "acme")
	require.Len(t, logs, 2)
	all, gaps := exported(t, r, store.ExportOptions{Tenant: "acme", Logs: logs})
	require.Empty(t, gaps)
	require.Len(t, all, int(logs[0].Size+logs[1].Size))
	for i := range all {
		epoch, seq := int32(0), int64(i)
		if seq >= logs[0].Size {
			epoch, seq = 1, seq-logs[0].Size
		}
		after := store.After(epoch, seq)
		rest, _ := exported(t, r, store.ExportOptions{Tenant: "acme", Logs: logs, After: &after})
		require.Equal(t, all[i+1:], append([]string{}, rest...))
	}
	for n := range 5 {
		at, err := r.LastEvents(t.Context(), store.ExportOptions{Tenant: "acme", Logs: logs, Now: time.Now}, n)
		require.NoError(t, err)
		if n == 0 {
			continue
		}
		rest, _ := exported(t, r, store.ExportOptions{Tenant: "acme", Logs: logs, After: &at})
		require.Equal(t, all[len(all)-n:], rest)
	}
	rare := store.ExportOptions{Tenant: "acme", Logs: logs, Now: time.Now, Filter: store.Filter{Action: "login"}}
	at, err := r.LastEvents(t.Context(), rare, 3)
	require.NoError(t, err)
	require.Equal(t, int32(1), at.Epoch)
	at, err = r.LastEvents(t.Context(), rare, 1000)
	require.NoError(t, err)
	require.Equal(t, int64(-1), at.Seq)
}

// What was recorded since a moment begins with a commit.
func TestAnExportBeginsWithWhatWasRecordedSince(t *testing.T) {
	db := storetest.NewDatabase(t)
	plantArbitrary(t, db, 2000)
	r := reader(t, db)
	logs := extent(t, r, "acme")
	all, err := r.List(t.Context(), "acme", store.Filter{Limit: store.MaxLimit})
	require.NoError(t, err)
	for _, event := range all.Events[:50] {
		for _, t0 := range []time.Time{event.RecordedAt, event.RecordedAt.Add(time.Microsecond), event.RecordedAt.Add(-time.Microsecond)} {
			at, err := r.Since(t.Context(), "acme", logs, t0)
			require.NoError(t, err)
			if after := event.RecordedAt.Before(t0); after {
				require.GreaterOrEqual(t, at.Seq, event.Seq)
			} else {
				require.Less(t, at.Seq, event.Seq)
			}
		}
	}
	at, err := r.Since(t.Context(), "acme", logs, time.Now().Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, store.End(logs), at)
	at, err = r.Since(t.Context(), "acme", logs, time.Unix(0, 0))
	require.NoError(t, err)
	require.Equal(t, int64(-1), at.Seq)
}

// What a prune takes away meanwhile is told as such; what is missing without a
// word is told, too.
func TestAnExportTellsWhatIsMissing(t *testing.T) {
	db := storetest.NewDatabase(t)
	plantArbitrary(t, db, 500)
	r := reader(t, db)
	logs := extent(t, r, "acme")
	size := logs[0].Size
	run := func(filter store.Filter, sql ...string) []store.Gap {
		t.Helper()
		super(t, db, sql...)
		_, gaps := exported(t, r, store.ExportOptions{Tenant: "acme", Filter: filter, Logs: logs})
		return gaps
	}
	require.Equal(t, []store.Gap{{From: 20, To: 23, Unstated: 3}},
		run(store.Filter{}, "DELETE FROM audit_events WHERE tenant_id = 'acme' AND seq IN (20, 21, 22)"))
	require.Equal(t, []store.Gap{{From: 20, To: 23, Unstated: 1}}, run(store.Filter{},
		`INSERT INTO audit_pruned_leaves (tenant_id, epoch, seq, recorded_at, leaf_hash)
			SELECT 'acme', 0, s, now(), sha256('x') FROM generate_series(21, 22) AS s`))
	require.Equal(t, []store.Gap{{From: 0, To: 100, Pruned: true}}, run(store.Filter{},
		"DELETE FROM audit_events WHERE tenant_id = 'acme' AND seq < 100",
		"INSERT INTO audit_prunes (tenant_id, epoch, size, cutoff, deleted) VALUES ('acme', 0, 100, now(), 100)"))
	require.Equal(t, []store.Gap{{From: 0, To: 100, Pruned: true, Estimated: true}}, run(store.Filter{Action: "login"}))
	require.Equal(t, []store.Gap{{From: 0, To: 100, Pruned: true}, {From: size - 1, To: size, Unstated: 1}},
		run(store.Filter{}, fmt.Sprintf("DELETE FROM audit_events WHERE tenant_id = 'acme' AND seq = %d", size-1)))
	logs = extent(t, r, "acme")
	require.Equal(t, int64(100), logs[0].Pruned)
	require.Equal(t, []store.Gap{{From: size - 1, To: size, Unstated: 1}}, run(store.Filter{}))
	require.Empty(t, run(store.Filter{Action: "login"}))
}

// A login that is bound to other tenants is told so; another tenant's events
// are nobody's.
func TestAnExportIsOneTenants(t *testing.T) {
	db := storetest.NewDatabase(t)
	plantArbitrary(t, db, 200)
	r := reader(t, db)
	_, err := r.Extent(t.Context(), "")
	var mistake *store.FilterError
	require.ErrorAs(t, err, &mistake)
	require.Empty(t, extent(t, r, "nobody"))
	got, _ := exported(t, r, store.ExportOptions{Tenant: "nobody", Logs: extent(t, r, "acme")})
	require.Empty(t, got)
	require.NoError(t, storetest.Cluster(t).Exec(t.Context(), db.Name,
		fmt.Sprintf("INSERT INTO audit_login_tenants (login, tenant_id) VALUES ('%s', 'other')", db.Login("reader"))))
	_, err = r.Extent(t.Context(), "acme")
	var refused *store.NotAdmittedError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, `"`+db.Login("reader")+`" is bound to other tenants than "acme"`, err.Error())
	require.NotEmpty(t, extent(t, r, "other"))
}

// super runs statements as a superuser to whom no trigger applies.
func super(t testing.TB, db *storetest.Database, statements ...string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), db.SuperURL)
	require.NoError(t, err)
	defer conn.Close(context.WithoutCancel(t.Context()))
	for _, sql := range append([]string{"SET session_replication_role = replica"}, statements...) {
		_, err := conn.Exec(t.Context(), sql)
		require.NoError(t, err, sql)
	}
}

// splitLog makes the second half of a tenant's log one of its own.
func splitLog(t testing.TB, db *storetest.Database, tenant string, size int64) {
	t.Helper()
	var half int64 // a commit's
	conn, err := pgx.Connect(t.Context(), db.SuperURL)
	require.NoError(t, err)
	defer conn.Close(context.WithoutCancel(t.Context()))
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT min(size) FROM audit_commits WHERE tenant_id = $1 AND size >= $2", tenant, size/2).Scan(&half))
	for _, sql := range []string{
		"UPDATE audit_events SET epoch = 1, seq = seq - %d WHERE tenant_id = '%s' AND seq >= %d",
		"UPDATE audit_commits SET epoch = 1, size = size - %[1]d, prev_size = prev_size - %[1]d WHERE tenant_id = '%s' AND prev_size >= %d",
	} {
		super(t, db, fmt.Sprintf(sql, half, tenant, half))
	}
}

// BenchmarkExport reads a log on one connection, with and without encoding it.
func BenchmarkExport(b *testing.B) {
	db := storetest.NewDatabase(b)
	w := newWriter(b, db.WriterURL)
	rec := recordtest.Typical()
	const total = 200_000
	var enc store.Encoder
	for i := 0; i < total; {
		var list []*store.Event
		for range 5000 {
			rec.EventID = fmt.Sprintf("0197a2b0-7c1e-7abc-9def-%012d", i)
			event, err := enc.Encode(rec, "")
			require.NoError(b, err)
			list = append(list, &event)
			i++
		}
		require.NoError(b, w.Write(b.Context(), list, make([]store.Outcome, len(list))))
	}
	super(b, db, "VACUUM (ANALYZE) audit_events")
	r, err := store.Connect(b.Context(), store.Options{URL: db.ReaderURL})
	require.NoError(b, err)
	defer r.Close()
	logs := extent(b, r, rec.TenantID)
	for _, encode := range []bool{false, true} {
		b.Run(fmt.Sprintf("encode=%t", encode), func(b *testing.B) {
			var out bytes.Buffer
			encoder := &store.RowEncoder{}
			page := &store.EventPage{}
			for range b.N {
				x, err := r.Export(store.ExportOptions{Tenant: rec.TenantID, Logs: logs, Now: time.Now})
				require.NoError(b, err)
				for {
					if _, err := x.Next(b.Context(), page); errors.Is(err, io.EOF) {
						break
					}
					require.NoError(b, err)
					out.Reset()
					for i := 0; encode && i < page.Len(); i++ {
						line, err := encoder.AppendJSON(out.AvailableBuffer(), page.Row(i))
						require.NoError(b, err)
						out.Write(line)
					}
				}
			}
			b.ReportMetric(float64(b.N*total)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
