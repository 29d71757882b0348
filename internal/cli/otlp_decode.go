package cli

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
)

// This file turns the OTLP protobuf of a quarantined record into JSON for
// people: attributes are an object, or a list of {"key", "value"} where a key
// stands twice, which may be why the record is in quarantine. Unknown fields
// are left out.

var errOTLP = errors.New("the stored OTLP is damaged")

// field is one field of a protobuf message: number holds varints and fixed
// widths, bytes everything with a length.
type field struct {
	number protowire.Number
	scalar uint64
	bytes  []byte
}

// eachField calls do for every field of a message.
func eachField(message []byte, do func(field) error) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return errOTLP
		}
		message = message[n:]
		f := field{number: number}
		switch kind {
		case protowire.VarintType:
			f.scalar, n = protowire.ConsumeVarint(message)
		case protowire.Fixed64Type:
			f.scalar, n = protowire.ConsumeFixed64(message)
		case protowire.Fixed32Type:
			var narrow uint32
			narrow, n = protowire.ConsumeFixed32(message)
			f.scalar = uint64(narrow)
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(message)
		default:
			n = protowire.ConsumeFieldValue(number, kind, message)
		}
		if n < 0 {
			return errOTLP
		}
		message = message[n:]
		if err := do(f); err != nil {
			return err
		}
	}
	return nil
}

// logsDataJSON returns the one record of a LogsData message as
// {"resource": {…}, "scope": {…}, "record": {…}}.
func logsDataJSON(message []byte) ([]byte, error) {
	var resource, scope, record []byte
	err := eachField(message, within(1, func(f field) error {
		switch f.number {
		case 1:
			resource = f.bytes
		case 2:
			return eachField(f.bytes, func(f field) error {
				switch f.number {
				case 1:
					scope = f.bytes
				case 2:
					record = f.bytes
				}
				return nil
			})
		}
		return nil
	}))
	if err != nil {
		return nil, err
	}
	w := jsonObject{dst: []byte{'{'}}
	err = errors.Join(
		w.object("resource", resource, (*jsonObject).resource),
		w.object("scope", scope, (*jsonObject).scope),
		w.object("record", record, (*jsonObject).logRecord),
	)
	return append(w.dst, '}'), err
}

// within calls do for the fields of the messages that stand under number.
func within(number protowire.Number, do func(field) error) func(field) error {
	return func(f field) error {
		if f.number != number {
			return nil
		}
		return eachField(f.bytes, do)
	}
}

// jsonObject appends members to an object.
type jsonObject struct{ dst []byte }

func (w *jsonObject) name(name string) {
	if w.dst[len(w.dst)-1] != '{' {
		w.dst = append(w.dst, ',')
	}
	w.dst = append(append(append(w.dst, '"'), name...), `":`...)
}

func (w *jsonObject) text(name, text string) {
	if text != "" {
		w.name(name)
		w.dst = appendString(w.dst, text)
	}
}

func (w *jsonObject) object(name string, message []byte, members func(*jsonObject, []byte) error) error {
	w.name(name)
	w.dst = append(w.dst, '{')
	err := members(w, message)
	w.dst = append(w.dst, '}')
	return err
}

func (w *jsonObject) resource(message []byte) error { return w.attributes(message, 1) }

func (w *jsonObject) scope(message []byte) error {
	err := eachField(message, func(f field) error {
		switch f.number {
		case 1:
			w.text("name", string(f.bytes))
		case 2:
			w.text("version", string(f.bytes))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return w.attributes(message, 3)
}

func (w *jsonObject) logRecord(message []byte) error {
	err := eachField(message, func(f field) error {
		switch f.number {
		case 1, 11:
			if f.scalar != 0 {
				w.text(map[bool]string{true: "time_unix_nano", false: "observed_time_unix_nano"}[f.number == 1], strconv.FormatUint(f.scalar, 10))
			}
		case 2:
			w.name("severity")
			w.dst = strconv.AppendUint(w.dst, f.scalar, 10)
		case 3:
			w.text("severity_text", string(f.bytes))
		case 5:
			if len(f.bytes) == 0 {
				return nil
			}
			w.name("body")
			var err error
			w.dst, err = appendWireValue(w.dst, f.bytes, 1)
			return err
		case 9:
			w.text("trace_id", hex.EncodeToString(f.bytes))
		case 10:
			w.text("span_id", hex.EncodeToString(f.bytes))
		case 12:
			w.text("event_name", string(f.bytes))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return w.attributes(message, 6)
}

func (w *jsonObject) attributes(message []byte, number protowire.Number) error {
	w.name("attributes")
	var err error
	w.dst, err = appendWireMembers(w.dst, message, number, 0)
	return err
}

// maxShownDepth is how deep nesting is shown. The collector keeps more in
// quarantine than a person or a JSON parser can follow.
const maxShownDepth = 256

// tooDeep stands where what is nested deeper is left out.
var tooDeep = fmt.Sprintf(`"[nested deeper than %d levels: see --raw]"`, maxShownDepth)

// appendWireMembers appends the KeyValue messages that stand in a message under
// the given number.
func appendWireMembers(dst, message []byte, number protowire.Number, depth int) ([]byte, error) {
	type member struct{ key, value []byte }
	var members []member
	seen := map[string]bool{}
	twice := false
	err := eachField(message, func(f field) error {
		if f.number != number {
			return nil
		}
		var m member
		err := eachField(f.bytes, func(f field) error {
			switch f.number {
			case 1:
				m.key = f.bytes
			case 2:
				m.value = f.bytes
			}
			return nil
		})
		twice = twice || seen[string(m.key)]
		seen[string(m.key)] = true
		members = append(members, m)
		return err
	})
	if err != nil {
		return dst, err
	}
	before, between, after := `{`, `:`, `}`
	if twice {
		before, between, after = `[`, `,"value":`, `]`
	}
	dst = append(dst, before...)
	for i, m := range members {
		if i > 0 {
			dst = append(dst, ',')
		}
		if twice {
			dst = append(dst, `{"key":`...)
		}
		dst = append(appendString(dst, string(m.key)), between...)
		if dst, err = appendWireValue(dst, m.value, depth+1); err != nil {
			return dst, err
		}
		if twice {
			dst = append(dst, '}')
		}
	}
	return append(dst, after...), nil
}

// appendWireValue appends an AnyValue as the JSON value it stands for; the last
// member of the oneof counts, none is null.
func appendWireValue(dst, message []byte, depth int) ([]byte, error) {
	if depth > maxShownDepth {
		return append(dst, tooDeep...), nil
	}
	var last field
	if err := eachField(message, func(f field) error { last = f; return nil }); err != nil {
		return dst, err
	}
	switch last.number {
	case 1:
		return appendString(dst, string(last.bytes)), nil
	case 2:
		return strconv.AppendBool(dst, last.scalar != 0), nil
	case 3:
		return strconv.AppendInt(dst, int64(last.scalar), 10), nil //nolint:gosec // two's complement
	case 4:
		f := math.Float64frombits(last.scalar)
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return appendString(dst, strconv.FormatFloat(f, 'g', -1, 64)), nil
		}
		return strconv.AppendFloat(dst, f, 'g', -1, 64), nil
	case 5:
		dst = append(dst, '[')
		first := true
		err := eachField(last.bytes, func(f field) error {
			if !first {
				dst = append(dst, ',')
			}
			first = false
			var err error
			dst, err = appendWireValue(dst, f.bytes, depth+1)
			return err
		})
		return append(dst, ']'), err
	case 6:
		return appendWireMembers(dst, last.bytes, 1, depth)
	case 7:
		return appendString(dst, base64.StdEncoding.EncodeToString(last.bytes)), nil
	}
	return append(dst, "null"...), nil
}
