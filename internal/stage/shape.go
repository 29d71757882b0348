package stage

import (
	"slices"
	"strings"

	"github.com/otelaudit/otelaudit/internal/record"
)

// Shape is what the text members of one object say about its others: that it is
// an operation of a patch, or a pair of a name and a value. Members whose names
// have a common beginning (headers.0.name, headers.0.value) are looked at as if
// they stood in an object of their own. The zero Shape is that of an object of
// which nothing is known yet.
type Shape struct {
	pairing
	flat map[string]*pairing // by what their names begin with, the separator included
}

// pairing is what is known of one object.
type pairing struct {
	pointer string // where the value of an operation belongs
	op      bool   // there is the name of an RFC 6902 operation
	secret  bool   // the name or the pointer is that of a secret
}

// Look notes what a text member says.
func (w *Walk) Look(s *Shape, name, text string) { w.look(s, name, text, w.r.keys.classify(name)) }

// LookParts notes what a member says that is a list of texts, as the path of
// some patches is.
func (w *Walk) LookParts(s *Shape, name string, parts []string) {
	if c := w.r.keys.classify(name); saysWhere(c) {
		w.look(s, name, strings.Join(parts, "/"), c)
	}
}

// saysWhere reports whether a member may say which other one a value belongs to.
func saysWhere(c class) bool {
	return c&(namingName|pathName|leafNaming|leafPath) != 0
}

func (w *Walk) look(s *Shape, name, text string, c class) {
	switch {
	case c&(namingName|pathName|opName) != 0:
		w.pair(&s.pairing, text, c)
	case c&leafNames != 0:
		var p pairing
		w.pair(&p, text, c>>leafShift)
		if p != (pairing{}) {
			s.merge(prefixOf(name), p)
		}
	}
}

// pair adds what one member says. A pointer is only kept where rules ask for
// paths or it names a secret.
func (w *Walk) pair(p *pairing, text string, c class) {
	switch {
	case c&opName != 0:
		p.op = p.op || patchOperation(text)
	case c&pathName != 0:
		text = strings.TrimPrefix(text, "#")
		if w.r.keys.classify(unescapePointer(text))&secretName != 0 {
			p.pointer, p.secret = text, true
		} else if w.r.needPaths && p.pointer == "" {
			p.pointer = text
		}
	case c&namingName != 0:
		p.secret = p.secret || len(text) <= 2*maxKeyBytes && w.r.keys.classify(text)&secretName != 0
	}
}

func (s *Shape) merge(prefix string, p pairing) {
	if s.flat == nil {
		s.flat = make(map[string]*pairing)
	}
	known := s.flat[prefix]
	if known == nil {
		s.flat[prefix] = &p
		return
	}
	known.op, known.secret = known.op || p.op, known.secret || p.secret
	if known.pointer == "" || p.secret && p.pointer != "" {
		known.pointer = p.pointer
	}
}

func patchOperation(op string) bool {
	for _, known := range [...]string{"add", "remove", "replace", "move", "copy", "test"} {
		if strings.EqualFold(op, known) {
			return true
		}
	}
	return false
}

// prefixOf returns what stands before the last segment of a name.
func prefixOf(name string) string {
	end := len(name)
	for end > 0 && separates(name[end-1]) {
		end--
	}
	for end > 0 && !separates(name[end-1]) {
		end--
	}
	return name[:end]
}

func separates(c byte) bool { return fold[c] == foldSeparator || fold[c] == foldPercent }

// silent reports whether the shape says nothing about any member.
func (s *Shape) silent() bool { return !s.secret && s.pointer == "" && s.flat == nil }

// judge says what a shape means for one of its members: the pointer of the
// operation it is a value of, or that it is the value of a secret.
func (w *Walk) judge(s *Shape, name string) (pointer string, secret bool) {
	pointer, secret = w.judgePart(&s.pairing, name)
	if s.flat == nil || pointer != "" || secret {
		return pointer, secret
	}
	for i := range len(name) {
		if !separates(name[i]) {
			continue
		}
		if p := s.flat[name[:i+1]]; p != nil {
			if pointer, secret = w.judgePart(p, name[i+1:]); pointer != "" || secret {
				return pointer, secret
			}
		}
	}
	return "", false
}

func (w *Walk) judgePart(p *pairing, name string) (pointer string, secret bool) {
	if !p.secret && p.pointer == "" {
		return "", false
	}
	for i := range len(name) {
		if separates(name[i]) {
			name = name[:i]
			break
		}
	}
	c := w.r.keys.classify(name)
	if p.op && p.pointer != "" {
		if c&(opName|pathName) != 0 || strings.EqualFold(name, "from") {
			return "", false
		}
		return p.pointer, false
	}
	return "", p.secret && c&valueName != 0
}

// EachVerdict goes to a member of an object of that shape and calls mask with
// what the rules want done there, and comes back; all asks for every member to
// be masked that is not exempt. The value of a patch operation is judged at each
// place where the rules look for it.
func (w *Walk) EachVerdict(s *Shape, name string, all bool, mask func(Verdict)) {
	depth := w.Depth()
	verdict, pointer := w.enterMember(s, name, w.r.keys.classify(name), all)
	if pointer != "" {
		w.Leave(depth)
		w.eachPatchSide(pointer, mask)
		return
	}
	mask(verdict)
	w.Leave(depth)
}

// enterMember is Enter for a member of an object. A pointer is returned where
// that says more about the value than its own place does.
func (w *Walk) enterMember(s *Shape, name string, c class, all bool) (verdict Verdict, pointer string) {
	switch {
	case w.r.needPaths:
		verdict = w.Enter(name)
	case c&secretName != 0:
		return Mask, ""
	}
	if verdict != Keep {
		return verdict, ""
	}
	if all {
		return Mask, ""
	}
	if s.silent() {
		return Keep, ""
	}
	pointer, secret := w.judge(s, name)
	if secret {
		return Mask, ""
	}
	return Keep, pointer
}

// eachPatchSide calls mask with the verdict on the value of a patch operation,
// once for each place where the rules look for it: an operation on /iban in
// changes.patch is about changes.before.iban and changes.after.iban. The walk is
// at that place during the call.
func (w *Walk) eachPatchSide(pointer string, mask func(Verdict)) {
	if !w.r.needPaths {
		if w.r.keys.classify(unescapePointer(pointer))&secretName != 0 {
			mask(Mask)
		} else {
			mask(Keep)
		}
		return
	}
	here := w.path
	for _, side := range []string{"before", "after"} {
		w.path = append(patched(here), side)
		mask(w.enterPointer(pointer))
	}
	w.path = here
}

// patched returns a copy of the path of what a patch belongs to.
func patched(path []string) []string {
	if n := len(path); n > 0 && path[n-1] == "patch" {
		path = path[:n-1]
	}
	return slices.Clone(path)
}

// enterPointer is Enter for a JSON pointer (RFC 6901).
func (w *Walk) enterPointer(pointer string) Verdict {
	verdict := Keep
	for segment := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if w.Enter(unescapePointer(segment)) == Mask {
			verdict = Mask
		}
	}
	if w.at(w.r.exempt) {
		return Exempt
	}
	return verdict
}

// unescapePointer undoes RFC 6901's escapes. An escaped slash stays a
// separator, which only makes more names visible.
func unescapePointer(pointer string) string {
	if !strings.Contains(pointer, "~") {
		return pointer
	}
	return strings.ReplaceAll(strings.ReplaceAll(pointer, "~1", "/"), "~0", "~")
}

// textsOf returns the elements of an array of texts, nil for anything else.
func textsOf(v *record.Value) []string {
	kids := v.Members()
	if v.Kind() != record.Array || len(kids) > record.MaxDepth {
		return nil
	}
	texts := make([]string, 0, len(kids))
	for i := range kids {
		if kids[i].Value.Kind() != record.String {
			continue // an index
		}
		texts = append(texts, kids[i].Value.Text())
	}
	return texts
}

// NamesNext reports whether an element of a list is the name of a secret and the
// element after it its value, as in ["Authorization", "Basic …"], alone, in a
// list of such pairs (pair) or in the flat list of headers that Node.js makes.
// Outside of a list of pairs, where the element might as well stand in a list of
// names, a value that is a plain word is taken for another name.
func (w *Walk) NamesNext(name, value string, pair bool) bool {
	return len(name) <= 2*maxKeyBytes && w.r.keys.classify(name)&secretName != 0 && (pair || !plainWord(value))
}

// plainWord reports whether a text could be the name of a field.
func plainWord(s string) bool {
	for i := range len(s) {
		if c := s[i]; !wordByte(c) && c != '-' && c != '.' || c >= '0' && c <= '9' {
			return false
		}
	}
	return len(s) <= 32
}
