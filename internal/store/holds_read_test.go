package store_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

func TestLegalHolds(t *testing.T) {
	db := storetest.NewDatabase(t)
	conn, err := pgx.Connect(t.Context(), db.SuperURL)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	_, err = conn.Exec(t.Context(), `INSERT INTO audit_legal_holds (tenant_id, since, until, released_at, reason) VALUES
		('acme', '2026-01-01Z', '2026-02-01Z', NULL, 'a'), ('open', NULL, NULL, NULL, 'b'), ('over', NULL, NULL, now(), 'c')`)
	require.NoError(t, err)

	holds, err := connect(t, db.AuditorURL).LegalHolds(t.Context())
	require.NoError(t, err)
	require.ElementsMatch(t, []store.LegalHold{
		{TenantID: "acme", Since: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Until: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)},
		{TenantID: "open"},
	}, holds)

	// A reader sees those of the tenant it names, which here would be none.
	_, err = connect(t, db.ReaderURL).LegalHolds(t.Context())
	require.ErrorIs(t, err, store.ErrHoldsHidden)
}
