package auditexporter

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// lockTenant holds a tenant's lock until the returned function is called.
func lockTenant(t testing.TB, d *storetest.Database, tenant string) (unlock func()) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), d.SuperURL)
	require.NoError(t, err)
	_, err = conn.Exec(context.Background(), fmt.Sprintf("BEGIN; SELECT pg_advisory_xact_lock(%d, %d)", 0x61756474, store.LockKey(tenant)))
	require.NoError(t, err)
	done := false
	unlock = func() {
		if !done {
			done = true
			_ = conn.Close(context.Background())
		}
	}
	t.Cleanup(unlock)
	return unlock
}
