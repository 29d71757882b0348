package mutation

import (
	"slices"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/verify"
)

func pruneOperators() []Operator {
	unproven := verify.PruneUnproven
	return []Operator{
		{
			Name: "forge prune", Group: "prune", Does: "the first commits go, and a row with the valid note at their end says retention did it",
			expect: expects(seen(log(unproven), with{Beside, exact(onlyInJournal)}), seen(log(unproven), with{Beside, exact(onlyInJournal)}),
				butTold(hidden(whyPrune, with{Newest, blind}, with{Every, blind}, with{Beside, blind}), verify.Pruned)),
			apply: func(a *attack) bool {
				c := a.firstCommit()
				if c == nil {
					return false
				}
				boundary := *c
				a.hurtRange(boundary.log(), 0, boundary.size)
				intent := a.fakeIntent(prunePayload(boundary.log(), boundary.size))
				pruneTo(a.im, boundary, intent)
				return true
			},
		},
		{
			Name: "forge prune with a wrong frontier", Group: "prune", Does: "the same, and the rest would start from a frontier of other events",
			expect: all(seen(log(unproven, verify.CommitChanged, verify.CommitForged))),
			apply: func(a *attack) bool {
				c := a.firstCommit()
				if c == nil {
					return false
				}
				boundary := *c
				a.hurtRange(boundary.log(), 0, boundary.size)
				boundary.frontier = someHash(a) + boundary.frontier[32:]
				pruneTo(a.im, boundary, "")
				a.touched = nil
				return true
			},
		},
		{
			Name: "prune more than was said", Group: "prune", Does: "a prune that was allowed is stretched over the next commit", need: shape{pruned: true},
			expect: all(seen(log(unproven))),
			apply: func(a *attack) bool {
				row := &a.im.prunes[0]
				log := logID{row.tenant, row.epoch}
				var next *commitRow
				for _, c := range a.im.commitsOf(log) {
					if c.prevSize == row.size {
						next = c
					}
				}
				if next == nil {
					return false
				}
				a.hurtRange(log, row.size, next.size)
				a.touched = nil
				row.size, row.root, row.frontier, row.note, row.deleted = next.size, next.root, next.frontier, next.note, next.size
				a.im.remove(func(e *eventRow) bool { return e.log() == log && e.seq < next.size })
				return true
			},
		},
		{
			Name: "delete prune", Group: "prune", Does: "the row of a prune that was allowed", need: shape{pruned: true},
			expect: all(seen(log(verify.EventMissing, unproven))),
			apply: func(a *attack) bool {
				row := a.im.prunes[0]
				a.damage = append(a.damage, spot{log: logID{row.tenant, row.epoch}, seq: 0, until: row.size})
				a.im.prunes = nil
				return true
			},
		},
		{
			Name: "edit prune", Group: "prune", Does: "the root, the note or the frontier of a prune that was allowed", need: shape{pruned: true},
			expect: all(seen(log(unproven, verify.CommitChanged, verify.CommitForged))),
			apply: func(a *attack) bool {
				row := &a.im.prunes[0]
				a.damage = append(a.damage, spot{log: logID{row.tenant, row.epoch}, seq: 0, until: row.size})
				switch a.rng.IntN(3) {
				case 0:
					row.root = someHash(a)
				case 1:
					row.frontier = someHash(a) + row.frontier[32:]
				default:
					row.note = scratched(a.rng, row.note)
				}
				return true
			},
		},
		{
			Name: "fake selective removal", Group: "prune", Does: "an event goes, and its leaf stays as if it had been forgotten lawfully",
			expect: expects(seen(exact(unproven), with{Beside, exact(unproven, onlyInJournal)}), seen(exact(unproven), with{Beside, exact(unproven, onlyInJournal)}),
				butTold(hidden(whyPrune, with{Newest, blind}, with{Every, blind}, with{Beside, blind}), verify.Removed)),
			apply: func(a *attack) bool {
				e := a.event(nil)
				if e == nil {
					return false
				}
				gone := *e
				a.hurtEvent(e)
				a.fakeIntent(removalPayload(gone.log(), gone.seq))
				a.forget(gone)
				return true
			},
		},
		{
			Name: "announce a prune as a client", Group: "prune", Does: "a client's own signed event announces it in its tenant's log; then the first commits go, and a row with the valid note at their end names that event",
			need: shape{announced: true}, expect: expects(seen(log(unproven), with{Beside, exact(onlyInJournal)})),
			apply: func(a *attack) bool {
				log := logID{a.w.special.announced, 0}
				commits := a.im.commitsOf(log)
				if !a.open(log) || len(commits) == 0 || commits[0].prevSize != 0 || commits[0].size != a.w.said.boundary || a.removedFrom(log) || a.prunedFrom(log) {
					return false
				}
				boundary := *commits[0]
				a.hurtRange(log, 0, boundary.size)
				a.touched = nil
				pruneTo(a.im, boundary, a.w.said.prune)
				return true
			},
		},
		{
			Name: "announce a removal as a client", Group: "prune", Does: "the same with one event, whose leaf stays",
			need: shape{announced: true}, expect: expects(seen(exact(unproven), with{Beside, exact(unproven, onlyInJournal)})),
			apply: func(a *attack) bool {
				log := logID{a.w.special.announced, 0}
				e := a.event(func(e *eventRow) bool { return e.log() == log && e.seq == a.w.said.seq })
				if e == nil {
					return false
				}
				a.hurtEvent(e)
				a.touched = nil
				a.forget(*e)
				return true
			},
		},
		{
			Name: "edit leaf of a removed event", Group: "prune", Does: "the leaf that stayed", need: shape{selective: true},
			expect: expects(
				seen(commit(root...)), seen(commit(root...)),
				hidden(whyKey, with{Newest, log(verify.Fork)}, with{Every, commit(verify.Fork)}, with{Beside, log(onlyInJournal)}),
			),
			apply: func(a *attack) bool {
				row := &a.im.survived[0]
				if !a.open(logID{row.tenant, row.epoch}) {
					return false
				}
				a.hurtRange(logID{row.tenant, row.epoch}, row.seq, row.seq+1)
				row.leaf = someHash(a)
				return true
			},
		},
	}
}

// firstCommit picks the first commit of a log that nothing was removed from.
func (a *attack) firstCommit() *commitRow {
	return a.commitWhere(func(c *commitRow, index, count int) bool {
		if c.prevSize != 0 || c.epoch != 0 || index == count-1 || a.manyEpochs(c.tenant) {
			return false
		}
		return !a.removedFrom(c.log())
	})
}

// removedFrom reports whether single events of a log were removed.
func (a *attack) removedFrom(log logID) bool {
	return slices.ContainsFunc(a.im.survived, func(l leafRow) bool { return l.tenant == log.tenant && l.epoch == log.epoch })
}

// prunedFrom says that retention took the first events: there is nothing left
// to take.
func (a *attack) prunedFrom(log logID) bool {
	return slices.ContainsFunc(a.im.prunes, func(p pruneRow) bool { return p.tenant == log.tenant && p.epoch == log.epoch })
}

// forget removes an event and keeps its leaf.
func (a *attack) forget(gone eventRow) {
	a.im.remove(func(e *eventRow) bool { return e.log() == gone.log() && e.seq == gone.seq })
	a.im.survived = append(a.im.survived, leafRow{gone.tenant, gone.epoch, gone.seq, gone.at, gone.leaf})
}

// fakeIntent is the event that a removal needs in the log of _system, as far as
// the attacker can make it: without the key it is not there at all.
func (a *attack) fakeIntent(payload []record.Member) (id string) {
	if a.by < Signs {
		return ""
	}
	a.w.records++
	rec := systemRecord(record.SystemTenant, eventID(a.w.records), pruneAction, payload...)
	log := logID{record.SystemTenant, 0}
	at := a.im.commits[0].at
	for _, c := range a.im.commitsOf(log) {
		at = c.at
	}
	a.im.grow(log, at.Add(moment), canonicalOf(rec))
	a.im.head(log).sign(a.w.ring)
	return rec.EventID
}
