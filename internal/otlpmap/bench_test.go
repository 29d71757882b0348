package otlpmap

import (
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/record/recordtest"
)

// BenchmarkCodec is one hop: a record of 910 canonical bytes is read from its
// canonical form and written again.
func BenchmarkCodec(b *testing.B) {
	d := NewDecoder(Options{TenantAttributes: []string{}})
	resource, scope := pcommon.NewResource(), pcommon.NewInstrumentationScope()
	lr := plog.NewLogRecord()
	Encode(recordtest.Typical(), lr)
	b.ReportAllocs()
	for b.Loop() {
		out := d.Decode(resource, scope, lr, true)
		if out.Problem != nil {
			b.Fatal(out.Problem)
		}
		Encode(out.Record, lr)
	}
}

func BenchmarkDecodeCanonical(b *testing.B) {
	d := NewDecoder(Options{TenantAttributes: []string{}})
	resource, scope := pcommon.NewResource(), pcommon.NewInstrumentationScope()
	lr := plog.NewLogRecord()
	Encode(recordtest.Typical(), lr)
	b.ReportAllocs()
	for b.Loop() {
		d.Decode(resource, scope, lr, true)
	}
}

func BenchmarkEncode(b *testing.B) {
	r := recordtest.Typical()
	lr := plog.NewLogRecord()
	b.ReportAllocs()
	for b.Loop() {
		Encode(r, lr)
	}
}

// BenchmarkDecodeShapes is what the first processor reads from an application.
func BenchmarkDecodeShapes(b *testing.B) {
	d := NewDecoder(Options{})
	for _, bench := range []struct {
		name string
		file string
		n    int
	}{{"flat", "same-event", 0}, {"nested", "same-event", 5}, {"json", "same-event", 7}, {"evlog-json", "evlog-json", 0}, {"evlog-compact", "evlog-compact", 0}} {
		s := readShapes(b, "testdata/shapes/"+bench.file+".json")[bench.n]
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if out := d.Decode(s.resource, s.scope, s.log, false); out.Problem != nil {
					b.Fatal(out.Problem)
				}
			}
		})
	}
}
