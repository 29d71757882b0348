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
func (d *Decoder) decodeShapes(resource pcommon.Resource, scope pcommon.InstrumentationScope, lr plog.LogRecord, trusted bool) Decoded {
	g := gatherer{decoder: d, record: &record.Record{}, trusted: trusted, disowned: !trusted && isCanonical(lr)}
	g.fail(readEnvelope(g.record, lr))
	g.duplicateKeys(lr.Attributes())
	for name, v := range lr.Attributes().All() {
		g.attribute(name, v)
	}
	g.takeBody(lr)
	g.makeRecord(resource, scope)
	claims := g.takeClaims(resource, scope)
	g.keep()
	g.fail(problemOf(g.notes))
	if g.notes.NumberAsText {
		g.record.AddFlag(record.FlagNumberAsText)
	}
	return Decoded{Record: g.record, Claims: claims, Problem: g.problem}
}

type gatherer struct {
	decoder *Decoder
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

// duplicateKeys fails a record of which one key stands twice with different
// values: pdata's Get returns the first and its AsRaw the last, so a tenant
// check and a write could disagree.
func (g *gatherer) duplicateKeys(attrs pcommon.Map) {
	if attrs.Len() > 32 {
		g.duplicateKeysOfMany(attrs)
		return
	}
	i := 0
	for name, v := range attrs.All() {
		i++
		j := 0
		for other, w := range attrs.All() {
			j++
			if j > i && other == name {
				g.sameValue(name, v, w)
			}
		}
	}
}

func (g *gatherer) duplicateKeysOfMany(attrs pcommon.Map) {
	first := make(map[string]pcommon.Value, attrs.Len())
	for name, v := range attrs.All() {
		if w, ok := first[name]; ok {
			g.sameValue(name, w, v)
			continue
		}
		first[name] = v
	}
}

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
		g.nested(name, convert(v, 0, &g.notes))
	case strings.HasPrefix(name, samplingPrefix) || name == g.decoder.opts.SamplingAttribute:
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
// JSON text. where names it in problems.
func (g *gatherer) nested(where string, v record.Value) {
	if v.Kind() == record.String {
		parsed, isJSON := g.parse(where, v.Text())
		if !isJSON {
			g.fail(malformed("%s is text but not a JSON object", where))
			return
		}
		v = parsed
	}
	if v.Kind() != record.Object {
		g.fail(malformed("%s must be a map or the JSON text of an object", where))
		return
	}
	if v.Len() == 0 {
		g.fail(malformed("%s is empty", where))
		return
	}
	for _, m := range v.Members() {
		g.member(m.Name, m.Value)
	}
}

// parse reads JSON text. isJSON is false if it is none; JSON that cannot be an
// event is a problem and comes back null.
func (g *gatherer) parse(where, text string) (v record.Value, isJSON bool) {
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
	if v.Kind() == record.Object && v.Len() > 0 {
		for _, m := range v.Members() {
			g.member(path+"."+m.Name, m.Value)
		}
		return
	}
	g.other = append(g.other, record.Member{Name: auditPrefix + path, Value: v})
}

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
