package guardextension

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"google.golang.org/protobuf/encoding/protowire"
)

// field is one encoded field that holds bytes or a message.
func field(number protowire.Number, content []byte) []byte {
	b := protowire.AppendTag(make([]byte, 0, len(content)+12), number, protowire.BytesType)
	return protowire.AppendBytes(b, content)
}

// nestedValue is an encoded AnyValue of so many levels: lists in lists. It is
// written from the inside out, which takes linear time only backwards.
func nestedValue(levels int) []byte {
	return nestedFields(nil, levels-1, 5, 1)
}

// nestedFields wraps the innermost so many times into all of the fields.
func nestedFields(innermost []byte, times int, numbers ...protowire.Number) []byte {
	buffer := make([]byte, times*len(numbers)*10+len(innermost))
	at := len(buffer) - len(innermost)
	copy(buffer[at:], innermost)
	for range times {
		for _, number := range slices.Backward(numbers) {
			head := protowire.AppendTag(nil, number, protowire.BytesType)
			head = protowire.AppendVarint(head, uint64(len(buffer)-at))
			at -= len(head)
			copy(buffer[at:], head)
		}
	}
	return buffer[at:]
}

// logWith is a request of one log record with these fields.
func logWith(record []byte) []byte { return field(1, field(2, field(2, record))) }

// inspectInPieces gives the bytes in pieces of random sizes.
func inspectInPieces(w walk, b []byte, random *rand.Rand) error {
	for len(b) > 0 {
		n := 1 + random.IntN(min(len(b), 1+random.IntN(40)))
		if err := w.inspect(b[:n:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

func TestWireWalk(t *testing.T) {
	const limit = 64
	varint := func(number protowire.Number, v uint64) []byte {
		return protowire.AppendVarint(protowire.AppendTag(nil, number, protowire.VarintType), v)
	}
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	deep, fine := nestedValue(limit+1), nestedValue(limit)
	maps := func(levels int) []byte { return nestedFields(nil, levels-1, 6, 1, 2) }
	tests := []struct {
		name string
		root message
		data []byte
		want error
	}{
		{name: "nothing", root: logsRequest},
		{name: "body at the limit", root: logsRequest, data: logWith(field(5, fine))},
		{name: "body beyond it", root: logsRequest, data: logWith(field(5, deep)), want: errTooDeep},
		{name: "maps at the limit", root: logsRequest, data: logWith(field(5, maps(limit)))},
		{name: "maps beyond it", root: logsRequest, data: logWith(field(5, maps(limit+1))), want: errTooDeep},
		{name: "side by side", root: logsRequest, data: logWith(bytes.Repeat(field(6, field(2, fine)), 100))},
		{name: "behind a thousand others", root: logsRequest, data: join(bytes.Repeat(logWith(field(5, fine)), 1000), logWith(field(5, deep))), want: errTooDeep},
		{name: "overwritten by a later one", root: logsRequest, data: logWith(join(field(5, deep), field(5, fine))), want: errTooDeep},
		{name: "attribute", root: logsRequest, data: logWith(field(6, field(2, deep))), want: errTooDeep},
		{name: "resource", root: logsRequest, data: field(1, field(1, field(1, field(2, deep)))), want: errTooDeep},
		{name: "scope", root: logsRequest, data: field(1, field(2, field(1, field(3, field(2, deep))))), want: errTooDeep},
		{name: "deprecated scopes", root: logsRequest, data: field(1, field(1000, field(2, field(5, deep)))), want: errTooDeep},
		{name: "a field number beyond 32 bits", root: logsRequest, data: logWith(join(
			protowire.AppendVarint(nil, 5<<3|2|1<<40), protowire.AppendBytes(nil, deep))), want: errTooDeep},
		{name: "a length of ten bytes", root: logsRequest, data: logWith(join(
			[]byte{5<<3 | 2, byte(len(deep)&0x7f | 0x80), byte(len(deep)>>7 | 0x80), 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0}, deep)), want: errTooDeep},
		{name: "before what is malformed", root: logsRequest, data: join(logWith(field(5, deep)), []byte{0}), want: errTooDeep},
		{name: "innermost malformed", root: logsRequest, data: logWith(field(5, nestedFields([]byte{0}, 1000, 5, 1))), want: errTooDeep},
		{name: "event of a span", root: traceRequest, data: logWith(field(11, field(3, field(2, deep)))), want: errTooDeep},
		{name: "link of a span", root: traceRequest, data: logWith(field(13, field(4, field(2, deep)))), want: errTooDeep},
		{name: "exemplar of a gauge", root: metricsRequest, data: logWith(field(5, field(1, field(5, field(7, field(2, deep)))))), want: errTooDeep},
		{name: "dictionary of profiles", root: profilesRequest, data: field(2, field(6, field(2, deep))), want: errTooDeep},

		{name: "text that reads as values", root: logsRequest, data: logWith(field(5, field(1, deep)))},
		{name: "bytes that read as values", root: logsRequest, data: logWith(field(5, field(7, deep)))},
		{name: "a key that reads as values", root: logsRequest, data: logWith(field(6, field(1, deep)))},
		{name: "an event name that reads as values", root: logsRequest, data: logWith(field(12, deep))},
		{name: "a span's name where logs have a body", root: traceRequest, data: logWith(field(5, deep))},
		{name: "a field nobody knows", root: logsRequest, data: logWith(field(99, deep))},
		{name: "a request within a text", root: logsRequest, data: logWith(field(5, field(1, logWith(field(5, nestedValue(10_000))))))},
		{name: "text of zeros", root: logsRequest, data: logWith(field(5, field(1, make([]byte, 1<<20))))},
		{name: "text of 0xff", root: logsRequest, data: logWith(field(5, field(1, bytes.Repeat([]byte{0xff}, 1<<20))))},
		{name: "numbers of all kinds", root: logsRequest, data: logWith(join(varint(2, math.MaxUint64),
			protowire.AppendFixed64(protowire.AppendTag(nil, 1, protowire.Fixed64Type), 1),
			protowire.AppendFixed32(protowire.AppendTag(nil, 8, protowire.Fixed32Type), 1)))},
		{name: "truncated", root: logsRequest, data: logWith(field(5, fine))[:60]},

		{name: "field 0", root: logsRequest, data: []byte{2, 0}, want: errMalformed},
		{name: "a negative field", root: logsRequest, data: protowire.AppendVarint(nil, 1<<34|2), want: errMalformed},
		{name: "group", root: logsRequest, data: logWith([]byte{99<<3&0x7f | 3 | 0x80, 6, 99<<3&0x7f | 4 | 0x80, 6}), want: errGroup},
		{name: "wire type 6", root: logsRequest, data: []byte{1<<3 | 6}, want: errMalformed},
		{name: "varint of eleven bytes", root: logsRequest, data: bytes.Repeat([]byte{0xff}, 11), want: errMalformed},
		{name: "negative length", root: logsRequest, data: append([]byte{99<<3&0x7f | 2 | 0x80, 6}, bytes.Repeat([]byte{0xff}, 9)[:9]...), want: nil},
		{name: "negative length, complete", root: logsRequest, data: append(append([]byte{1<<3 | 2}, bytes.Repeat([]byte{0xff}, 9)...), 1), want: errMalformed},
		{name: "longer than what holds it", root: logsRequest, data: append(field(1, []byte{2<<3 | 2, 100}), make([]byte, 200)...), want: errMalformed},
		{name: "text longer than what holds it", root: logsRequest, data: append(field(1, []byte{3<<3 | 2, 100}), make([]byte, 200)...), want: errMalformed},
		{name: "number longer than what holds it", root: logsRequest, data: append(field(1, []byte{3<<3 | 1, 1}), make([]byte, 200)...), want: errMalformed},
		{name: "number one byte longer than what holds it", root: logsRequest, data: append(field(1, append([]byte{3<<3 | 1}, make([]byte, 7)...)), 0), want: errMalformed},
		{name: "long text one byte longer than what holds it", root: logsRequest, data: append(field(1, append([]byte{3<<3 | 2, 0xc8, 1}, make([]byte, 199)...)), 0), want: errMalformed},
		{name: "long message one byte longer than what holds it", root: logsRequest, data: append(field(1, append([]byte{2<<3 | 2, 0xc7, 1}, bytes.Repeat([]byte{9<<3 | 2, 1, 0}, 66)...)), 9<<3|2), want: errMalformed},
		{name: "varint across the end", root: logsRequest, data: append(field(1, []byte{3 << 3, 0x80}), 1, 1<<3|2, 0), want: errMalformed},
		{name: "tag across the end", root: logsRequest, data: append(field(1, []byte{0x90}), 1, 1), want: errMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.ErrorIs(t, newWireWalk(tt.root, limit).inspect(tt.data), tt.want)
			for seed := range uint64(5) {
				require.ErrorIs(t, inspectInPieces(newWireWalk(tt.root, limit), tt.data, rand.New(rand.NewPCG(seed, 2))), tt.want)
			}
		})
	}
}

// TestWireWalkAgainstRecursion compares the depth with a recursive count, on
// requests of every signal.
func TestWireWalkAgainstRecursion(t *testing.T) {
	deepest := map[message]int{}
	for seed := range uint64(3000) {
		for _, root := range []message{logsRequest, traceRequest, metricsRequest} {
			m := newMaker(seed)
			data := m.encode(t, root)
			deepest[root] = max(deepest[root], m.deepest)
			require.NoError(t, newWireWalk(root, m.deepest).inspect(data), "seed %d", seed)
			require.NoError(t, inspectInPieces(newWireWalk(root, m.deepest), data, m.Rand), "seed %d", seed)
			if m.deepest > 0 {
				require.ErrorIs(t, newWireWalk(root, m.deepest-1).inspect(data), errTooDeep, "seed %d", seed)
			}
		}
	}
	for root, depth := range deepest {
		assert.Greater(t, depth, 8, "%d: the test is too shallow", root)
	}
}

func (m *maker) encode(t testing.TB, root message) (data []byte) {
	t.Helper()
	var err error
	switch root {
	case logsRequest:
		data, err = (&plog.ProtoMarshaler{}).MarshalLogs(m.logs())
	case traceRequest:
		data, err = (&ptrace.ProtoMarshaler{}).MarshalTraces(m.traces())
	default:
		data, err = (&pmetric.ProtoMarshaler{}).MarshalMetrics(m.metrics())
	}
	require.NoError(t, err)
	return data
}

// TestWireWalkMemory: what a walk holds depends on the limit alone.
func TestWireWalkMemory(t *testing.T) {
	deep := logWith(field(5, nestedValue(1_400_000)))
	w := newWireWalk(logsRequest, defaultMaxDepth)
	require.ErrorIs(t, w.inspect(deep), errTooDeep)
	assert.Less(t, cap(w.open), 4*defaultMaxDepth)

	wide := logWith(field(5, field(5, bytes.Repeat(field(1, nil), 1<<20))))
	assert.Less(t, testing.AllocsPerRun(5, func() {
		require.NoError(t, newWireWalk(logsRequest, defaultMaxDepth).inspect(wide))
	}), 10.0)
}

// FuzzWireWalk holds the walk to what the decoder makes of the same bytes.
func FuzzWireWalk(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(newMaker(seed).encode(f, logsRequest))
	}
	f.Add(logWith(field(5, nestedValue(5))))
	f.Add(logWith([]byte{99<<3&0x7f | 3 | 0x80, 6, 99<<3&0x7f | 4 | 0x80, 6}))
	const limit = 4
	f.Fuzz(func(t *testing.T, data []byte) {
		refusal := newWireWalk(logsRequest, limit).inspect(data)
		require.Equal(t, refusal, inspectInPieces(newWireWalk(logsRequest, limit), data, rand.New(rand.NewPCG(1, 1))))
		logs, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(data)
		if err != nil {
			return
		}
		switch {
		case refusal == nil:
			require.LessOrEqual(t, depthOf(logs), limit)
		case errors.Is(refusal, errTooDeep), errors.Is(refusal, errGroup):
		default:
			t.Fatalf("refused what the decoder takes: %v", refusal)
		}
	})
}

func depthOf(logs plog.Logs) int {
	deepest := 0
	attributes := func(m pcommon.Map) {
		for _, v := range m.All() {
			deepest = max(deepest, depthOfValue(v))
		}
	}
	for _, r := range logs.ResourceLogs().All() {
		attributes(r.Resource().Attributes())
		for _, s := range r.ScopeLogs().All() {
			attributes(s.Scope().Attributes())
			for _, lr := range s.LogRecords().All() {
				attributes(lr.Attributes())
				if lr.Body().Type() != pcommon.ValueTypeEmpty {
					deepest = max(deepest, depthOfValue(lr.Body()))
				}
			}
		}
	}
	return deepest
}

func depthOfValue(v pcommon.Value) int {
	deepest := 0
	switch v.Type() {
	case pcommon.ValueTypeSlice:
		for _, inner := range v.Slice().All() {
			deepest = max(deepest, depthOfValue(inner))
		}
	case pcommon.ValueTypeMap:
		for _, inner := range v.Map().All() {
			// Absent is no level on the wire, and empty here.
			if inner.Type() != pcommon.ValueTypeEmpty {
				deepest = max(deepest, depthOfValue(inner))
			}
		}
	default:
	}
	return deepest + 1
}

// BenchmarkWireWalk compares with decoding the same request, which is what the
// walk comes on top of.
func BenchmarkWireWalk(b *testing.B) {
	logs := plog.NewLogs()
	records := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for range 10_000 {
		lr := records.AppendEmpty()
		lr.SetTimestamp(1)
		lr.Body().SetStr("invoice refunded")
		for name := range strings.FieldsSeq("id tenant.id action outcome actor.id actor.type target.id target.type reason correlation.id") {
			lr.Attributes().PutStr("audit."+name, "0198c0de-7a7b-7000-8000-000000000000")
		}
		lr.Attributes().PutEmptyMap("audit.payload").PutInt("amount", 12)
	}
	data, err := (&plog.ProtoMarshaler{}).MarshalLogs(logs)
	require.NoError(b, err)
	text, err := (&plog.JSONMarshaler{}).MarshalLogs(logs)
	require.NoError(b, err)
	for _, bm := range []struct {
		name string
		data []byte
		run  func() error
	}{
		{"protobuf/walk", data, func() error { return newWireWalk(logsRequest, defaultMaxDepth).inspect(data) }},
		{"protobuf/decode", data, func() error { _, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(data); return err }},
		{"json/walk", text, func() error { return newJSONWalk(defaultMaxDepth).inspect(text) }},
		{"json/decode", text, func() error { _, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(text); return err }},
	} {
		b.Run(bm.name, func(b *testing.B) {
			b.SetBytes(int64(len(bm.data)))
			b.ReportAllocs()
			for b.Loop() {
				if err := bm.run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
