package mutation

import (
	"slices"

	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/verify"
)

func epochOperators() []Operator {
	return append([]Operator{
		{
			Name: "forge epoch", Group: "epoch", Does: "a log is cut, and an epoch declares that loss; only who holds the key can sign it",
			expect: expects(
				seen(log(verify.EpochForged)),
				seen(log(verify.EpochForged)),
				butTold(hidden(whyLoss, with{Newest, blind}, with{Every, blind}, with{Beside, blind}), verify.LossAcknowledged),
			),
			apply: forgeEpoch,
		},
		{
			Name: "replay epoch statement", Group: "epoch", Does: "the statement of another tenant opens an epoch", need: shape{epoch: true},
			expect: all(seen(log(verify.EpochForged))),
			apply: func(a *attack) bool {
				log, found := a.log(func(log logID) bool { return !a.manyEpochs(log.tenant) })
				if !found {
					return false
				}
				row := a.im.epochs[0]
				row.tenant, row.prevSize = log.tenant, a.im.head(log).size
				a.im.epochs = append(a.im.epochs, row)
				a.damage = append(a.damage, spot{log: logID{log.tenant, 1}})
				return true
			},
		},
		{
			Name: "delete epoch", Group: "epoch", Does: "the row that says how epoch 1 came about", need: shape{epoch: true},
			expect: all(seen(log(verify.EpochForged, verify.CommitMissing))),
			apply: func(a *attack) bool {
				a.damage = append(a.damage, spot{log: logID{a.im.epochs[0].tenant, 1}})
				a.im.epochs = nil
				return true
			},
		},
		{
			Name: "edit epoch", Group: "epoch", Does: "a column that repeats the statement, or a character of it", need: shape{epoch: true},
			expect: all(seen(log(verify.EpochForged, verify.ColumnEdited))),
			apply: func(a *attack) bool {
				row := &a.im.epochs[0]
				a.damage = append(a.damage, spot{log: logID{row.tenant, 1}})
				switch a.rng.IntN(4) {
				case 0:
					row.prevSize++
				case 1:
					row.reason += " and of Monday"
				case 2:
					row.at = row.at.Add(moment)
				default:
					row.note = scratched(a.rng, row.note)
				}
				return true
			},
		},
		{
			Name: "roll back an epoch", Group: "epoch", Does: "epoch 1 with its statement, so that the epoch before looks like the newest", need: shape{epoch: true},
			expect: all(hidden(whyTail, with{Newest, log(verify.TailMissing, verify.LogMissing)}, with{Every, log(verify.TailMissing, verify.LogMissing)}, with{Beside, exact(onlyInJournal)})),
			apply: func(a *attack) bool {
				log := logID{a.im.epochs[0].tenant, 1}
				if slices.ContainsFunc(a.im.survived, func(l leafRow) bool { return l.tenant == log.tenant }) {
					return false
				}
				a.hurtRange(log, 0, a.im.head(log).size)
				a.im.cut(log, 0)
				a.im.epochs = nil
				return true
			},
		},
	}, closedOperators()...)
}

// closedOperators attack what an epoch left behind that was closed with a loss.
func closedOperators() []Operator {
	need := shape{epoch: true}
	closed := log(verify.EpochForged, verify.CommitChanged, verify.Fork)
	return []Operator{
		{
			Name: "edit an event of a closed epoch", Group: "epoch", Does: "of one that was closed with an acknowledged loss; the statement that closed it stays", need: need,
			expect: expects(
				seen(exact(verify.EventChanged)),
				seen(commit(root...), with{Beside, exact(verify.EventChanged)}, with{MAC, exact(verify.EventChanged, verify.MACInvalid)}),
				seen(closed, with{Beside, exact(altered)}),
			),
			apply: func(a *attack) bool { return a.editClosed() },
		},
		{
			Name: "rewrite a closed epoch", Group: "epoch", Does: "an event of it, and the statement that closed it, both signed", need: need,
			expect: [3]*expectation{Edits: nil, Recomputes: nil, Signs: new(butTold(hidden(whyClosed, with{Newest, blind},
				with{Every, blind}, with{Beside, exact(altered)}, with{MAC, log(verify.MACInvalid)}), verify.LossAcknowledged))},
			apply: func(a *attack) bool {
				if !a.editClosed() {
					return false
				}
				a.last = append(a.last, func() { a.closeAgain(0) })
				return true
			},
		},
		{
			Name: "widen an acknowledged loss", Group: "epoch", Does: "the last commit of an epoch that was closed with a loss goes, and the statement says so, signed", need: need,
			expect: [3]*expectation{Edits: nil, Recomputes: nil, Signs: new(butTold(hidden(whyClosed, with{Newest, blind},
				with{Every, blind}, with{Beside, blind}), verify.LossAcknowledged))},
			apply: func(a *attack) bool {
				log := logID{a.im.epochs[0].tenant, 0}
				commits := a.im.commitsOf(log)
				if len(commits) < 2 || a.removedFrom(log) || len(a.im.prunes) > 0 {
					return false
				}
				size := commits[len(commits)-2].size
				a.hurtRange(log, size, commits[len(commits)-1].size)
				a.touched = nil
				a.im.cut(log, size)
				a.closeAgain(0)
				return true
			},
		},
	}
}

// editClosed changes an event of the epoch that was closed.
func (a *attack) editClosed() bool {
	log := logID{a.im.epochs[0].tenant, 0}
	events := a.im.eventsOf(log)
	if len(events) == 0 {
		return false
	}
	e := events[a.rng.IntN(len(events))]
	rec := e.record()
	rec.Action = "invoice.approve"
	if canonicalOf(rec) == e.canonical {
		return false
	}
	a.hurtEvent(e)
	e.say(rec)
	return true
}

// closeAgain makes the statement of an epoch fit what is left of the one before.
func (a *attack) closeAgain(i int) {
	row := &a.im.epochs[i]
	statement, err := a.w.statement(row.note)
	if err != nil {
		panic("mutation: " + err.Error())
	}
	head := a.im.head(logID{row.tenant, row.epoch - 1})
	statement.PreviousSize, statement.PreviousRoot = head.size, merkle.Hash([]byte(head.root))
	row.prevSize, row.note = head.size, signed(a.w.ring, statement.Text())
}

func forgeEpoch(a *attack) bool {
	if !func() bool {
		c := a.commitWhere(func(c *commitRow, index, count int) bool {
			return index < count-1 && !a.manyEpochs(c.tenant)
		})
		if c == nil {
			return false
		}
		log, size := c.log(), c.size
		a.hurtRange(log, size, a.im.head(log).size)
		a.im.cut(log, size)
		return true
	}() {
		return false
	}
	log := a.damage[0].log
	kept, lost := a.im.head(log), a.was.head(log)
	statement := merkle.EpochStatement{
		Origin: merkle.TenantOrigin(logName, log.tenant, 1), PreviousOrigin: merkle.TenantOrigin(logName, log.tenant, 0),
		PreviousSize: kept.size, PreviousRoot: merkle.Hash([]byte(kept.root)), LostSize: lost.size, LostRoot: merkle.Hash([]byte(lost.root)),
		RecordedAt: lost.at.Add(moment), Reason: "restored from a backup",
	}
	note := signed(a.w.lab.stranger, statement.Text())
	if a.by >= Signs {
		note = signed(a.w.ring, statement.Text())
	}
	a.im.epochs = append(a.im.epochs, epochRow{log.tenant, 1, kept.size, statement.RecordedAt, statement.Reason, note})
	return true
}
