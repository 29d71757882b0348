package otlpmap

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/record/recordtest"
)

// wire sends a log record through OTLP protobuf, as the queue between our
// components does.
func wire(t testing.TB, lr plog.LogRecord) plog.LogRecord {
	b, err := MarshalOne(pcommon.NewResource(), pcommon.NewInstrumentationScope(), lr)
	require.NoError(t, err)
	var u plog.ProtoUnmarshaler
	logs, err := u.UnmarshalLogs(b)
	require.NoError(t, err)
	return logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
}

func decodeTrusted(t testing.TB, lr plog.LogRecord) Decoded {
	out := NewDecoder(Options{}).Decode(pcommon.NewResource(), pcommon.NewInstrumentationScope(), lr, true)
	require.Nil(t, out.Mark)
	return out
}

// TestEncodeThenDecodeIsTheSameRecord holds the two components together that
// meet only through OTLP.
func TestEncodeThenDecodeIsTheSameRecord(t *testing.T) {
	for seed := range uint64(3000) {
		r := recordtest.Arbitrary(rand.New(rand.NewPCG(seed, 1)))
		require.Nil(t, r.Normalize(), "seed %d", seed)

		lr := plog.NewLogRecord()
		Encode(r, lr)
		require.True(t, IsAudit(lr))
		lr = wire(t, lr)
		out := decodeTrusted(t, lr)
		require.Nil(t, out.Problem, "seed %d", seed)
		require.True(t, out.Canonical)
		require.Equal(t, string(r.AppendCanonical(nil)), string(out.Record.AppendCanonical(nil)), "seed %d", seed)

		// A second processor changes no byte.
		before, err := MarshalOne(pcommon.NewResource(), pcommon.NewInstrumentationScope(), lr)
		require.NoError(t, err)
		require.Nil(t, out.Record.Normalize())
		Encode(out.Record, lr)
		after, err := MarshalOne(pcommon.NewResource(), pcommon.NewInstrumentationScope(), lr)
		require.NoError(t, err)
		require.Equal(t, before, after, "seed %d", seed)
	}
}

// TestSamplersMarkIsNoPartOfTheRecord covers a mark under a name of the
// operator's choice and what a sampler adds of its own.
func TestSamplersMarkIsNoPartOfTheRecord(t *testing.T) {
	for configured, name := range map[string]string{"": "sampling.priority", "sampling.priority": "sampling.priority", "keep.me": "keep.me"} {
		r := recordtest.Typical()
		lr := plog.NewLogRecord()
		Encode(r, lr)
		KeepFromSampling(lr, configured)
		lr.Attributes().PutStr("sampling.threshold", "8")
		lr = wire(t, lr)
		v, ok := lr.Attributes().Get(name)
		require.True(t, ok)
		require.InDelta(t, 100.0, v.Double(), 0)
		out := decodeTrusted(t, lr)
		require.Equal(t, string(r.AppendCanonical(nil)), string(out.Record.AppendCanonical(nil)))
	}
}

// TestValuesSurvive sends arbitrary values through OTLP and back.
func TestValuesSurvive(t *testing.T) {
	for seed := range uint64(2000) {
		r := recordtest.Arbitrary(rand.New(rand.NewPCG(seed, 2)))
		for _, v := range []record.Value{r.Payload, r.Changes, r.Attributes} {
			if v.IsAbsent() {
				continue
			}
			pv := pcommon.NewValueEmpty()
			PutValue(pv, v)
			back, notes := ValueOf(pv)
			require.Equal(t, Notes{}, notes)
			require.True(t, v.Equal(back), "seed %d", seed)
		}
	}
}

// TestRecordsOfAScopeAreReadAlike compares records read one after the other into
// the same memory with each read alone, whose sources differ now and then.
func TestRecordsOfAScopeAreReadAlike(t *testing.T) {
	d := NewDecoder(Options{TenantAttributes: []string{}})
	resource, scope := pcommon.NewResource(), pcommon.NewInstrumentationScope()
	from := d.From(resource, scope)
	text, object := record.StringValue, record.EmptyObject()
	sources := []record.Value{
		{},
		object, object.Set("a", text("1")), object.Set("a", text("1")).Set("b", text("2")), object.Set("a", text("1")).Set("b", text("3")),
		object.Set("a", text("1")).Set("c", text("2")), object.Set("a", text("1")).Set("b", record.NumberValue(2)), text("1"),
	}
	for seed := range uint64(3000) {
		rng := rand.New(rand.NewPCG(seed, 7))
		r := recordtest.Arbitrary(rng)
		if rng.IntN(4) > 0 {
			r.Source = sources[rng.IntN(len(sources))]
		}
		lr := plog.NewLogRecord()
		Encode(r, lr)
		if rng.IntN(20) == 0 { // not ours, between two that are
			lr.Attributes().Remove(AttrCanonical)
		}
		alone := d.Decode(resource, scope, lr, true)
		together := from.Decode(lr, true)
		require.Equal(t, alone.Canonical, together.Canonical)
		require.Equal(t, alone.Problem, together.Problem, "seed %d", seed)
		require.Equal(t, string(alone.Record.AppendCanonical(nil)), string(together.Record.AppendCanonical(nil)), "seed %d", seed)
	}
}
