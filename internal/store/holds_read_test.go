package store_test

import (
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/access"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

func TestLegalHolds(t *testing.T) {
	db := storetest.NewDatabase(t)
	operator := connect(t, db.OperatorURL)
	january, february := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	wanted := []store.LegalHold{
		{TenantID: "acme", Since: january, Until: february, TargetType: "invoice", TargetID: "42", Reason: "a"},
		{TenantID: "open", Reason: "b"},
		{TenantID: "over", Reason: "c"},
	}
	for i := range wanted {
		id, err := operator.AddHold(t.Context(), access.Caller{}, &wanted[i])
		require.NoError(t, err)
		wanted[i].ID = id
	}
	tenant, err := operator.ReleaseHold(t.Context(), access.Caller{}, wanted[2].ID, "settled")
	require.NoError(t, err)
	require.Equal(t, "over", tenant)

	for _, url := range []string{db.AuditorURL, db.OperatorURL, db.PrunerURL} {
		holds, err := connect(t, url).LegalHolds(t.Context())
		require.NoError(t, err)
		bare := []store.LegalHold{wanted[0], wanted[1]}
		bare[0].Reason, bare[1].Reason = "", ""
		require.Equal(t, bare, holds)
	}
	// A reader sees those of the tenant it names, which here would be none.
	_, err = connect(t, db.ReaderURL).LegalHolds(t.Context())
	require.ErrorIs(t, err, store.ErrHoldsHidden)

	holds, err := operator.HoldList(t.Context(), "", true)
	require.NoError(t, err)
	require.Len(t, holds, 3)
	require.Equal(t, "settled", holds[2].ReleaseReason)
	require.Equal(t, db.Login("operator"), holds[2].ReleasedBy)
	require.False(t, holds[2].ReleasedAt.IsZero())
	holds, err = operator.HoldList(t.Context(), "acme", false)
	require.NoError(t, err)
	require.Len(t, holds, 1)
	require.Equal(t, "a", holds[0].Reason)
	require.Equal(t, db.Login("operator"), holds[0].PlacedBy)

	_, err = operator.ReleaseHold(t.Context(), access.Caller{}, wanted[2].ID, "again")
	var before *store.DecisionError
	require.ErrorAs(t, err, &before)
	require.True(t, before.Before())
	_, err = operator.ReleaseHold(t.Context(), access.Caller{}, 99, "none")
	require.ErrorIs(t, err, store.ErrNotFound)
	_, err = operator.AddHold(t.Context(), access.Caller{}, &store.LegalHold{TenantID: "acme", Since: february, Until: january, Reason: "r"})
	require.ErrorAs(t, err, &before)
	require.False(t, before.Before())
	// What the exporter trims or refuses can be no tenant's name here either.
	for r := rune(1); r <= 0x3000; r++ {
		if !unicode.IsSpace(r) && !unicode.IsControl(r) {
			continue
		}
		_, err = operator.AddHold(t.Context(), access.Caller{}, &store.LegalHold{TenantID: "acme" + string(r), Reason: "r"})
		require.ErrorAs(t, err, &before, "%U", r)
	}
	known, err := operator.KnowsTenant(t.Context(), "acme")
	require.NoError(t, err)
	require.False(t, known)
	for _, url := range []string{db.ReaderURL, db.AuditorURL, db.PrunerURL} {
		_, err = connect(t, url).AddHold(t.Context(), access.Caller{}, &wanted[0])
		require.ErrorContains(t, err, "permission denied for function audit_hold_add")
	}
}

func TestRetentionPolicies(t *testing.T) {
	db := storetest.NewDatabase(t)
	operator := connect(t, db.OperatorURL)
	for _, p := range []store.RetentionPolicy{
		{TenantID: "zoo", KeepDays: 30},
		{TenantID: "acme", KeepDays: 2192, Framework: "hipaa", Reason: "covered entity"},
		{TenantID: store.RetentionJournal, KeepDays: 400},
		{TenantID: store.RetentionDefault, KeepDays: 366},
	} {
		before, err := operator.SetRetention(t.Context(), access.Caller{Name: "alice"}, &p)
		require.NoError(t, err)
		require.Zero(t, before)
	}
	before, err := operator.SetRetention(t.Context(), access.Caller{}, &store.RetentionPolicy{TenantID: "zoo", KeepDays: 31})
	require.NoError(t, err)
	require.Equal(t, 30, before)

	policies, err := connect(t, db.AuditorURL).RetentionList(t.Context())
	require.NoError(t, err)
	var names []string
	for _, p := range policies {
		names = append(names, p.TenantID)
	}
	require.Equal(t, []string{"_default", "_journal", "acme", "zoo"}, names)
	require.Equal(t, "hipaa", policies[2].Framework)
	require.Equal(t, "covered entity", policies[2].Reason)
	require.Equal(t, db.Login("operator"), policies[2].UpdatedBy)

	for name, want := range map[string]int{"zoo": 31, "_journal": 400, "nobody": 0, "_quarantine": 0} {
		days, err := connect(t, db.PrunerURL).KeepDays(t.Context(), name)
		require.NoError(t, err)
		require.Equal(t, want, days, name)
	}
	before, err = operator.UnsetRetention(t.Context(), access.Caller{}, "zoo", "left")
	require.NoError(t, err)
	require.Equal(t, 31, before)
	_, err = operator.UnsetRetention(t.Context(), access.Caller{}, "zoo", "")
	require.ErrorIs(t, err, store.ErrNotFound)
	for _, url := range []string{db.ReaderURL, db.AuditorURL, db.PrunerURL} {
		_, err = connect(t, url).SetRetention(t.Context(), access.Caller{}, &store.RetentionPolicy{TenantID: "zoo", KeepDays: 1})
		require.ErrorContains(t, err, "permission denied for function audit_retention_set")
	}
}
