package cli

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// The Collector's own encoder is the oracle; the program itself links none of it.
func marshalLogs(t testing.TB, fill func(plog.ResourceLogs, plog.ScopeLogs, plog.LogRecord)) []byte {
	t.Helper()
	logs := plog.NewLogs()
	rl := logs.ResourceLogs().AppendEmpty()
	sl := rl.ScopeLogs().AppendEmpty()
	fill(rl, sl, sl.LogRecords().AppendEmpty())
	text, err := (&plog.ProtoMarshaler{}).MarshalLogs(logs)
	require.NoError(t, err)
	return text
}

func TestLogsDataJSON(t *testing.T) {
	text := marshalLogs(t, func(rl plog.ResourceLogs, sl plog.ScopeLogs, lr plog.LogRecord) {
		rl.Resource().Attributes().PutStr("service.name", "shop")
		sl.Scope().SetName("s")
		sl.Scope().SetVersion("1")
		lr.SetTimestamp(math.MaxUint64)
		lr.SetObservedTimestamp(2)
		lr.SetSeverityNumber(plog.SeverityNumberInfo)
		lr.SetSeverityText("INFO")
		lr.SetEventName("audit.x")
		lr.SetTraceID(pcommon.TraceID{1, 15: 2})
		lr.SetSpanID(pcommon.SpanID{3, 7: 4})
		lr.Body().SetStr("body \x00 \xff")
		a := lr.Attributes()
		a.PutStr("text", "a\"b")
		a.PutBool("yes", true)
		a.PutBool("no", false)
		a.PutInt("int", -5)
		a.PutDouble("double", 1.5)
		a.PutDouble("nan", math.NaN())
		a.PutEmptyBytes("bytes").Append(1, 2)
		a.PutEmpty("null")
		list := a.PutEmptySlice("list")
		list.AppendEmpty().SetInt(1)
		list.AppendEmpty().SetEmptyMap().PutStr("k", "v")
	})
	got, err := logsDataJSON(text)
	require.NoError(t, err)
	assert.JSONEq(t, `{
		"resource": {"attributes": {"service.name": "shop"}},
		"scope": {"name": "s", "version": "1", "attributes": {}},
		"record": {
			"time_unix_nano": "18446744073709551615", "observed_time_unix_nano": "2", "severity": 9, "severity_text": "INFO",
			"event_name": "audit.x", "trace_id": "01000000000000000000000000000002", "span_id": "0300000000000004", "body": "body \u0000 \ufffd",
			"attributes": {"text": "a\"b", "yes": true, "no": false, "int": -5, "double": 1.5, "nan": "NaN", "bytes": "AQI=", "null": null,
				"list": [1, {"k": "v"}]}
		}}`, string(got))
}

// A key that stands twice may be why the record is in quarantine: both show.
func TestLogsDataJSONShowsDuplicateKeys(t *testing.T) {
	text := marshalLogs(t, func(_ plog.ResourceLogs, _ plog.ScopeLogs, lr plog.LogRecord) {
		lr.Attributes().PutStr("audit.tenant.id", "a")
		lr.Attributes().PutStr("audit.tenant.ix", "b")
	})
	for i := range text {
		if text[i] == 'x' {
			text[i] = 'd'
		}
	}
	got, err := logsDataJSON(text)
	require.NoError(t, err)
	assert.JSONEq(t, `{"resource": {"attributes": {}}, "scope": {"attributes": {}}, "record": {"attributes": [
		{"key": "audit.tenant.id", "value": "a"}, {"key": "audit.tenant.id", "value": "b"}]}}`, string(got))
}

func FuzzLogsDataJSON(f *testing.F) {
	f.Add(marshalLogs(f, func(_ plog.ResourceLogs, _ plog.ScopeLogs, lr plog.LogRecord) {
		lr.Body().SetEmptyMap().PutStr("a", "b")
		lr.Attributes().PutDouble("d", 1e300)
	}))
	f.Add([]byte{0x0a, 0x02, 0x12})
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := logsDataJSON(text)
		if err == nil && !json.Valid(got) {
			t.Errorf("not JSON: %s", got)
		}
	})
}
