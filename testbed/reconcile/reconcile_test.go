package reconcile

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/pglocal"
	"github.com/otelaudit/otelaudit/testbed/database"
	"github.com/otelaudit/otelaudit/testbed/loadgen"
)

// good is a consistent store: two tenants, two commits of the first.
const good = `
	INSERT INTO audit_events (tenant_id, epoch, seq, recorded_at, event_id, action, outcome, target, leaf_hash)
	SELECT t, 0, s, date_trunc('month', now()) + (s / 2) * interval '1 second', t || '-' || s, 'a', 'success', jsonb_build_object('id', 'lg-' || t || '-' || lpad(s::text, 7, '0')), sha256('x')
	  FROM (VALUES ('one', 4), ('two', 1)) v (t, n), generate_series(0, n - 1) s;
	INSERT INTO audit_event_ids (tenant_id, kind, id, fingerprint, epoch, seq, recorded_at)
	SELECT tenant_id, 'e', event_id, sha256('x'), epoch, seq, recorded_at FROM audit_events;
	INSERT INTO audit_commits (tenant_id, epoch, size, prev_size, recorded_at)
	SELECT tenant_id, epoch, max(seq) + 1, min(seq), recorded_at FROM audit_events GROUP BY tenant_id, epoch, recorded_at;
	INSERT INTO audit_quarantine (reason, sha256, otlp) VALUES ('malformed', sha256('q'), 'x lg-one-0000009 y lg-one-0000009');`

func TestEveryContradictionIsFound(t *testing.T) {
	t.Parallel()
	server := start(t)
	for _, c := range []struct{ name, sql, finds string }{
		{"consistent", ``, ""},
		{"event lost", `DELETE FROM audit_events WHERE event_id = 'one-1'`, "without gaps"},
		{"last event lost", `DELETE FROM audit_events WHERE event_id = 'one-3'`, "covers exactly"},
		{"tenant lost", `DELETE FROM audit_events WHERE tenant_id = 'two'`, "points to an event"},
		{"event id twice", `UPDATE audit_events SET event_id = 'one-0' WHERE event_id = 'one-1'`, "stands once"},
		{"identity lost", `DELETE FROM audit_event_ids WHERE id = 'one-1'`, "has its identity row"},
		{"identity elsewhere", `UPDATE audit_event_ids SET seq = 7 WHERE id = 'one-1'`, "points to an event"},
		{"commit lost", `DELETE FROM audit_commits WHERE tenant_id = 'one' AND prev_size = 0`, "without gap or fork"},
		{"last commit lost", `DELETE FROM audit_commits WHERE tenant_id = 'one' AND prev_size = 2`, "covers exactly"},
		{"time of a commit", `UPDATE audit_commits SET recorded_at = recorded_at + interval '1 second' WHERE tenant_id = 'two'`, "share its time"},
		{"quarantined twice", `DROP INDEX audit_quarantine_once; INSERT INTO audit_quarantine (reason, sha256, otlp) VALUES ('malformed', sha256('q'), 'again')`, "in quarantine twice"},
		{"time goes back", `UPDATE audit_events SET recorded_at = recorded_at + interval '1 minute' WHERE event_id = 'one-1'`, "never goes back"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			conn := fill(t, server)
			_, err := conn.Exec(t.Context(), `SET session_replication_role = replica; `+c.sql)
			require.NoError(t, err)
			found, err := Inconsistencies(t.Context(), conn)
			require.NoError(t, err)
			if c.finds == "" {
				assert.Empty(t, found)
				return
			}
			assert.Contains(t, strings.Join(found, "\n"), c.finds)
		})
	}
}

func TestReckon(t *testing.T) {
	t.Parallel()
	server := start(t)
	conn := fill(t, server)
	event := func(n string) loadgen.Event { return loadgen.Event{Marker: "lg-one-000000" + n} }
	ledger := loadgen.NewLedger()
	ledger.Record(loadgen.Acknowledged, event("0"), event("1"), event("2"), event("9"))
	ledger.Record(loadgen.Sent, event("3"), event("4"))
	report, err := Reckon(t.Context(), conn, "one", ledger)
	require.NoError(t, err)
	assert.True(t, report.Clean(), report)
	assert.Equal(t, 4, report.Stored)
	assert.Equal(t, 1, report.Quarantine)

	ledger = loadgen.NewLedger()
	ledger.Record(loadgen.Acknowledged, event("0"), event("1"), event("5"), event("9"))
	ledger.Record(loadgen.Refused, event("2"))
	_, err = conn.Exec(t.Context(), `SET session_replication_role = replica; UPDATE audit_quarantine SET otlp = 'lg-one-0000001'`)
	require.NoError(t, err)
	report, err = Reckon(t.Context(), conn, "one", ledger)
	require.NoError(t, err)
	assert.Equal(t, []string{"lg-one-0000005", "lg-one-0000009"}, report.Lost)
	assert.Equal(t, []string{"lg-one-0000001"}, report.Twice)
	assert.Equal(t, []string{"lg-one-0000002", "lg-one-0000003"}, report.Unasked)
}

func start(t *testing.T) *database.Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	server, err := database.Start(ctx, pglocal.Options{Dir: t.TempDir(), Volatile: true})
	require.NoError(t, err, "these tests need PostgreSQL")
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		assert.NoError(t, server.Stop(ctx))
	})
	return server
}

func fill(t *testing.T, server *database.Server) *pgx.Conn {
	t.Helper()
	db, err := server.New(t.Context())
	require.NoError(t, err)
	conn, err := pgx.Connect(t.Context(), db.Owner)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	_, err = conn.Exec(t.Context(), good)
	require.NoError(t, err)
	return conn
}
