package store

import (
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
FROM generate_series(0, 29999) AS n`

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
				require.NotContains(t, plan, "Seq Scan on audit_events_"+month, "%s:\n%s", direction, plan)
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
