package stage

import (
	"errors"
	"fmt"
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
	w.party("actor", &rec.Actor)
	w.party("target", &rec.Target)
	w.tree("changes", &rec.Changes)
	w.tree("context", &rec.Context)
	w.tree("payload", &rec.Payload)
	w.tree("producer", &rec.Producer)
	w.tree("source", &rec.Source)
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

// Walk is one pass over one record: it knows where it is and what it masked.
// The zero value is of no use; take one from Redactor.Walk.
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
	if w.r.exempt.match(w.path) {
		return Exempt
	}
	return verdict
}

// enterSegment goes one segment down. byKey is false for the members of the
// record itself, which are no names an application chose.
func (w *Walk) enterSegment(segment string, byKey bool) Verdict {
	w.path = append(w.path, segment)
	switch {
	case w.r.exempt.match(w.path):
		return Exempt
	case byKey && w.r.keys.classify(segment)&secretName != 0, w.r.paths.match(w.path):
		return Mask
	}
	return Keep
}

// enterRoot goes to a member of the record.
func (w *Walk) enterRoot(name string) Verdict {
	if !w.r.needPaths {
		return Keep
	}
	return w.enterSegment(name, false)
}

// EnterRoots goes to a member of the record by its dotted name; "" stays at the
// record itself. Only paths judge it, not keys.
func (w *Walk) EnterRoots(names string) Verdict {
	verdict := Keep
	if names == "" || !w.r.needPaths {
		return verdict
	}
	for name := range strings.SplitSeq(names, ".") {
		verdict = w.enterSegment(name, false)
	}
	return verdict
}

// field masks a text of the record itself.
func (w *Walk) field(name string, text *string) {
	if *text == "" {
		return
	}
	depth := w.Depth()
	switch w.enterRoot(name) {
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
	if masked, changed := w.Value(*v, w.enterRoot(name)); changed {
		*v = masked
	}
	w.Leave(depth)
}

// party is tree for actor and target, whose id is never masked.
func (w *Walk) party(name string, v *record.Value) {
	id := v.Get("id")
	if k := id.Kind(); k == record.Absent || k == record.Array || k == record.Object {
		w.tree(name, v)
		return
	}
	depth := w.Depth()
	verdict := w.enterRoot(name)
	masked, changed := w.members(*v, verdict == Mask, "id")
	if changed {
		*v = masked
	}
	w.Leave(depth)
}

// original masks what is kept of values as they were sent. Its members are
// named after the fields they belong to, so they are judged by those paths.
func (w *Walk) original(v *record.Value) {
	if v.Kind() != record.Object {
		return
	}
	if masked, changed := w.members(*v, false, "actor.id", "target.id", "tenant_id", "event_id", "idempotency_key"); changed {
		*v = masked
	}
}

// Value masks v by a verdict, or inside it, and says whether that changed it.
func (w *Walk) Value(v record.Value, verdict Verdict) (masked record.Value, changed bool) {
	if verdict == Mask {
		return w.mask(v)
	}
	switch v.Kind() {
	case record.Object:
		return w.object(v)
	case record.Array:
		return w.array(v, verdict)
	case record.String:
		if verdict == Exempt {
			return v, false
		}
		if s, changed := w.Text(v.Text()); changed {
			return record.StringValue(s), true
		}
	case record.Number:
		if verdict != Exempt && w.Number(v.Number()) {
			return record.StringValue(Marker), true
		}
	case record.Absent, record.Null, record.Bool:
	}
	return v, false
}

// mask replaces a value as a whole. A null holds nothing to hide.
func (w *Walk) mask(v record.Value) (masked record.Value, changed bool) {
	switch v.Kind() {
	case record.Absent, record.Null:
		return v, false
	case record.String:
		if v.Text() == Marker {
			return v, false
		}
	default:
	}
	w.masked++
	return record.StringValue(Marker), true
}

func (w *Walk) array(v record.Value, verdict Verdict) (masked record.Value, changed bool) {
	kids := v.Members()
	var out []record.Value
	for i := range kids {
		child, hit := w.Value(kids[i].Value, verdict)
		if hit {
			out = copyOnWrite(out, kids)
			out[i] = child
		}
	}
	return rebuild(v, out)
}

func (w *Walk) object(v record.Value) (masked record.Value, changed bool) {
	return w.members(v, false)
}

// members masks inside an object, or each of its members (all), except those
// named in keep, which are not looked at.
func (w *Walk) members(v record.Value, all bool, keep ...string) (masked record.Value, changed bool) {
	kids := v.Members()
	shape := w.shapeOf(kids)
	var out []record.Value
	for i := range kids {
		if contains(keep, kids[i].Name) {
			continue
		}
		child, hit := w.member(&kids[i], shape, all)
		if hit {
			out = copyOnWrite(out, kids)
			out[i] = child
		}
	}
	return rebuild(v, out)
}

// member masks one member of an object.
func (w *Walk) member(m *record.Member, shape shape, all bool) (masked record.Value, changed bool) {
	if shape.patch != "" && m.Name == "value" {
		return w.patchValue(m.Value, shape.patch)
	}
	depth := w.Depth()
	verdict := w.Enter(m.Name)
	if verdict == Keep && (all || shape.pair && w.r.keys.classify(m.Name)&valueName != 0) {
		verdict = Mask
	}
	masked, changed = w.Value(m.Value, verdict)
	w.Leave(depth)
	return masked, changed
}

// copyOnWrite returns out, or a copy of the children at the first change.
func copyOnWrite(out []record.Value, kids []record.Member) []record.Value {
	if out != nil {
		return out
	}
	out = make([]record.Value, len(kids))
	for i := range kids {
		out[i] = kids[i].Value
	}
	return out
}

// rebuild returns v with other children; nil means the same ones.
func rebuild(v record.Value, out []record.Value) (rebuilt record.Value, changed bool) {
	if out == nil {
		return v, false
	}
	i := -1
	return v.Map(func(string, record.Value) record.Value {
		i++
		return out[i]
	}), true
}

// contains is slices.Contains for the few names of keep.
func contains(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

// Text masks inside a text: by value patterns, and by every rule where it holds
// JSON.
func (w *Walk) Text(s string) (masked string, changed bool) {
	if len(s) < 2 || s == Marker {
		return s, false
	}
	if looksLikeJSON(s) {
		if out, done, hit := w.jsonText(s); done {
			return out, hit
		}
	}
	out, n := w.r.patterns.mask(s)
	w.masked += n
	return out, n > 0
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
