package e2e

import (
	"bufio"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/testbed/loadgen"
)

// TestSampling proves that no sampler can take an audit record away: neither
// from the database nor from the application pipeline, with the connector and
// without it.
func TestSampling(t *testing.T) { //nolint:tparallel // two collectors one after the other
	t.Parallel()
	for _, name := range []string{"gateway.yaml", "single.yaml"} {
		t.Run(name, func(t *testing.T) {
			acquire(t, 1)
			db := newDatabase(t)
			d := deploy(t, name, db.environment()).start()
			g := generator("sample", loadgen.Options{Tenants: 5, OrdinaryShare: 0.5, FillerBytes: 10})
			ledger := loadgen.NewLedger()
			for range 5 {
				logs, events := g.Request(100)
				cheat(logs)
				require.NoError(t, loadgen.Deliver(within(t, patience), d.client(), logs, events, ledger, loadgen.Patient))
			}
			assert.Equal(t, 500, reckon(t, db, "sample", ledger).Stored)
			d.stop()
			copies := applicationLog(t, d)
			marked, ordinary := 0, 0
			for _, lr := range copies {
				if strings.Contains(asText(lr), "lg-sample-") {
					marked++
				} else {
					ordinary++
				}
			}
			assert.Equal(t, 500, marked, "every audit record comes out of the application pipeline at 0 %")
			assert.Zero(t, ordinary, "no ordinary record does")
		})
	}
}

// TestAuditOnly keeps audit records out of the application pipeline.
func TestAuditOnly(t *testing.T) {
	t.Parallel()
	acquire(t, 1)
	db := newDatabase(t)
	env := db.environment()
	env["TESTBED_PERCENTAGE"], env["TESTBED_AUDIT_RECORDS"] = "100", "audit_only"
	d := deploy(t, "gateway.yaml", env).start()
	g := generator("apart", loadgen.Options{OrdinaryShare: 1})
	ledger := loadgen.NewLedger()
	logs, events := g.Request(50)
	require.NoError(t, loadgen.Deliver(within(t, patience), d.client(), logs, events, ledger, loadgen.Patient))
	assert.Equal(t, 50, reckon(t, db, "apart", ledger).Stored)
	d.stop()
	copies := applicationLog(t, d)
	assert.Len(t, copies, 50)
	for _, lr := range copies {
		assert.NotContains(t, asText(lr), "lg-apart-")
	}
}

// cheat marks every record as unimportant, as a client may try: the mark of the
// processor must win on audit records.
func cheat(logs plog.Logs) {
	for _, rl := range logs.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				if _, ordinary := lr.Attributes().Get("marker"); !ordinary {
					lr.Attributes().PutInt("sampling.priority", 1)
				}
			}
		}
	}
}

// TestOrdinaryLogsAreSampled sends what telemetrygen would: a share of it comes
// out, unchanged but for the sampler's own attributes.
func TestOrdinaryLogsAreSampled(t *testing.T) {
	t.Parallel()
	acquire(t, 1)
	db := newDatabase(t)
	env := db.environment()
	env["TESTBED_PERCENTAGE"] = "25"
	d := deploy(t, "gateway.yaml", env).start()

	const sent = 4000
	logs := plog.NewLogs()
	records := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	random := rand.New(rand.NewPCG(7, 7))
	for range sent {
		lr := records.AppendEmpty()
		loadgen.Ordinary(lr, "plain", time.Unix(1_700_000_000, 0))
		var id pcommon.TraceID
		binary.BigEndian.PutUint64(id[:8], random.Uint64())
		binary.BigEndian.PutUint64(id[8:], random.Uint64())
		lr.SetTraceID(id) // what the sampler decides by
	}
	require.NoError(t, d.client().Send(within(t, patience), logs))
	d.stop()
	came := applicationLog(t, d)
	assert.InDelta(t, sent/4, len(came), sent/20, "a quarter")
	for _, lr := range came {
		assert.Contains(t, lr.Body().Str(), "the auditor opened")
		lr.Attributes().RemoveIf(func(k string, _ pcommon.Value) bool { return strings.HasPrefix(k, "sampling.") })
		assert.Equal(t, 5, lr.Attributes().Len(), "ordinary records pass untouched")
	}
	var n int
	require.NoError(t, connect(t, db.Auditor).QueryRow(t.Context(), `SELECT (SELECT count(*) FROM audit_events) + (SELECT count(*) FROM audit_quarantine)`).Scan(&n))
	assert.Zero(t, n, "nothing of it is audit")
}

// applicationLog reads what the application pipeline's file exporter wrote.
func applicationLog(t *testing.T, d *deployment) []plog.LogRecord {
	t.Helper()
	f, err := os.Open(filepath.Join(d.dir, "app.jsonl"))
	if os.IsNotExist(err) {
		return nil
	}
	require.NoError(t, err)
	defer f.Close()
	var found []plog.LogRecord
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 256<<20)
	for lines.Scan() {
		logs, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(lines.Bytes())
		require.NoError(t, err)
		for _, rl := range logs.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, lr := range sl.LogRecords().All() {
					found = append(found, lr)
				}
			}
		}
	}
	require.NoError(t, lines.Err())
	return found
}

// asText is a log record's attributes and body as JSON.
func asText(lr plog.LogRecord) string {
	logs := plog.NewLogs()
	lr.CopyTo(logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty())
	b, err := (&plog.JSONMarshaler{}).MarshalLogs(logs)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
