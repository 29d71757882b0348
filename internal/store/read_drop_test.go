package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// between does something once, before the first statement with a text.
type between struct {
	text string
	do   func()
	done bool
}

func (b *between) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	if !b.done && strings.Contains(q.SQL, b.text) {
		b.done = true
		b.do()
	}
	return ctx
}

func (*between) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// A month that is dropped between the statements of a count is in none or in all
// of its numbers: dropping waits for the count, and gives up soon.
func TestACountIsOfOneMomentWhileAMonthIsDropped(t *testing.T) {
	db := storetest.NewDatabase(t)
	now := time.Now().UTC().Truncate(time.Microsecond)
	lastMonth := now.AddDate(0, 0, -now.Day())
	execute(t, db.WriterURL, "SELECT audit_ensure_month(now() - interval '1 month')")
	rollFromTheFirstEventOn(t, db)
	const events = 5 // of each month
	for i, at := range []time.Time{lastMonth, now} {
		var commit []placed
		for n := range events {
			commit = append(commit, placed{seq: int64(i*events + n), recordedAt: at, rec: &record.Record{
				TenantID: "acme", EventID: fmt.Sprintf("%d-%d", i, n), TimeUnixNano: at.UnixNano(), Outcome: record.OutcomeSuccess, Action: "login",
			}})
		}
		plant(t.Context(), t, db.WriterURL, commit)
		execute(t, db.WriterURL, fmt.Sprintf("INSERT INTO audit_commits (tenant_id, epoch, size, prev_size, recorded_at) VALUES ('acme', 0, %d, %d, '%s')",
			(i+1)*events, i*events, at.Format(time.RFC3339Nano)))
		if i == 0 {
			execute(t, db.WriterURL, "SELECT audit_roll_counts(1000, 100)")
		}
	}
	config, err := pgxpool.ParseConfig(db.ReaderURL)
	require.NoError(t, err)
	month := store.PartitionName(lastMonth)
	var dropped error
	tracer := &between{done: true, do: func() { dropped = dropPartition(t, db, month) }}
	config.ConnConfig.Tracer = tracer
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	r, err := store.Connect(t.Context(), store.Options{Pool: pool})
	require.NoError(t, err)
	for _, text := range []string{".audit_counted AS", ".audit_counts AS", ".audit_events AS"} {
		tracer.text, tracer.done, dropped = text, false, nil
		// The first half of the last month's day is rolled up and taken off again.
		found, err := r.Count(t.Context(), "acme", store.CountFilter{Since: lastMonth.Truncate(24 * time.Hour).Add(time.Microsecond)})
		require.NoError(t, err)
		require.EqualValues(t, 2*events, found.Total, text)
		server := (*pgconn.PgError)(nil)
		require.ErrorAs(t, dropped, &server, text)
		require.Equal(t, "55P03", server.Code, "lock_not_available")
	}
	require.NoError(t, dropPartition(t, db, month), "once no count runs")
}

// dropPartition does what a prune of a month does at its end.
func dropPartition(t *testing.T, db *storetest.Database, name string) error {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), db.SuperURL)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	for _, statement := range []string{
		"SET lock_timeout = '200ms'", "BEGIN", "LOCK TABLE audit_events",
		"ALTER TABLE audit_events DETACH PARTITION " + name, "DROP TABLE " + name, "COMMIT",
	} {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			return err
		}
	}
	return nil
}
