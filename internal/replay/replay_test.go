package replay_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/otlpmap"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/replay"
	"github.com/otelaudit/otelaudit/internal/store"
)

var received = time.Date(2026, 5, 1, 12, 0, 0, 123456000, time.UTC)

// stored is what quarantine keeps of a record that put has made.
func stored(t *testing.T, put func(plog.LogRecord)) []byte {
	t.Helper()
	lr := plog.NewLogRecord()
	lr.SetTimestamp(pcommon.NewTimestampFromTime(received.Add(-time.Hour)))
	lr.Attributes().PutStr("audit.action", "invoice.create")
	lr.Attributes().PutStr("audit.outcome", "success")
	lr.Attributes().PutStr("audit.actor.id", "alice")
	put(lr)
	bytes, err := otlpmap.MarshalOne(pcommon.NewResource(), pcommon.NewInstrumentationScope(), lr)
	require.NoError(t, err)
	return bytes
}

func TestOnlyTheMarksGo(t *testing.T) {
	plain := stored(t, func(plog.LogRecord) {})
	marked := stored(t, func(lr plog.LogRecord) {
		otlpmap.Quarantine(lr, otlpmap.QuarantineMark{Reason: record.ReasonMissingTenant, Detail: "none", TenantID: "acme", SHA256: [32]byte{1}})
	})
	require.NotEqual(t, plain, marked)
	for _, otlp := range [][]byte{plain, marked} {
		r, err := replay.New(otlp, "protobuf", received)
		require.NoError(t, err)
		require.Equal(t, plain, r.Body)
	}
}

func TestIdentity(t *testing.T) {
	of := func(put func(plog.LogRecord)) *store.ReplayIdentity {
		r, err := replay.New(stored(t, put), "protobuf", received)
		require.NoError(t, err)
		return r.Identity("acme")
	}
	derived := of(func(plog.LogRecord) {})
	require.Empty(t, derived.EventID)
	require.Empty(t, derived.Key)
	require.Equal(t, received.Add(-time.Hour).UnixMilli(), derived.TimeUnixMilli)
	require.Equal(t, "own", of(func(lr plog.LogRecord) { lr.Attributes().PutStr("audit.record.id", "own") }).EventID)
	require.Equal(t, "key", of(func(lr plog.LogRecord) { lr.Attributes().PutStr("audit.idempotency.key", "key") }).Key)
	require.NotEqual(t, derived.Fingerprint, of(func(lr plog.LogRecord) { lr.Attributes().PutStr("audit.reason", "other") }).Fingerprint)

	// The time of its arrival stands in for a time that is not there, in what is
	// sent as well: each replay would be another event otherwise.
	timeless := func(lr plog.LogRecord) { lr.SetTimestamp(0) }
	require.Equal(t, received.UnixMilli(), of(timeless).TimeUnixMilli)
	r, err := replay.New(stored(t, timeless), "protobuf", received)
	require.NoError(t, err)
	var u plog.ProtoUnmarshaler
	logs, err := u.UnmarshalLogs(r.Body)
	require.NoError(t, err)
	lr := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
	require.Equal(t, received, lr.ObservedTimestamp().AsTime())
	require.Zero(t, lr.Timestamp())
	again, err := replay.New(r.Body, "protobuf", received.Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, r.Body, again.Body, "quarantined again, it stays the same event")
}

func TestWhatCannotBeSent(t *testing.T) {
	for name, c := range map[string]struct {
		otlp, encoding, wanted string
	}{
		"no protobuf": {"\xff secret", "protobuf", "damaged"},
		"no JSON":     {`{"secret"`, "json", "damaged"},
		"nothing":     {"", "protobuf", "holds 0 log records"},
		"encoding":    {"", "xml", `unknown encoding "xml"`},
		"no audit":    {`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"secret"}}]}]}]}`, "json", "no audit record"},
		"two":         {`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{},{}]}]}]}`, "json", "holds 2 log records"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := replay.New([]byte(c.otlp), c.encoding, received)
			require.ErrorContains(t, err, c.wanted)
			require.NotContains(t, err.Error(), "secret")
		})
	}
	_, err := replay.New([]byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"attributes":[{"key":"audit.action","value":{"stringValue":"x"}}]}]}]}]}`), "json", received)
	require.NoError(t, err)
}

func TestTheClaimCounts(t *testing.T) {
	require.Equal(t, "acme", replay.Tenant(&store.QuarantinedRecord{TenantID: " acme "}, "other"))
	require.Equal(t, "other", replay.Tenant(&store.QuarantinedRecord{}, "other"))
	require.Empty(t, replay.Tenant(&store.QuarantinedRecord{TenantID: strings.Repeat(" ", 3)}, ""))
}

func FuzzNew(f *testing.F) {
	f.Add([]byte("\xff"), true)
	f.Add([]byte(`{"resourceLogs":[]}`), false)
	f.Fuzz(func(_ *testing.T, otlp []byte, protobuf bool) {
		encoding := "json"
		if protobuf {
			encoding = "protobuf"
		}
		if r, err := replay.New(otlp, encoding, received); err == nil {
			r.Identity("acme")
		}
	})
}
