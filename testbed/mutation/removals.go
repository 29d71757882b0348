package mutation

import (
	"slices"

	"github.com/otelaudit/otelaudit/internal/verify"
)

// removed is what must be made of events that are gone from the middle.
func removed(more ...verify.Kind) [3]*expectation {
	journal := exact(verify.EventMissing, onlyInJournal)
	return expects(
		seen(exact(append([]verify.Kind{verify.EventMissing}, more...)...)),
		seen(commit(signing...), with{Beside, journal}),
		hidden(whyKey, with{Newest, log(ahead...)}, with{Every, log(ahead...)}, with{Beside, journal}),
	)
}

func removalOperators() []Operator {
	return []Operator{
		{
			Name: "delete one event", Group: "event", Does: "one row; who recomputes closes the gap", expect: removed(),
			apply: func(a *attack) bool {
				// Not the last of the log: that is a cut of the tail.
				e := a.event(func(e *eventRow) bool { return e.seq+1 < a.im.head(e.log()).size })
				return e != nil && a.takeOut(e.log(), e.seq, e.seq+1)
			},
		},
		{
			Name: "delete a range of events", Group: "event", Does: "several rows in a row, over the bounds of commits", expect: removed(),
			apply: func(a *attack) bool {
				e := a.event(func(e *eventRow) bool { return e.seq+3 < a.im.head(e.log()).size })
				return e != nil && a.takeOut(e.log(), e.seq, e.seq+2+a.rng.Int64N(a.im.head(e.log()).size-e.seq-2))
			},
		},
		{
			Name: "delete the end of a commit", Group: "event", Does: "the last events, but not all of the last commit", expect: removed(),
			apply: func(a *attack) bool {
				c := a.commitWhere(func(c *commitRow, index, count int) bool { return index == count-1 && c.size-c.prevSize > 1 })
				return c != nil && a.takeOut(c.log(), c.size-1, c.size)
			},
		},
		{
			Name: "delete a whole commit", Group: "event", Does: "all events of a commit in the middle, and its row", expect: removed(verify.CommitMissing),
			apply: func(a *attack) bool {
				c := a.commitWhere(func(_ *commitRow, index, count int) bool { return index > 0 && index < count-1 })
				if c == nil {
					return false
				}
				gone := *c
				if !a.takeOut(c.log(), c.prevSize, c.size) {
					return false
				}
				if a.by == Edits {
					a.im.commits = slices.DeleteFunc(a.im.commits, func(r commitRow) bool { return r == gone })
				}
				return true
			},
		},
		{
			Name: "delete a tenant", Group: "event", Does: "every row of one tenant in every table",
			expect: all(hidden(whyTenant, with{Newest, log(verify.LogMissing)}, with{Every, log(verify.LogMissing)}, with{Beside, exact(onlyInJournal)})),
			apply: func(a *attack) bool {
				log, found := a.log(func(log logID) bool { return !a.manyEpochs(log.tenant) })
				if !found {
					return false
				}
				start, _ := a.im.start(log)
				a.hurtRange(log, start, a.im.head(log).size)
				a.im.drop(log.tenant)
				return true
			},
		},
		{
			Name: "drop a partition", Group: "event", Does: "a month of all tenants, by DROP TABLE", own: true,
			expect: expects(seen(exact(verify.EventMissing))),
			apply: func(a *attack) bool {
				for _, log := range a.im.logs() {
					var until int64
					from, _ := a.im.start(log)
					for _, e := range a.im.eventsOf(log) {
						if e.at.Before(a.w.lab.months[1]) {
							until = e.seq + 1
						}
					}
					if until > from {
						a.hurtRange(log, from, until)
					}
				}
				a.statements = append(a.statements, "DROP TABLE public."+partitionOf(a.w.lab.months[0]))
				return len(a.damage) > 0
			},
		},
	}
}

// manyEpochs reports whether a tenant's log was begun anew.
func (a *attack) manyEpochs(tenant string) bool {
	return slices.ContainsFunc(a.im.epochs, func(e epochRow) bool { return e.tenant == tenant })
}

// takeOut removes events of the middle. Who recomputes closes the gap, and has
// the commits fit it.
func (a *attack) takeOut(log logID, from, until int64) bool {
	for _, l := range a.im.survived {
		if (logID{l.tenant, l.epoch}) == log { // closing a gap would move the leaf, too
			return false
		}
	}
	a.hurtRange(log, from, until)
	a.im.remove(func(e *eventRow) bool { return e.log() == log && e.seq >= from && e.seq < until })
	if a.by >= Recomputes {
		a.im.closeGaps(log)
	}
	return true
}
