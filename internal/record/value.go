package record

import (
	"slices"
	"strings"
)

// Kind says what a Value holds.
type Kind uint8

// The kinds of a Value. The zero Kind is Absent: the member does not exist,
// which is not the same as a JSON null.
const (
	Absent Kind = iota
	Null
	Bool
	Number
	String
	Array
	Object
)

// Value is one JSON value. The zero Value is Absent. Numbers are IEEE 754
// doubles because RFC 8785 knows no others; whoever builds a Value turns
// integers beyond ±(2^53−1) into decimal strings first.
//
// Members of an object are kept sorted by name in the order of RFC 8785
// (UTF-16 code units) and a name stands once, so that two equal values are
// equal element by element and writing them needs no sort.
//
// A Value is a tree of slices. Copying a Value shares its children; the With…
// and Set methods of this package replace slices rather than writing into
// shared ones unless their comment says otherwise.
type Value struct {
	kind Kind
	num  float64 // Number; 1 for a true Bool
	str  string  // String
	kids []Member
}

// Member is a named value of an object, or an element of an array (Name is "").
type Member struct {
	Name  string
	Value Value
}

// NullValue returns JSON null.
func NullValue() Value { return Value{kind: Null} }

// BoolValue returns a JSON boolean.
func BoolValue(b bool) Value {
	if b {
		return Value{kind: Bool, num: 1}
	}
	return Value{kind: Bool}
}

// NumberValue returns a JSON number. NaN and the infinities are not JSON; use
// FloatValue and IntValue, which apply the value rules.
func NumberValue(f float64) Value { return Value{kind: Number, num: f} }

// StringValue returns a JSON string.
func StringValue(s string) Value { return Value{kind: String, str: s} }

// TextOrAbsent returns a string, or Absent for the empty one.
func TextOrAbsent(s string) Value {
	if s == "" {
		return Value{}
	}
	return StringValue(s)
}

// ArrayValue returns an array of the given elements, which it takes over.
func ArrayValue(elements []Value) Value {
	kids := make([]Member, len(elements))
	for i := range elements {
		kids[i].Value = elements[i]
	}
	return Value{kind: Array, kids: kids}
}

// ObjectValue returns an object of the given members. It takes the slice over
// and sorts it in place. dup is the first name that stands twice ("" and false
// if none does); of such members the first is kept.
func ObjectValue(members []Member) (v Value, dup string, hasDup bool) {
	sorted := true
	for i := 1; i < len(members); i++ {
		if CompareNames(members[i-1].Name, members[i].Name) >= 0 {
			sorted = false
			break
		}
	}
	if !sorted {
		slices.SortStableFunc(members, func(a, b Member) int { return CompareNames(a.Name, b.Name) })
		out := members[:0]
		for i := range members {
			if len(out) > 0 && out[len(out)-1].Name == members[i].Name {
				if !hasDup {
					dup, hasDup = members[i].Name, true
				}
				continue
			}
			out = append(out, members[i])
		}
		members = out
	}
	return Value{kind: Object, kids: members}, dup, hasDup
}

// EmptyObject returns an object without members.
func EmptyObject() Value { return Value{kind: Object} }

// Kind returns what v holds.
func (v Value) Kind() Kind { return v.kind }

// IsAbsent reports whether v does not exist.
func (v Value) IsAbsent() bool { return v.kind == Absent }

// Bool returns the boolean, false for every other kind.
func (v Value) Bool() bool { return v.kind == Bool && v.num != 0 }

// Number returns the number, 0 for every other kind.
func (v Value) Number() float64 {
	if v.kind != Number {
		return 0
	}
	return v.num
}

// Text returns the string, "" for every other kind.
func (v Value) Text() string {
	if v.kind != String {
		return ""
	}
	return v.str
}

// Len returns the number of elements or members, 0 for scalars.
func (v Value) Len() int { return len(v.kids) }

// Members returns the members of an object, or the elements of an array with
// empty names. The slice belongs to v and must not be written to.
func (v Value) Members() []Member { return v.kids }

// Get returns the member of that name, Absent where there is none.
func (v Value) Get(name string) Value {
	if v.kind != Object {
		return Value{}
	}
	// Objects of audit records are small: a scan beats a binary search that
	// compares UTF-16 units.
	for i := range v.kids {
		if v.kids[i].Name == name {
			return v.kids[i].Value
		}
	}
	return Value{}
}

// Set puts a member into an object (an Absent v becomes one), replacing one of
// the same name; an Absent member value removes the name. v's slice is not
// written to: the result has one of its own.
func (v Value) Set(name string, member Value) Value {
	if v.kind != Object {
		if member.IsAbsent() {
			return v
		}
		return Value{kind: Object, kids: []Member{{Name: name, Value: member}}}
	}
	i, found := slices.BinarySearchFunc(v.kids, name, func(m Member, n string) int { return CompareNames(m.Name, n) })
	kids := make([]Member, 0, len(v.kids)+1)
	kids = append(kids, v.kids[:i]...)
	if !member.IsAbsent() {
		kids = append(kids, Member{Name: name, Value: member})
	}
	if found {
		i++
	}
	return Value{kind: Object, kids: append(kids, v.kids[i:]...)}
}

// Map returns an array or object whose children are replaced by f's results,
// in a slice of its own; names are kept and children f makes Absent are left
// out. Scalars come back unchanged.
func (v Value) Map(f func(name string, child Value) Value) Value {
	if v.kind != Array && v.kind != Object {
		return v
	}
	kids := make([]Member, 0, len(v.kids))
	for i := range v.kids {
		if c := f(v.kids[i].Name, v.kids[i].Value); !c.IsAbsent() {
			kids = append(kids, Member{Name: v.kids[i].Name, Value: c})
		}
	}
	return Value{kind: v.kind, kids: kids}
}

// Equal reports whether two values are the same JSON value.
func (v Value) Equal(w Value) bool {
	if v.kind != w.kind || v.num != w.num || v.str != w.str || len(v.kids) != len(w.kids) {
		return false
	}
	for i := range v.kids {
		if v.kids[i].Name != w.kids[i].Name || !v.kids[i].Value.Equal(w.kids[i].Value) {
			return false
		}
	}
	return true
}

// CompareNames orders member names as RFC 8785 does: by UTF-16 code units. For
// text without surrogate pairs that is the order of the bytes.
func CompareNames(a, b string) int {
	// Only a code point above U+FFFF (lead byte 0xF0 and up) sorts differently
	// as UTF-8, and only against one in U+E000..U+FFFF (lead byte 0xEE, 0xEF).
	n := min(len(a), len(b))
	for i := range n {
		x, y := a[i], b[i]
		if x == y {
			continue
		}
		if x >= 0xEE && y >= 0xEE {
			xHigh, yHigh := x >= 0xF0, y >= 0xF0
			if xHigh != yHigh {
				if xHigh {
					return -1
				}
				return 1
			}
		}
		if x < y {
			return -1
		}
		return 1
	}
	return strings.Compare(a[n:], b[n:])
}
