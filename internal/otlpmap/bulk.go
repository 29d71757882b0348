package otlpmap

import (
	"encoding/binary"
	"math"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/record"
)

// bulkMembers is the number of members from which an object is built through
// protobuf. pdata's maps compare each new name with all names they have, which
// for the thousands a hostile record may bring is quadratic.
const bulkMembers = 256

// putBulk makes dst a map of the members, in their order, in linear time. The
// names must differ.
func putBulk(dst pcommon.Map, members []record.Member) {
	// LogsData.resource_logs = 1, .scope_logs = 2, .log_records = 2, .body = 5
	message := appendAnyValue(nil, record.Object, record.Value{}, members)
	for _, field := range []byte{5, 2, 2, 1} {
		message = appendBytesField(make([]byte, 0, len(message)+binary.MaxVarintLen64+1), field, message)
	}
	var u plog.ProtoUnmarshaler
	logs, err := u.UnmarshalLogs(message)
	if err != nil { // what we wrote ourselves; then the slow way
		for _, m := range members {
			put(dst, m.Name, m.Value)
		}
		return
	}
	logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Body().Map().MoveTo(dst)
}

// appendAnyValue appends an OTLP AnyValue message: v, or an object of members.
func appendAnyValue(dst []byte, kind record.Kind, v record.Value, members []record.Member) []byte {
	switch kind {
	case record.String: // string_value = 1
		return append(appendHead(dst, 1, len(v.Text())), v.Text()...)
	case record.Bool: // bool_value = 2
		dst = append(dst, 2<<3)
		if v.Bool() {
			return append(dst, 1)
		}
		return append(dst, 0)
	case record.Number:
		if i, ok := wholeNumber(v.Number()); ok { // int_value = 3
			return binary.AppendUvarint(append(dst, 3<<3), uint64(i)) //nolint:gosec // two's complement, as protobuf wants
		}
		return binary.LittleEndian.AppendUint64(append(dst, 4<<3|1), math.Float64bits(v.Number())) // double_value = 4
	case record.Array: // array_value = 5, .values = 1
		var values []byte
		for _, m := range members {
			values = appendBytesField(values, 1, appendAnyValue(nil, m.Value.Kind(), m.Value, m.Value.Members()))
		}
		return appendBytesField(dst, 5, values)
	case record.Object: // kvlist_value = 6, .values = 1, .key = 1, .value = 2
		var values, pair []byte
		for _, m := range members {
			pair = append(appendHead(pair[:0], 1, len(m.Name)), m.Name...)
			pair = appendBytesField(pair, 2, appendAnyValue(nil, m.Value.Kind(), m.Value, m.Value.Members()))
			values = appendBytesField(values, 1, pair)
		}
		return appendBytesField(dst, 6, values)
	default:
		return dst
	}
}

func appendBytesField(dst []byte, field byte, content []byte) []byte {
	return append(appendHead(dst, field, len(content)), content...)
}

func appendHead(dst []byte, field byte, length int) []byte {
	return binary.AppendUvarint(append(dst, field<<3|2), uint64(length)) //nolint:gosec // a length
}
