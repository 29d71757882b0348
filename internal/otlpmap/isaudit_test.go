package otlpmap

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

func TestIsAudit(t *testing.T) {
	for _, c := range []struct {
		name       string
		attributes map[string]any
		body       any
		eventName  string
		want       bool
	}{
		{name: "nothing"},
		{name: "attribute", attributes: map[string]any{"audit.action": "a"}, want: true},
		{name: "nested", attributes: map[string]any{"audit": map[string]any{}}, want: true},
		{name: "empty text", attributes: map[string]any{"audit": ""}, want: true},
		{name: "unset", attributes: map[string]any{"audit": nil}, want: true},
		{name: "wrong type", attributes: map[string]any{"audit": true}, want: true},
		{name: "look-alikes", attributes: map[string]any{"auditor": "x", "user.audit": "y", "auditing.x": 1, "Audit.action": 1}},
		{name: "message", body: "an audit of audit.action took place"},
		{name: "message that quotes", body: `the "audit" is done`},
		{name: "body map", body: map[string]any{"audit": "x"}, want: true},
		{name: "dotted body map", body: map[string]any{"audit.action": "x"}, want: true},
		{name: "ordinary body map", body: map[string]any{"auditor": "x", "a": map[string]any{"audit": 1}}},
		{name: "body JSON", body: ` {"x":[{"y":"}"}],"audit":{}}`, want: true},
		{name: "dotted body JSON", body: `{"x":1,"audit.action":"a"}`, want: true},
		{name: "escaped name", body: `{"\u0061udit":{}}`, want: true},
		{name: "cut off behind audit", body: `{"audit":{"action":"a`, want: true},
		{name: "cut off before audit", body: `{"x":"audit`},
		{name: "deeper", body: `{"x":{"audit":1},"y":["audit"],"z":"audit"}`},
		{name: "a value", body: `{"x":"\"audit\":"}`},
		{name: "array", body: `["audit"]`},
		{name: "event name alone", eventName: "audit.login"},
		{name: "event name and body map", eventName: "audit.login", body: map[string]any{"action": "a", "actor": "u"}, want: true},
		{name: "event name and body JSON", eventName: "audit", body: `{"action":"a","actor":{}}`, want: true},
		{name: "event name without actor", eventName: "audit", body: `{"action":"a"}`},
		{name: "other event name", eventName: "auditor", body: `{"action":"a","actor":{}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			lr := plog.NewLogRecord()
			require.NoError(t, lr.Attributes().FromRaw(c.attributes))
			require.NoError(t, lr.Body().FromRaw(c.body))
			lr.SetEventName(c.eventName)
			require.Equal(t, c.want, IsAudit(lr))
		})
	}
}

func ordinary() plog.LogRecord {
	lr := plog.NewLogRecord()
	for _, name := range []string{"http.method", "http.route", "user.id", "auditor", "code.function", "thread.name", "exception.type"} {
		lr.Attributes().PutStr(name, "value")
	}
	lr.Body().SetStr(`{"message":"checkout done","order":{"id":7},"ok":true}`)
	return lr
}

func TestIsAuditDoesNotAllocateForOrdinaryRecords(t *testing.T) {
	lr := ordinary()
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if IsAudit(lr) {
			panic("not audit")
		}
	}))
}

func BenchmarkIsAuditOrdinary(b *testing.B) {
	lr := ordinary()
	b.ReportAllocs()
	for b.Loop() {
		if IsAudit(lr) {
			b.Fatal("not audit")
		}
	}
}
