package otlpmap

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/record/recordtest"
)

// TestBulkWritesWhatPutWrites compares the two ways of building a map.
func TestBulkWritesWhatPutWrites(t *testing.T) {
	for seed := range uint64(500) {
		r := recordtest.Arbitrary(rand.New(rand.NewPCG(seed, 6)))
		members := []record.Member{
			{Name: "payload", Value: r.Payload},
			{Name: "attributes", Value: r.Attributes},
			{Name: "", Value: r.Body},
			{Name: "yes", Value: record.BoolValue(true)},
			{Name: "minus", Value: record.NumberValue(-7)},
			{Name: "array", Value: record.ArrayValue([]record.Value{{}, r.Source, record.NumberValue(0.5)})},
		}
		one, other := pcommon.NewMap(), pcommon.NewMap()
		for _, m := range members {
			put(one, m.Name, m.Value)
		}
		putBulk(other, members)
		require.Equal(t, one.AsRaw(), other.AsRaw(), "seed %d", seed)
		var notes Notes
		require.True(t, convertMap(one, 0, &notes).Equal(convertMap(other, 0, &notes)))
	}
}

// TestManyMembersRoundTrip has more members than pdata's maps take in good
// time, as attributes, in the payload and in the actor.
func TestManyMembersRoundTrip(t *testing.T) {
	many := make([]record.Member, 60_000)
	for i := range many {
		many[i] = record.Member{Name: fmt.Sprintf("k%05d", i), Value: record.NumberValue(float64(i))}
	}
	object, _, _ := record.ObjectValue(many)
	r := recordtest.Typical()
	r.Attributes, r.Payload = object, object
	r.Actor = object.Set("id", record.StringValue("u")).Set("a.b", record.NullValue())
	r.AddFlag(record.FlagTimeObserved)

	lr := plog.NewLogRecord()
	Encode(r, lr)
	out := decodeTrusted(t, wire(t, lr))
	require.Nil(t, out.Problem)
	require.Equal(t, string(r.AppendCanonical(nil)), string(out.Record.AppendCanonical(nil)))
	again := wire(t, lr)
	Encode(out.Record, again)
	require.Equal(t, Digest(pcommon.NewResource(), pcommon.NewInstrumentationScope(), lr), Digest(pcommon.NewResource(), pcommon.NewInstrumentationScope(), again))
}

// TestHostileNamesStaySmall sends what would become many times its size if
// every name were put before every other.
func TestHostileNamesStaySmall(t *testing.T) {
	long := make([]byte, 1<<20)
	for i := range long {
		long[i] = 'x'
	}
	leaves := make([]record.Member, 100_000)
	for i := range leaves {
		leaves[i] = record.Member{Name: fmt.Sprintf("\xff%05d", i), Value: record.StringValue("\x00")}
	}
	object, _, _ := record.ObjectValue(leaves)
	lr := plog.NewLogRecord()
	lr.Attributes().PutStr("audit.action", "a")
	lr.Attributes().PutStr("audit.actor", "u")
	lr.Attributes().PutStr("tenant.id", "t")
	PutValue(lr.Attributes().PutEmptyMap("audit."+string(long)).PutEmpty("m"), object)
	out := NewDecoder(Options{}).Decode(pcommon.NewResource(), pcommon.NewInstrumentationScope(), lr, false)
	require.Nil(t, out.Problem)
	problem := out.Record.Normalize()
	require.NotNil(t, problem)
	require.Equal(t, record.ReasonTooLarge, problem.Reason)
}
