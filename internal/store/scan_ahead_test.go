package store_test

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// What is read ahead of several tenants is what is read of each.
func TestReadingAheadIsReadingEach(t *testing.T) {
	db := storetest.NewDatabase(t)
	w := newWriter(t, db.WriterURL)
	sizes := map[string]int{"empty": 0, "one": 1, "several": 16, "large": 17, "it's \"odd\", {}": 3, "wide": 5}
	epochs := make(map[string][]int32)
	var tenants []string
	for tenant, n := range sizes {
		tenants, epochs[tenant] = append(tenants, tenant), []int32{0}
		for i := range n {
			rec := audit(tenant, strconv.Itoa(i), fmt.Sprintf("key-%d", i), 1)
			if tenant == "wide" {
				rec.Payload = record.EmptyObject().Set("filler", record.StringValue(strings.Repeat("x", 2<<20)))
			}
			outcomes := make([]store.Outcome, 1)
			require.NoError(t, w.Write(t.Context(), events(t, rec), outcomes))
			require.Equal(t, store.Stored, outcomes[0].Status)
		}
	}
	epochs["one"] = append(epochs["one"], 3)
	for _, sql := range []string{
		`INSERT INTO audit_epochs (tenant_id, epoch, recorded_at, prev_size, reason, note, opened_by) VALUES ('one', 3, now(), 1, 'r', 'n', 'o')`,
		`INSERT INTO audit_prunes (tenant_id, epoch, size, cutoff, deleted, recorded_at, root, frontier, note, pruned_by) VALUES ('several', 0, 1, now(), 0, now(), NULL, NULL, NULL, 'o')`,
		`INSERT INTO audit_pruned_leaves (tenant_id, epoch, seq, recorded_at, leaf_hash, pruned_at) VALUES ('several', 0, 4, now(), decode(repeat('ab', 32), 'hex'), now())`,
		`DELETE FROM audit_commits WHERE tenant_id = 'several' AND size > 14`,
	} {
		execute(t, db.SuperURL, "SET session_replication_role = replica; "+sql)
	}
	scanner, err := store.OpenScanner(t.Context(), store.Options{URL: db.AuditorURL}, "")
	require.NoError(t, err)
	defer scanner.Close()
	ahead, bytes, err := scanner.ReadAhead(t.Context(), tenants, epochs, func(name store.LogName, head int64) int64 {
		if name.Tenant == "several" {
			return head / 3
		}
		return 0
	})
	require.NoError(t, err)
	require.Greater(t, bytes, 10<<20, "what is left out was read, too")
	require.Len(t, ahead, len(tenants))
	for i, got := range ahead {
		require.Equal(t, tenants[i], got.Tenant)
		prunes, err := scanner.Prunes(t.Context(), got.Tenant)
		require.NoError(t, err)
		require.Equal(t, prunes, got.Prunes)
		rows, err := scanner.Epochs(t.Context(), got.Tenant)
		require.NoError(t, err)
		require.Equal(t, rows, got.Epochs)
		small := true
		for _, epoch := range epochs[got.Tenant] {
			name, log := store.LogName{Tenant: got.Tenant, Epoch: epoch}, got.Logs[epoch]
			head, err := scanner.Head(t.Context(), name)
			require.NoError(t, err)
			require.Equal(t, head, log.Head)
			if small = log.Head-log.From <= 16; !small {
				require.Nil(t, log.Events)
				continue
			}
			leaves, err := scanner.PrunedLeaves(t.Context(), name, math.MinInt64, 100)
			require.NoError(t, err)
			require.ElementsMatch(t, leaves, log.Leaves)
			commits, err := scanner.Commits(t.Context(), name, math.MinInt64, head, 100)
			require.NoError(t, err)
			require.ElementsMatch(t, commits, log.Commits)
			page := &store.EventPage{}
			require.NoError(t, scanner.Beyond(t.Context(), name, store.BeforeSeq(0), 100, page))
			requireSamePage(t, page, log.Beyond)
			if got.Tenant == "wide" {
				require.Nil(t, log.Events, "more than is kept")
				continue
			}
			require.NoError(t, scanner.Events(t.Context(), name, store.BeforeSeq(log.From), head, 100, page))
			requireSamePage(t, page, log.Events)
		}
		if !small {
			require.Nil(t, got.Identities)
			continue
		}
		identities, err := scanner.Identities(t.Context(), got.Tenant, store.IdentityKey{}, 100)
		require.NoError(t, err)
		require.Equal(t, identities, got.Identities)
	}
}

func requireSamePage(t *testing.T, want, got *store.EventPage) {
	t.Helper()
	require.NotNil(t, got)
	require.Equal(t, want.Len(), got.Len())
	for i := range want.Len() {
		require.Equal(t, want.Row(i).Seq(), got.Row(i).Seq())
		require.Equal(t, want.Row(i).EventID(), got.Row(i).EventID())
		require.Equal(t, want.Row(i).StoredLeaf(), got.Row(i).StoredLeaf())
	}
}
