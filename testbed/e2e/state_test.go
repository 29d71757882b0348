package e2e

import (
	"bufio"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// count runs a query for one number as the auditor.
func count(t *testing.T, db *databaseURLs, query string, args ...any) int {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), db.Auditor)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	var n int
	require.NoError(t, conn.QueryRow(t.Context(), query, args...).Scan(&n))
	return n
}

// leaves are the leaf hashes of all events in order: what is under the trail's
// signature.
func leaves(t *testing.T, db *databaseURLs) []string {
	t.Helper()
	conn := connect(t, db.Auditor)
	rows, err := conn.Query(t.Context(), `SELECT encode(leaf_hash, 'hex') FROM audit_events ORDER BY tenant_id, epoch, seq`)
	require.NoError(t, err)
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return found
}

// metric is the sum of all time series of the collector whose name contains
// name, 0 when there is none yet.
func (d *deployment) metric(name string, labels ...string) float64 {
	resp, err := http.Get("http://127.0.0.1:" + d.env["TESTBED_METRICS"] + "/metrics")
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	sum := 0.0
	for lines := bufio.NewScanner(io.LimitReader(resp.Body, 8<<20)); lines.Scan(); {
		line := lines.Text()
		if strings.HasPrefix(line, "#") || !strings.Contains(line, name) || !containsAll(line, labels) {
			continue
		}
		if v, err := strconv.ParseFloat(line[strings.LastIndexByte(line, ' ')+1:], 64); err == nil {
			sum += v
		}
	}
	return sum
}

func containsAll(line string, texts []string) bool {
	for _, text := range texts {
		if !strings.Contains(line, text) {
			return false
		}
	}
	return true
}
