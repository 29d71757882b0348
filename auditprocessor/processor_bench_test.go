package auditprocessor

import (
	"context"
	"maps"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/otelaudit/otelaudit/auditprocessor/internal/metadata"
)

// shapes are the same event of about 900 bytes as applications send it.
func shapes(b *testing.B) map[string]plog.Logs {
	const records = 100
	make100 := func(fill func(plog.LogRecord)) plog.Logs {
		logs := plog.NewLogs()
		rl := logs.ResourceLogs().AppendEmpty()
		require.NoError(b, rl.Resource().Attributes().FromRaw(map[string]any{
			"service.name": "billing", "service.version": "1.4.2", "deployment.environment.name": "production",
		}))
		sl := rl.ScopeLogs().AppendEmpty()
		sl.Scope().SetName("audit")
		for range records {
			lr := sl.LogRecords().AppendEmpty()
			lr.SetTimestamp(sent)
			fill(lr)
		}
		return logs
	}
	raw := func(attrs map[string]any) func(plog.LogRecord) {
		return func(lr plog.LogRecord) { require.NoError(b, lr.Attributes().FromRaw(attrs)) }
	}
	const event = `{"action":"invoice.update","outcome":"success","reason":"customer asked for it","actor":{"type":"user","id":"u-1842","email":"ann@example.com","displayName":"Ann"},` +
		`"target":{"type":"invoice","id":"inv-20931","currency":"EUR"},"changes":{"before":{"amount":"129.50","state":"open"},"after":{"amount":"149.50","state":"sent"},` +
		`"patch":[{"op":"replace","path":"/amount","value":"149.50"}]},"context":{"requestId":"0192f3c1-1111-7000-8000-000000000001","tenantId":"acme","ip":"203.0.113.9","userAgent":"Mozilla/5.0 (X11; Linux x86_64)"}}`
	flatEvent := map[string]any{
		"audit.tenant.id": "acme", "audit.action": "invoice.update", "audit.outcome": "success", "audit.reason": "customer asked for it",
		"audit.actor.type": "user", "audit.actor.id": "u-1842", "audit.actor.email": "ann@example.com", "audit.actor.display_name": "Ann",
		"audit.target.type": "invoice", "audit.target.id": "inv-20931", "audit.target.currency": "EUR",
		"audit.changes.before": map[string]any{"amount": "129.50", "state": "open"}, "audit.changes.after": map[string]any{"amount": "149.50", "state": "sent"},
		"audit.context.request_id": "0192f3c1-1111-7000-8000-000000000001", "audit.context.ip": "203.0.113.9",
		"audit.context.user_agent": "Mozilla/5.0 (X11; Linux x86_64)", "audit.payload.lines": []any{1, 2},
		"http.request.method": "PUT", "http.route": "/invoices/{id}", "http.response.status_code": 200,
	}
	withID := map[string]any{"audit.record.id": "0192f3c1-2222-7000-8000-000000000002"}
	maps.Copy(withID, flatEvent)
	return map[string]plog.Logs{
		"flat":    make100(raw(flatEvent)),
		"flat_id": make100(raw(withID)),
		"json":    make100(raw(map[string]any{"audit": event, "http.route": "/invoices/{id}"})),
		"evlog": make100(func(lr plog.LogRecord) {
			lr.Attributes().PutStr("audit", event)
			lr.Body().SetStr(`{"level":"info","audit":` + event + `,"status":200}`)
		}),
		"ordinary": make100(raw(map[string]any{"http.request.method": "PUT", "http.route": "/x", "http.response.status_code": 200})),
	}
}

// cpuTime is what this process has used, garbage collection included. Unlike
// the wall clock it means something on a machine that does other work.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkProcessor reports the time of one record. Copying the request, which
// the processor consumes, is outside of the timer.
func BenchmarkProcessor(b *testing.B) {
	for name, logs := range shapes(b) {
		b.Run(name, func(b *testing.B) {
			p, err := NewFactory().CreateLogs(context.Background(), processortest.NewNopSettings(metadata.Type), createDefaultConfig(), consumertest.NewNop())
			require.NoError(b, err)
			require.NoError(b, p.Start(context.Background(), componenttest.NewNopHost()))
			defer func() { require.NoError(b, p.Shutdown(context.Background())) }()
			n := logs.LogRecordCount()
			copies := make([]plog.Logs, 64)
			var used, began time.Duration
			b.ReportAllocs()
			b.ResetTimer()
			for i := 0; i < b.N; i += n {
				if k := i / n % len(copies); k == 0 {
					b.StopTimer()
					if i > 0 {
						used += cpuTime(b) - began
					}
					for j := range copies {
						copies[j] = plog.NewLogs()
						logs.CopyTo(copies[j])
					}
					began = cpuTime(b)
					b.StartTimer()
				}
				require.NoError(b, p.ConsumeLogs(context.Background(), copies[i/n%len(copies)]))
			}
			b.ReportMetric(float64(used+cpuTime(b)-began)/float64(b.N), "cpu-ns/op")
		})
	}
}
