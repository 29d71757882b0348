package mutation

import (
	"crypto/sha256"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/otlpmap"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/verify"
)

func rollbackOperators() []Operator {
	journal := with{Beside, exact(onlyInJournal)}
	tail := with{Newest, log(verify.TailMissing)}
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
				hidden(whyKey, with{Newest, log(ahead...)}, with{Every, log(ahead...)}, with{Beside, exact(onlyInJournal)}, with{MAC, log(verify.MACMissing)}),
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
			Name: "restore an old backup", Group: "rollback", Does: "every tenant is rolled back",
			expect: all(hidden(whyTail, with{Newest, log(verify.TailMissing)}, with{Every, log(verify.TailMissing)}, journal)),
			apply: func(a *attack) bool {
				for _, log := range a.logs(nil) {
					commits := a.im.commitsOf(log)
					start, _ := a.im.start(log)
					if len(commits) < 2 || commits[0].size < start {
						return false
					}
					size := commits[a.rng.IntN(len(commits)-1)].size
					a.hurtRange(log, size, a.im.head(log).size)
					a.im.cut(log, size)
				}
				return true
			},
		},
		{
			Name: "delete from quarantine", Group: "rollback", Does: "a record that could not become an event", need: shape{refused: true},
			expect: all(hidden(whyRefused, with{Newest, blind}, with{Every, blind}, with{Beside, log(onlyRefused)})),
			apply: func(a *attack) bool {
				a.statements = append(a.statements, "DELETE FROM public.audit_quarantine")
				a.damage = append(a.damage, spot{log: logID{a.w.tenants[0], 0}})
				return true
			},
		},
		excused("excuse a deletion by a quarantine row", "a tenant is rolled back, and rows of the quarantine, which hold another record, claim that its events are there",
			hidden(whyTail, tail, with{Every, tail.outcome}, journal),
			func(a *attack, gone spot) {
				for _, id := range gone.ids {
					other, _ := record.ParseCanonical([]byte(a.forged(gone.log.tenant)))
					a.claim(gone.log.tenant, id, "protobuf", otlpOf(other))
				}
			}),
		excused("excuse a deletion by an unreadable quarantine row", "the same, and what they hold is no record",
			hidden(whyTail, tail, with{Every, tail.outcome}, with{Beside, exact(unconfirmed)}),
			func(a *attack, gone spot) {
				for _, id := range gone.ids {
					a.claim(gone.log.tenant, id, "json", []byte(`{"lost":"`+id+`"}`))
				}
			}),
		excused("excuse a deletion by a prune row", "a tenant is rolled back, and a row of audit_prunes says that retention took all until now",
			seen(log(verify.PruneUnproven), journal),
			func(a *attack, gone spot) {
				c := a.im.head(gone.log)
				pruneTo(a.im, *c, "")
				a.im.prunes[len(a.im.prunes)-1].cutoff = a.w.lab.now().Add(time.Hour).UTC().Truncate(moment)
			}),
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

// excused is a rollback for which the attacker also leaves an excuse, that
// reconcile could take for the reason why events are in the journal alone.
func excused(name, does string, expect expectation, excuse func(a *attack, gone spot)) Operator {
	return Operator{
		Name: name, Group: "rollback", Does: does, expect: expects(expect),
		apply: func(a *attack) bool {
			if !a.rollBack() || a.manyEpochs(a.damage[0].log.tenant) {
				return false
			}
			excuse(a, a.damage[0])
			return true
		},
	}
}

// claim puts a row into the quarantine that claims an event's identity.
func (a *attack) claim(tenant, id, encoding string, otlp []byte) {
	a.statements = append(a.statements, fmt.Sprintf(
		`INSERT INTO public.audit_quarantine (tenant_id, event_id, reason, sha256, otlp, otlp_encoding) VALUES (%s, %s, %s, '\x%x', '\x%x', %s)`,
		quote(tenant), quote(id), quote(pick(a.rng, record.ReasonIdentityConflict, record.ReasonMalformed)), sha256.Sum256(otlp), otlp, quote(encoding)))
}

// otlpOf is a record as the quarantine keeps it.
func otlpOf(rec *record.Record) []byte {
	lr := plog.NewLogRecord()
	otlpmap.Encode(rec, lr)
	otlp, err := otlpmap.MarshalOne(pcommon.NewResource(), pcommon.NewInstrumentationScope(), lr)
	if err != nil {
		panic("mutation: " + err.Error())
	}
	return otlp
}

// rollBack cuts a log back to an earlier commit.
func (a *attack) rollBack() bool {
	c := a.commitWhere(func(_ *commitRow, index, count int) bool { return index < count-1 })
	if c == nil {
		return false
	}
	log, size := c.log(), c.size
	a.hurtRange(log, size, a.im.head(log).size)
	a.im.cut(log, size)
	return true
}
