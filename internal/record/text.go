package record

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// reservedPrefix begins encrypted text; text of a client that begins so gets
// the escape in front.
const (
	reservedPrefix = "enc:"
	escapedPrefix  = `\` + reservedPrefix
)

// textFault is what the value rules have against a text.
type textFault uint8

const (
	faultBytes  textFault = 1 << iota // invalid UTF-8 or U+0000, which PostgreSQL refuses
	faultPrefix                       // begins with "enc:"
)

func textFaults(s string) textFault {
	var f textFault
	for i := range len(s) {
		c := s[i]
		if c == 0 {
			f = faultBytes
			break
		}
		if c >= utf8.RuneSelf {
			if !utf8.ValidString(s[i:]) || strings.IndexByte(s[i:], 0) >= 0 {
				f = faultBytes
			}
			break
		}
	}
	if strings.HasPrefix(s, reservedPrefix) {
		f |= faultPrefix
	}
	return f
}

// valueFaulty reports whether a value rule would change v.
func valueFaulty(v Value) bool {
	switch v.kind {
	case String:
		return textFaults(v.str) != 0
	case Number:
		return math.IsNaN(v.num) || math.Abs(v.num) > MaxSafeInteger && math.Abs(v.num) < 1e21 || math.IsInf(v.num, 0)
	case Array, Object:
		for i := range v.kids {
			if textFaults(v.kids[i].Name)&faultBytes != 0 || valueFaulty(v.kids[i].Value) {
				return true
			}
		}
	default:
	}
	return false
}

// repairText replaces what the stores refuse and flags it. The bytes as sent
// are kept in Original under the path of the text, as base64.
func (r *Record) repairText() {
	for _, f := range []struct {
		name string
		text *string
	}{
		{"tenant_id", &r.TenantID},
		{"event_id", &r.EventID},
		{"action", &r.Action},
		{"reason", &r.Reason},
		{"correlation_id", &r.CorrelationID},
		{"causation_id", &r.CausationID},
		{"idempotency_key", &r.IdempotencyKey},
		{"event_name", &r.EventName},
		{"severity_text", &r.SeverityText},
		{"schema_version", &r.SchemaVersion},
	} {
		if textFaults(*f.text) != 0 {
			*f.text = r.repaired(f.name, *f.text)
		}
	}
	for _, m := range r.values() {
		if valueFaulty(*m.value) {
			*m.value = r.repairedValue(m.name, *m.value)
		}
	}
	if valueFaulty(r.Original) {
		r.repairOriginal()
	}
}

// repairOriginal repairs the kept values themselves; what that keeps in turn is
// put beside them.
func (r *Record) repairOriginal() {
	faulty := r.Original
	r.Original = Value{}
	fixed := r.repairedValue("original", faulty)
	kept := r.Original
	r.Original = fixed
	for _, m := range kept.kids {
		r.KeepOriginal(m.Name, m.Value)
	}
}

func (r *Record) repaired(path, s string) string {
	faults := textFaults(s)
	if faults&faultBytes != 0 {
		r.KeepOriginal(path, StringValue(base64.StdEncoding.EncodeToString([]byte(s))))
		r.AddFlag(FlagRepairedText)
		s = validText(s)
	}
	if faults&faultPrefix != 0 {
		r.AddFlag(FlagEscapedText)
		s = escapedPrefix + s[len(reservedPrefix):]
	}
	return s
}

func validText(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

func (r *Record) repairedValue(path string, v Value) Value {
	switch v.kind {
	case String:
		return StringValue(r.repaired(path, v.str))
	case Number:
		fixed, asText := FloatValue(v.num)
		if asText {
			r.AddFlag(FlagNumberAsText)
		}
		return fixed
	case Array:
		kids := make([]Member, len(v.kids))
		for i := range v.kids {
			kids[i].Value = r.repairedValue(path+"."+strconv.Itoa(i), v.kids[i].Value)
		}
		return Value{kind: Array, kids: kids}
	case Object:
		kids := make([]Member, len(v.kids))
		for i, m := range v.kids {
			name := validText(m.Name)
			memberPath := path + "." + name
			if name != m.Name {
				r.AddFlag(FlagRepairedText)
				r.KeepOriginal(memberPath+"#name", StringValue(base64.StdEncoding.EncodeToString([]byte(m.Name))))
			}
			kids[i] = Member{Name: name, Value: r.repairedValue(memberPath, m.Value)}
		}
		return objectOfRepaired(kids)
	default:
		return v
	}
}

// objectOfRepaired makes an object of members whose names may have become the
// same; from the second on they get a number behind their name, so that none is
// lost.
func objectOfRepaired(kids []Member) Value {
	for {
		v, _, hasDup := ObjectValue(append([]Member(nil), kids...))
		if !hasDup {
			return v
		}
		seen := make(map[string]int, len(kids))
		for i := range kids {
			name := kids[i].Name
			seen[name]++
			if n := seen[name]; n > 1 {
				kids[i].Name = name + "~" + strconv.Itoa(n)
			}
		}
	}
}
