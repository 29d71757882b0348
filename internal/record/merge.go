package record

import "slices"

func byName(a, b Member) int { return CompareNames(a.Name, b.Name) }

func sortedUnique(members []Member) bool {
	for i := 1; i < len(members); i++ {
		if CompareNames(members[i-1].Name, members[i].Name) >= 0 {
			return false
		}
	}
	return true
}

// Fold makes an object of members, which it takes over. A name that stands
// twice with equal values counts once; dup is the first name with different
// ones, of which the first stays.
func Fold(members []Member) (v Value, dup string, hasDup bool) {
	if sortedUnique(members) {
		return Value{kind: Object, kids: members}, "", false
	}
	slices.SortStableFunc(members, byName)
	out := members[:1]
	for _, m := range members[1:] {
		last := &out[len(out)-1]
		if last.Name != m.Name {
			out = append(out, m)
			continue
		}
		if !last.Value.Equal(m.Value) && !hasDup {
			dup, hasDup = m.Name, true
		}
	}
	return Value{kind: Object, kids: out}, dup, hasDup
}

// Merge makes one object of members gathered from several places, which it
// takes over. Where a name stands more than once, equal values count once and
// objects are merged member by member; for anything else the first value stays
// and its path is reported as a conflict ("" and false if there is none).
func Merge(members []Member) (v Value, conflict string, hasConflict bool) {
	if sortedUnique(members) {
		return Value{kind: Object, kids: members}, "", false
	}
	slices.SortStableFunc(members, byName)
	out := members[:0]
	for i := 0; i < len(members); {
		j := i + 1
		for j < len(members) && members[j].Name == members[i].Name {
			j++
		}
		m := members[i]
		if j > i+1 {
			merged, path, bad := mergeGroup(members[i:j])
			if bad && !hasConflict {
				conflict, hasConflict = m.Name, true
				if path != "" {
					conflict += "." + path
				}
			}
			m.Value = merged
		}
		out = append(out, m)
		i = j
	}
	return Value{kind: Object, kids: out}, conflict, hasConflict
}

// mergeGroup folds the values of one name. All objects are merged in one go:
// one after the other it would be quadratic in the number of dotted names.
func mergeGroup(group []Member) (v Value, conflict string, hasConflict bool) {
	first := group[0].Value
	equal, objects, total := true, true, 0
	for i := range group {
		equal = equal && group[i].Value.Equal(first)
		objects = objects && group[i].Value.kind == Object
		total += len(group[i].Value.kids)
	}
	switch {
	case equal:
		return first, "", false
	case !objects:
		return first, "", true
	}
	kids := make([]Member, 0, total)
	for i := range group {
		kids = append(kids, group[i].Value.kids...)
	}
	return Merge(kids)
}
