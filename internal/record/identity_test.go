package record_test

import (
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/record/recordtest"
)

// members are changes of one member each, and whether identity and fingerprint
// see them.
var members = []struct {
	name                  string
	change                func(*record.Record)
	identity, fingerprint bool
}{
	{"tenant", func(r *record.Record) { r.TenantID = "x" }, true, true},
	{"action", func(r *record.Record) { r.Action = "x" }, true, true},
	{"outcome", func(r *record.Record) { r.Outcome = record.OutcomeDenied }, true, true},
	{"actor", func(r *record.Record) { r.Actor = r.Actor.Set("x", record.NullValue()) }, true, true},
	{"target", func(r *record.Record) { r.Target = record.Value{} }, true, true},
	{"reason", func(r *record.Record) { r.Reason = "" }, true, true},
	{"changes", func(r *record.Record) { r.Changes = record.EmptyObject() }, true, true},
	{"correlation", func(r *record.Record) { r.CorrelationID = "x" }, true, true},
	{"causation", func(r *record.Record) { r.CausationID = "x" }, true, true},
	{"payload", func(r *record.Record) { r.Payload = record.NullValue() }, true, true},
	{"time", func(r *record.Record) { r.TimeUnixNano++ }, true, false},
	{"key", func(r *record.Record) { r.IdempotencyKey = "x" }, true, false},
	{"context", func(r *record.Record) { r.Context = record.Value{} }, true, false},
	{"trace", func(r *record.Record) { r.TraceID = "" }, true, false},
	{"span", func(r *record.Record) { r.SpanID = "" }, true, false},
	{"event name", func(r *record.Record) { r.EventName = "x" }, true, false},
	{"severity", func(r *record.Record) { r.Severity = 17 }, true, false},
	{"severity text", func(r *record.Record) { r.SeverityText = "x" }, true, false},
	{"schema version", func(r *record.Record) { r.SchemaVersion = "9" }, true, false},
	{"source", func(r *record.Record) { r.Source = record.Value{} }, true, false},
	{"attributes", func(r *record.Record) { r.Attributes = record.Value{} }, true, false},
	{"body", func(r *record.Record) { r.Body = record.Value{} }, true, false},
	{"event id", func(r *record.Record) { r.EventID = "x" }, false, false},
	{"producer", func(r *record.Record) { r.Producer = record.EmptyObject() }, false, false},
	{"flags", func(r *record.Record) { r.AddFlag("x") }, false, false},
	{"original", func(r *record.Record) { r.KeepOriginal("x", record.NullValue()) }, false, false},
	{"observed time", func(r *record.Record) { r.ObservedTimeUnixNano++ }, false, false},
}

func TestWhatIdentityAndFingerprintSee(t *testing.T) {
	base := recordtest.Typical()
	for _, m := range members {
		r := recordtest.Typical()
		m.change(r)
		require.Equal(t, m.identity, base.DeriveEventID() != r.DeriveEventID(), m.name)
		require.Equal(t, m.fingerprint, base.Fingerprint() != r.Fingerprint(), m.name)
		require.NotEqual(t, record.LeafHash(base.AppendCanonical(nil)), record.LeafHash(r.AppendCanonical(nil)), "%s is under the leaf", m.name)
	}
}

// Two records that differ only in a severity that the store has no room for are
// two events, as with any other severity. None of them is the event without one.
func TestAFarSeverityIsPartOfTheIdentity(t *testing.T) {
	ids := map[string]int{}
	for _, severity := range []int{0, 17, math.MaxInt16, math.MaxInt16 + 1, math.MaxInt32 - 1, math.MaxInt32, math.MinInt16, math.MinInt16 - 1, math.MinInt32} {
		r := recordtest.Typical()
		r.EventID, r.Severity = "", severity
		require.Nil(t, r.Normalize())
		id := r.DeriveEventID()
		require.NotContains(t, ids, id, "%d and %d", severity, ids[id])
		ids[id] = severity
		require.Nil(t, r.Normalize())
		require.Equal(t, id, r.DeriveEventID(), "normalized twice")
	}
}

func TestDerivedIDIsATimeOrderedUUID(t *testing.T) {
	r := recordtest.Typical()
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	last := ""
	for _, at := range []string{"1970-01-01T00:00:00.001Z", "2001-09-09T01:46:40Z", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.001Z", "2262-04-11T00:00:00Z"} {
		when, err := time.Parse(time.RFC3339, at)
		require.NoError(t, err)
		r.TimeUnixNano = when.UnixNano()
		id := r.DeriveEventID()
		require.Regexp(t, uuid, id)
		require.Less(t, last, id)
		last = id
	}
	r.TimeUnixNano = 0x0123456789ab * int64(time.Millisecond)
	require.True(t, strings.HasPrefix(r.DeriveEventID(), "01234567-89ab-8"))
}

func TestBindsKey(t *testing.T) {
	r := recordtest.Typical()
	require.False(t, r.BindsKey())
	for _, key := range []string{"k", strings.Repeat("0", 32), strings.Repeat("f", 32), strings.Repeat("F", 32)} {
		r.IdempotencyKey = key
		require.True(t, r.BindsKey(), key)
	}
}
