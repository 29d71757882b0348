package otlpmap

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/record"
)

// FuzzDecode feeds arbitrary OTLP protobuf to the codec. Nothing panics;
// everything is an ordinary record, a problem with a reason, or an event that
// the next hop reads back and writes again without changing a byte.
func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("testdata/shapes/*.json")
	require.NoError(f, err)
	for _, file := range files {
		for _, s := range readShapes(f, file) {
			b, err := MarshalOne(s.resource, s.scope, s.log)
			require.NoError(f, err)
			f.Add(b)
			if r, problem := finished(NewDecoder(Options{}), s); problem == nil {
				Encode(r, s.log)
				if b, err = MarshalOne(s.resource, s.scope, s.log); err == nil {
					f.Add(b)
				}
			}
		}
	}
	d := NewDecoder(Options{})
	f.Fuzz(func(t *testing.T, in []byte) {
		var u plog.ProtoUnmarshaler
		logs, err := u.UnmarshalLogs(in)
		if err != nil {
			return
		}
		for _, rl := range logs.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, lr := range sl.LogRecords().All() {
					if IsAudit(lr) {
						checkHops(t, d, sent{rl.Resource(), sl.Scope(), lr})
					}
				}
			}
		}
	})
}

func checkHops(t *testing.T, d *Decoder, s sent) {
	_ = Digest(s.resource, s.scope, s.log)
	trusted := d.Decode(s.resource, s.scope, s.log, true)
	if trusted.Record == nil && trusted.Mark == nil {
		t.Fatal("neither a record nor a mark")
	}
	out := d.Decode(s.resource, s.scope, s.log, false)
	if out.Problem != nil {
		if out.Problem.Reason == "" || out.Problem.Detail == "" {
			t.Fatalf("a problem without words: %+v", out.Problem)
		}
		return
	}
	r := out.Record
	r.SettleTime(1)
	if r.Normalize() != nil {
		return
	}
	if r.EventID == "" {
		r.EventID = r.DeriveEventID()
	}
	canonical := r.AppendCanonical(nil)
	if _, err := record.ParseCanonical(canonical); err != nil {
		t.Fatalf("%v: %s", err, canonical)
	}
	Encode(r, s.log)
	first, err := MarshalOne(s.resource, s.scope, s.log)
	if err != nil {
		t.Fatal(err)
	}
	next := d.Decode(pcommon.NewResource(), pcommon.NewInstrumentationScope(), wire(t, s.log), true)
	if next.Problem != nil || !next.Canonical {
		t.Fatalf("the next hop does not read it: %+v", next)
	}
	if got := next.Record.AppendCanonical(nil); !bytes.Equal(canonical, got) {
		t.Fatalf("the next hop reads\n%s\nfor\n%s", got, canonical)
	}
	if p := next.Record.Normalize(); p != nil {
		t.Fatal(p)
	}
	Encode(next.Record, s.log)
	second, err := MarshalOne(s.resource, s.scope, s.log)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Fatal("the next hop changes bytes")
	}
}
