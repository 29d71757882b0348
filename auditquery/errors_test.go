package auditquery_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/auditquery"
	"github.com/otelaudit/otelaudit/internal/retention/retentiontest"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// requireKind demands an exported error that no other one is taken for, and that
// no type in its chain is of an internal package.
func requireKind(t *testing.T, want, err error) {
	t.Helper()
	for _, kind := range []error{auditquery.ErrNotPermitted, auditquery.ErrNotMigrated, auditquery.ErrRefused, auditquery.ErrTimeout} {
		require.Equal(t, kind == want, errors.Is(err, kind), "%v: %v", kind, err) //nolint:errorlint // identity is the point
	}
	require.NotContains(t, fmt.Sprintf("%T", err), "store.")
	require.NotContains(t, fmt.Sprintf("%T", err), "access.")
}

func TestErrorsAreToldApart(t *testing.T) {
	db := storetest.NewDatabase(t)
	for name, url := range map[string]string{"writer": db.WriterURL, "operator": db.OperatorURL} {
		_, err := auditquery.Open(t.Context(), auditquery.Options{URL: url})
		requireKind(t, auditquery.ErrNotPermitted, err)
		require.ErrorContains(t, err, db.Login(name))
		require.ErrorContains(t, err, "GRANT audit_reader")
	}
	for _, url := range []string{db.ReaderURL, db.AuditorURL, db.PrunerURL} {
		open(t, auditquery.Options{URL: url})
	}
	_, err := auditquery.Open(t.Context(), auditquery.Options{URL: db.ReaderURL, Schema: "elsewhere"})
	requireKind(t, auditquery.ErrNotMigrated, err)
	_, err = auditquery.Open(t.Context(), auditquery.Options{URL: db.ReaderURL, MaxConnections: -1})
	var mistake *auditquery.FilterError
	require.ErrorAs(t, err, &mistake)
	require.Equal(t, "max_connections", mistake.Field)

	pruner := open(t, auditquery.Options{URL: db.PrunerURL})
	_, err = pruner.List(t.Context(), "acme", auditquery.Filter{})
	requireKind(t, auditquery.ErrNotPermitted, err)
	var server *pgconn.PgError
	require.ErrorAs(t, err, &server, "PostgreSQL's own error is there")
	_, err = open(t, auditquery.Options{URL: db.ReaderURL}).Prune(t.Context(), "acme", auditquery.PruneOptions{OlderThan: 48 * time.Hour})
	requireKind(t, auditquery.ErrNotPermitted, err)
}

func TestAPruneThatThePolicyForbidsIsRefused(t *testing.T) {
	h := retentiontest.New(t)
	h.Exec(`INSERT INTO audit_retention (tenant_id, keep_days) VALUES ('_default', 365)`)
	pruner := open(t, auditquery.Options{URL: h.DB.PrunerURL})
	_, err := pruner.PreviewPrune(t.Context(), "acme", auditquery.PruneOptions{OlderThan: 48 * time.Hour})
	requireKind(t, auditquery.ErrRefused, err)
	require.ErrorContains(t, err, "keeps 365 days")
}

// A statement that takes too long says what would take less.
func TestAQuestionThatTakesTooLongSaysHowToNarrowIt(t *testing.T) {
	db := storetest.NewDatabase(t)
	plantOne(t, db)
	config, err := pgxpool.ParseConfig(db.ReaderURL)
	require.NoError(t, err)
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	defer pool.Close()
	r := open(t, auditquery.Options{Pool: pool})
	stop := make(chan struct{})
	go cancelWhatWaits(t, db, stop)
	defer close(stop)
	conn, err := pgx.Connect(t.Context(), db.SuperURL)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	_, err = conn.Exec(t.Context(), "BEGIN; LOCK TABLE audit_events")
	require.NoError(t, err)
	_, err = r.List(t.Context(), "acme", auditquery.Filter{IP: "10.0.0.1"})
	requireKind(t, auditquery.ErrTimeout, err)
	require.ErrorContains(t, err, "narrow the question down with Since")
}

// cancelWhatWaits ends statements that wait for a lock as a timeout does.
func cancelWhatWaits(t *testing.T, db *storetest.Database, stop <-chan struct{}) {
	conn, err := pgx.Connect(t.Context(), db.SuperURL)
	if err != nil {
		return
	}
	defer func() { _ = conn.Close(t.Context()) }()
	for {
		select {
		case <-stop:
			return
		case <-time.After(20 * time.Millisecond):
			_, _ = conn.Exec(t.Context(), "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE usename = $1 AND wait_event_type = 'Lock'", db.Login("reader"))
		}
	}
}

func TestATraceIDIsHexadecimal(t *testing.T) {
	r := open(t, auditquery.Options{URL: storetest.NewDatabase(t).ReaderURL})
	for _, bad := range []string{"zz", "ab", "0123456789abcdef0123456789abcdeg"} {
		_, err := r.List(t.Context(), "acme", auditquery.Filter{TraceID: bad})
		var mistake *auditquery.FilterError
		require.ErrorAs(t, err, &mistake, bad)
		require.Equal(t, "trace_id", mistake.Field)
	}
	_, err := r.List(t.Context(), "acme", auditquery.Filter{TraceID: "0123456789ABCDEF0123456789abcdef"})
	require.NoError(t, err)
}

// What JSON keeps of an event is all of it.
func TestEventsSurviveJSON(t *testing.T) {
	db := storetest.NewDatabase(t)
	plantOne(t, db)
	r := open(t, auditquery.Options{URL: db.ReaderURL})
	event, err := r.Get(t.Context(), "acme", "e1")
	require.NoError(t, err)
	require.Equal(t, "alice", event.ActorID)
	text, err := json.Marshal(event)
	require.NoError(t, err)
	var again auditquery.Event
	require.NoError(t, json.Unmarshal(text, &again))
	require.Equal(t, event, again)
	timeline, err := r.Timeline(t.Context(), "acme", "c-1")
	require.NoError(t, err)
	timeline.Events[0].Depth, timeline.Events[0].CausedBy = 2, "e0"
	text, err = json.Marshal(timeline)
	require.NoError(t, err)
	var told auditquery.Timeline
	require.NoError(t, json.Unmarshal(text, &told))
	require.Equal(t, timeline, told)

	text, err = json.Marshal(auditquery.PrunePreview{Rows: 3, Partitions: []string{}, ByTenant: []auditquery.TenantPrune{}, Holds: []auditquery.PruneHold{}})
	require.NoError(t, err)
	require.JSONEq(t, `{"rows":3,"bytes":0,"batches":0,"held_back":0,"partitions":[],"by_tenant":[],"holds":[]}`, string(text))
	text, err = json.Marshal(auditquery.PruneResult{Deleted: 3})
	require.NoError(t, err)
	require.JSONEq(t, `{"deleted":3,"batches":0,"remaining":0,"held_back":0}`, string(text))
}
