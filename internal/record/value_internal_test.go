package record

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// wide is a Value as four members of their own types, which it once was.
type wide struct {
	kind Kind
	num  float64
	str  string
	kids []wideMember
}

type wideMember struct {
	name  string
	value wide
}

// both makes the same value in both forms.
func both(rng *rand.Rand, depth int) (Value, wide) {
	switch k := Kind(rng.IntN(int(Object) + 1)); k {
	case Absent:
		return Value{}, wide{}
	case Null:
		return NullValue(), wide{kind: Null}
	case Bool:
		if rng.IntN(2) == 0 {
			return BoolValue(false), wide{kind: Bool}
		}
		return BoolValue(true), wide{kind: Bool, num: 1}
	case Number:
		f := []float64{0, 1, -1, 0.5, 1e300, rng.NormFloat64()}[rng.IntN(6)]
		return NumberValue(f), wide{kind: Number, num: f}
	case String:
		s := strconv.Itoa(rng.IntN(20))[:rng.IntN(2)]
		return StringValue(s), wide{kind: String, str: s}
	default:
		w := wide{kind: k}
		var members []Member
		for i := range rng.IntN(4) * min(depth, 1) {
			kid, wideKid := both(rng, depth-1)
			name := ""
			if k == Object {
				name = fmt.Sprint("m", i)
			}
			members, w.kids = append(members, Member{name, kid}), append(w.kids, wideMember{name, wideKid})
		}
		if k == Array {
			return arrayOf(members), w
		}
		return objectOf(members), w
	}
}

// TestValueHoldsWhatItsPartsHeld asks Values for everything, of the kind that
// they are and of every other, and compares with parts that are kept apart.
func TestValueHoldsWhatItsPartsHeld(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var values []Value
	var wides []wide
	for range 300 {
		v, w := both(rng, 3)
		values, wides = append(values, v), append(wides, w)
	}
	runtime.GC() // nothing but the Values holds on to their texts and children
	for i := range values {
		requireSame(t, values[i], wides[i])
		for j := range values {
			require.Equal(t, wides[i].equal(wides[j]), values[i].Equal(values[j]), "%s and %s", values[i].AppendJSON(nil), values[j].AppendJSON(nil))
		}
	}
}

func requireSame(t *testing.T, v Value, w wide) {
	t.Helper()
	require.Equal(t, w.kind, v.Kind())
	require.Equal(t, w.str, v.Text())
	require.Equal(t, w.kind == Bool && w.num != 0, v.Bool())
	if w.kind == Number {
		require.Equal(t, fmt.Sprint(w.num), fmt.Sprint(v.Number()))
	} else {
		require.Zero(t, v.Number())
	}
	require.Equal(t, len(w.kids), v.Len())
	require.Len(t, v.Members(), len(w.kids))
	for i, m := range v.Members() {
		require.Equal(t, w.kids[i].name, m.Name)
		requireSame(t, m.Value, w.kids[i].value)
		if w.kind == Object {
			requireSame(t, v.Get(m.Name), w.kids[i].value)
		}
	}
	require.True(t, v.Get("none").IsAbsent())
}

func (w wide) equal(x wide) bool {
	return w.kind == x.kind && w.num == x.num && w.str == x.str &&
		slices.EqualFunc(w.kids, x.kids, func(a, b wideMember) bool { return a.name == b.name && a.value.equal(b.value) })
}
