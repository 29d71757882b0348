package mutation

import (
	"time"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/verify"
)

const (
	whyKey     = "whoever holds the log's key can sign a whole history of their own"
	whyMAC     = "the MAC stands beside the leaf, not under it: only its key tells"
	whyAppend  = "whoever holds the log's key can append events that nobody sent"
	whyNoMAC   = "an event need not have a MAC: reports count those without, and with `--require-mac` they are findings"
	whyTorn    = "a crash leaves the same, and what has no checkpoint was never acknowledged"
	whyRefused = "what is in quarantine is in no tenant's tree"
	whyJournal = "no journal at all is a journal that was never written"
	whyTail    = "a clean cut of the tail is a valid older state"
	whyTenant  = "a store without the tenant is a valid store"
	whyMerge   = "whoever holds the log's key can sign one commit in place of two"
	whySplit   = "whoever holds the log's key can sign two commits in place of one"
	whyPrune   = "whoever holds the log's key can announce a removal in the log of `_system`; every report says what was removed (notice `pruned` or `removed`)"
	whyLoss    = "whoever holds the log's key can declare a loss; every report says so (notice `loss_acknowledged`), and reconcile names the events that the journal still has (`lost_acknowledged`)"
	whyClosed  = "whoever holds the log's key can also sign anew the statement that closed the epoch"

	whyUnsigned  = "a log of which nothing was ever signed looks the same: nothing of it can be verified"
	whyExchanged = "a journal is verified by the name that it says itself: whoever has no anchor of the right one cannot tell"
)

// rewritten is what must be made of an event whose hashed content was changed.
func rewritten() [3]*expectation {
	return expects(
		seen(exact(verify.EventChanged)),
		seen(commit(root...), with{Beside, exact(verify.EventChanged)}, with{MAC, exact(verify.MACInvalid, verify.EventChanged)}),
		hidden(whyKey, with{Newest, log(verify.Fork)}, with{Every, commit(verify.Fork)}, with{Beside, exact(altered, unconfirmed)}, with{MAC, exact(verify.MACInvalid)}),
	)
}

// edit is an operator that changes one member of one record.
func edit(name, does string, change func(a *attack, rec *record.Record) bool) Operator {
	return Operator{Name: name, Group: "event", Does: does, expect: rewritten(), apply: func(a *attack) bool {
		e := a.event(nil)
		if e == nil {
			return false
		}
		rec := e.record()
		if !change(a, rec) || canonicalOf(rec) == e.canonical {
			return false
		}
		a.hurtEvent(e)
		e.say(rec)
		return true
	}}
}

func contentOperators() []Operator {
	operators := []Operator{
		edit("edit action", "another action", func(_ *attack, rec *record.Record) bool { rec.Action = "invoice.view"; return true }),
		edit("edit actor", "another actor id in the JSON", func(_ *attack, rec *record.Record) bool {
			rec.Actor = rec.Actor.Set("id", record.StringValue("somebody-else"))
			return true
		}),
		edit("edit actor invisibly", "a member of the actor that no list shows", func(_ *attack, rec *record.Record) bool {
			rec.Actor = rec.Actor.Set("session", record.StringValue("s-1"))
			return true
		}),
		edit("edit payload", "another amount", func(_ *attack, rec *record.Record) bool {
			if rec.Payload.Kind() != record.Object {
				return false
			}
			rec.Payload = rec.Payload.Set("amount", record.NumberValue(0.01))
			return true
		}),
		edit("edit type in payload", "a number becomes the same digits as text", func(_ *attack, rec *record.Record) bool {
			if rec.Payload.Get("amount").Kind() != record.Number {
				return false
			}
			rec.Payload = rec.Payload.Set("amount", record.StringValue(string(rec.Payload.Get("amount").AppendJSON(nil))))
			return true
		}),
		edit("edit reason", "a reason, or another one", func(_ *attack, rec *record.Record) bool { rec.Reason = "as agreed"; return true }),
		edit("remove reason", "a column set to NULL", func(_ *attack, rec *record.Record) bool {
			if rec.Reason == "" {
				return false
			}
			rec.Reason = ""
			return true
		}),
		edit("edit outcome", "a denial becomes a success", func(_ *attack, rec *record.Record) bool {
			if rec.Outcome == record.OutcomeSuccess {
				rec.Outcome = record.OutcomeUnknown
			} else {
				rec.Outcome = record.OutcomeSuccess
			}
			return true
		}),
		edit("edit time", "another time of the event itself, by one nanosecond", func(_ *attack, rec *record.Record) bool {
			if rec.TimeUnixNano < 2 {
				return false
			}
			rec.TimeUnixNano--
			return true
		}),
		edit("edit any other column", "one of the other hashed columns", editOther),
	}
	return append(operators, eventIDOperator(), tenantSwapOperator(), leafOperator(), macOperator(), macRemovalOperator(), generatedOperator())
}

func editOther(a *attack, rec *record.Record) bool {
	object, _, _ := record.ObjectValue([]record.Member{{Name: "type", Value: record.StringValue("other")}, {Name: "id", Value: record.StringValue("other")}})
	texts := []*string{
		&rec.CorrelationID, &rec.CausationID, &rec.IdempotencyKey, &rec.EventName, &rec.SeverityText, &rec.SchemaVersion,
	}
	values := []*record.Value{
		&rec.Target, &rec.Changes, &rec.Context, &rec.Producer, &rec.Source, &rec.Attributes, &rec.Original, &rec.Body,
	}
	switch n := a.rng.IntN(len(texts) + len(values) + 4); {
	case n < len(texts):
		*texts[n] += "x"
	case n < len(texts)+len(values):
		*values[n-len(texts)] = object
	case n == len(texts)+len(values):
		rec.Severity = (rec.Severity + 1) % 24
	case n == len(texts)+len(values)+1:
		rec.AddFlag(record.FlagOutcomeUnknown)
	case n == len(texts)+len(values)+2:
		rec.TraceID, rec.SpanID = "00000000000000000000000000000001", "0000000000000001"
	default:
		rec.ObservedTimeUnixNano = 1 + rec.ObservedTimeUnixNano/2
	}
	return true
}

func eventIDOperator() Operator {
	journal := exact(verify.EventChanged, onlyInStore, onlyInJournal, altered, unconfirmed)
	return Operator{
		Name: "edit event id", Group: "event", Does: "an event goes by another id",
		expect: expects(
			seen(exact(verify.EventChanged)),
			seen(commit(root...), with{Beside, journal}, with{MAC, exact(verify.MACInvalid, verify.EventChanged)}),
			hidden(whyKey, with{Newest, log(verify.Fork)}, with{Every, commit(verify.Fork)}, with{Beside, journal}, with{MAC, exact(verify.MACInvalid)}),
		),
		apply: func(a *attack) bool {
			e := a.event(nil)
			if e == nil {
				return false
			}
			a.hurtEvent(e)
			rec := e.record()
			a.w.records++
			rec.EventID = eventID(a.w.records)
			e.say(rec)
			return true
		},
	}
}

func tenantSwapOperator() Operator {
	journal := exact(verify.EventChanged, onlyInStore, onlyInJournal, altered, unconfirmed)
	return Operator{
		Name: "swap between tenants", Group: "event", Does: "two tenants' events change places",
		expect: expects(
			seen(exact(verify.EventChanged)),
			seen(commit(root...), with{Beside, journal}, with{MAC, exact(verify.MACInvalid, verify.EventChanged)}),
			hidden(whyKey, with{Newest, log(verify.Fork)}, with{Every, commit(verify.Fork)}, with{Beside, journal}, with{MAC, exact(verify.MACInvalid)}),
		),
		apply: func(a *attack) bool {
			e := a.event(nil)
			if e == nil {
				return false
			}
			f := a.event(func(f *eventRow) bool { return f.tenant != e.tenant })
			if f == nil {
				return false
			}
			a.hurtEvent(e)
			a.hurtEvent(f)
			one, two := e.record(), f.record()
			one.TenantID, two.TenantID = two.TenantID, one.TenantID
			e.say(two)
			f.say(one)
			e.mac, f.mac = f.mac, e.mac
			return true
		},
	}
}

func leafOperator() Operator {
	return Operator{
		Name: "edit leaf_hash", Group: "event", Does: "the stored leaf hash, and no other column",
		expect: all(seen(exact(verify.EventChanged, verify.ColumnEdited))),
		apply: func(a *attack) bool {
			e := a.event(nil)
			if e == nil {
				return false
			}
			a.hurtEvent(e)
			leaf := leafOf(a.forged(e.tenant))
			e.leaf, a.storedLeaves = string(leaf[:]), true
			return true
		},
	}
}

func macOperator() Operator {
	return Operator{
		Name: "edit mac", Group: "event", Does: "the MAC of another event", need: shape{macs: true},
		expect: all(hidden(whyMAC, with{MAC, exact(verify.MACInvalid)}, with{Beside, exact(macExchanged, unconfirmed)})),
		apply: func(a *attack) bool {
			e := a.event(func(e *eventRow) bool { return e.mac != "" })
			f := a.event(func(f *eventRow) bool { return f.mac != "" && e != nil && f.leaf != e.leaf })
			if e == nil || f == nil {
				return false
			}
			a.hurtEvent(e)
			e.mac = f.mac
			return true
		},
	}
}

func macRemovalOperator() Operator {
	return Operator{
		Name: "remove mac", Group: "event", Does: "the MAC set to NULL", need: shape{macs: true},
		expect: all(hidden(whyNoMAC, with{MAC, exact(verify.MACMissing)}, with{Beside, exact(macRemoved)})),
		apply: func(a *attack) bool {
			e := a.event(func(e *eventRow) bool { return e.mac != "" })
			if e == nil {
				return false
			}
			a.hurtEvent(e)
			e.mac = ""
			return true
		},
	}
}

// generatedOperator changes what PostgreSQL itself keeps equal to the JSON,
// after it was told to do that no more.
func generatedOperator() Operator {
	return Operator{
		Name: "edit generated column", Group: "event", Does: "actor_id, by which lists filter, after DROP EXPRESSION", own: true,
		expect: all(seen(exact(verify.ColumnEdited))),
		apply: func(a *attack) bool {
			e := a.event(nil)
			if e == nil {
				return false
			}
			a.hurtEvent(e)
			column := pick(a.rng, "actor_id", "actor_type", "target_id", "target_type", "request_id", "client_ip", "event_time")
			value := "'somebody-else'"
			if column == "event_time" {
				value = "event_time + interval '1 microsecond'"
			}
			a.statements = append(a.statements,
				"ALTER TABLE public.audit_events ALTER COLUMN "+column+" DROP EXPRESSION",
				"UPDATE public.audit_events SET "+column+" = "+value+" WHERE tenant_id = "+quote(e.tenant)+
					" AND epoch = "+decimal(int64(e.epoch))+" AND seq = "+decimal(e.seq))
			return true
		},
	}
}

func timeOperators() []Operator {
	return []Operator{
		{
			Name: "move event within the month", Group: "event", Does: "recorded_at of one event, by a moment",
			expect: all(seen(exact(verify.EventMoved))),
			apply: func(a *attack) bool {
				e := a.event(nil)
				if e == nil {
					return false
				}
				a.hurtEvent(e)
				e.at = e.at.Add(moment)
				return true
			},
		},
		{
			Name: "move event across the month", Group: "event", Does: "recorded_at of one event, into the other month's partition",
			expect: all(seen(exact(verify.EventMoved))),
			apply: func(a *attack) bool {
				e := a.event(nil)
				if e == nil {
					return false
				}
				a.hurtEvent(e)
				if e.at.Before(a.w.lab.months[1]) {
					e.at = a.w.lab.months[1].Add(time.Hour)
				} else {
					e.at = a.w.lab.months[0].Add(time.Hour)
				}
				return true
			},
		},
		moveCommit("move newest commit in time", "recorded_at of the newest commit and of its events", true),
		moveCommit("move earlier commit in time", "recorded_at of a commit that is not the newest, and of its events", false),
	}
}

func moveCommit(name, does string, newest bool) Operator {
	signs := hidden(whyKey, with{Newest, log(verify.Fork, verify.CommitChanged, verify.CommitTime)}, with{Every, commit(verify.Fork, verify.CommitChanged, verify.CommitTime)})
	if !newest {
		signs = hidden(whyKey, with{Newest, blind}, with{Every, commit(verify.Fork, verify.CommitChanged, verify.CommitTime)})
	}
	return Operator{
		Name: name, Group: "event", Does: does,
		expect: expects(seen(commit(root...)), seen(commit(root...)), signs),
		apply: func(a *attack) bool {
			c := a.commitWhere(func(_ *commitRow, index, count int) bool { return (index == count-1) == newest })
			if c == nil {
				return false
			}
			a.hurtRange(c.log(), c.prevSize, c.size)
			to := c.at.Add(moment)
			for _, e := range a.im.eventsOf(c.log()) {
				if e.seq >= c.prevSize && e.seq < c.size {
					e.at = to
				}
			}
			c.at = to
			return true
		},
	}
}
