package migrations_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/store/storetest"
	"github.com/otelaudit/otelaudit/migrations"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

func TestUpDownUp(t *testing.T) {
	db := storetest.NewEmptyDatabase(t)
	runner := migrations.Runner{}
	for range 2 {
		done, err := runner.Up(t.Context(), db.SuperURL)
		require.NoError(t, err)
		require.Len(t, done, int(migrations.Latest()))
		done, err = runner.Up(t.Context(), db.SuperURL)
		require.NoError(t, err)
		require.Empty(t, done)
		done, err = runner.Down(t.Context(), db.SuperURL)
		require.NoError(t, err)
		require.Len(t, done, int(migrations.Latest()))
	}
}
