//go:build unix

package pglocal_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/pglocal"
)

// TestStandby: it follows, refuses writes, and takes them when it is promoted;
// logins keep their passwords.
func TestStandby(t *testing.T) {
	t.Parallel()
	ctx, dir := patience(t), openDir(t)
	primary, err := pglocal.Start(ctx, pglocal.Options{Dir: filepath.Join(dir, "a"), Volatile: true})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, primary.Stop(context.Background())) })
	require.NoError(t, primary.EnsureLogin(ctx, "someone"))
	standby, err := pglocal.Start(ctx, pglocal.Options{Dir: filepath.Join(dir, "b"), From: primary})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, standby.Stop(context.Background())) })

	require.NoError(t, primary.Exec(ctx, "postgres", "CREATE TABLE followed ()"))
	require.Eventually(t, func() bool { return standby.Exec(ctx, "postgres", "TABLE followed") == nil }, time.Minute, 20*time.Millisecond)
	var refused *pgconn.PgError
	require.ErrorAs(t, standby.Exec(ctx, "postgres", "DROP TABLE followed"), &refused)
	assert.Equal(t, "25006", refused.Code)
	require.NoError(t, standby.Promote(ctx))
	require.NoError(t, standby.Exec(ctx, "postgres", "DROP TABLE followed"))
	conn, err := pgx.Connect(ctx, standby.URL("someone", "postgres"))
	require.NoError(t, err)
	require.NoError(t, conn.Close(ctx))
}
