package loadgen

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/otlpmap"
)

func TestTheSameSeedMakesTheSameRequest(t *testing.T) {
	t.Parallel()
	o := Options{Run: "r", Seed: 7, Start: time.Unix(1_700_000_000, 0), Tenants: 5, OrdinaryShare: 0.5, RecordIDs: 0.5, FillerBytes: 20}
	one, two := New(o), New(o)
	for _, n := range []int{1, 100, 1000} {
		a, events := one.Request(n)
		b, _ := two.Request(n)
		assert.Equal(t, encoded(t, a), encoded(t, b))
		assert.Len(t, events, n)
	}
}

func TestEveryShapeIsAuditAndOrdinaryIsNot(t *testing.T) {
	t.Parallel()
	g := New(Options{Run: "r", OrdinaryShare: 1, Start: time.Unix(1_700_000_000, 0)})
	logs, events := g.Request(100 * len(Shapes()))
	markers := map[string]bool{}
	for _, e := range events {
		markers[e.Marker] = true
	}
	assert.Len(t, markers, len(events))
	audit, ordinary := 0, 0
	for _, rl := range logs.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				if otlpmap.IsAudit(lr) {
					audit++
				} else {
					ordinary++
				}
			}
		}
	}
	assert.Equal(t, len(events), audit)
	assert.Equal(t, len(events), ordinary)
}

func TestLedgerKeepsWhatWasAcknowledged(t *testing.T) {
	t.Parallel()
	l := NewLedger()
	a, b := Event{Marker: "a"}, Event{Marker: "b"}
	l.Record(Acknowledged, a)
	l.Record(Sent, a, b)
	assert.Equal(t, map[string]Fate{"a": Acknowledged, "b": Sent}, l.Fates())
	assert.Equal(t, 1, l.Count(Acknowledged))
}

func encoded(t *testing.T, logs plog.Logs) []byte {
	t.Helper()
	b, err := (&plog.ProtoMarshaler{}).MarshalLogs(logs)
	require.NoError(t, err)
	return b
}
