package e2e

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/testbed/metrics"
)

// count runs a query for one number as the auditor.
func count(t *testing.T, db *databaseURLs, query string, args ...any) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, db.Auditor)
	require.NoError(t, err)
	defer conn.Close(ctx)
	var n int
	require.NoError(t, conn.QueryRow(ctx, query, args...).Scan(&n))
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

// metric is the sum of a metric's series that have the labels, given as name and
// value in turn; 0 while there is none. The name is without the prefix otelcol_: with
// it, a metric would read 0 for ever.
func (d *deployment) metric(name string, labels ...string) float64 {
	if strings.HasPrefix(name, "otelcol_") {
		d.t.Errorf("%s is asked for with its prefix", name)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	now, err := metrics.Fetch(ctx, d.metricsURL())
	for err != nil && ctx.Err() == nil { // it may be starting
		time.Sleep(50 * time.Millisecond)
		now, err = metrics.Fetch(ctx, d.metricsURL())
	}
	require.NoError(d.t, err, "a figure that nobody could read is not 0")
	return now.Sum("otelcol_"+name, labels...)
}
