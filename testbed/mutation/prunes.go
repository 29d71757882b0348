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
			expect: expects(seen(log(unproven)), seen(log(unproven)),
				hidden(whyPrune, with{Newest, blind}, with{Every, blind}, with{Beside, exact(onlyInStore)})),
			apply: func(a *attack) bool {
				c := a.firstCommit()
				if c == nil {
					return false
				}
				boundary := *c
				a.hurtRange(boundary.log(), 0, boundary.size)
				intent := a.fakeIntent(boundary.log(),
					record.Member{Name: "epoch", Value: number(int64(boundary.epoch))}, record.Member{Name: "size", Value: number(boundary.size)})
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
				if next == nil || slices.ContainsFunc(a.im.eventsOf(log), func(e *eventRow) bool { return e.seq < next.size && !a.ordinary(e) }) {
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
			expect: expects(seen(exact(unproven)), seen(exact(unproven)),
				hidden(whyPrune, with{Newest, blind}, with{Every, blind}, with{Beside, exact(onlyInStore)})),
			apply: func(a *attack) bool {
				e := a.event(nil)
				if e == nil {
					return false
				}
				gone := *e
				a.hurtEvent(e)
				a.fakeIntent(gone.log(), record.Member{Name: "epoch", Value: number(int64(gone.epoch))},
					record.Member{Name: "seqs", Value: record.ArrayValue([]record.Value{number(gone.seq)})})
				a.im.remove(func(e *eventRow) bool { return e.log() == gone.log() && e.seq == gone.seq })
				a.im.survived = append(a.im.survived, leafRow{gone.tenant, gone.epoch, gone.seq, gone.at, gone.leaf})
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
		return !slices.ContainsFunc(a.im.survived, func(l leafRow) bool { return l.tenant == c.tenant })
	})
}

// fakeIntent is the event that a prune needs, as far as the attacker can make
// it: without the key it is not in the log at all.
func (a *attack) fakeIntent(log logID, payload ...record.Member) (id string) {
	if a.by < Signs {
		return ""
	}
	a.w.records++
	rec := systemRecord(log.tenant, eventID(a.w.records), "audit.prune", payload...)
	a.append(log, canonicalOf(rec))
	a.damage[0].ids = []string{rec.EventID} // what a journal can tell
	a.damage = a.damage[:1]
	return rec.EventID
}
