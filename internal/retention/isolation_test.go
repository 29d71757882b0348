package retention_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/retention/retentiontest"
)

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// removals are the calls that take something out of a store with one expired
// month, announced, and one old record in quarantine.
func removals(t *testing.T, h *retentiontest.History) map[string]string {
	t.Helper()
	month := time.Date(h.Now.Year(), h.Now.Month()-3, 1, 0, 0, 0, 0, time.UTC)
	h.Commit("acme", 0, month.Add(5*day), 5, true)
	h.Commit("acme", 0, h.Now.Add(-time.Hour), 5, true)
	number := record.NumberValue
	intent := &record.Record{
		TenantID: "_system", Action: "audit.prune", Outcome: record.OutcomeSuccess, TimeUnixNano: h.Now.UnixNano(),
		Actor:   record.EmptyObject().Set("type", record.StringValue("user")).Set("id", record.StringValue("alice")),
		Payload: record.EmptyObject().Set("tenant", record.StringValue("acme")).Set("epoch", number(0)).Set("size", number(5)),
	}
	_, err := h.Log().Write(t.Context(), intent)
	require.NoError(t, err)
	h.Exec(`INSERT INTO audit_quarantine (tenant_id, received_at, reason, sha256, otlp) VALUES ('acme', $1, 'malformed', sha256(''), '')`, month)
	h.Exec(`INSERT INTO audit_retention (tenant_id, keep_days) VALUES ('_quarantine', 1)`)
	cutoff := h.Now.Add(-20 * day).Format(time.RFC3339)
	return map[string]string{
		"batch": fmt.Sprintf(`SELECT audit_prune_batch('acme', 0, 5, 5, '%s', '%s')`, cutoff, intent.EventID),
		"month": fmt.Sprintf(`SELECT audit_prune_month('%s', '[{"tenant": "acme", "epoch": 0, "cutoff": %q, "intent": %q}]')`,
			month.Format(time.DateOnly), cutoff, intent.EventID),
		"quarantine": `SELECT audit_prune_quarantine(10)`,
		"identities": `SELECT audit_prune_identities('acme', '', '', 10)`,
	}
}

func inStore(h *retentiontest.History) string {
	return h.Texts(`SELECT format('%s events, %s quarantined, %s identities', (SELECT count(*) FROM audit_events WHERE tenant_id = 'acme'),
		(SELECT count(*) FROM audit_quarantine), (SELECT count(*) FROM audit_event_ids WHERE tenant_id = 'acme'))`)[0]
}

const everything = "10 events, 1 quarantined, 10 identities"

// changes are what the operator may decide while a prune is on its way.
var changes = map[string]string{
	"hold":   `SELECT audit_hold_add('acme', NULL, NULL, NULL, NULL, 'case 7')`,
	"policy": `SELECT count(audit_retention_set(t, 36000, NULL, 'longer')) FROM unnest('{acme,_quarantine}'::text[]) AS t`,
}

func undo(h *retentiontest.History) {
	h.Exec(`DELETE FROM audit_legal_holds`)
	h.Exec(`DELETE FROM audit_retention`)
	h.Exec(`INSERT INTO audit_retention (tenant_id, keep_days) VALUES ('_quarantine', 1)`)
}

// A prune sees every hold and every policy that was committed before it removes
// something, whenever its transaction began and whatever its isolation.
func TestAPruneSeesWhatWasDecidedBeforeIt(t *testing.T) {
	h := retentiontest.New(t)
	calls := removals(t, h)
	pruner, operator := connect(t, h.DB.PrunerURL), connect(t, h.DB.OperatorURL)
	for _, level := range []string{"READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"} {
		for what, change := range changes {
			for name, call := range calls {
				t.Run(level+"/"+what+"/"+name, func(t *testing.T) {
					t.Cleanup(func() { undo(h) })
					requireOlderSnapshotHolds(t, pruner, operator, level, change, call)
					require.Equal(t, everything, inStore(h))
					undo(h)
					requireWaitingStatementHolds(t, h, pruner, operator, level, change, call)
					require.Equal(t, everything, inStore(h))
				})
			}
		}
	}
	for _, name := range []string{"quarantine", "batch"} { // not kept, they go
		_, err := pruner.Exec(t.Context(), calls[name])
		require.NoError(t, err)
	}
	require.Equal(t, "5 events, 0 quarantined, 10 identities", inStore(h))
	requireIntact(t, h)
}

func requireOlderSnapshotHolds(t *testing.T, pruner, operator *pgx.Conn, level, change, call string) {
	t.Helper()
	ctx := t.Context()
	_, err := pruner.Exec(ctx, "BEGIN ISOLATION LEVEL "+level)
	require.NoError(t, err)
	_, err = pruner.Exec(ctx, "SELECT count(*) FROM pg_class")
	require.NoError(t, err)
	_, err = operator.Exec(ctx, change)
	require.NoError(t, err)
	_, err = pruner.Exec(ctx, call)
	requireLevelRefused(t, level, err)
	_, err = pruner.Exec(ctx, "COMMIT")
	require.NoError(t, err)
}

// requireWaitingStatementHolds calls while a change is not committed yet.
func requireWaitingStatementHolds(t *testing.T, h *retentiontest.History, pruner, operator *pgx.Conn, level, change, call string) {
	t.Helper()
	ctx := t.Context()
	_, err := pruner.Exec(ctx, "SET default_transaction_isolation = '"+level+"'")
	require.NoError(t, err)
	tx, err := operator.Begin(ctx)
	require.NoError(t, err)
	_, err = tx.Exec(ctx, change)
	require.NoError(t, err)
	called := make(chan error, 1)
	go func() {
		_, err := pruner.Exec(ctx, call)
		called <- err
	}()
	pid, deadline := pruner.PgConn().PID(), time.After(time.Minute)
	for done := false; !done; {
		select {
		case err = <-called: // refused, or it needs no lock
			done = true
		case <-deadline:
			require.FailNow(t, "neither done nor waiting")
		case <-time.After(5 * time.Millisecond):
			if h.Number(`SELECT count(*) FROM pg_locks WHERE pid = $1 AND NOT granted`, pid) > 0 {
				require.NoError(t, tx.Commit(ctx))
				err, done = <-called, true
			}
		}
	}
	requireLevelRefused(t, level, err)
	if rolled := tx.Rollback(ctx); !errors.Is(rolled, pgx.ErrTxClosed) {
		require.NoError(t, rolled)
	}
	_, err = pruner.Exec(ctx, "RESET default_transaction_isolation")
	require.NoError(t, err)
}

func requireLevelRefused(t *testing.T, level string, err error) {
	t.Helper()
	if level == "REPEATABLE READ" || level == "SERIALIZABLE" {
		require.ErrorContains(t, err, "SQLSTATE 25001")
	} else if err != nil {
		require.NotContains(t, err.Error(), "SQLSTATE 25001")
	}
}

// A prune that was first is over before a hold is placed: nothing is held that is
// gone, and nothing goes that is held.
func TestAHoldWaitsForAPrune(t *testing.T) {
	for _, level := range []string{"READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"} {
		t.Run(level, func(t *testing.T) {
			h := retentiontest.New(t)
			calls := removals(t, h)
			pruner, operator := connect(t, h.DB.PrunerURL), connect(t, h.DB.OperatorURL)
			_, err := operator.Exec(t.Context(), "SET default_transaction_isolation = '"+level+"'")
			require.NoError(t, err)
			tx, err := pruner.Begin(t.Context())
			require.NoError(t, err)
			_, err = tx.Exec(t.Context(), calls["batch"])
			require.NoError(t, err)
			placed := make(chan error, 1)
			go func() {
				_, err := operator.Exec(t.Context(), changes["hold"])
				placed <- err
			}()
			require.Eventually(t, func() bool {
				return h.Number(`SELECT count(*) FROM pg_locks WHERE pid = $1 AND NOT granted`, operator.PgConn().PID()) > 0
			}, time.Minute, 5*time.Millisecond)
			require.NoError(t, tx.Commit(t.Context()))
			require.NoError(t, <-placed)
			_, err = pruner.Exec(t.Context(), calls["quarantine"])
			require.NoError(t, err)
			require.Equal(t, "5 events, 1 quarantined, 10 identities", inStore(h), "placed after the batch, before the quarantine")
			requireIntact(t, h)
		})
	}
}

// A transaction that a client leaves open ends by itself, and a call for what is
// not there does not get as far as the locks.
func TestAPruneKeepsHoldsWaitingNoLongerThanItMust(t *testing.T) {
	h := retentiontest.New(t)
	calls := removals(t, h)
	pruner := connect(t, h.DB.PrunerURL)
	locks := func() int64 {
		return h.Number(`SELECT count(*) FROM pg_locks WHERE pid = $1 AND relation = 'audit_legal_holds'::regclass AND mode = 'ShareLock'`, pruner.PgConn().PID())
	}
	for timeout, want := range map[string]string{"0": "10s", "1h": "10s", "500ms": "500ms", "9s": "9s"} {
		_, err := pruner.Exec(t.Context(), "SET idle_in_transaction_session_timeout = '"+timeout+"'")
		require.NoError(t, err)
		tx, err := pruner.Begin(t.Context())
		require.NoError(t, err)
		_, err = tx.Exec(t.Context(), calls["batch"])
		require.NoError(t, err)
		require.EqualValues(t, 1, locks())
		var now string
		require.NoError(t, tx.QueryRow(t.Context(), "SHOW idle_in_transaction_session_timeout").Scan(&now))
		require.Equal(t, want, now)
		require.NoError(t, tx.Rollback(t.Context()))
	}
	for _, call := range []string{
		`SELECT audit_prune_batch('nobody', 0, -1, 1, NULL, NULL)`, `SELECT audit_prune_batch('acme', 0, 4, 1, now(), NULL)`,
		`SELECT audit_prune_batch('acme', 1, 5, 1, now(), NULL)`, `SELECT audit_prune_batch('acme', 0, 5, 1, 'infinity', NULL)`,
		`SELECT audit_prune_batch('acme', 0, 5, 1, '-infinity', NULL)`, `SELECT audit_prune_batch('acme', 0, 5, 1, NULL, NULL)`,
	} {
		_, err := pruner.Exec(t.Context(), call)
		require.ErrorContains(t, err, "SQLSTATE 22023", call)
	}
	require.Equal(t, everything, inStore(h))
	operator := connect(t, h.DB.OperatorURL)
	tx, err := operator.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), changes["hold"]) // who waits for it now would be late
	require.NoError(t, err)
	_, err = pruner.Exec(t.Context(), `SELECT audit_prune_batch('nobody', 0, -1, 1, NULL, NULL)`)
	require.ErrorContains(t, err, "no commit ends with -1 events")
	require.NoError(t, tx.Rollback(t.Context()))
}

// A log that is named twice would be counted, and written down as gone, twice.
func TestAMonthTakesALogOnce(t *testing.T) {
	h := retentiontest.New(t)
	calls := removals(t, h)
	pruner := connect(t, h.DB.PrunerURL)
	twice := regexp.MustCompile(`\[(.*)\]`).ReplaceAllString(calls["month"], "[$1, $1]")
	_, err := pruner.Exec(t.Context(), twice)
	require.ErrorContains(t, err, "a log is named twice")
	require.Equal(t, everything, inStore(h))
	var deleted int64
	require.NoError(t, pruner.QueryRow(t.Context(), strings.Replace(calls["month"], "SELECT", "SELECT deleted FROM", 1)).Scan(&deleted))
	require.EqualValues(t, 5, deleted)
	require.EqualValues(t, 1, h.Number(`SELECT count(*) FROM audit_prunes`))
	requireIntact(t, h)
}
