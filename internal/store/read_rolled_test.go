package store_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// growing is a store that is written, rolled up and pruned by turns.
type growing struct {
	small
	db      *storetest.Database
	random  *rand.Rand
	clock   time.Time // recorded_at of the next commit
	heads   map[string]int64
	epochs  map[string]int32
	written int
}

// TestCountsAreExactHoweverOldTheRollupsAre writes, rolls up and removes in any
// order, and compares with looking at all events after each step.
func TestCountsAreExactHoweverOldTheRollupsAre(t *testing.T) {
	db := storetest.NewDatabase(t)
	execute(t, db.WriterURL, "SELECT audit_ensure_month(now() - interval '1 month')")
	rollFromTheFirstEventOn(t, db)
	random := rand.New(rand.NewPCG(9, 10))
	now := time.Now().UTC().Truncate(time.Microsecond)
	g := &growing{
		small: small{now: now}, db: db, random: random, heads: map[string]int64{}, epochs: map[string]int32{},
		clock: time.Date(now.Year(), now.Month()-1, 1, 0, 0, 0, 0, time.UTC),
	}
	r := connect(t, db.ReaderURL)
	rolled := int64(0)
	for range 120 {
		switch random.IntN(6) {
		case 0:
			g.remove(t)
		case 1, 2:
			rolled += g.roll(t, random.Int64N(40)+1, random.IntN(3)+1)
		default:
			g.commit(t)
		}
		for range 3 {
			tenant := []string{"acme", "globex", "initech"}[random.IntN(3)]
			f := g.someFilter(random)
			found, err := r.Count(t.Context(), tenant, f)
			require.NoError(t, err)
			require.Equal(t, g.count(tenant, f), found, "%s %+v", tenant, f)
			requireMonths(t, &g.small, r, tenant, 1+random.IntN(4), f.Prefixes)
		}
	}
	require.Greater(t, rolled, int64(100))
	for g.roll(t, 1000, 100) > 0 { //nolint:revive // until nothing is left
	}
	require.Equal(t, g.naive(), g.rollups(t), "audit_counts holds each event once")
}

// rollFromTheFirstEventOn lets a test of a few hundred events roll up: a real
// store waits until that is worth while.
func rollFromTheFirstEventOn(t *testing.T, db *storetest.Database) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), db.SuperURL)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	var before, after string
	const definition = "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = 'audit_roll_counts'"
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT d, replace(d, 'bigint := 10000;', 'bigint := 1;') FROM ("+definition+") AS f (d)").Scan(&before, &after))
	require.NotEqual(t, before, after)
	_, err = conn.Exec(t.Context(), after)
	require.NoError(t, err)
}

// commit stores a few events of one tenant as one transaction would.
func (g *growing) commit(t *testing.T) {
	t.Helper()
	pick := func(words ...string) string { return words[g.random.IntN(len(words))] }
	tenant := pick("acme", "acme", "globex")
	if g.heads[tenant] > 0 && g.random.IntN(15) == 0 {
		g.epochs[tenant] += int32(1 + g.random.IntN(2))
		g.heads[tenant] = 0
	}
	left := g.now.Sub(g.clock)
	g.clock = g.clock.Add(time.Duration(g.random.Int64N(int64(left/15) + 1))).Truncate(time.Microsecond)
	head, epoch := g.heads[tenant], g.epochs[tenant]
	n := int64(1 + g.random.IntN(12))
	var events []placed
	for i := range n {
		at := g.clock.Add(-time.Duration(g.random.Int64N(int64(50 * time.Hour)))) // events come out of order
		if g.random.IntN(20) == 0 {
			at = g.now.AddDate(70, 0, 0)
		}
		g.written++
		events = append(events, placed{seq: head + i, epoch: epoch, recordedAt: g.clock, rec: &record.Record{
			TenantID: tenant, EventID: fmt.Sprintf("%s-%d", tenant, g.written), TimeUnixNano: at.UnixNano(), Outcome: record.OutcomeSuccess,
			Action: pick("order", "order.refund", "orders.list", "login", "Order", "order\U0010FFFFx", "zahl\uD7FFung"),
		}})
	}
	plant(t.Context(), t, g.db.WriterURL, events)
	execute(t, g.db.WriterURL, fmt.Sprintf("INSERT INTO audit_commits (tenant_id, epoch, size, prev_size, recorded_at) VALUES ('%s', %d, %d, %d, '%s')",
		tenant, epoch, head+n, head, g.clock.Format(time.RFC3339Nano)))
	g.heads[tenant] = head + n
	g.events = append(g.events, events...)
}

func (g *growing) roll(t *testing.T, events int64, tenants int) (rolled int64) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), g.db.WriterURL)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT audit_roll_counts($1, $2)", events, tenants).Scan(&rolled))
	return rolled
}

// remove takes the oldest events of a tenant away, as a removal by retention
// does: what is rolled up of them is taken off in the same transaction.
func (g *growing) remove(t *testing.T) {
	t.Helper()
	if len(g.events) == 0 {
		return
	}
	last := g.events[g.random.IntN(1+len(g.events)/4)]
	conn, err := pgx.Connect(t.Context(), g.db.SuperURL)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	tenant := last.rec.TenantID
	_, err = conn.Exec(t.Context(), fmt.Sprintf(`
		BEGIN;
		SET LOCAL ROLE audit_owner;
		SET LOCAL audit.pruning = 'on';
		SET LOCAL timezone = 'UTC';
		CREATE TEMPORARY TABLE gone ON COMMIT DROP AS SELECT NULL::timestamptz AS event_time, NULL::timestamptz AS recorded_at, ''::text AS action, 0::bigint AS seq LIMIT 0;
		DO $$
		DECLARE
			counted constant bigint := audit_lock_counts('%[1]s', %[2]d);
			partition regclass;
		BEGIN
			FOR partition IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'audit_events'::regclass LOOP
				EXECUTE format('WITH d AS (DELETE FROM %%s WHERE tenant_id = ''%[1]s'' AND epoch = %[2]d AND seq <= %[3]d RETURNING event_time, recorded_at, action, seq)
					INSERT INTO gone SELECT * FROM d', partition);
			END LOOP;
			WITH taken AS (SELECT event_time::date AS day, action, date_trunc('month', recorded_at)::date AS month, count(*) AS n FROM gone WHERE seq < counted GROUP BY 1, 2, 3),
				emptied AS (DELETE FROM audit_counts c USING taken t WHERE c.tenant_id = '%[1]s' AND c.day = t.day AND c.action = t.action AND c.month = t.month AND c.events = t.n)
			UPDATE audit_counts c SET events = c.events - t.n FROM taken t
			WHERE c.tenant_id = '%[1]s' AND c.day = t.day AND c.action = t.action AND c.month = t.month AND c.events <> t.n;
		END $$;
		COMMIT`, tenant, last.epoch, last.seq))
	require.NoError(t, err)
	g.events = slices.DeleteFunc(g.events, func(e placed) bool {
		return e.rec.TenantID == tenant && e.epoch == last.epoch && e.seq <= last.seq
	})
}

func (g *growing) naive() map[string]int64 {
	counts := map[string]int64{}
	for _, e := range g.events {
		counts[fmt.Sprint(e.rec.TenantID, e.eventTime().Format(" 2006-01-02 "), e.rec.Action, e.recordedAt.Format(" 2006-01-")+"01")]++
	}
	return counts
}

func (g *growing) rollups(t *testing.T) map[string]int64 {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), g.db.AuditorURL)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	rows, err := conn.Query(t.Context(), "SELECT tenant_id, day, action, month, events FROM audit_counts")
	require.NoError(t, err)
	counts := map[string]int64{}
	var tenant, action string
	var day, month time.Time
	var events int64
	_, err = pgx.ForEachRow(rows, []any{&tenant, &day, &action, &month, &events}, func() error {
		counts[fmt.Sprint(tenant, day.Format(" 2006-01-02 "), action, month.Format(" 2006-01-02"))] = events
		return nil
	})
	require.NoError(t, err)
	return counts
}
