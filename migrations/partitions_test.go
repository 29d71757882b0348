package migrations_test

import (
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// months returns the first instants of the months around the server's, UTC.
func months(t *testing.T, conn *pgx.Conn, first, last int) []time.Time {
	t.Helper()
	return column[time.Time](t, conn, `
		SELECT (date_trunc('month', now() AT TIME ZONE 'UTC') + n * interval '1 month') AT TIME ZONE 'UTC' FROM generate_series($1::int, $2) n`, first, last)
}

func bounds(t *testing.T, conn *pgx.Conn) []string {
	t.Helper()
	return column[string](t, conn, `
		SELECT c.relname || ' ' || pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
		WHERE i.inhparent = 'audit_events'::regclass ORDER BY 1`)
}

func TestEnsureMonth(t *testing.T) {
	db := storetest.NewDatabase(t)
	// A zone where the month turns half a day before UTC's.
	writer := connect(t, db.WriterURL)
	_, err := writer.Exec(t.Context(), "SET timezone = 'Pacific/Auckland'")
	require.NoError(t, err)
	utc := connect(t, db.SuperURL)
	_, err = utc.Exec(t.Context(), "SET timezone = 'UTC'")
	require.NoError(t, err)
	around := months(t, writer, -2, 3)
	require.Len(t, bounds(t, utc), 3, "the migration made this month and two ahead")

	for _, allowed := range around[1:5] {
		for _, at := range []time.Time{allowed, allowed.AddDate(0, 1, 0).Add(-time.Microsecond)} {
			require.Equal(t, []string{"audit_events_" + allowed.UTC().Format("2006_01")}, column[string](t, writer, "SELECT audit_ensure_month($1)", at))
		}
	}
	var want []string
	for _, first := range around[1:5] {
		want = append(want, "audit_events_"+first.UTC().Format("2006_01")+" FOR VALUES FROM ('"+first.UTC().Format("2006-01-02 15:04:05+00")+
			"') TO ('"+first.UTC().AddDate(0, 1, 0).Format("2006-01-02 15:04:05+00")+"')")
	}
	require.Equal(t, want, bounds(t, utc))

	for _, outside := range []string{
		"'" + around[1].Add(-time.Microsecond).Format(time.RFC3339Nano) + "'", "'" + around[5].Format(time.RFC3339Nano) + "'", "NULL", "'infinity'", "'-infinity'",
	} {
		state, message := attempt(t, writer, "SELECT audit_ensure_month("+outside+")")
		require.Equal(t, "55000", state, message)
		require.Contains(t, message, "is not within one month before and two months after the current one")
	}
	require.Equal(t, want, bounds(t, utc))
}

func TestEnsureMonthInParallel(t *testing.T) {
	db := storetest.NewDatabase(t)
	var all sync.WaitGroup
	failed := make([]error, 8)
	for i := range failed {
		conn := connect(t, db.WriterURL)
		all.Go(func() { _, failed[i] = conn.Exec(t.Context(), "SELECT audit_ensure_month(now() - interval '1 month')") })
	}
	all.Wait()
	for _, err := range failed {
		require.NoError(t, err)
	}
	require.Len(t, bounds(t, connect(t, db.SuperURL)), 4)
}

// A table of that name that is not ours must not become part of the store.
func TestEnsureMonthRefusesASquatter(t *testing.T) {
	db := storetest.NewDatabase(t)
	super := connect(t, db.SuperURL)
	name := "audit_events_" + months(t, super, -1, -1)[0].UTC().Format("2006_01")
	_, err := super.Exec(t.Context(), "CREATE TABLE "+name+" (LIKE audit_events)")
	require.NoError(t, err)
	state, message := attempt(t, connect(t, db.WriterURL), "SELECT audit_ensure_month(now() - interval '1 month')")
	require.Equal(t, "55000", state)
	require.Contains(t, message, "table public."+name+" exists and is not a partition of audit_events")
}

// event_time is exact to the microsecond and never later than recorded_at.
func TestEventTime(t *testing.T) {
	db := storetest.NewDatabase(t)
	conn := connect(t, db.SuperURL)
	recordedAt := column[time.Time](t, conn, "SELECT date_trunc('second', now()) + interval '123456 microseconds'")[0].UTC()
	for name, test := range map[string]struct {
		nano, observed any
		want           time.Time
	}{
		"none":                {nil, nil, recordedAt},
		"observed":            {nil, recordedAt.Add(-time.Hour).UnixNano(), recordedAt.Add(-time.Hour)},
		"time over observed":  {recordedAt.Add(-2 * time.Hour).UnixNano(), recordedAt.UnixNano(), recordedAt.Add(-2 * time.Hour)},
		"nanoseconds are cut": {recordedAt.UnixNano() - 1, nil, recordedAt.Add(-time.Microsecond)},
		"future":              {recordedAt.AddDate(73, 0, 0).UnixNano(), nil, recordedAt},
		"largest":             {int64(1<<63 - 1), nil, recordedAt},
		"1970":                {int64(1), nil, time.Unix(0, 0).UTC()},
		"exact":               {int64(1_767_225_599_999_999_999), nil, time.UnixMicro(1_767_225_599_999_999).UTC()},
	} {
		t.Run(name, func(t *testing.T) {
			tx, err := conn.Begin(t.Context())
			require.NoError(t, err)
			defer func() { require.NoError(t, tx.Rollback(t.Context())) }()
			var got time.Time
			require.NoError(t, tx.QueryRow(t.Context(), `
				INSERT INTO audit_events_`+recordedAt.Format("2006_01")+` (seq, recorded_at, time_unix_nano, observed_time_unix_nano, epoch, tenant_id, event_id, action, outcome, leaf_hash)
				VALUES (0, $1, $2, $3, 0, 'acme', 'e', 'a', 'success', sha256('')) RETURNING event_time`, recordedAt, test.nano, test.observed).Scan(&got))
			require.Equal(t, test.want, got.UTC())
		})
	}
}
