package storetest_test

import (
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

func TestNewDatabaseGivesALoginPerRole(t *testing.T) {
	db := storetest.NewDatabase(t)
	for role, url := range map[string]string{
		"owner": db.OwnerURL, "writer": db.WriterURL, "reader": db.ReaderURL, "auditor": db.AuditorURL,
		"pruner": db.PrunerURL, "operator": db.OperatorURL, "nobody": db.NobodyURL,
	} {
		conn, err := pgx.Connect(t.Context(), url)
		require.NoError(t, err, role)
		var login, database string
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT session_user, current_database()").Scan(&login, &database))
		require.Equal(t, db.Login(role), login)
		require.Equal(t, db.Name, database)
		require.NoError(t, conn.Close(t.Context()))
	}
}
