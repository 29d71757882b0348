package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/pgurl"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// plantMany gives a tenant events enough to be rolled up, in one commit.
func plantMany(t *testing.T, db *storetest.Database, tenant string, events int) {
	t.Helper()
	execute(t, db.WriterURL, fmt.Sprintf(`
		WITH planted AS (INSERT INTO %s (seq, recorded_at, epoch, tenant_id, event_id, action, outcome, leaf_hash)
			SELECT n, now(), 0, '%[2]s', 'e' || n, 'action-' || n %% 5, 'success', sha256('') FROM generate_series(0, %[3]d - 1) AS n)
		INSERT INTO audit_commits (tenant_id, epoch, size, prev_size, recorded_at) VALUES ('%[2]s', 0, %[3]d, 0, now())`,
		store.PartitionName(time.Now()), tenant, events))
}

func TestRollCounts(t *testing.T) {
	db := storetest.NewDatabase(t)
	plantMany(t, db, "acme", 12_000)
	plantMany(t, db, "globex", 11_000)
	plantMany(t, db, "initech", 9_999) // not worth it
	config, err := pgurl.Parse(db.WriterURL, "test")
	require.NoError(t, err)
	w := store.NewWriter(store.WriterOptions{Connection: &config.Config, Schema: "public", RolePrefix: "audit_", Now: time.Now})
	t.Cleanup(w.Close)
	for i, want := range []int64{20_000, 0} { // acme, and some of globex: what is left is not worth it
		rolled, err := w.RollCounts(t.Context(), 20_000, 10)
		require.NoError(t, err)
		require.Equal(t, want, rolled, i)
	}
	r := connect(t, db.ReaderURL)
	for tenant, want := range map[string]int64{"acme": 12_000, "globex": 11_000, "initech": 9_999} {
		found, err := r.Count(t.Context(), tenant, store.CountFilter{Prefixes: []string{"action-1"}})
		require.NoError(t, err)
		require.Equal(t, want, found.Total)
		require.InDelta(t, want/5, found.ByPrefix["action-1"], 1)
	}
}
