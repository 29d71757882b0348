package retention_test

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/access"
	"github.com/otelaudit/otelaudit/internal/retention"
	"github.com/otelaudit/otelaudit/internal/retention/retentiontest"
	"github.com/otelaudit/otelaudit/internal/store"
)

// Batches leave an empty month behind. The next prune of all tenants drops it, and
// no month that a policy or a writer may still mean.
func TestMonthsThatBatchesEmptiedAreDropped(t *testing.T) {
	h := retentiontest.New(t)
	month := func(ago int) time.Time {
		return time.Date(h.Now.Year(), h.Now.Month()-time.Month(ago), 1, 0, 0, 0, 0, time.UTC)
	}
	for ago := 5; ago >= 0; ago-- {
		h.Exec("SELECT test_ensure_month($1)", month(ago))
	}
	h.Commit("acme", 0, month(4).Add(time.Hour), 5, true)
	h.Commit("acme", 0, h.Now.Add(-time.Minute), 5, true)
	pruner := h.Pruner()
	droppable := func() (names []string) {
		months, err := retention.Months(t.Context(), pruner)
		require.NoError(t, err)
		for _, m := range months {
			if m.Why == "" {
				names = append(names, m.Month.Format("2006-01"))
			}
		}
		return names
	}
	require.Empty(t, droppable(), "no policy says so")

	o := options(h, day)
	o.NoDrop = true
	result, err := retention.Run(t.Context(), pruner, o)
	require.NoError(t, err)
	require.EqualValues(t, 5, result.Deleted)
	require.Empty(t, result.Partitions)
	o.NoDrop, o.Tenant = false, "acme"
	result, err = retention.Run(t.Context(), pruner, o)
	require.NoError(t, err)
	require.Empty(t, result.Partitions, "one tenant's prune drops nothing")

	h.Exec("INSERT INTO audit_retention (tenant_id, keep_days, updated_by) VALUES ('_default', 20000, 'test')")
	require.Empty(t, droppable(), "the policy is longer")
	h.Exec("TRUNCATE audit_retention")
	o.Tenant = ""
	preview, err := retention.PreviewPrune(t.Context(), pruner, o)
	require.NoError(t, err)
	result, err = retention.Run(t.Context(), pruner, o)
	require.NoError(t, err)
	want := []string{month(5).Format("2006-01"), month(4).Format("2006-01"), month(3).Format("2006-01"), month(2).Format("2006-01")}
	require.Equal(t, want, result.Partitions)
	require.Equal(t, want, preview.Partitions)
	require.Equal(t, preview.Batches, result.Batches)
	requireIntact(t, h)
}

func TestWhoIsInTheWayIsNamed(t *testing.T) {
	h := retentiontest.New(t)
	conn, err := pgx.Connect(t.Context(), h.DB.NobodyURL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	_, err = conn.Exec(t.Context(), "SELECT pg_advisory_lock(7021894403517551620)")
	require.NoError(t, err)
	_, err = retention.Run(t.Context(), h.Pruner(), options(h, day))
	require.ErrorIs(t, err, store.ErrPruning)
	require.ErrorContains(t, err, h.DB.Login("nobody"))
	require.ErrorContains(t, err, "pid ")
}

// What is held back is told with what holds it: a pruner reads no list of holds.
func TestAPrunerLearnsWhatHolds(t *testing.T) {
	h := retentiontest.New(t)
	for _, tenant := range []string{"acme", "globex", "other"} {
		h.Commit(tenant, 0, h.Now.Add(-90*day), 5, true)
	}
	operator, err := store.Connect(t.Context(), store.Options{URL: h.DB.OperatorURL})
	require.NoError(t, err)
	defer operator.Close()
	for _, tenant := range []string{"acme", "other"} {
		hold := &store.LegalHold{TenantID: tenant, Reason: "trial", TargetType: map[string]string{"other": "nothing"}[tenant]}
		_, err = operator.AddHold(t.Context(), access.Caller{}, hold)
		require.NoError(t, err)
	}
	o := options(h, 60*day)
	o.Announcer = struct{ retention.Announcer }{o.Announcer} // writes for _system alone
	var warned []string
	o.Warn = func(err error) { warned = append(warned, err.Error()) }
	result, err := retention.Run(t.Context(), h.Pruner(), o)
	require.NoError(t, err)
	require.Len(t, warned, 1)
	require.Contains(t, warned[0], "do not say that they were pruned")
	require.EqualValues(t, 5, result.HeldBack)
	require.Len(t, result.Holds, 1)
	require.Equal(t, "acme", result.Holds[0].Tenant)
	require.NotZero(t, result.Holds[0].ID)
	require.Empty(t, strings.Join(result.Unheld, " "))
}
