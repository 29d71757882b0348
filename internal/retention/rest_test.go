package retention_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/access"
	"github.com/otelaudit/otelaudit/internal/retention"
	"github.com/otelaudit/otelaudit/internal/retention/retentiontest"
	"github.com/otelaudit/otelaudit/internal/store"
)

// quarantine puts a record into quarantine, named by its reason.
func quarantine(h *retentiontest.History, name string, tenant any, age time.Duration, resolved bool) {
	var resolution any
	if resolved {
		resolution = "discarded"
	}
	h.Exec(`INSERT INTO audit_quarantine (received_at, tenant_id, reason, sha256, otlp, resolution, resolved_at)
		VALUES ($1, $2, $3, sha256($3::text::bytea), '{}', $4, CASE WHEN $4::text IS NOT NULL THEN $1::timestamptz END)`,
		h.Now.Add(-age), tenant, name, resolution)
}

func quarantined(h *retentiontest.History) string {
	return strings.Join(h.Texts(`SELECT reason FROM audit_quarantine ORDER BY reason`), " ")
}

func TestQuarantinedRecordsGoByTheirOwnPolicy(t *testing.T) {
	h := retentiontest.New(t)
	quarantine(h, "a-resolved", "acme", 100*day, true)
	quarantine(h, "b-open", "globex", 100*day, false)
	quarantine(h, "c-nobody's", nil, 100*day, false)
	quarantine(h, "d-held", "acme", 80*day, false)
	quarantine(h, "e-young", "acme", 29*day, true)
	pruner := h.Pruner()
	prune := func(batch int) int64 {
		n, err := pruner.PruneQuarantine(t.Context(), options(h, 0).Caller, batch)
		require.NoError(t, err)
		return n
	}
	h.Exec(`INSERT INTO audit_retention (tenant_id, keep_days) VALUES ('_default', 1), ('acme', 1), ('_journal', 1)`)
	require.Zero(t, prune(5), "no other policy says anything about it")
	h.Exec(`INSERT INTO audit_retention (tenant_id, keep_days) VALUES ('_quarantine', 30)`)
	// One hold is about other tenants, one released, one about a target: nobody
	// knows what a record that is no event is about.
	h.Exec(`INSERT INTO audit_legal_holds (tenant_id, since, until, target_type, target_id, reason, released_at) VALUES
		('initech', NULL, NULL, NULL, NULL, 'trial', NULL),
		('globex', NULL, NULL, NULL, NULL, 'settled', now()),
		('acme', $1, $2, 'invoice', '1', 'trial', NULL)`, h.Now.Add(-90*day), h.Now.Add(-70*day))
	o := options(h, 0)
	o.Tenant = "acme"
	result, err := retention.Run(t.Context(), pruner, o)
	require.NoError(t, err)
	require.Zero(t, result.Quarantine, "of one tenant, records stay")
	require.EqualValues(t, 3, prune(2))
	require.Equal(t, "d-held e-young", quarantined(h))
	require.EqualValues(t, 2, h.Number(`SELECT count(*) FROM audit_outbox WHERE record ->> 'action' = 'audit.quarantine.prune'`), "one of each transaction")
	h.Exec(`UPDATE audit_legal_holds SET released_at = now()`)
	result, err = retention.Run(t.Context(), pruner, options(h, 0))
	require.NoError(t, err)
	require.EqualValues(t, 1, result.Quarantine)
	require.Equal(t, "e-young", quarantined(h))
}

// ids are those of tenants that the store knows, as they were numbered.
func ids(h *retentiontest.History) string {
	return strings.Join(h.Texts(`SELECT tenant_id || ':' || kind::text || ltrim(right(id, 8), '0') FROM audit_event_ids
		WHERE tenant_id <> '_system' AND id LIKE '%ev-%' ORDER BY tenant_id, kind, id`), " ")
}

func TestIdentitiesGoNinetyDaysAfterTheirEvents(t *testing.T) {
	h := retentiontest.New(t)
	h.Commit("acme", 0, h.Now.Add(-300*day), 2, true)   // 1, 2: pruned long ago
	h.Commit("acme", 0, h.Now.Add(-200*day), 2, true)   // 3, 4: pruned just now
	h.Commit("acme", 0, h.Now.Add(-10*day), 1, true)    // 5: there
	h.OpenEpoch("acme", 1, h.Now.Add(-9*day))           //
	h.Commit("acme", 1, h.Now.Add(-8*day), 1, true)     // 6: there, with a seq that was pruned in the other epoch
	h.Commit("globex", 0, h.Now.Add(-300*day), 1, true) // 7: pruned just now
	h.Exec(`INSERT INTO audit_event_ids (recorded_at, seq, epoch, kind, tenant_id, id, fingerprint)
		SELECT recorded_at, seq, epoch, 'k', tenant_id, id, fingerprint FROM audit_event_ids WHERE tenant_id = 'acme' AND epoch = 0 AND seq < 4`)
	pruner := h.Pruner()
	o := options(h, 250*day)
	o.Tenant, o.NoDrop = "acme", true
	_, err := retention.Run(t.Context(), pruner, o)
	require.NoError(t, err)
	all := "acme:e1 acme:e2 acme:e3 acme:e4 acme:e5 acme:e6 acme:k1 acme:k2 acme:k3 acme:k4 globex:e7"
	forget := func() int64 {
		n, err := pruner.ForgetIdentities(t.Context(), access.Caller{Name: "tester"}, 3)
		require.NoError(t, err)
		return n
	}
	h.Exec(`UPDATE audit_prunes SET recorded_at = recorded_at - interval '89 days 23 hours'`)
	require.Zero(t, forget())
	require.Equal(t, all, ids(h))
	h.Exec(`UPDATE audit_prunes SET recorded_at = recorded_at - interval '1 hour'`)
	o = options(h, 100*day)
	o.NoDrop = true
	result, err := retention.Run(t.Context(), pruner, o)
	require.NoError(t, err)
	require.EqualValues(t, 3, result.Deleted)
	require.EqualValues(t, 4, result.Identities)
	require.Equal(t, "acme:e3 acme:e4 acme:e5 acme:e6 acme:k3 acme:k4 globex:e7", ids(h))
	require.Zero(t, forget())
	require.EqualValues(t, 4, h.Number(`SELECT sum((record -> 'payload' ->> 'deleted')::int) FROM audit_outbox WHERE record ->> 'action' = 'audit.identities.prune'`))
	requireIntact(t, h)
	// A retry of what is gone and remembered is a duplicate; it does not come back.
	statuses, err := h.Log().Write(t.Context(), h.Event("acme", 3, h.Now.Add(-200*day)))
	require.NoError(t, err)
	require.Equal(t, []store.Status{store.Duplicate}, statuses)
	statuses, err = h.Log().Write(t.Context(), h.Event("acme", 1, h.Now.Add(-300*day)))
	require.NoError(t, err)
	require.Equal(t, []store.Status{store.Stored}, statuses, "what is forgotten is new")
	requireIntact(t, h)
}

func TestOnlyThePrunerForgets(t *testing.T) {
	h := retentiontest.New(t)
	for role, url := range map[string]string{"reader": h.DB.ReaderURL, "auditor": h.DB.AuditorURL, "operator": h.DB.OperatorURL, "writer": h.DB.WriterURL} {
		reader, err := store.Connect(t.Context(), store.Options{URL: url})
		require.NoError(t, err, role)
		_, err = reader.Pruner().ForgetIdentities(t.Context(), access.Caller{}, 5)
		require.ErrorContains(t, err, "permission denied", role)
		_, err = reader.Pruner().PruneQuarantine(t.Context(), access.Caller{}, 5)
		require.ErrorContains(t, err, "permission denied", role)
		reader.Close()
	}
}
