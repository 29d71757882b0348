package stage

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/otelaudit/otelaudit/internal/record"
)

// Marker is what a masked value becomes.
const Marker = "[REDACTED]"

// Rules say what is masked beyond DefaultKeys.
type Rules struct {
	Keys          []string // names, in any spelling
	Paths         []string // globs over the canonical record, "payload.*.iban"
	ValuePatterns []string // the Pattern constants, "regexp:" followed by an expression
	ExemptPaths   []string // globs of values that no rule masks
}

// Redactor masks secrets. It is safe for concurrent use: nothing is written to
// it after NewRedactor.
//
// It never masks identifiers (actor.id, target.id, the tenant, the event's id
// and what refers to it), because masked ids merge different people.
type Redactor struct {
	keys     *keySet
	paths    pathSet
	exempt   pathSet
	patterns valuePatterns
	// needPaths is false where no rule asks for a path, so that none is built.
	needPaths bool
}

// NewRedactor compiles the rules. Its errors begin with the key of Rules in
// snake case and name the element.
func NewRedactor(rules Rules) (*Redactor, error) {
	r := &Redactor{keys: newKeySet(append(DefaultKeys(), rules.Keys...))}
	var errs []error
	for i, key := range rules.Keys {
		if n := len(normalizeKey(key)); n == 0 || n > maxKeyBytes {
			errs = append(errs, fmt.Errorf("keys[%d]: %q must have 1 to %d letters or digits", i, key, maxKeyBytes))
		} else if r.keys.classify(key)&secretName == 0 {
			errs = append(errs, fmt.Errorf("keys[%d]: %q is no single name: use paths for a value below another", i, key))
		}
	}
	keep := func(name string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s%w", name, err))
		}
	}
	var err error
	r.paths, err = parsePaths(rules.Paths)
	keep("paths", err)
	for i, text := range rules.Paths {
		if text == "actor.id" || text == "target.id" {
			errs = append(errs, fmt.Errorf("paths[%d]: %q is an identifier, which is never masked", i, text))
		}
	}
	r.exempt, err = parsePaths(rules.ExemptPaths)
	keep("exempt_paths", err)
	r.patterns, err = parsePatterns(rules.ValuePatterns)
	keep("value_patterns", err)
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	r.needPaths = len(r.paths)+len(r.exempt) > 0
	return r, nil
}

// Record masks rec in place and returns how many values it masked. A second
// call masks none.
func (r *Redactor) Record(rec *record.Record) int {
	w := r.Walk()
	w.field("action", &rec.Action)
	w.field("reason", &rec.Reason)
	w.field("event_name", &rec.EventName)
	w.field("severity_text", &rec.SeverityText)
	w.field("schema_version", &rec.SchemaVersion)
	if _, known := record.ParseOutcome(rec.Outcome); !known && rec.Outcome != "" { // it will be kept as it was sent
		w.field("outcome", &rec.Outcome)
	}
	w.party("actor", &rec.Actor)
	w.party("target", &rec.Target)
	w.tree("changes", &rec.Changes)
	w.tree("context", &rec.Context)
	w.tree("payload", &rec.Payload)
	w.tree("producer", &rec.Producer)
	w.tree("source", &rec.Source)
	w.scope(&rec.Source)
	w.tree("attributes", &rec.Attributes)
	w.tree("body", &rec.Body)
	w.original(&rec.Original)
	return w.masked
}

// Verdict is what a name means for the value below it.
type Verdict uint8

// The verdicts of Walk.Enter.
const (
	Keep   Verdict = iota // look inside
	Mask                  // replace the value as a whole
	Exempt                // leave a scalar alone, look inside anything else
)

// Walk is one pass over one record: it knows where it is and what it masked. The
// zero Walk is of no use; take one from Redactor.Walk.
type Walk struct {
	r      *Redactor
	path   []string // only where the rules ask for it
	masked int
}

// Walk begins a pass, for data that is not (yet) a record.Record.
func (r *Redactor) Walk() Walk { return Walk{r: r} }

// Masked returns how many values were masked so far.
func (w *Walk) Masked() int { return w.masked }

// CountMasked adds one to Masked, for callers that replace a value themselves.
func (w *Walk) CountMasked() { w.masked++ }

// Depth returns the place to go back to with Leave.
func (w *Walk) Depth() int { return len(w.path) }

// Leave goes back to where Depth was taken.
func (w *Walk) Leave(depth int) { w.path = w.path[:depth] }

// Enter goes one name down, several segments for a dotted one, and says what
// the rules want done with the value there.
func (w *Walk) Enter(name string) Verdict {
	if !w.r.needPaths {
		if w.r.keys.classify(name)&secretName != 0 {
			return Mask
		}
		return Keep
	}
	verdict := Keep
	for segment := range strings.SplitSeq(name, ".") {
		if v := w.enterSegment(segment, true); v == Mask {
			verdict = Mask
		}
	}
	if w.at(w.r.exempt) {
		return Exempt
	}
	return verdict
}

// at reports whether a set of paths names this place. What stands below an audit
// member or attribute is also found where it would be in the canonical record.
func (w *Walk) at(set pathSet) bool {
	if len(set) == 0 {
		return false
	}
	if set.match(w.path) {
		return true
	}
	return len(w.path) > 2 && w.path[1] == "audit" && (w.path[0] == "attributes" || w.path[0] == "body") && set.match(w.path[2:])
}

// enterSegment goes one segment down. byKey is false for the members of the
// record itself, which are no names an application chose.
func (w *Walk) enterSegment(segment string, byKey bool) Verdict {
	w.path = append(w.path, segment)
	switch {
	case w.at(w.r.exempt):
		return Exempt
	case byKey && w.r.keys.classify(segment)&secretName != 0, w.at(w.r.paths):
		return Mask
	}
	return Keep
}

// EnterRoot goes to a member of the record itself ("body"). Only paths judge it,
// because its name is not one that an application chose.
func (w *Walk) EnterRoot(name string) Verdict {
	if !w.r.needPaths {
		return Keep
	}
	return w.enterSegment(name, false)
}

// field masks a text of the record itself.
func (w *Walk) field(name string, text *string) {
	if *text == "" {
		return
	}
	depth := w.Depth()
	switch w.EnterRoot(name) {
	case Mask:
		if *text != Marker {
			*text = Marker
			w.masked++
		}
	case Exempt:
	case Keep:
		if s, changed := w.Text(*text); changed {
			*text = s
		}
	}
	w.Leave(depth)
}

// tree masks inside one member of the record.
func (w *Walk) tree(name string, v *record.Value) {
	if v.IsAbsent() {
		return
	}
	depth := w.Depth()
	var masked record.Value
	if w.value(v, &masked, w.EnterRoot(name)) {
		*v = masked
	}
	w.Leave(depth)
}

// party is tree for actor and target, whose id is never masked.
func (w *Walk) party(name string, v *record.Value) {
	switch v.Get("id").Kind() {
	case record.Absent, record.Array, record.Object:
		w.tree(name, v)
		return
	default:
	}
	depth := w.Depth()
	all := w.EnterRoot(name) == Mask
	var masked record.Value
	if w.members(v, &masked, all, "id") {
		*v = masked
	}
	w.Leave(depth)
}

// original masks what is kept of values as they were sent. Its members are
// named after the fields they belong to, so they are judged by those paths. How a
// listed name was spelled before it was repaired is no value: the first collector
// keeps it, so the next one leaves it, and the record as it is.
func (w *Walk) original(v *record.Value) {
	if v.Kind() != record.Object {
		return
	}
	var masked record.Value
	before := w.masked
	if !w.members(v, &masked, false, "actor.id", "target.id", "tenant_id", "event_id", "idempotency_key") {
		return
	}
	for _, m := range v.Members() {
		if record.KeepsOnlyName(m.Name, m.Value) && !masked.Get(m.Name).Equal(m.Value) {
			masked = masked.Set(m.Name, m.Value)
			w.masked--
		}
	}
	if w.masked > before {
		*v = masked
	}
}

// scope masks in what an instrumentation scope calls itself, which may be a URL.
func (w *Walk) scope(source *record.Value) {
	for _, name := range [...]string{"otel.scope.name", "otel.scope.version"} {
		if v := source.Get(name); v.Kind() == record.String {
			if text, changed := w.URL(v.Text()); changed {
				*source = source.Set(name, record.StringValue(text))
			}
		}
	}
}

// value masks v by a verdict, or inside it. Where that changes it, changed is
// true and out holds the result; v itself is never written to. Both are pointers
// because a Value is seven words and nearly all of them stay as they are.
func (w *Walk) value(v, out *record.Value, verdict Verdict) (changed bool) {
	if verdict == Mask {
		return w.mask(v, out)
	}
	switch v.Kind() {
	case record.Object:
		return w.members(v, out, false)
	case record.Array:
		return w.elements(v, out, verdict, false)
	case record.String:
		if verdict == Exempt {
			return false
		}
		s, changed := w.Text(v.Text())
		if changed {
			*out = record.StringValue(s)
		}
		return changed
	case record.Number:
		if verdict != Exempt && w.Number(v.Number()) {
			*out = record.StringValue(Marker)
			return true
		}
	case record.Absent, record.Null, record.Bool:
	}
	return false
}

// mask replaces a value as a whole. A null holds nothing to hide.
func (w *Walk) mask(v, out *record.Value) (changed bool) {
	switch v.Kind() {
	case record.Absent, record.Null:
		return false
	case record.String:
		if v.Text() == Marker {
			return false
		}
	default:
	}
	w.masked++
	*out = record.StringValue(Marker)
	return true
}

// elements masks inside an array. nested is true for one that stands in another
// array.
func (w *Walk) elements(v, out *record.Value, verdict Verdict, nested bool) (changed bool) {
	kids := v.Members()
	pair := nested && len(kids) == 2
	var edit edit
	for i := range kids {
		kid := &kids[i].Value
		wanted := verdict
		if i%2 == 1 && verdict == Keep && kids[i-1].Value.Kind() == record.String && w.NamesNext(kids[i-1].Value.Text(), kid.Text(), pair || kid.Kind() != record.String) {
			wanted = Mask
		}
		var hit bool
		if kid.Kind() == record.Array && wanted != Mask {
			hit = w.elements(kid, out, wanted, true)
		} else {
			hit = w.value(kid, out, wanted)
		}
		if hit {
			edit.set(kids, i, *out)
		}
	}
	return edit.apply(v, out)
}

// members masks inside an object, or each of its members (all), except those
// named in keep, which are not looked at.
func (w *Walk) members(v, out *record.Value, all bool, keep ...string) (changed bool) {
	kids := v.Members()
	var buf [24]class
	classes := buf[:0]
	var shape Shape
	for i := range kids {
		c := w.r.keys.classify(kids[i].Name)
		classes = append(classes, c)
		switch kids[i].Value.Kind() {
		case record.String:
			if c > secretName {
				w.look(&shape, kids[i].Name, kids[i].Value.Text(), c)
			}
		case record.Array:
			if saysWhere(c) {
				w.look(&shape, kids[i].Name, strings.Join(textsOf(&kids[i].Value), "/"), c)
			}
		default:
		}
	}
	var edit edit
	for i := range kids {
		if slices.Contains(keep, kids[i].Name) {
			continue
		}
		if w.member(&kids[i], out, &shape, classes[i], all) {
			edit.set(kids, i, *out)
		}
	}
	return edit.apply(v, out)
}

// member masks one member of an object.
func (w *Walk) member(m *record.Member, out *record.Value, shape *Shape, c class, all bool) (changed bool) {
	depth := w.Depth()
	verdict, pointer := w.enterMember(shape, m.Name, c, all)
	if pointer != "" {
		w.Leave(depth)
		return w.patchValue(m.Value, out, pointer)
	}
	changed = w.value(&m.Value, out, verdict)
	w.Leave(depth)
	return changed
}

// patchValue masks the value of a patch operation.
func (w *Walk) patchValue(v record.Value, out *record.Value, pointer string) (changed bool) {
	w.eachPatchSide(pointer, func(verdict Verdict) {
		if w.value(&v, out, verdict) {
			v, changed = *out, true
		}
	})
	if changed {
		*out = v
	}
	return changed
}

// edit collects the children of a value that change; nothing is copied before
// the first one.
type edit struct{ children []record.Value }

func (e *edit) set(kids []record.Member, i int, v record.Value) {
	if e.children == nil {
		e.children = make([]record.Value, len(kids))
		for i := range kids {
			e.children[i] = kids[i].Value
		}
	}
	e.children[i] = v
}

// apply makes out v with the changed children, if there are any.
func (e *edit) apply(v, out *record.Value) (changed bool) {
	if e.children == nil {
		return false
	}
	i := -1
	*out = v.Map(func(string, record.Value) record.Value {
		i++
		return e.children[i]
	})
	return true
}

// Text masks inside a text: by value patterns, and by every rule where it holds
// JSON. What a pattern leaves is looked at again, because it may name what the
// whole did not.
func (w *Walk) Text(s string) (masked string, changed bool) {
	if len(s) < 2 || s == Marker {
		return s, false
	}
	before := w.masked
	for range maxRounds {
		again := w.masked
		if at := jsonStart(s); at >= 0 {
			out, done, hit := w.jsonText(s, at)
			if done {
				return out, hit || w.masked > before
			}
			s = out
		}
		out, n := w.r.patterns.mask(s)
		w.masked += n
		s = out
		if w.masked == again {
			return s, w.masked > before
		}
	}
	return Marker, true
}

// URL masks the value of every parameter in a text that is named like a secret,
// after what Text does.
func (w *Walk) URL(s string) (masked string, changed bool) {
	s, changed = w.Text(s)
	_, query, ok := strings.Cut(s, "?")
	if !ok {
		return s, changed
	}
	var out strings.Builder
	out.WriteString(s[:len(s)-len(query)])
	for query != "" {
		end := strings.IndexAny(query, "&;#")
		if end < 0 {
			end = len(query)
		}
		if name, value, ok := strings.Cut(query[:end], "="); ok && value != Marker && w.r.keys.classify(name)&secretName != 0 {
			out.WriteString(name + "=" + Marker)
			w.masked++
			changed = true
		} else {
			out.WriteString(query[:end])
		}
		if end < len(query) {
			out.WriteByte(query[end])
			end++
		}
		query = query[end:]
	}
	return out.String(), changed
}

// Number reports whether a value pattern matches a number and counts it as
// masked.
func (w *Walk) Number(f float64) bool {
	// Of the built-in patterns only a card number is a number, of 13 digits and more.
	if len(w.r.patterns.finds) == 0 || !w.r.patterns.anchored && f < 1e12 {
		return false
	}
	var buf [32]byte
	if !w.r.patterns.any(string(strconv.AppendFloat(buf[:0], f, 'f', -1, 64))) {
		return false
	}
	w.masked++
	return true
}
