package otlpmap

import (
	"encoding/base64"
	"math"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelaudit/otelaudit/internal/record"
)

// maxConvertDepth bounds the recursion over hostile input. It is far above
// record.MaxDepth, so that a record which goes to quarantine for its depth is
// still complete there.
const maxConvertDepth = 2048

// Notes say what the value rules did to a converted value.
type Notes struct {
	NumberAsText bool   // NaN, an infinity or a large number became text
	Duplicate    string // the first name that stands twice with different values, of which the first stays
	HasDuplicate bool
	TooDeep      bool // nested over 2,048 levels; what lies deeper is null
}

// Add joins the notes of another value.
func (n *Notes) Add(m Notes) {
	n.NumberAsText = n.NumberAsText || m.NumberAsText
	n.TooDeep = n.TooDeep || m.TooDeep
	if m.HasDuplicate && !n.HasDuplicate {
		n.Duplicate, n.HasDuplicate = m.Duplicate, true
	}
}

// ValueOf converts an OTLP value: bytes become base64, NaN and what a double
// cannot hold become text, an unset value is null. Text is taken as it is, also
// if it is not UTF-8.
func ValueOf(v pcommon.Value) (record.Value, Notes) {
	var n Notes
	value := convert(v, 0, &n)
	return value, n
}

func convert(v pcommon.Value, depth int, n *Notes) record.Value {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return record.StringValue(v.Str())
	case pcommon.ValueTypeBool:
		return record.BoolValue(v.Bool())
	case pcommon.ValueTypeInt:
		value, asText := record.IntValue(v.Int())
		n.NumberAsText = n.NumberAsText || asText
		return value
	case pcommon.ValueTypeDouble:
		value, asText := record.FloatValue(v.Double())
		n.NumberAsText = n.NumberAsText || asText
		return value
	case pcommon.ValueTypeBytes:
		return record.StringValue(base64.StdEncoding.EncodeToString(v.Bytes().AsRaw()))
	case pcommon.ValueTypeMap:
		return convertMap(v.Map(), depth, n)
	case pcommon.ValueTypeSlice:
		if depth == maxConvertDepth {
			n.TooDeep = true
			return record.NullValue()
		}
		s := v.Slice()
		elements := make([]record.Value, s.Len())
		for i := range elements {
			elements[i] = convert(s.At(i), depth+1, n)
		}
		return record.ArrayValue(elements)
	default:
		return record.NullValue()
	}
}

func convertMap(m pcommon.Map, depth int, n *Notes) record.Value {
	if depth == maxConvertDepth {
		n.TooDeep = true
		return record.NullValue()
	}
	members := make([]record.Member, 0, m.Len())
	for name, value := range m.All() {
		members = append(members, record.Member{Name: name, Value: convert(value, depth+1, n)})
	}
	v, dup, hasDup := record.Fold(members)
	if hasDup && !n.HasDuplicate {
		n.Duplicate, n.HasDuplicate = dup, true
	}
	return v
}

// PutValue writes v into dst, so that ValueOf gives v back: whole numbers as
// integers, others as doubles, null and Absent as an unset value.
func PutValue(dst pcommon.Value, v record.Value) {
	switch v.Kind() {
	case record.String:
		dst.SetStr(v.Text())
	case record.Bool:
		dst.SetBool(v.Bool())
	case record.Number:
		if i, ok := wholeNumber(v.Number()); ok {
			dst.SetInt(i)
		} else {
			dst.SetDouble(v.Number())
		}
	case record.Array:
		s := dst.SetEmptySlice()
		s.EnsureCapacity(v.Len())
		for _, m := range v.Members() {
			PutValue(s.AppendEmpty(), m.Value)
		}
	case record.Object:
		m := dst.SetEmptyMap()
		if v.Len() > bulkMembers {
			putBulk(m, v.Members())
			return
		}
		m.EnsureCapacity(v.Len())
		for _, kid := range v.Members() {
			put(m, kid.Name, kid.Value)
		}
	default:
		pcommon.NewValueEmpty().MoveTo(dst)
	}
}

// put is PutValue into a map, one allocation cheaper for scalars.
func put(m pcommon.Map, name string, v record.Value) {
	switch v.Kind() {
	case record.String:
		m.PutStr(name, v.Text())
	case record.Number:
		if i, ok := wholeNumber(v.Number()); ok {
			m.PutInt(name, i)
		} else {
			m.PutDouble(name, v.Number())
		}
	default:
		PutValue(m.PutEmpty(name), v)
	}
}

func wholeNumber(f float64) (int64, bool) {
	if f == math.Trunc(f) && math.Abs(f) <= record.MaxSafeInteger {
		return int64(f), true
	}
	return 0, false
}
