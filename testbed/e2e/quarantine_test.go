package e2e

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// quarantined is one row of audit_quarantine.
type quarantined struct {
	Reason string
	Detail string
	Tenant string
	OTLP   string // the bytes, redacted
}

// quarantineOf are the quarantined records that hold text.
func quarantineOf(t *testing.T, conn *pgx.Conn, text string) []quarantined {
	t.Helper()
	rows, err := conn.Query(t.Context(), `SELECT reason, coalesce(detail, ''), coalesce(tenant_id, ''), otlp FROM audit_quarantine
		WHERE position(convert_to($1, 'UTF8') IN otlp) > 0 ORDER BY id`, text)
	require.NoError(t, err)
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (quarantined, error) {
		var q quarantined
		var otlp []byte
		err := row.Scan(&q.Reason, &q.Detail, &q.Tenant, &otlp)
		q.OTLP = string(otlp)
		return q, err
	})
	require.NoError(t, err)
	return found
}

// quarantineReasons says what is in quarantine, for the message of a failure.
func quarantineReasons(t *testing.T, conn *pgx.Conn) string {
	t.Helper()
	rows, err := conn.Query(t.Context(), `SELECT reason || ' (' || coalesce(detail, '') || ') ' || count(*) FROM audit_quarantine GROUP BY reason, detail`)
	require.NoError(t, err)
	reasons, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return strings.Join(reasons, "; ")
}
