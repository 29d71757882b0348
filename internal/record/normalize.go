package record

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// Normalize applies the value rules to a decoded and redacted record, fills in
// what the rules of the domain say (outcome, anonymous denials) and checks the
// required fields and the caps. The Problem says why the record cannot become
// an event; nil means it can. Normalizing twice changes nothing.
//
// The size of a record is not checked here, because its cap is configurable:
// measure what AppendCanonical returns.
func (r *Record) Normalize() *Problem {
	if r.Outcome == "" || !slices.Contains(outcomes, r.Outcome) {
		r.SetOutcome(TextOrAbsent(r.Outcome))
	}
	r.dropEmptyIDs()
	r.settleSeverity()
	if p := r.repairText(); p != nil {
		return p
	}
	if p := r.checkRequired(); p != nil {
		return p
	}
	if p := r.checkCaps(); p != nil {
		return p
	}
	return r.checkDepth()
}

// settleSeverity keeps a number as text that the store's 16 bits do not hold:
// cut down to them it would be another one than the leaf says. OTLP knows 1 to 24.
func (r *Record) settleSeverity() {
	if r.Severity >= math.MinInt16 && r.Severity <= math.MaxInt16 {
		return
	}
	r.KeepOriginal("severity", StringValue(strconv.Itoa(r.Severity)))
	r.AddFlag(FlagNumberAsText)
	r.Severity = 0
}

var outcomes = []string{OutcomeSuccess, OutcomeFailure, OutcomeDenied, OutcomeUnknown}

func (r *Record) hasFlag(flag string) bool { return slices.Contains(r.Flags, flag) }

// dropEmptyIDs makes an empty type or id an absent one, and an object that is
// empty then an absent member.
func (r *Record) dropEmptyIDs() {
	for _, party := range []*Value{&r.Actor, &r.Target} {
		for _, name := range []string{"type", "id"} {
			if v := party.Get(name); v.kind == Null || v.kind == String && v.str == "" {
				*party = party.Set(name, Value{})
			}
		}
		if party.kind == Object && len(party.kids) == 0 || party.kind == Null {
			*party = Value{}
		}
	}
	for _, v := range []*Value{&r.Context, &r.Source, &r.Producer, &r.Attributes, &r.Original} {
		if v.kind == Object && len(v.kids) == 0 || v.kind == Null {
			*v = Value{}
		}
	}
	if r.Body.kind == Null {
		r.Body = Value{}
	}
}

func (r *Record) checkRequired() *Problem {
	if r.TenantID == "" {
		return &Problem{ReasonMissingTenant, "no tenant: set audit.tenant.id on the record, or tenant.id on the resource"}
	}
	if r.Action == "" {
		return &Problem{ReasonMissingAction, "no action: set audit.action"}
	}
	if !r.Actor.IsAbsent() {
		return nil
	}
	if r.Outcome != OutcomeDenied {
		return &Problem{ReasonMissingActor, "no actor: set audit.actor.type and audit.actor.id; only a denial may be anonymous"}
	}
	r.Actor = EmptyObject().Set("type", StringValue(ActorAnonymous))
	r.AddFlag(FlagActorMissing)
	return nil
}

func (r *Record) checkCaps() *Problem {
	for _, c := range []struct {
		name, text string
		limit      int
	}{
		{"audit.tenant.id", r.TenantID, MaxTenantBytes},
		{"audit.action", r.Action, MaxActionBytes},
		{"audit.actor.type", r.ActorType(), MaxActionBytes},
		{"audit.target.type", r.TargetType(), MaxActionBytes},
		{"audit.record.id", r.EventID, MaxIDBytes},
		{"audit.idempotency.key", r.IdempotencyKey, MaxIDBytes},
		{"audit.actor.id", r.ActorID(), MaxIDBytes},
		{"audit.target.id", r.TargetID(), MaxIDBytes},
		{"audit.correlation.id", r.CorrelationID, MaxIDBytes},
		{"audit.causation.id", r.CausationID, MaxIDBytes},
		{"audit.context.request_id", r.Context.Get("request_id").Text(), MaxIDBytes},
		{"audit.context.ip", r.Context.Get("ip").Text(), MaxIDBytes},
	} {
		if len(c.text) > c.limit {
			reason := ReasonTooLong
			if c.name == "audit.tenant.id" {
				reason = ReasonInvalidTenant
			}
			return &Problem{reason, fmt.Sprintf("%s has %d bytes, at most %d are allowed", c.name, len(c.text), c.limit)}
		}
	}
	return nil
}

func (r *Record) checkDepth() *Problem {
	if deeper(r.Original, MaxDepth) {
		return &Problem{ReasonTooDeep, fmt.Sprintf("original is nested over %d levels", MaxDepth)}
	}
	for _, m := range r.values() {
		if deeper(*m.value, MaxDepth) {
			return &Problem{ReasonTooDeep, fmt.Sprintf("%s is nested over %d levels", m.name, MaxDepth)}
		}
	}
	return nil
}

type namedValue struct {
	name  string
	value *Value
}

// values lists the members that are JSON, but for Original, to which repairing
// these adds.
func (r *Record) values() [9]namedValue {
	return [9]namedValue{
		{"actor", &r.Actor},
		{"target", &r.Target},
		{"changes", &r.Changes},
		{"context", &r.Context},
		{"payload", &r.Payload},
		{"source", &r.Source},
		{"attributes", &r.Attributes},
		{"body", &r.Body},
		{"producer", &r.Producer},
	}
}

// deeper reports whether v is nested over limit levels; a scalar has none.
func deeper(v Value, limit int) bool {
	if v.kind != Array && v.kind != Object {
		return false
	}
	if limit == 0 {
		return true
	}
	for i := range v.kids {
		if deeper(v.kids[i].Value, limit-1) {
			return true
		}
	}
	return false
}
