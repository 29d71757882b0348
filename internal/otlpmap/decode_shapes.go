package otlpmap

import (
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/record"
)

// decodeShapes reads a record in any shape and spelling an application uses:
// first everything is gathered under its canonical name, then the record is
// made of it. What two places say must agree.
func (f *From) decodeShapes(lr plog.LogRecord, trusted bool) Decoded {
	g := &f.gatherer
	f.record = record.Record{}
	*g = gatherer{from: f, record: &f.record, trusted: trusted, disowned: !trusted && isCanonical(lr)}
	g.fail(readEnvelope(g.record, lr))
	g.space(lr.Attributes())
	for name, v := range lr.Attributes().All() {
		g.attribute(name, v)
	}
	g.takeBody(lr)
	g.makeRecord()
	claims := g.takeClaims()
	g.keep()
	g.fail(problemOf(g.notes))
	if g.notes.NumberAsText {
		g.record.AddFlag(record.FlagNumberAsText)
	}
	return Decoded{Record: g.record, Claims: claims, Problem: g.problem}
}

type gatherer struct {
	from    *From
	record  *record.Record
	trusted bool
	// disowned is a record that calls itself canonical but comes from nobody
	// we trust: what Encode added to it is left out again.
	disowned bool
	problem  *record.Problem
	notes    Notes

	fields  [fieldCount]record.Value
	whole   [objectCount]record.Value // an object's own value that is no object
	members [objectCount][]record.Member
	other   []record.Member

	audit                record.Value // what the attribute "audit" held
	sourceID, sourceType record.Value
	bodyCarries          bool // the body has audit data
}

// fail remembers the first problem.
func (g *gatherer) fail(p *record.Problem) {
	if g.problem == nil {
		g.problem = p
	}
}

func ambiguous(format string, args ...any) *record.Problem {
	return &record.Problem{Reason: record.ReasonAmbiguous, Detail: fmt.Sprintf(format, args...)}
}

func malformed(format string, args ...any) *record.Problem {
	return &record.Problem{Reason: record.ReasonMalformed, Detail: fmt.Sprintf(format, args...)}
}

// space makes room for the members that the attributes will become, in one
// piece, and looks for keys that stand twice.
func (g *gatherer) space(attrs pcommon.Map) {
	var counts [objectCount]int
	other := 0
	var seen [4]uint64 // a filter of the names so far
	var first map[string]pcommon.Value
	if attrs.Len() > manyAttributes {
		first = make(map[string]pcommon.Value, attrs.Len())
	}
	i := 0
	for name, v := range attrs.All() {
		if path, ok := strings.CutPrefix(name, auditPrefix); !ok {
			other++
		} else if o, ok := objectBefore(path); ok {
			counts[o]++
		}
		if first != nil {
			if w, ok := first[name]; ok {
				g.sameValue(name, w, v)
			} else {
				first[name] = v
			}
		} else if word, bit := filterBit(name); seen[word]&bit != 0 {
			g.compareWithFirst(attrs, i, name, v)
		} else {
			seen[word] |= bit
		}
		i++
	}
	total := other
	for _, n := range counts {
		total += n
	}
	all := g.from.members(total)
	for o, n := range counts {
		g.members[o], all = all[:0:n], all[n:]
	}
	g.other = all[:0:other]
}

// members returns room for members, that of the last record where it is enough.
func (f *From) members(n int) []record.Member {
	if n > cap(f.memberSpace) {
		f.memberSpace = make([]record.Member, n)
	}
	return f.memberSpace[:n]
}

// manyAttributes is where a map becomes cheaper than looking names up one by
// one.
const manyAttributes = 64

// filterBit returns a place among 256 for a name.
func filterBit(name string) (word int, bit uint64) {
	n := len(name)
	h := uint(n) * 31
	if n > 0 {
		h += uint(name[n-1]) + uint(name[n/2])*7 + uint(name[n-1-n/4])*13
	}
	return int(h >> 6 & 3), 1 << (h & 63)
}

// objectBefore returns the object whose members a name behind "audit." is one
// of.
func objectBefore(path string) (object, bool) {
	for o, name := range objectNames {
		if len(path) > len(name) && path[len(name)] == '.' && path[:len(name)] == name {
			return object(o), true
		}
	}
	return 0, false
}

// compareWithFirst compares an attribute with an earlier one of its name, if
// there is one.
func (g *gatherer) compareWithFirst(attrs pcommon.Map, at int, name string, v pcommon.Value) {
	i := 0
	for other, w := range attrs.All() {
		if i == at {
			return
		}
		if other == name {
			g.sameValue(name, w, v)
			return
		}
		i++
	}
}

// sameValue fails a record of which one key stands twice with different values:
// pdata's Get returns the first and its AsRaw the last, so a tenant check and a
// write could disagree.
func (g *gatherer) sameValue(name string, v, w pcommon.Value) {
	a, _ := ValueOf(v)
	b, _ := ValueOf(w)
	if !a.Equal(b) {
		g.fail(ambiguous("the attribute %q stands twice with different values", name))
	}
}

func (g *gatherer) attribute(name string, v pcommon.Value) {
	path, isAudit := strings.CutPrefix(name, auditPrefix)
	switch {
	case isAudit:
		if !g.ourAttribute(name, v) {
			g.member(path, convert(v, 1, &g.notes))
		}
	case name == AttrAudit:
		g.audit = g.nested(name, convert(v, 0, &g.notes))
	case strings.HasPrefix(name, samplingPrefix) || name == g.from.decoder.opts.SamplingAttribute:
	case name == "log.record.uid":
		g.setField(fieldLogUID, name, convert(v, 1, &g.notes))
	default:
		g.other = append(g.other, record.Member{Name: name, Value: convert(v, 1, &g.notes)})
	}
}

// ourAttribute handles the attributes whose meaning depends on who sent them.
func (g *gatherer) ourAttribute(name string, v pcommon.Value) bool {
	switch name {
	case AttrSource:
		if g.trusted {
			g.record.Source = convert(v, 0, &g.notes)
			return true
		}
		return g.disowned
	case AttrAttributes:
		if v.Type() == pcommon.ValueTypeMap && (g.trusted || g.disowned) {
			g.other = append(g.other, convert(v, 0, &g.notes).Members()...)
			return true
		}
		return false
	case AttrFlags:
		if g.trusted {
			readFlags(g.record, convert(v, 0, &g.notes))
		}
		return true
	case AttrOriginal:
		if g.trusted {
			g.record.Original = convert(v, 0, &g.notes)
		}
		return true
	}
	return isOurs(name[len(auditPrefix):])
}

// nested takes the shapes in which one value holds the whole event: a map, or
// JSON text. where names it in problems. It returns the object.
func (g *gatherer) nested(where string, v record.Value) record.Value {
	if isNothing(v) {
		g.fail(malformed("%s is empty", where))
		return v
	}
	if v.Kind() == record.String {
		parsed, isJSON := g.parse(where, v.Text())
		if !isJSON {
			g.fail(malformed("%s is text but not a JSON object", where))
			return v
		}
		v = parsed
	}
	if v.Kind() != record.Object {
		g.fail(malformed("%s must be a map or the JSON text of an object", where))
		return v
	}
	if v.Len() == 0 {
		g.fail(malformed("%s is empty", where))
		return v
	}
	for _, m := range v.Members() {
		g.member(m.Name, m.Value)
	}
	return v
}

// parse reads JSON text. isJSON is false if it is none; JSON that cannot be an
// event is a problem and comes back null.
func (g *gatherer) parse(where, text string) (v record.Value, isJSON bool) {
	if record.CostlyJSON(text) {
		g.fail(&record.Problem{Reason: record.ReasonTooLarge, Detail: where + " is a JSON text of too many values"})
		return record.EmptyObject(), true
	}
	p, err := record.ParseText(text)
	if err == nil {
		g.notes.NumberAsText = g.notes.NumberAsText || p.NumberAsText
		return p.Value, true
	}
	if problem := jsonProblem(where, err); problem != nil {
		g.fail(problem)
		return record.EmptyObject(), true
	}
	return record.Value{}, false
}

// member takes a name behind "audit." with its value.
func (g *gatherer) member(path string, v record.Value) {
	if s, ok := spellings[path]; ok {
		if s.isObject {
			g.addMember(s.object, s.member, v)
		} else {
			g.setField(s.field, auditPrefix+path, v)
		}
		return
	}
	if isOurs(path) {
		return
	}
	if path == originMACPath {
		g.dottedMember(objectProducer, path, v)
		return
	}
	if path == "source.id" || path == "source.type" {
		g.setSource(path, v)
		return
	}
	head, rest, dotted := strings.Cut(path, ".")
	if o, ok := objectOf(head); ok {
		if dotted {
			g.dottedMember(o, rest, v)
		} else {
			g.wholeObject(o, v)
		}
		return
	}
	if dotted && (head == "integrity" || head == "sequence") {
		g.dottedMember(objectProducer, path, v)
		return
	}
	if v.Kind() == record.Object && v.Len() > 0 && len(path) <= maxJoinedName {
		for _, m := range v.Members() {
			g.member(path+"."+m.Name, m.Value)
		}
		return
	}
	g.other = append(g.other, record.Member{Name: auditPrefix + path, Value: v})
}

// maxJoinedName is the length in bytes up to which the name of an unknown map is
// put before those of its members: a long one before many would take a
// multiple of what was sent.
const maxJoinedName = 128

func objectOf(head string) (object, bool) {
	for o, name := range objectNames {
		if head == name {
			return object(o), true
		}
	}
	return 0, false
}

func (g *gatherer) setField(f field, name string, v record.Value) {
	if isNothing(v) {
		return
	}
	if v.Kind() == record.Number && f != fieldOutcome && f != fieldStatus && f != fieldAction && f != fieldKind {
		v = numberText(v)
	}
	if old := g.fields[f]; !old.IsAbsent() && !old.Equal(v) {
		g.fail(ambiguous("%s disagrees with another spelling of it or with the nested form", name))
		return
	}
	g.fields[f] = v
}

func (g *gatherer) setSource(path string, v record.Value) {
	slot := &g.sourceID
	if path == "source.type" {
		slot = &g.sourceType
	}
	if isNothing(v) {
		return
	}
	if !slot.IsAbsent() && !slot.Equal(v) {
		g.fail(ambiguous("audit.%s has two different values", path))
		return
	}
	*slot = v
}

// isNothing reports whether a value says no more than a missing one.
func isNothing(v record.Value) bool {
	return v.Kind() == record.Absent || v.Kind() == record.Null || v.Kind() == record.String && v.Text() == ""
}

func numberText(v record.Value) record.Value {
	return record.StringValue(string(v.AppendJSON(nil)))
}
