package mutation

import (
	"math/rand/v2"
	"slices"

	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/verify"
)

// onCommit is an operator on one row of audit_commits, done when all else fits.
func onCommit(name, does string, expect [3]*expectation, choose func(*commitRow, int, int) bool, change func(a *attack, c *commitRow) bool) Operator {
	return Operator{Name: name, Group: "commit", Does: does, expect: expect, apply: func(a *attack) bool {
		c := a.commitWhere(choose)
		if c == nil {
			return false
		}
		a.hurtRange(c.log(), c.prevSize, c.size)
		a.touched = nil
		return change(a, c)
	}}
}

// scratched is a note with one of its ASCII characters changed.
func scratched(rng *rand.Rand, note string) string {
	b := []byte(note)
	for {
		i := rng.IntN(len(b))
		if old := b[i]; old < 0x80 {
			for b[i] == old {
				b[i] = byte('!' + rng.IntN('~'-'!'))
			}
			return string(b)
		}
	}
}

func someHash(a *attack) string {
	leaf := leafOf(a.forged("nobody"))
	return string(leaf[:])
}

func (a *attack) signIfAble(c *commitRow) bool {
	if a.by >= Signs {
		c.sign(a.w.ring)
	}
	return true
}

func commitOperators() []Operator {
	damaged := all(seen(commit(signing...)))
	middle := func(_ *commitRow, index, count int) bool { return index > 0 && index < count-1 }
	notLast := func(_ *commitRow, index, count int) bool { return index < count-1 }
	isLast := func(_ *commitRow, index, count int) bool { return index == count-1 }
	return []Operator{
		onCommit("edit root", "another root; who holds the key signs it", damaged, nil, func(a *attack, c *commitRow) bool {
			c.root = someHash(a)
			return a.signIfAble(c)
		}),
		onCommit("edit frontier", "another subtree's root", all(seen(commit(root...))), nil, func(a *attack, c *commitRow) bool {
			c.frontier = someHash(a) + c.frontier[32:]
			return true
		}),
		onCommit("edit note", "one character of the signed note", all(seen(commit(verify.CommitForged))), nil, func(a *attack, c *commitRow) bool {
			c.note = scratched(a.rng, c.note)
			return true
		}),
		onCommit("remove note", "a commit looks as if integrity had been off", all(seen(commit(verify.CommitForged, verify.CommitMissing))), nil, func(_ *attack, c *commitRow) bool {
			c.note, c.root, c.frontier = "", "", ""
			return true
		}),
		onCommit("sign with another key", "a fitting note of the same log name by a key nobody trusts", all(seen(commit(verify.CommitForged))), nil, func(a *attack, c *commitRow) bool {
			c.sign(a.w.lab.stranger)
			return true
		}),
		onCommit("sign with another log's key", "a fitting note by the key of a log that the trust file knows, too", all(seen(commit(verify.CommitForged))), nil, func(a *attack, c *commitRow) bool {
			c.sign(a.w.lab.foreign)
			return true
		}),
		onCommit("replay older note", "the note of the commit before", all(seen(commit(signing...))), middle, func(a *attack, c *commitRow) bool {
			for _, other := range a.im.commitsOf(c.log()) {
				if other.size == c.prevSize {
					c.note = other.note
				}
			}
			return true
		}),
		onCommit("replay another tenant's note", "a valid note of another log", all(seen(commit(signing...))), nil, func(a *attack, c *commitRow) bool {
			other := a.commitWhere(func(o *commitRow, _, _ int) bool { return o.tenant != c.tenant })
			if other == nil {
				return false
			}
			c.note = other.note
			return true
		}),
		onCommit("edit size", "the newest commit claims one event more", all(seen(log(verify.CommitChanged, verify.CommitForged, verify.EventMissing))), isLast, func(a *attack, c *commitRow) bool {
			c.size++
			return a.signIfAble(c)
		}),
		onCommit("edit prev_size", "a commit claims to follow another one", all(seen(log(verify.CommitChanged, verify.CommitMissing, verify.CommitForged, verify.EventMoved))), middle, func(a *attack, c *commitRow) bool {
			taken := map[int64]bool{}
			for _, other := range a.im.commitsOf(c.log()) {
				taken[other.prevSize] = true
			}
			for c.prevSize++; c.prevSize < c.size; c.prevSize++ {
				if !taken[c.prevSize] {
					return true
				}
			}
			return false
		}),
		onCommit("edit time of commit", "recorded_at of the commit, not of its events", all(seen(commit(verify.CommitChanged, verify.CommitForged, verify.EventMoved))), nil, func(a *attack, c *commitRow) bool {
			c.at = c.at.Add(moment)
			return a.signIfAble(c)
		}),
		onCommit("delete commit", "a row in the middle", all(seen(log(verify.CommitMissing, verify.EventMoved))), notLast, func(a *attack, c *commitRow) bool {
			gone := *c
			a.im.commits = slices.DeleteFunc(a.im.commits, func(r commitRow) bool { return r == gone })
			return true
		}),
		onCommit("delete newest commit", "a row without its events", all(seen(commit(verify.EventInserted, verify.CommitMissing))), isLast, func(a *attack, c *commitRow) bool {
			gone := *c
			a.im.commits = slices.DeleteFunc(a.im.commits, func(r commitRow) bool { return r == gone })
			return true
		}),
		mergeOperator(), splitOperator("insert commit", "a commit that is not the newest is split in two of the same time", false),
		splitOperator("split the newest commit", "in two of the same time", true),
		unsignOperator(), resignOperator(),
	}
}

// mergeOperator takes a commit out and dates its events as the next one. Where
// that begins is under its note, so it takes the key.
func mergeOperator() Operator {
	merged := commit(verify.CommitMissing, verify.CommitChanged)
	return Operator{
		Name: "merge two commits", Group: "commit", Does: "one of two commits goes; who recomputes dates its events as the next one, who holds the key signs that",
		expect: expects(
			seen(merged),
			seen(merged),
			hidden(whyMerge, with{Newest, blind}, with{Every, commit(verify.CommitMissing, verify.Fork)}, with{Beside, blind}),
		),
		apply: func(a *attack) bool {
			// The newest commit is under the newest anchor.
			c := a.commitWhere(func(_ *commitRow, index, count int) bool { return index < count-2 })
			if c == nil {
				return false
			}
			gone := *c
			var next commitRow
			for _, o := range a.im.commitsOf(gone.log()) {
				if o.prevSize == gone.size {
					o.prevSize = gone.prevSize
					a.signIfAble(o)
					next = *o
				}
			}
			a.im.commits = slices.DeleteFunc(a.im.commits, func(r commitRow) bool { return r == gone })
			a.hurtRange(gone.log(), gone.prevSize, gone.size)
			if a.by >= Recomputes {
				for _, e := range a.im.eventsOf(gone.log()) {
					if e.seq >= gone.prevSize && e.seq < gone.size {
						e.at = next.at
					}
				}
			}
			return true
		},
	}
}

// splitOperator inserts a commit within another one. Where a commit begins is
// under its note, so that an anchor of it is of another commit of that size.
func splitOperator(name, does string, newest bool) Operator {
	signs := hidden(whySplit, with{Newest, blind}, with{Every, log(verify.Fork)}, with{Beside, blind})
	if newest {
		signs = hidden(whySplit, with{Newest, log(verify.Fork)}, with{Every, log(verify.Fork)}, with{Beside, blind})
	}
	return Operator{
		Name: name, Group: "commit", Does: does,
		expect: expects(seen(commit(signing...)), seen(commit(signing...)), signs),
		apply: func(a *attack) bool {
			c := a.commitWhere(func(c *commitRow, index, count int) bool {
				return c.size-c.prevSize > 1 && (index == count-1) == newest
			})
			if c == nil {
				return false
			}
			a.hurtRange(c.log(), c.prevSize, c.size)
			first := *c
			first.size = c.prevSize + 1
			c.prevSize = first.size
			first.root, first.frontier = someHash(a), someHash(a)
			if tree, err := merkle.ParseFrontier(first.size, []byte(first.frontier)); err == nil {
				first.frontier = string(tree.Bytes())
			}
			a.im.commits = append(a.im.commits, first)
			return true
		},
	}
}

// unsignOperator makes a log look as if it had been written with integrity off.
func unsignOperator() Operator {
	forged := log(verify.CommitForged)
	return Operator{
		Name: "remove every note of a log", Group: "commit", Does: "note, root and frontier of all its commits, as if integrity had been off; who recomputes edits an event, too",
		expect: expects(
			doubted(whyUnsigned, with{Newest, forged}, with{Every, forged}),
			doubted(whyUnsigned, with{Newest, forged}, with{Every, forged}, with{Beside, exact(altered)}, with{MAC, exact(verify.MACInvalid)}),
		),
		apply: func(a *attack) bool {
			e := a.event(func(e *eventRow) bool {
				start, _ := a.im.start(e.log())
				return start == 0 && !a.manyEpochs(e.tenant)
			})
			if e == nil {
				return false
			}
			a.damage = append(a.damage, spot{e.log(), e.seq, e.seq + 1, []string{e.record().EventID}})
			if a.by >= Recomputes {
				rec := e.record()
				rec.Action = "invoice.approve"
				if rec.BindsKey() || canonicalOf(rec) == e.canonical {
					return false
				}
				e.say(rec)
				e.leaf = e.leafNow()
				a.im.fitIdentities(e.log())
			}
			for _, c := range a.im.commitsOf(e.log()) {
				c.note, c.root, c.frontier = "", "", ""
			}
			return true
		},
	}
}

// resignOperator has one who holds the key of another log rewrite this one.
func resignOperator() Operator {
	return Operator{
		Name: "sign a log with another log's key", Group: "commit", Does: "a whole history of one tenant by the key of a log that the trust file knows, too",
		expect: expects(seen(log(verify.CommitForged))),
		apply: func(a *attack) bool {
			e := a.event(nil)
			if e == nil {
				return false
			}
			a.damage = append(a.damage, spot{e.log(), e.seq, e.seq + 1, []string{e.record().EventID}})
			e.canonical, e.mac = a.forged(e.tenant), ""
			a.im.fitUnkeyed(e.log(), false)
			for _, c := range a.im.commitsOf(e.log()) {
				c.sign(a.w.lab.foreign)
			}
			return true
		},
	}
}
