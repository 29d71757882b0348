package store_test

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

func TestQuarantineIsReadByOperatorsAndAuditors(t *testing.T) {
	db := storetest.NewDatabase(t)
	for i := range 12 {
		execute(t, db.WriterURL, fmt.Sprintf(`INSERT INTO audit_quarantine (tenant_id, event_id, action, reason, sqlstate, detail, sha256, otlp)
			VALUES (%s, 'e%d', 'login', '%s', '22021', 'why', sha256('%d'), '{"n":%d}')`,
			[]string{"'acme'", "'globex'", "NULL"}[i%3], i, []string{"malformed", "conflict"}[i%2], i, i))
	}
	execute(t, db.OwnerURL, `BEGIN; SET LOCAL ROLE audit_owner; SET LOCAL audit.resolving = 'on';
		UPDATE audit_quarantine SET resolution = 'discarded', resolved_at = '2026-01-02 03:04:05+00', resolution_reason = 'a test', resolved_by = 'me' WHERE event_id = 'e11'; COMMIT`)
	events := func(page store.QuarantinePage) []string {
		ids := []string{}
		for _, q := range page.Records {
			ids = append(ids, q.EventID)
			require.Empty(t, q.OTLP)
		}
		return ids
	}
	for role, url := range map[string]string{"operator": db.OperatorURL, "auditor": db.AuditorURL} {
		t.Run(role, func(t *testing.T) {
			r := connect(t, url)
			for name, test := range map[string]struct {
				filter store.QuarantineFilter
				want   []string
			}{
				"open":     {store.QuarantineFilter{}, []string{"e10", "e9", "e8", "e7", "e6", "e5", "e4", "e3", "e2", "e1", "e0"}},
				"all":      {store.QuarantineFilter{Resolved: true, Limit: 2}, []string{"e11", "e10"}},
				"tenant":   {store.QuarantineFilter{Tenant: "acme"}, []string{"e9", "e6", "e3", "e0"}},
				"reason":   {store.QuarantineFilter{Reason: "conflict"}, []string{"e9", "e7", "e5", "e3", "e1"}},
				"both":     {store.QuarantineFilter{Tenant: "globex", Reason: "conflict"}, []string{"e7", "e1"}},
				"stranger": {store.QuarantineFilter{Tenant: "initech"}, []string{}},
			} {
				page, err := r.QuarantineList(t.Context(), test.filter)
				require.NoError(t, err, name)
				require.Equal(t, test.want, events(page), name)
			}
			var all []string
			f := store.QuarantineFilter{Limit: 4, Resolved: true}
			for {
				page, err := r.QuarantineList(t.Context(), f)
				require.NoError(t, err)
				all = append(all, events(page)...)
				if f.Before = page.Next; f.Before == 0 {
					break
				}
			}
			require.Len(t, all, 12)

			page, err := r.QuarantineList(t.Context(), store.QuarantineFilter{Resolved: true, Limit: 1})
			require.NoError(t, err)
			q, err := r.QuarantineGet(t.Context(), page.Records[0].ID)
			require.NoError(t, err)
			sum := sha256.Sum256([]byte("11"))
			require.Equal(t, sum[:], q.SHA256)
			require.JSONEq(t, `{"n":11}`, string(q.OTLP))
			require.False(t, q.ReceivedAt.IsZero())
			q.ReceivedAt, q.SHA256, q.OTLP = q.ResolvedAt, nil, nil
			require.Equal(t, store.QuarantinedRecord{
				ID: page.Records[0].ID, ReceivedAt: q.ResolvedAt, EventID: "e11", Action: "login", Reason: "conflict", SQLState: "22021", Detail: "why",
				ResolvedAt: q.ResolvedAt, Resolution: "discarded", ResolutionReason: "a test", ResolvedBy: "me", Encoding: "json",
			}, q)
			require.Equal(t, "2026-01-02T03:04:05Z", q.ResolvedAt.Format("2006-01-02T15:04:05Z07:00"))

			_, err = r.QuarantineGet(t.Context(), 1<<40)
			require.ErrorIs(t, err, store.ErrNotFound)
			_, err = r.QuarantineList(t.Context(), store.QuarantineFilter{Limit: 1001})
			require.EqualError(t, err, "limit: want 1 to 1000, found 1001")
			_, err = r.QuarantineList(t.Context(), store.QuarantineFilter{Tenant: "\xff"})
			require.EqualError(t, err, "tenant: is not valid UTF-8 text without U+0000")
		})
	}
	_, err := reader(t, db).QuarantineList(t.Context(), store.QuarantineFilter{Tenant: "acme"})
	require.ErrorContains(t, err, "permission denied for table audit_quarantine")
	_, err = reader(t, db).QuarantineGet(t.Context(), 1)
	require.ErrorContains(t, err, "permission denied for table audit_quarantine")
}

// Two tenants may send the same broken bytes: who sent them is not in them where
// the tenant is that of the authentication. Neither may hide the other's.
func TestQuarantineKeepsARecordOncePerTenant(t *testing.T) {
	db := storetest.NewDatabase(t)
	w := newWriter(t, db.WriterURL)
	same, other := sha256.Sum256([]byte("same")), sha256.Sum256([]byte("other"))
	entry := func(tenant, action string, sum [32]byte) store.Quarantined {
		return store.Quarantined{TenantID: tenant, Action: action, Reason: record.ReasonMissingAction, SHA256: sum, OTLP: []byte("x"), Encoding: "protobuf"}
	}
	for range 2 {
		require.NoError(t, w.Quarantine(t.Context(), []store.Quarantined{
			entry("acme", "first", same), entry("globex", "first", same), entry("", "first", same), entry("acme", "first", other),
			entry("acme", "second", same), entry("", "second", same),
		}))
		require.NoError(t, w.Quarantine(t.Context(), []store.Quarantined{entry("globex", "third", same), entry("", "third", same)}))
	}
	page, err := connect(t, db.OperatorURL).QuarantineList(t.Context(), store.QuarantineFilter{})
	require.NoError(t, err)
	var kept []string
	for _, q := range page.Records {
		require.Equal(t, "first", q.Action)
		kept = append(kept, fmt.Sprintf("%s %x", q.TenantID, q.SHA256[:2]))
	}
	require.ElementsMatch(t, []string{
		fmt.Sprintf("acme %x", same[:2]), fmt.Sprintf("globex %x", same[:2]), fmt.Sprintf(" %x", same[:2]), fmt.Sprintf("acme %x", other[:2]),
	}, kept)
}
