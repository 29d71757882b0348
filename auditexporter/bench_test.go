package auditexporter

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/otlpmap"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

func fixedNow() time.Time { return time.Unix(1_763_800_000, 0) }

// typical is an event of about 900 canonical bytes.
func typical(tenant, id string) *record.Record {
	text := record.StringValue
	obj := func(pairs ...string) record.Value {
		v := record.EmptyObject()
		for i := 0; i < len(pairs); i += 2 {
			v = v.Set(pairs[i], text(pairs[i+1]))
		}
		return v
	}
	r := &record.Record{
		TenantID: tenant, EventID: id, Action: "invoice.refund", Outcome: record.OutcomeSuccess,
		Actor:         obj("type", "user", "id", "usr_4f1c2a", "email", "pat@example.com", "display_name", "Pat Doe"),
		Target:        obj("type", "invoice", "id", "inv_889", "currency", "EUR"),
		Reason:        "Customer requested refund",
		CorrelationID: "corr-" + id,
		Context:       obj("request_id", "req-"+id, "ip", "203.0.113.7", "user_agent", "Mozilla/5.0 (X11; Linux x86_64)", "session_id", "s-1"),
		Changes:       record.EmptyObject().Set("before", obj("status", "paid")).Set("after", obj("status", "refunded", "by", "pat")),
		TraceID:       "4bf92f3577b34da6a3ce929d0e0e4736", SpanID: "00f067aa0ba902b7",
		Severity: 9, SeverityText: "INFO", TimeUnixNano: 1_763_800_000_123_456_789,
		Source:     obj("service.name", "billing", "service.version", "1.4.2", "deployment.environment.name", "production"),
		Attributes: obj("http.request.method", "POST", "url.path", "/invoices/889/refund"),
		Body:       text("refund issued"),
	}
	return r
}

func typicalLogs(tb testing.TB, tenants, n int, prefix string) plog.Logs {
	tb.Helper()
	records := make([]*record.Record, n)
	for i := range records {
		records[i] = typical(fmt.Sprintf("tenant-%d", i%tenants), fmt.Sprintf("%s-%07d", prefix, i))
	}
	return canonical(tb, records...)
}

// BenchmarkPrepare is everything the exporter does before it takes a lock:
// decode, canonical bytes, leaf, fingerprint, row.
func BenchmarkPrepare(b *testing.B) {
	logs := typicalLogs(b, 10, 1000, "e")
	cfg := createDefaultConfig().(*Config)
	e := &auditExporter{cfg: cfg, decoder: otlpmap.NewDecoder(otlpmap.Options{}), counts: newCounts(nil, "", nil), now: fixedNow}
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		e.take(logs)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/record")
}

// BenchmarkEncode is canonical bytes, leaf, fingerprint and row of one record.
func BenchmarkEncode(b *testing.B) {
	var enc store.Encoder
	r := typical("acme", "e-1")
	b.ReportAllocs()
	for range b.N {
		if _, err := enc.Encode(r, ""); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkConsume is end to end from pdata to COMMIT.
func BenchmarkConsume(b *testing.B) {
	for _, records := range []int{1, 100, 1000} {
		for _, tenants := range []int{1, 100} {
			for _, callers := range []int{1, 8, 256} {
				b.Run(fmt.Sprintf("records=%d/tenants=%d/callers=%d", records, tenants, callers), func(b *testing.B) {
					benchConsume(b, records, tenants, callers, integrityRequired)
				})
			}
		}
	}
}

// BenchmarkIntegrity is the same with and without signatures, one after the
// other: benchstat -col /mode.
func BenchmarkIntegrity(b *testing.B) {
	for _, c := range []struct{ records, tenants, callers int }{{1000, 1, 8}, {1000, 100, 8}, {100, 10, 8}, {1, 1, 1}, {1, 1, 256}, {1, 100, 256}} {
		for _, mode := range []string{integrityOff, integrityRequired} {
			b.Run(fmt.Sprintf("records=%d/tenants=%d/callers=%d/mode=%s", c.records, c.tenants, c.callers, mode), func(b *testing.B) {
				benchConsume(b, c.records, c.tenants, c.callers, mode)
			})
		}
	}
}

// BenchmarkIntegrityInTurns sends the same to an exporter without and to one with
// signatures in turns of a second or less, so that whatever else the machine does
// meets both: ratio is the speed with signatures by that without.
func BenchmarkIntegrityInTurns(b *testing.B) {
	for _, c := range []struct{ records, tenants, callers int }{{1000, 1, 8}, {1000, 100, 8}, {1, 1, 1}, {1, 100, 256}} {
		b.Run(fmt.Sprintf("records=%d/tenants=%d/callers=%d", c.records, c.tenants, c.callers), func(b *testing.B) {
			var rigs []*rig
			for _, mode := range []string{integrityOff, integrityRequired} {
				rigs = append(rigs, start(b, storetest.NewDatabase(b).WriterURL, withAnchors(filepath.Join(b.TempDir(), "anchors")), func(c *Config) { c.Integrity.Mode = mode }))
			}
			var took [2]time.Duration
			for turn := range b.N + 1 {
				for i := range rigs {
					which := (turn + i) % len(rigs)
					requests := make([]plog.Logs, max(2*c.callers, 10_000/c.records))
					for j := range requests {
						requests[j] = typicalLogs(b, c.tenants, c.records, fmt.Sprintf("%d-%d", turn, j))
					}
					began := time.Now()
					consumeAll(b, rigs[which], requests, c.callers)
					if turn > 0 { // the first warms both
						took[which] += time.Since(began)
					}
				}
			}
			b.ReportMetric(took[0].Seconds()/took[1].Seconds(), "ratio")
			b.ReportMetric(0, "ns/op")
		})
	}
}

var benchRun atomic.Int64

// benchChunk bounds how many records are made beforehand, outside of the clock.
const benchChunk = 20_000

func benchConsume(b *testing.B, records, tenants, callers int, mode string) {
	d := storetest.NewDatabase(b)
	e := start(b, d.WriterURL, withAnchors(filepath.Join(b.TempDir(), "anchors")), func(c *Config) { c.Integrity.Mode = mode })
	run := benchRun.Add(1)
	b.ReportAllocs()
	b.ResetTimer()
	b.StopTimer()
	for done := 0; done < b.N; {
		requests := make([]plog.Logs, min(b.N-done, max(1, benchChunk/records)))
		for i := range requests {
			requests[i] = typicalLogs(b, tenants, records, fmt.Sprintf("%08d-%d", done+i, run))
		}
		done += len(requests)
		b.StartTimer()
		consumeAll(b, e, requests, callers)
		b.StopTimer()
	}
	b.ReportMetric(float64(b.N*records)/b.Elapsed().Seconds(), "records/s")
}

func consumeAll(b *testing.B, e *rig, requests []plog.Logs, callers int) {
	b.Helper()
	var next atomic.Int64
	done := make(chan error, callers)
	for range callers {
		go func() {
			var err error
			for i := next.Add(1) - 1; err == nil && i < int64(len(requests)); i = next.Add(1) - 1 {
				err = e.ConsumeLogs(context.Background(), requests[i])
			}
			done <- err
		}()
	}
	for range callers {
		require.NoError(b, <-done)
	}
}
