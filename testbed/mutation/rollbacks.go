package mutation

import "github.com/otelaudit/otelaudit/internal/verify"

func rollbackOperators() []Operator {
	journal := with{Beside, exact(onlyInJournal)}
	return []Operator{
		{
			Name: "roll back a tenant", Group: "rollback", Does: "its last commits, events and identities, as an old backup has them",
			expect: all(hidden(whyTail, with{Newest, log(verify.TailMissing)}, with{Every, log(verify.TailMissing)}, journal)),
			apply:  func(a *attack) bool { return a.rollBack() },
		},
		{
			Name: "roll back, then append", Group: "rollback", Does: "the same, and forged events in the place of those that went",
			expect: expects(
				seen(commit(append([]verify.Kind{verify.EventInserted}, signing...)...)),
				seen(commit(append([]verify.Kind{verify.EventInserted}, signing...)...)),
				hidden(whyKey, with{Newest, log(ahead...)}, with{Every, log(ahead...)}, with{Beside, exact(onlyInJournal)}),
			),
			apply: func(a *attack) bool {
				if !a.rollBack() {
					return false
				}
				spot := a.damage[0]
				log, at := spot.log, a.was.head(spot.log).at
				note := ""
				if commits := a.im.commitsOf(log); len(commits) > 0 {
					note = commits[len(commits)-1].note
				}
				for range spot.until - spot.seq {
					a.im.grow(log, at, a.forged(log.tenant))
					a.im.head(log).note = note // the last one that was signed
				}
				return true
			},
		},
		{
			Name: "roll back with the anchors", Group: "anchors", Does: "the same, by somebody who also puts an old copy in place of the anchor files",
			expect: all(hidden(whyTail, with{Newest, blind}, with{Every, blind}, journal)),
			apply: func(a *attack) bool {
				a.staleAnchors = true
				return a.rollBack()
			},
		},
	}
}

// rollBack cuts a log back to an earlier commit.
func (a *attack) rollBack() bool {
	c := a.commitWhere(func(c *commitRow, index, count int) bool { return index < count-1 && !a.speaks(c.log()) })
	if c == nil {
		return false
	}
	log, size := c.log(), c.size
	a.hurtRange(log, size, a.im.head(log).size)
	a.im.cut(log, size)
	return true
}
