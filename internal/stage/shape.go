package stage

import (
	"slices"
	"strings"

	"github.com/otelaudit/otelaudit/internal/record"
)

// shape is what the members of one object say about each other.
type shape struct {
	// patch is the path of an RFC 6902 operation, "" for any other object.
	patch string
	// pair is true for {"name": "password", "value": …} and its relatives.
	pair bool
}

// shapeOf looks at an object's members for names that stand in values.
func (w *Walk) shapeOf(kids []record.Member) shape {
	var s shape
	op := false
	for i := range kids {
		if kids[i].Value.Kind() != record.String {
			continue
		}
		w.shapeMember(&s, &op, kids[i].Name, kids[i].Value.Text())
	}
	if !op {
		s.patch = ""
	}
	return s
}

// shapeMember notes what one text member says.
func (w *Walk) shapeMember(s *shape, op *bool, name, text string) {
	switch {
	case name == "op":
		*op = patchOperation(text)
	case name == "path" && strings.HasPrefix(text, "/"):
		s.patch = text
	case len(text) <= 2*maxKeyBytes && w.r.keys.classify(name)&namingName != 0:
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

// patchValue masks the value of a patch operation: as a whole where the path
// names a secret, otherwise inside. Path rules see it where the operation puts
// it: an operation on /iban in changes.patch is changes.before.iban and
// changes.after.iban.
func (w *Walk) patchValue(v record.Value, pointer string) (masked record.Value, changed bool) {
	if !w.r.needPaths {
		return w.Value(v, w.EnterPointer(pointer))
	}
	saved := w.path
	masked = v
	for _, side := range PatchSides {
		w.path = append(patchBase(saved), side)
		out, hit := w.Value(masked, w.EnterPointer(pointer))
		masked, changed = out, changed || hit
	}
	w.path = saved
	return masked, changed
}

// PatchSides are the snapshots whose members a patch's paths name.
var PatchSides = []string{"before", "after"}

// patchBase returns a copy of the path of what a patch belongs to.
func patchBase(path []string) []string {
	if n := len(path); n > 0 && path[n-1] == "patch" {
		path = path[:n-1]
	}
	return slices.Clone(path)
}

// EnterPointer is Enter for a JSON pointer (RFC 6901).
func (w *Walk) EnterPointer(pointer string) Verdict {
	if !w.r.needPaths {
		if w.r.keys.classify(unescapePointer(pointer))&secretName != 0 {
			return Mask
		}
		return Keep
	}
	verdict := Keep
	for segment := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if w.Enter(unescapePointer(segment)) == Mask {
			verdict = Mask
		}
	}
	if w.r.exempt.match(w.path) {
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
