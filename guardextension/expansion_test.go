package guardextension

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

// broad is a request of resources with a text of so many bytes, and of records.
func broad(resources, scopes, records, size int) plog.Logs {
	logs := plog.NewLogs()
	for range resources {
		rl := logs.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("blob", strings.Repeat("x", size))
		for range scopes {
			sl := rl.ScopeLogs().AppendEmpty()
			sl.Scope().SetName("scope")
			for range records {
				lr := sl.LogRecords().AppendEmpty()
				lr.SetEventName("a.b")
				lr.Attributes().PutEmptySlice("list").FromRaw([]any{"a", []any{map[string]any{"b": 1}}}) //nolint:errcheck // cannot fail
			}
		}
	}
	return logs
}

// What is counted is what the records would copy, in both encodings, in whatever
// pieces it comes.
func TestExpansionIsWhatRecordsCopy(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		resources, scopes, records, size := 1+random.IntN(3), 1+random.IntN(3), random.IntN(9), random.IntN(5000)
		logs := broad(resources, scopes, records, size)
		least := int64(resources * scopes * records * size)
		most := int64(resources * scopes * records * (size + 2*memoryPerMessage + 250))
		for _, encoding := range []struct {
			marshal plog.Marshaler
			walk    walk
		}{
			{&plog.ProtoMarshaler{}, newWireWalk(logsRequest, defaultMaxDepth)},
			{&plog.JSONMarshaler{}, newJSONWalk(defaultMaxDepth)},
		} {
			data, err := encoding.marshal.MarshalLogs(logs)
			require.NoError(t, err)
			for len(data) > 0 {
				n := 1 + random.IntN(len(data))
				require.NoError(t, encoding.walk.inspect(data[:n]))
				data = data[n:]
			}
			require.GreaterOrEqual(t, encoding.walk.expanded(), least)
			require.LessOrEqual(t, encoding.walk.expanded(), most, "%T", encoding.walk)
		}
	}
}

// A resource may come behind its records, in parts, and hold little but many
// attributes; a schema's URL may be as large; a scope counts for its own records.
func TestExpansionInAnyOrder(t *testing.T) {
	field := func(number byte, content ...byte) []byte {
		return append(binary.AppendUvarint([]byte{number<<3 | 2}, uint64(len(content))), content...)
	}
	join := func(parts ...[]byte) (out []byte) {
		for _, part := range parts {
			out = append(out, part...)
		}
		return out
	}
	record := field(2)
	records := field(2, join(record, record, record)...)
	blob := field(7, make([]byte, 1000)...) // unknown to the decoder, and still bytes
	for name, c := range map[string]struct {
		content []byte
		want    int64
	}{
		"behind":     {join(records, field(1, blob...)), 3 * int64(len(blob))},
		"in parts":   {join(field(1, blob...), records, field(1, blob...)), 6 * int64(len(blob))},
		"attributes": {join(field(1, join(field(1), field(1))...), records), 3 * (4 + 2*memoryPerMessage)},
		"schema":     {join(records, field(3, make([]byte, 1000)...)), 3000},
		"scope": {join(
			field(2, join(record, field(1, blob...), record)...),
			records,
			field(2, join(record, field(3, make([]byte, 500)...))...),
		), 2*int64(len(blob)) + 500},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWireWalk(logsRequest, defaultMaxDepth)
			require.NoError(t, w.inspect(field(1, c.content...)))
			require.Equal(t, c.want, w.expanded())
		})
	}
	for text, want := range map[string]bool{
		`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{},{},{}]}],"resource":{"attributes":[` + strings.Repeat(" ", 1000) + `]}}]}`: true,
		`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{},{},{}]}],"schemaUrl":"` + strings.Repeat("x", 1000) + `"}]}`:               true,
		`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{},{},{}],"scope":{"name":"` + strings.Repeat("x", 1000) + `"}}]}]}`:          true,
		`{"resourceLogs":[{"scopeLogs":[{"logRecords":[null,null,1],"scope":{"name":"` + strings.Repeat("x", 1000) + `"}}]}]}`:       true,
		`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{},{},{"body":{"stringValue":"` + strings.Repeat("x", 1000) + `"}}]}]}]}`:     false,
	} {
		w := newJSONWalk(defaultMaxDepth)
		require.NoError(t, w.inspect([]byte(text)))
		require.Equal(t, want, w.expanded() >= 3000, text[:80])
		w = newJSONWalk(defaultMaxDepth)
		w.ordinary = true
		require.NoError(t, w.inspect([]byte(text)))
		require.Zero(t, w.expanded())
	}
}

// 447 kB with 500 records took 657 MiB, and 2.1 MB with 200 records 1.9 GB. What
// honest clients send passes.
func TestTooBroadIsRefused(t *testing.T) {
	guard := newRig(t)
	protobuf, text := &plog.ProtoMarshaler{}, &plog.JSONMarshaler{}
	inspect := func(logs plog.Logs) (inWire, inJSON, inMessage error) {
		data, err := protobuf.MarshalLogs(logs)
		require.NoError(t, err)
		inWire = guard.wireWalk(logsRequest).inspect(data)
		_, inMessage = guard.UnmarshalLogs(data)
		data, err = text.MarshalLogs(logs)
		require.NoError(t, err)
		return inWire, guard.jsonWalk(logsRequest).inspect(data), inMessage
	}
	for _, logs := range []plog.Logs{broad(1, 1, 500, 170_000), broad(1, 1, 200, 2_000_000), broad(2, 10, 1000, 2_000)} {
		inWire, inJSON, inMessage := inspect(logs)
		require.ErrorIs(t, inWire, errTooBroad)
		require.ErrorIs(t, inJSON, errTooBroad)
		require.NoError(t, inMessage, "a message of a broker is kept, to be quarantined as it is")
	}
	guard.requireCounted(t, 2, "too_broad", "message") // which may be twice as broad, as a processor makes it
	for _, logs := range []plog.Logs{broad(1, 1, 1000, 2_000), broad(100, 1, 100, 2_000), broad(1, 1, 1, 10_000_000)} {
		inWire, inJSON, inMessage := inspect(logs)
		require.NoError(t, errors.Join(inWire, inJSON, inMessage))
	}
}

// Copies are charged for once they can be made: not while a body is under way.
func TestCopiesAreCharged(t *testing.T) {
	guard := newRig(t)
	data, err := new(plog.ProtoMarshaler).MarshalLogs(broad(1, 1, 1000, 10_000))
	require.NoError(t, err)
	body := &inspected{
		ReadCloser: io.NopCloser(iotest.OneByteReader(bytes.NewReader(data))),
		ctx:        t.Context(), guard: guard.guard, walk: guard.wireWalk(logsRequest), root: logsRequest,
	}
	for range len(data) {
		_, err := body.Read(make([]byte, 100))
		require.NoError(t, err)
	}
	require.Less(t, guard.budget.logs.Load(), int64(2_000_000))
	_, err = body.Read(make([]byte, 100))
	require.ErrorIs(t, err, io.EOF)
	require.Greater(t, guard.budget.logs.Load(), int64(memoryPerCopied*1000*10_000))
	body.done()
	require.Zero(t, guard.budget.logs.Load())
}
