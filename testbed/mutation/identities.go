package mutation

import (
	"slices"
	"strings"

	"github.com/otelaudit/otelaudit/internal/verify"
)

// identity is an operator on one row of audit_event_ids. Whoever holds the key
// does no better: nothing there is signed, all of it repeats events.
func identity(name, does string, change func(a *attack, i int) bool) Operator {
	return Operator{Name: name, Group: "identity", Does: does, expect: all(seen(exact(verify.ColumnEdited))), apply: func(a *attack) bool {
		e := a.event(nil)
		if e == nil {
			return false
		}
		i := slices.IndexFunc(a.im.ids, func(r idRow) bool {
			return r.tenant == e.tenant && r.epoch == e.epoch && r.seq == e.seq && a.rng.IntN(2) == 0
		})
		if i < 0 {
			return false
		}
		a.hurtEvent(e)
		a.touched = nil
		return change(a, i)
	}}
}

func identityOperators() []Operator {
	return []Operator{
		identity("delete identity", "an event could be stored a second time", func(a *attack, i int) bool {
			a.im.ids = slices.Delete(a.im.ids, i, i+1)
			return true
		}),
		identity("edit fingerprint", "the event, sent again, would be a conflict", func(a *attack, i int) bool {
			leaf := leafOf(a.forged(a.im.ids[i].tenant))
			a.im.ids[i].fingerprint = string(leaf[:])
			return true
		}),
		identity("edit place of identity", "the event is not found by its id", func(a *attack, i int) bool {
			a.im.ids[i].seq++
			return true
		}),
		identity("edit time of identity", "another recorded_at", func(a *attack, i int) bool {
			a.im.ids[i].at = a.im.ids[i].at.Add(moment)
			return true
		}),
		identity("edit id of identity", "another id takes the event's place", func(a *attack, i int) bool {
			a.im.ids[i].id += "x"
			return true
		}),
		{
			Name: "insert identity", Group: "identity", Does: "an event that will be sent is taken for a duplicate",
			expect: all(seen(log(verify.ColumnEdited))),
			apply: func(a *attack) bool {
				e := a.event(nil)
				if e == nil {
					return false
				}
				row := e.identities()[0]
				row.id = strings.Replace(row.id, "0197a2b0", "0197ffff", 1)
				if row.id == e.record().EventID {
					return false
				}
				a.im.ids = append(a.im.ids, row)
				a.damage = append(a.damage, spot{log: e.log(), seq: e.seq, until: e.seq + 1, ids: []string{row.id}})
				return true
			},
		},
	}
}
