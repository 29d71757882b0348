package stage

import (
	"slices"
	"strings"
)

// Shape is what the text members of one object say about its others. The zero
// Shape is that of an object of which nothing is known yet.
type Shape struct {
	pointer string // of an RFC 6902 operation
	op      bool   // there is an operation's name
	pair    bool   // {"name": "password", "value": …} and its relatives
}

// Look notes what a text member says.
func (w *Walk) Look(s *Shape, name, text string) { w.look(s, name, text, w.r.keys.classify(name)) }

func (w *Walk) look(s *Shape, name, text string, c class) {
	switch {
	case name == "op":
		s.op = patchOperation(text)
	case name == "path" && strings.HasPrefix(text, "/"):
		s.pointer = text
	case c&namingName != 0 && len(text) <= 2*maxKeyBytes:
		s.pair = s.pair || w.r.keys.classify(text)&secretName != 0
	}
}

func patchOperation(op string) bool {
	switch op {
	case "add", "remove", "replace", "move", "copy", "test":
		return true
	}
	return false
}

// Pointer returns the JSON pointer that says what a member is the value of, ""
// for every member but the value of a patch operation.
func (s *Shape) Pointer(member string) string {
	if s.op && member == "value" {
		return s.pointer
	}
	return ""
}

// EnterMember is Enter for a member of an object of that shape; all asks for
// every member to be masked that is not exempt.
func (w *Walk) EnterMember(s *Shape, name string, all bool) Verdict {
	return w.enterMember(s, name, w.r.keys.classify(name), all)
}

func (w *Walk) enterMember(s *Shape, name string, c class, all bool) Verdict {
	verdict := Keep
	switch {
	case w.r.needPaths:
		verdict = w.Enter(name)
	case c&secretName != 0:
		return Mask
	}
	if verdict == Keep && (all || s.pair && c&valueName != 0) {
		return Mask
	}
	return verdict
}

// EachPatchSide calls mask with the verdict on the value of a patch operation,
// once for each place where the rules look for it: an operation on /iban in
// changes.patch is about changes.before.iban and changes.after.iban. The walk is
// at that place during the call.
func (w *Walk) EachPatchSide(pointer string, mask func(Verdict)) {
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
