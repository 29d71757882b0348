package store

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/pgurl"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// manyEvents fills this month with a tenant that has nearly everything, so that
// reading its rows one by one would show.
const manyEvents = `
INSERT INTO audit_events_MONTH (seq, recorded_at, epoch, tenant_id, event_id, action, outcome, actor, target, context, correlation_id, causation_id, trace_id, leaf_hash)
SELECT n, now(), 0, CASE WHEN n % 10 = 0 THEN 'small-' || n % 7 ELSE 'big' END, 'e' || n, 'action-' || n % 50, CASE WHEN n % 40 = 0 THEN 'denied' ELSE 'success' END,
	jsonb_build_object('type', 'user', 'id', 'u' || n % 500), jsonb_build_object('type', 'order', 'id', 'o' || n % 9000), '{"ip":"::1"}',
	'c' || n / 4, CASE WHEN n % 5 = 0 THEN 'r' || n / 9 END, md5(n::text), sha256('')
FROM generate_series(0, 59999) AS n`

// Under row-level security a condition that is not leakproof never reaches an
// index; the plan of every list that people page through must not read a tenant
// from end to end, nor sort it.
func TestListsAreReadFromAnIndex(t *testing.T) {
	db := storetest.NewDatabase(t)
	super, err := pgx.Connect(t.Context(), db.SuperURL)
	require.NoError(t, err)
	defer func() { require.NoError(t, super.Close(t.Context())) }()
	var month string
	require.NoError(t, super.QueryRow(t.Context(), "SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')").Scan(&month))
	_, err = super.Exec(t.Context(), strings.Replace(manyEvents, "MONTH", month, 1)+"; ANALYZE")
	require.NoError(t, err)

	config, err := pgurl.Parse(db.ReaderURL, "test")
	require.NoError(t, err)
	reader, err := pgx.ConnectConfig(t.Context(), config)
	require.NoError(t, err)
	defer func() { require.NoError(t, reader.Close(t.Context())) }()
	_, err = reader.Exec(t.Context(), "SET audit.tenant = 'big'")
	require.NoError(t, err)

	sql := newReadQueries("public")
	now := time.Now()
	after := &position{eventTime: now, seq: 20_000}
	for name, test := range map[string]struct {
		filter Filter
		after  *position
		cond   string // of an index
	}{
		"all":               {Filter{}, nil, `tenant_id = `},
		"next page":         {Filter{}, after, `ROW\(event_time, seq\) <= `},
		"action":            {Filter{Action: "action-7"}, nil, `action = 'action-7'`},
		"action, next page": {Filter{Action: "action-7"}, after, `action = 'action-7'.*ROW\(event_time, seq\) <= `},
		"rare prefix":       {Filter{ActionPrefix: "none"}, nil, `action >= 'none'.*action < 'nonf'`},
		"actor":             {Filter{ActorType: "user", ActorID: "u7"}, nil, `actor_id = 'u7'`},
		"actor type":        {Filter{ActorType: "none"}, nil, `actor_type = 'none'`},
		"actor type, page":  {Filter{ActorType: "user"}, after, `ROW\(event_time, seq\) <= `},
		"target type":       {Filter{TargetType: "none"}, nil, `target_type = 'none'`},
		"reason":            {Filter{ReasonContains: "x", Since: now.Add(-time.Hour), Until: now.Add(-time.Minute)}, nil, `event_time >= .*event_time < `},
		"denied, prefix":    {Filter{Outcome: "denied", ActionPrefix: "action"}, nil, `outcome = 'denied'`},
		"target":            {Filter{TargetType: "order", TargetID: "o7"}, nil, `target_id = 'o7'`},
		"correlation":       {Filter{CorrelationID: "c7"}, nil, `correlation_id = 'c7'`},
		"causation":         {Filter{CausationID: "r7"}, nil, `causation_id = 'r7'`},
		"denials":           {Filter{Outcome: "denied"}, nil, `outcome = 'denied'`},
		"window":            {Filter{Since: now.Add(-time.Hour), Until: now.Add(-time.Minute)}, nil, `event_time >= .*event_time < `},
		"window of a trace": {Filter{Since: now.Add(-time.Hour), Until: now.Add(-time.Minute), TraceID: "x"}, nil, `event_time >= .*event_time < `},
	} {
		t.Run(name, func(t *testing.T) {
			for direction, query := range map[string]string{"newest": sql.listNewest, "oldest": sql.listOldest} {
				rows, err := reader.Query(t.Context(), "EXPLAIN "+query, listArguments("big", &test.filter, test.after)...)
				require.NoError(t, err)
				lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
				require.NoError(t, err)
				plan := strings.Join(lines, "\n")
				cond := test.cond
				if direction == "oldest" {
					cond = strings.ReplaceAll(cond, "<= ", ">= ")
				}
				require.Regexp(t, `(Index|Recheck) Cond: .*`+cond, plan)
				requireNothingWhole(t, plan, month)
			}
		})
	}
	t.Run("since leaves months out", func(t *testing.T) {
		f := Filter{Since: now.AddDate(0, 1, 0)}
		rows, err := reader.Query(t.Context(), "EXPLAIN "+sql.listNewest, listArguments("big", &f, nil)...)
		require.NoError(t, err)
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		require.NotContains(t, strings.Join(lines, "\n"), "audit_events_"+month)
	})
}

// requireNothingWhole checks that a plan reads no filled table from end to end
// and sorts no more than what a page or a rare value has.
func requireNothingWhole(t *testing.T, plan, month string) {
	t.Helper()
	require.NotContains(t, plan, "Seq Scan on audit_events_"+month, plan)
	require.NotContains(t, plan, "Seq Scan on audit_count", plan)
	for _, sort := range regexp.MustCompile(`-> {2}Sort .*rows=(\d+)`).FindAllStringSubmatch(plan, -1) {
		rows, err := strconv.Atoi(sort[1])
		require.NoError(t, err)
		require.Less(t, rows, 5000, plan)
	}
}

// Counting reads the rollups and, by position or by time, the few events that
// they do not answer for.
func TestCountsAreReadFromAnIndex(t *testing.T) {
	db := storetest.NewDatabase(t)
	super, err := pgx.Connect(t.Context(), db.SuperURL)
	require.NoError(t, err)
	defer func() { require.NoError(t, super.Close(t.Context())) }()
	var month string
	require.NoError(t, super.QueryRow(t.Context(), "SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')").Scan(&month))
	_, err = super.Exec(t.Context(), strings.Replace(manyEvents, "MONTH", month, 1)+`;
		INSERT INTO audit_counted (tenant_id, epoch, size) SELECT CASE n WHEN 0 THEN 'big' ELSE 'small-' || n END, 0, 59000 FROM generate_series(0, 999) AS n;
		INSERT INTO audit_counts (tenant_id, day, action, month, events)
			SELECT CASE n % 2 WHEN 0 THEN 'big' ELSE 'small' END, now()::date - n / 50, 'action-' || n % 50, date_trunc('month', now()), 12 FROM generate_series(0, 9999) AS n;
		ANALYZE`)
	require.NoError(t, err)
	config, err := pgurl.Parse(db.ReaderURL, "test")
	require.NoError(t, err)
	reader, err := pgx.ConnectConfig(t.Context(), config)
	require.NoError(t, err)
	defer func() { require.NoError(t, reader.Close(t.Context())) }()
	_, err = reader.Exec(t.Context(), "SET audit.tenant = 'big'; SET enable_seqscan = off")
	require.NoError(t, err)

	sql := newReadQueries("public")
	now := time.Now()
	first, beyond := []string{"", "order"}, []string{"", "ordes"}
	for name, test := range map[string]struct {
		query     string
		arguments []any
		cond      string // of an index
	}{
		"how far":    {sql.counted, []any{"big"}, `tenant_id = 'big'`},
		"rolled up":  {sql.countsRolled, []any{"big", first, beyond, now.AddDate(0, 0, -30), now}, `tenant_id = 'big'.*day >= .*day < `},
		"came after": {sql.countsEvents, []any{"big", first, beyond, nil, nil, 0, nil, nil, 59_000, nil}, `epoch = 0.*seq >= `},
		"new epochs": {sql.countsEvents, []any{"big", first, beyond, nil, nil, nil, 1, nil, nil, nil}, `epoch >= 1`},
		"cut day":    {sql.countsEvents, []any{"big", first, beyond, now.Add(-time.Hour), now.Add(-time.Minute), 0, nil, nil, nil, 59_000}, `event_time >= .*event_time < `},
	} {
		t.Run(name, func(t *testing.T) {
			rows, err := reader.Query(t.Context(), "EXPLAIN "+test.query, test.arguments...)
			require.NoError(t, err)
			lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
			require.NoError(t, err)
			plan := strings.Join(lines, "\n")
			require.Regexp(t, `(Index|Recheck) Cond: .*`+test.cond, plan)
			requireNothingWhole(t, plan, month)
		})
	}
}
