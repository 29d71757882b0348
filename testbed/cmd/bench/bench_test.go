package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/pglocal"
	"github.com/otelaudit/otelaudit/testbed/database"
)

// TestRowsComeBackAsTheyWere reads rows as binary tuples and writes them again
// by COPY and by parameters: the limits must be measured with the same rows.
func TestRowsComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	server, err := database.Start(t.Context(), pglocal.Options{Dir: t.TempDir(), Volatile: true})
	require.NoError(t, err, "this test needs PostgreSQL")
	defer func() {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		assert.NoError(t, server.Stop(ctx))
	}()
	db, err := server.New(t.Context())
	require.NoError(t, err)
	conn, err := pgx.Connect(t.Context(), db.Owner)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), `
		INSERT INTO audit_events (tenant_id, epoch, seq, recorded_at, event_id, action, outcome, actor, leaf_hash)
		SELECT 'bench-t', 0, s, now(), 'e' || s, 'a', 'success', '{"id": "u", "n": [1, null]}', sha256('x') FROM generate_series(0, 9) s;
		INSERT INTO audit_event_ids (tenant_id, kind, id, fingerprint, epoch, seq, recorded_at)
		SELECT tenant_id, 'e', event_id, sha256('x'), epoch, seq, recorded_at FROM audit_events`)
	require.NoError(t, err)
	r, err := readRows(t.Context(), db, time.Time{})
	require.NoError(t, err)
	require.Len(t, r.events, 10)
	require.Len(t, r.ids, 10)

	// By COPY and by parameters into a copy of the table.
	_, err = conn.Exec(t.Context(), `CREATE TABLE again (LIKE `+r.partition+` INCLUDING ALL)`)
	require.NoError(t, err)
	_, err = conn.PgConn().CopyFrom(t.Context(), bytes.NewReader(copyBody(r.events[:9])), "COPY again ("+r.columns+") FROM STDIN (FORMAT binary)")
	require.NoError(t, err)
	sql, formats := insertStatement("again", r.columns)
	_, err = conn.PgConn().Prepare(t.Context(), "insert_event", sql, nil)
	require.NoError(t, err)
	require.NoError(t, execute(t.Context(), conn.PgConn(), values(r.events[9]), formats))
	var different int
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT count(*) FROM ((TABLE again EXCEPT TABLE `+r.partition+`) UNION ALL (TABLE `+r.partition+` EXCEPT TABLE again)) d`).Scan(&different))
	assert.Zero(t, different)
}

func TestPercentiles(t *testing.T) {
	t.Parallel()
	took := make([]time.Duration, 101)
	for i := range took {
		took[i] = time.Duration(100-i) * time.Millisecond
	}
	p50, p99 := percentiles(took)
	assert.InDelta(t, 50, *p50, 0)
	assert.InDelta(t, 99, *p99, 0)
}

// TestResultsHaveTheirKeys holds the names that other programs read.
func TestResultsHaveTheirKeys(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "build", "bench.json")
	require.NoError(t, writeJSON(path, []result{{Case: "end_to_end", ClientBatch: 1000}}))
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	var list []map[string]any
	require.NoError(t, json.Unmarshal(b, &list))
	for _, key := range []string{
		"case", "client_batch", "tenants", "rows_before", "events_per_second", "ratio_to_copy", "p50_ms", "p99_ms",
		"collector_cpu_us_per_event", "ratio_to_few_rows", "ratio_to_peers", "sinks", "ratio_to_unsigned", "ratio_to_one_sink", "server_cpu_us_per_event", "peak_rss_mib", "bytes_per_event",
	} {
		assert.Contains(t, list[0], key)
	}
	var table bytes.Buffer
	require.NoError(t, printTable(&table, []result{{Case: "end_to_end", ClientBatch: 1000, RatioToCopy: new(0.5)}}))
	assert.Contains(t, table.String(), "0.50")
}
