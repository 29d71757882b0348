package auditquery_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/auditquery"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// reads are all calls, of a tenant.
func reads(t *testing.T, tenant string) map[string]func(*auditquery.Reader) error {
	t.Helper()
	ctx := t.Context()
	return map[string]func(*auditquery.Reader) error{
		"list": func(r *auditquery.Reader) error {
			_, err := r.List(ctx, tenant, auditquery.Filter{ActionPrefix: "log", Outcome: "ok", Limit: 7})
			return err
		},
		"show": func(r *auditquery.Reader) error {
			_, err := r.Get(ctx, tenant, "e1")
			return err
		},
		"count": func(r *auditquery.Reader) error {
			_, err := r.Count(ctx, tenant, auditquery.CountFilter{Since: time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC), ByPrefix: []string{"a", ""}})
			return err
		},
		"monthly": func(r *auditquery.Reader) error {
			_, err := r.MonthlyCounts(ctx, tenant, auditquery.MonthlyFilter{Months: 3})
			return err
		},
		"timeline": func(r *auditquery.Reader) error {
			_, err := r.Timeline(ctx, tenant, "c-1")
			return err
		},
	}
}

func execute(t *testing.T, url, statement string, arguments ...any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	_, err = conn.Exec(t.Context(), statement, arguments...)
	require.NoError(t, err)
}

// traces returns what stands in the outbox, oldest first: actor, action, target,
// filter and rows.
func traces(t *testing.T, db *storetest.Database) []string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), db.AuditorURL)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	rows, err := conn.Query(t.Context(), `SELECT concat_ws(' ', record #>> '{actor,id}', record ->> 'action', record ->> 'outcome',
		record #>> '{target,id}', record #>> '{payload,filter}', record #>> '{payload,rows}') FROM audit_outbox ORDER BY placed_at`)
	require.NoError(t, err)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return lines
}

func plantOne(t *testing.T, db *storetest.Database) {
	t.Helper()
	write(t, db.WriterURL, []*record.Record{{
		TenantID: "acme", EventID: "e1", Action: "login", Outcome: record.OutcomeSuccess, Actor: entity("user", "alice"),
		CorrelationID: "c-1", TimeUnixNano: time.Now().UnixNano(),
	}})
}

func TestEveryReadLeavesATraceOfWhoAsksForWhat(t *testing.T) {
	db := storetest.NewDatabase(t)
	plantOne(t, db)
	db.RequireTraces(t)
	r := open(t, auditquery.Options{URL: db.ReaderURL, Actor: "activity-page"})
	as := r.As("alice@example.com")
	calls := reads(t, "acme")
	for _, name := range []string{"list", "show", "count", "monthly", "timeline"} {
		require.NoError(t, calls[name](as), name)
	}
	_, err := r.Get(t.Context(), "acme", "nothing")
	require.ErrorIs(t, err, auditquery.ErrNotFound)
	require.Equal(t, []string{
		`alice@example.com audit.read.list success acme {"limit": "7", "outcome": "success", "action_prefix": "log"} 1`,
		`alice@example.com audit.read.show success acme {"event_id": "e1"} 1`,
		`alice@example.com audit.read.count success acme {"since": "2026-05-01T00:00:00Z", "by_prefix": ["a", ""]} 1`,
		`alice@example.com audit.read.monthly success acme {"months": "3"} 3`,
		`alice@example.com audit.read.timeline success acme {"correlation_id": "c-1"} 1`,
		`activity-page audit.read.show success acme {"event_id": "nothing"} 0`,
	}, traces(t, db))
}

// What the owner of the store says is asked at each read, so that a process that
// runs for months follows it.
func TestTheOwnerDecidesWhetherReadsLeaveTraces(t *testing.T) {
	db := storetest.NewDatabase(t)
	plantOne(t, db)
	db.RequireTraces(t)
	var untraced []error
	r := open(t, auditquery.Options{URL: db.ReaderURL, Untraced: func(err error) { untraced = append(untraced, err) }})
	calls := reads(t, "acme")
	execute(t, db.SuperURL, "ALTER TABLE audit_outbox ADD CONSTRAINT full_disk CHECK (false) NOT VALID")
	for name, call := range calls {
		err := call(r)
		var refused *auditquery.RefusedError
		require.ErrorAs(t, err, &refused, name)
		require.Equal(t, "audit.read."+name, refused.Action)
		require.ErrorContains(t, err, "refused, because the trace of this read")
	}
	require.Empty(t, untraced)
	mode := func(mode string) {
		execute(t, db.SuperURL, "INSERT INTO audit_access (login, mode, reason) VALUES ('', $1, 'test') ON CONFLICT (login) DO UPDATE SET mode = $1", mode)
	}
	mode("best_effort")
	for name, call := range calls {
		require.NoError(t, call(r), name)
	}
	require.Len(t, untraced, len(calls))
	mode("off")
	for name, call := range calls {
		require.NoError(t, call(r), name)
	}
	require.Len(t, untraced, len(calls))
	require.Empty(t, traces(t, db))
}

// Another tenant is found by no call, neither by a reader of all nor by a login
// that is bound to one.
func TestNoCallFindsAnotherTenant(t *testing.T) {
	db := storetest.NewDatabase(t)
	plantRandom(t, db, rand.New(rand.NewPCG(1, 2)))
	empty := func(r *auditquery.Reader, tenant string) {
		page, err := r.List(t.Context(), tenant, auditquery.Filter{})
		require.NoError(t, err)
		require.Equal(t, auditquery.Page{Events: []auditquery.Event{}}, page)
		counts, err := r.Count(t.Context(), tenant, auditquery.CountFilter{})
		require.NoError(t, err)
		require.Zero(t, counts.Count)
		require.NotNil(t, counts.ByPrefix)
		months, err := r.MonthlyCounts(t.Context(), tenant, auditquery.MonthlyFilter{Months: 12})
		require.NoError(t, err)
		for _, month := range months {
			require.Zero(t, month.Count)
		}
		timeline, err := r.Timeline(t.Context(), tenant, operations[0])
		require.NoError(t, err)
		require.Equal(t, auditquery.Timeline{CorrelationID: operations[0], Events: []auditquery.TimelineEvent{}}, timeline)
		require.Empty(t, timeline.Tree())
		for i := range 120 {
			_, err := r.Get(t.Context(), tenant, "e"+strconv.Itoa(i))
			require.ErrorIs(t, err, auditquery.ErrNotFound)
		}
	}
	r := open(t, auditquery.Options{URL: db.ReaderURL})
	empty(r, "initech")
	execute(t, db.SuperURL, "INSERT INTO audit_login_tenants (login, tenant_id) VALUES ($1, 'globex')", db.Login("reader"))
	for _, tenant := range []string{"acme", "initech", "nobody"} { // it is told of none whether there is such a tenant
		for name, call := range reads(t, tenant) {
			err := call(r)
			var bound *auditquery.NotAdmittedError
			require.ErrorAs(t, err, &bound, name)
			require.Equal(t, auditquery.NotAdmittedError{Login: db.Login("reader"), Tenant: tenant}, *bound)
			require.EqualError(t, err, fmt.Sprintf("%q is bound to other tenants than %q", bound.Login, tenant))
		}
	}
	page, err := r.List(t.Context(), "globex", auditquery.Filter{})
	require.NoError(t, err)
	require.NotEmpty(t, page.Events)
}

// What the database refuses leaves a trace, too.
func TestARefusedReadLeavesATrace(t *testing.T) {
	db := storetest.NewDatabase(t)
	plantOne(t, db)
	db.RequireTraces(t)
	execute(t, db.SuperURL, "INSERT INTO audit_login_tenants (login, tenant_id) VALUES ($1, 'globex')", db.Login("reader"))
	r := open(t, auditquery.Options{URL: db.ReaderURL, Actor: "alice"})
	calls := reads(t, "acme")
	for name, call := range calls {
		require.Error(t, call(r), name)
	}
	require.Len(t, traces(t, db), len(calls))
	for _, outcome := range column(t, db, "SELECT DISTINCT record ->> 'outcome' FROM audit_outbox") {
		require.Equal(t, "denied", outcome)
	}
	_, err := r.PreviewPrune(t.Context(), "acme", auditquery.PruneOptions{})
	require.Error(t, err)
	require.Equal(t, []string{"denied"}, column(t, db, "SELECT record ->> 'outcome' FROM audit_outbox WHERE record ->> 'action' = 'audit.read.preview'"))

	_, err = r.As("al\x00ice").List(t.Context(), "globex", auditquery.Filter{})
	require.EqualError(t, err, "actor: is not valid UTF-8 text without U+0000")
	_, err = r.List(t.Context(), strings.Repeat("x", 513), auditquery.Filter{})
	require.EqualError(t, err, "tenant: has 513 bytes, and no tenant has more than 512")
}

func column(t *testing.T, db *storetest.Database, query string) []string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), db.SuperURL)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.WithoutCancel(t.Context()))) }()
	rows, err := conn.Query(t.Context(), query)
	require.NoError(t, err)
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return found
}

func TestWhatCannotBeMeantIsAFilterError(t *testing.T) {
	db := storetest.NewDatabase(t)
	r := open(t, auditquery.Options{URL: db.ReaderURL})
	now := time.Date(2026, 5, 6, 0, 0, 0, 0, time.UTC)
	list := func(f auditquery.Filter) func() error {
		return func() error {
			_, err := r.List(t.Context(), "acme", f)
			return err
		}
	}
	for message, call := range map[string]func() error{
		"limit: want 1 to 1000, found 1001":                                              list(auditquery.Filter{Limit: 1001}),
		"limit: want 1 to 1000, found -1":                                                list(auditquery.Filter{Limit: -1}),
		"outcome: is none of success, failure, denied and unknown, and no alias of them": list(auditquery.Filter{Outcome: "great"}),
		"until: 2026-05-05T00:00:00Z is before since, 2026-05-06T00:00:00Z":              list(auditquery.Filter{Since: now, Until: now.AddDate(0, 0, -1)}),
		"action: is not valid UTF-8 text without U+0000":                                 list(auditquery.Filter{Action: "a\x00"}),
		"reason_contains: needs since: every event from there on is searched":            list(auditquery.Filter{ReasonContains: "x"}),
		"months: want 1 to 120, found 121": func() error {
			_, err := r.MonthlyCounts(t.Context(), "acme", auditquery.MonthlyFilter{Months: 121})
			return err
		},
		"correlation_id: is required: a timeline is that of one operation": func() error {
			_, err := r.Timeline(t.Context(), "acme", "")
			return err
		},
		"event_id: is not valid UTF-8 text without U+0000": func() error {
			_, err := r.Get(t.Context(), "acme", "\xff")
			return err
		},
	} {
		err := call()
		var mistake *auditquery.FilterError
		require.ErrorAs(t, err, &mistake, message)
		require.EqualError(t, err, message)
	}
	for name, call := range reads(t, "") {
		err := call(r)
		var mistake *auditquery.FilterError
		require.ErrorAs(t, err, &mistake, name)
		require.Equal(t, "tenant", mistake.Field)
	}
	require.ErrorIs(t, list(auditquery.Filter{Cursor: "nonsense"})(), auditquery.ErrCursor)
}

func TestACallersPoolStaysOpen(t *testing.T) {
	db := storetest.NewDatabase(t)
	plantOne(t, db)
	db.RequireTraces(t)
	pool, err := pgxpool.New(t.Context(), db.ReaderURL)
	require.NoError(t, err)
	defer pool.Close()
	r, err := auditquery.Open(t.Context(), auditquery.Options{Pool: pool})
	require.NoError(t, err)
	for range 10 { // PostgreSQL thinks about a plan for all values at the sixth
		for name, call := range reads(t, "acme") {
			require.NoError(t, call(r), name)
		}
	}
	r.Close()
	var tenant string
	require.NoError(t, pool.QueryRow(t.Context(), "SELECT coalesce(current_setting('audit.tenant', true), '')").Scan(&tenant))
	require.Empty(t, tenant, "nothing stays on the caller's connection")
}

func TestOpenSaysWhatIsMissingAndNoSecret(t *testing.T) {
	db := storetest.NewDatabase(t)
	_, err := auditquery.Open(t.Context(), auditquery.Options{URL: db.NobodyURL})
	require.ErrorContains(t, err, "GRANT audit_reader")
	_, err = auditquery.Open(t.Context(), auditquery.Options{URL: db.ReaderURL, Schema: "nowhere"})
	require.ErrorContains(t, err, `schema "nowhere" has no audit tables`)
	_, err = auditquery.Open(t.Context(), auditquery.Options{URL: "postgres://u:s3cret@127.0.0.1:1/x"})
	require.Error(t, err)
	for ; err != nil; err = errors.Unwrap(err) {
		require.NotContains(t, err.Error(), "s3cret")
	}
	_, err = auditquery.Open(t.Context(), auditquery.Options{URL: strings.Repeat("x", 9)})
	require.Error(t, err)
}

// A question too long for a trace is cut there, and not refused.
func TestALongQuestionLeavesTheTraceOfItsBeginning(t *testing.T) {
	db := storetest.NewDatabase(t)
	plantOne(t, db)
	db.RequireTraces(t)
	r := open(t, auditquery.Options{URL: db.ReaderURL})
	prefixes := make([]string, 1000)
	for i := range prefixes {
		prefixes[i] = strconv.Itoa(i) + strings.Repeat("\"ü\\", 40)
	}
	counts, err := r.Count(t.Context(), "acme", auditquery.CountFilter{ByPrefix: prefixes})
	require.NoError(t, err)
	require.Len(t, counts.ByPrefix, 1000)
	trace := traces(t, db)
	require.Len(t, trace, 1)
	require.Contains(t, trace[0], `{"bytes": "`)
	require.Contains(t, trace[0], `{\"by_prefix\":[\"0`)
}
