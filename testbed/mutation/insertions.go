package mutation

import "github.com/otelaudit/otelaudit/internal/verify"

// inserted is what must be made of an event that nobody sent.
func insertionOperators() []Operator {
	journal := exact(verify.EventInserted, onlyInStore)
	return []Operator{
		{
			Name: "insert event in the middle", Group: "event", Does: "a second event at a position that is taken; who recomputes moves the rest",
			expect: expects(
				seen(exact(verify.EventInserted, verify.EventChanged)),
				seen(commit(signing...), with{Beside, journal}),
				hidden(whyKey, with{Newest, log(verify.Fork)}, with{Every, commit(verify.Fork)}, with{Beside, journal}, with{MAC, exact(verify.MACMissing)}),
			),
			apply: insertMiddle,
		},
		{
			Name: "insert event behind the head", Group: "event", Does: "the next position; who recomputes adds a commit without a signature, who holds the key signs it",
			expect: expects(
				seen(exact(verify.EventInserted)),
				seen(commit(verify.CommitForged, verify.CommitChanged, verify.EventInserted)),
				hidden(whyAppend, with{Newest, blind}, with{Every, blind}, with{Beside, journal}, with{MAC, exact(verify.MACMissing)}),
			),
			apply: func(a *attack) bool {
				log, found := a.log(nil)
				if !found {
					return false
				}
				return a.append(log, a.forged(log.tenant))
			},
		},
		{
			Name: "insert event far behind the head", Group: "event", Does: "a position that no commit will reach",
			expect: all(seen(exact(verify.EventInserted))),
			apply: func(a *attack) bool {
				log, found := a.log(nil)
				if !found {
					return false
				}
				head := a.im.head(log)
				e := eventRow{tenant: log.tenant, epoch: log.epoch, seq: 1 << 40, at: head.at, canonical: a.forged(log.tenant)}
				e.leaf = e.leafNow()
				a.im.events = append(a.im.events, e)
				a.hurtEvent(&e)
				return true
			},
		},
		{
			Name: "replace event", Group: "event", Does: "an event is deleted, and another one stands in the gap",
			expect: expects(
				seen(commit(root...), with{Beside, exact(verify.EventChanged, onlyInStore, onlyInJournal)}),
				seen(commit(root...), with{Beside, exact(verify.EventChanged, onlyInStore, onlyInJournal)}),
				hidden(whyKey, with{Newest, log(verify.Fork)}, with{Every, commit(verify.Fork)}, with{Beside, exact(verify.EventChanged, onlyInStore, onlyInJournal)},
					with{MAC, exact(verify.MACMissing)}),
			),
			apply: func(a *attack) bool {
				e := a.event(nil)
				if e == nil {
					return false
				}
				a.hurtEvent(e)
				e.canonical, e.mac = a.forged(e.tenant), ""
				e.leaf = e.leafNow()
				return true
			},
		},
		{
			Name: "duplicate event", Group: "event", Does: "a stored event a second time, at the next position",
			expect: expects(
				seen(exact(verify.EventInserted)),
				seen(commit(verify.CommitForged, verify.CommitChanged, verify.EventInserted, verify.ColumnEdited)),
				seen(exact(verify.ColumnEdited, verify.EventInserted)),
			),
			apply: func(a *attack) bool {
				e := a.event(nil)
				return e != nil && a.append(e.log(), e.canonical)
			},
		},
		swapOperator("swap two events of a commit", "two rows change places", true),
		swapOperator("swap two events of different commits", "two rows change places, recorded_at stays with the place", false),
	}
}

func insertMiddle(a *attack) bool {
	e := a.event(nil)
	if e == nil {
		return false
	}
	log, at, seq := e.log(), e.at, e.seq
	for _, l := range a.im.survived {
		if (logID{l.tenant, l.epoch}) == log {
			return false
		}
	}
	forged := eventRow{tenant: log.tenant, epoch: log.epoch, seq: seq, at: at, canonical: a.forged(log.tenant)}
	forged.leaf = forged.leafNow()
	if a.by == Edits {
		forged.at = at.Add(moment) // the primary key allows that
	} else {
		for _, later := range a.im.eventsOf(log) {
			if later.seq >= seq {
				later.seq++
			}
		}
		for _, c := range a.im.commitsOf(log) {
			if c.size > seq {
				c.size++
			}
			if c.prevSize > seq {
				c.prevSize++
			}
		}
	}
	a.im.events = append(a.im.events, forged)
	a.hurtEvent(&forged)
	return true
}

// append adds an event behind the head, with as much around it as the attacker
// can make.
func (a *attack) append(log logID, canonical string) bool {
	head := *a.im.head(log)
	forged := eventRow{tenant: log.tenant, epoch: log.epoch, seq: head.size, at: head.at.Add(moment), canonical: canonical}
	forged.leaf = forged.leafNow()
	a.im.events = append(a.im.events, forged)
	if a.by >= Recomputes {
		a.im.commits = append(a.im.commits, commitRow{
			tenant: log.tenant, epoch: log.epoch, prevSize: head.size, size: head.size + 1, at: forged.at, note: head.note,
		})
	}
	a.hurtEvent(&forged)
	return true
}

func swapOperator(name, does string, same bool) Operator {
	fork := []with{{Newest, log(verify.Fork)}, {Every, log(verify.Fork)}, {Beside, blind}}
	if same {
		fork[1] = with{Every, commit(verify.Fork)}
	}
	return Operator{
		Name: name, Group: "event", Does: does,
		expect: expects(
			seen(exact(verify.ColumnEdited, verify.EventChanged, verify.EventMoved)),
			seen(commit(root...)),
			hidden(whyKey, fork...),
		),
		apply: func(a *attack) bool {
			e := a.event(nil)
			if e == nil {
				return false
			}
			c := a.im.commitAt(e.log(), e.seq)
			f := a.event(func(f *eventRow) bool {
				return f.log() == e.log() && f.seq != e.seq && (f.seq >= c.prevSize && f.seq < c.size) == same && f.leaf != e.leaf
			})
			if f == nil {
				return false
			}
			a.hurtEvent(e)
			a.hurtEvent(f)
			e.canonical, f.canonical = f.canonical, e.canonical
			e.leaf, f.leaf = f.leaf, e.leaf
			e.mac, f.mac = f.mac, e.mac
			return true
		},
	}
}
