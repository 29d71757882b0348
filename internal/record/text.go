package record

import (
	"encoding/base64"
	"math"
	"slices"
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
	if i := textASCII(s); i < len(s) && (s[i] == 0 || !utf8.ValidString(s[i:]) || strings.IndexByte(s[i:], 0) >= 0) {
		f = faultBytes
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

// maxKeptBytes bounds what repairing one record may keep, paths included. It is
// far over any sensible cap on records, and keeps a hostile one from becoming
// many times its size before that cap is looked at.
const maxKeptBytes = 8 << 20

// repairText replaces what the stores refuse and flags it. The bytes as sent
// are kept in Original under the path of the text, as base64.
func (r *Record) repairText() *Problem {
	f := repair{record: r, budget: maxKeptBytes}
	for _, t := range []struct {
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
		if textFaults(*t.text) != 0 {
			*t.text = f.text(&place{name: t.name}, *t.text)
		}
	}
	for _, m := range r.values() {
		if valueFaulty(*m.value) {
			*m.value = f.value(&place{name: m.name}, *m.value)
		}
	}
	if valueFaulty(r.Original) {
		r.Original = f.value(&place{name: "original"}, r.Original)
	}
	return f.finish()
}

// repair is the repairing of one record.
type repair struct {
	record *Record
	kept   []Member // what was sent, by path
	budget int      // bytes that may still be kept
}

// place is where a text stands; its path is only made when it is needed.
type place struct {
	in   *place
	name string
}

func (p *place) path() string {
	var names []string
	for ; p != nil; p = p.in {
		names = append(names, p.name)
	}
	slices.Reverse(names)
	return strings.Join(names, ".")
}

func (p *place) length() int {
	n := 0
	for ; p != nil; p = p.in {
		n += len(p.name) + 1
	}
	return n
}

// keep remembers what stood at a place.
func (f *repair) keep(at *place, behind, sent string) {
	f.record.AddFlag(FlagRepairedText)
	f.budget -= at.length() + base64.StdEncoding.EncodedLen(len(sent))
	if f.budget < 0 {
		return
	}
	f.kept = append(f.kept, Member{Name: at.path() + behind, Value: StringValue(base64.StdEncoding.EncodeToString([]byte(sent)))})
}

// finish puts what was kept beside what Original holds already, which wins.
func (f *repair) finish() *Problem {
	if f.budget < 0 {
		return &Problem{ReasonTooLarge, "keeping the text that is not UTF-8 as it was sent would take over 8 MiB"}
	}
	if len(f.kept) == 0 {
		return nil
	}
	all := append(slices.Clone(f.record.Original.kids), f.kept...)
	f.record.Original, _, _ = ObjectValue(all)
	return nil
}

// nameSuffix stands behind a path in Original whose value is a name as it was sent.
const nameSuffix = "#name"

// KeepsOnlyName reports whether a member of Original holds nothing but the bytes
// of the repaired name that its path ends with: whoever may read the path may read
// them, whatever the name says about the value that stood below it.
func KeepsOnlyName(path string, sent Value) bool {
	path, isName := strings.CutSuffix(path, nameSuffix)
	if !isName || sent.kind != String {
		return false
	}
	name, err := base64.StdEncoding.DecodeString(sent.str)
	return err == nil && strings.HasSuffix(path, "."+validText(string(name)))
}

func (f *repair) text(at *place, s string) string {
	faults := textFaults(s)
	if faults&faultBytes != 0 {
		f.keep(at, "", s)
		s = validText(s)
	}
	if faults&faultPrefix != 0 {
		f.record.AddFlag(FlagEscapedText)
		s = escapedPrefix + s[len(reservedPrefix):]
	}
	return s
}

func (f *repair) value(at *place, v Value) Value {
	switch v.kind {
	case String:
		if textFaults(v.str) == 0 {
			return v
		}
		return StringValue(f.text(at, v.str))
	case Number:
		fixed, asText := FloatValue(v.num)
		if asText {
			f.record.AddFlag(FlagNumberAsText)
		}
		return fixed
	case Array:
		kids := make([]Member, len(v.kids))
		for i := range v.kids {
			kids[i].Value = f.value(&place{at, strconv.Itoa(i)}, v.kids[i].Value)
		}
		return Value{kind: Array, kids: kids}
	case Object:
		return f.object(at, v)
	default:
		return v
	}
}

func (f *repair) object(at *place, v Value) Value {
	kids := make([]Member, len(v.kids))
	for i, m := range v.kids {
		name := m.Name
		member := &place{at, name}
		if textFaults(name)&faultBytes != 0 {
			name = validText(name)
			member.name = name
			f.keep(member, nameSuffix, m.Name)
		}
		kids[i] = Member{Name: name, Value: f.value(member, m.Value)}
	}
	return objectOfRepaired(kids)
}

func validText(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
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
