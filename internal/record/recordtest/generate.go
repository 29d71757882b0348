// Package recordtest makes audit records for property tests and benchmarks:
// arbitrary ones from a seed, and one of the usual size. Nothing but tests and
// benchmarks imports it.
package recordtest

import (
	"encoding/hex"
	"math"
	"math/rand/v2"

	"github.com/otelaudit/otelaudit/internal/record"
)

// Arbitrary returns a record that Normalize accepts, with awkward names and
// values in every place that may have them.
func Arbitrary(rng *rand.Rand) *record.Record {
	g := generator{rng}
	r := &record.Record{
		TenantID:       g.text(),
		EventID:        g.maybeText(),
		Action:         g.text(),
		Outcome:        pick(rng, record.OutcomeSuccess, record.OutcomeFailure, record.OutcomeDenied, record.OutcomeUnknown),
		Actor:          g.party(),
		Reason:         g.maybeText(),
		CorrelationID:  g.maybeText(),
		CausationID:    g.maybeText(),
		IdempotencyKey: g.maybeText(),
		EventName:      g.maybeText(),
		Severity:       rng.IntN(25),
		SeverityText:   g.maybeText(),
		SchemaVersion:  g.maybeText(),
		TimeUnixNano:   rng.Int64N(math.MaxInt64) + 1,
		Context:        g.maybeObject(2),
		Producer:       g.maybeObject(2),
		Source:         g.maybeObject(2),
		Attributes:     g.maybeObject(3),
		Original:       g.maybeObject(1),
		Changes:        g.maybeValue(3),
		Payload:        g.maybeValue(4),
		Body:           g.maybeBody(),
	}
	if rng.IntN(2) == 0 {
		r.Target = g.party()
	}
	if rng.IntN(2) == 0 {
		r.ObservedTimeUnixNano = rng.Int64N(math.MaxInt64) + 1
	}
	if rng.IntN(2) == 0 {
		r.TraceID, r.SpanID = g.hex(16), g.hex(8)
	}
	for range rng.IntN(3) {
		r.AddFlag(pick(rng, record.FlagActorMissing, record.FlagTimeObserved, record.FlagRepairedText, record.FlagNumberAsText))
	}
	return r
}

type generator struct{ rng *rand.Rand }

// names are member and attribute names that have a meaning somewhere.
var names = []string{
	"a", "b", "type", "id", "email", "display_name", "displayName", "requestId", "request_id", "ip", "before", "after", "patch",
	"", ".", "a.b", "a..b", ".a", "a.", "audit", "audit.", "audit.x", "audit.action", "audit.actor", "audit.actor.", "audit.actor.id",
	"audit.actor.a.b", "audit.context.traceId", "audit.payload", "audit.payload.a", "audit.flags", "audit.source", "audit.attributes",
	"audit.canonical", "audit.mark", "audit.quarantine.reason", "audit.kind", "audit.tenant.id", "tenant.id", "tenantId",
	"sampling.priority", "sampling.threshold", "client.address", "log.record.uid", "http.route", "service.name", "otel.scope.name",
	"\u20ac", "\U0001f600", "\ufb33", "x\u2028", `q"\`, "\x01",
}

func (g generator) name() string {
	if g.rng.IntN(6) == 0 {
		return g.text()
	}
	return names[g.rng.IntN(len(names))]
}

// text is never empty, valid UTF-8, without U+0000, and not of the form the
// value rules change.
func (g generator) text() string {
	runes := make([]rune, 1+g.rng.IntN(12))
	for i := range runes {
		switch g.rng.IntN(10) {
		case 0:
			runes[i] = rune(1 + g.rng.IntN(31))
		case 1:
			runes[i] = rune(0xe000 + g.rng.IntN(0x1fff))
		case 2:
			runes[i] = rune(0x10000 + g.rng.IntN(0xfffff))
		case 3:
			runes[i] = rune(`"\/{}[]:,.`[g.rng.IntN(10)])
		default:
			runes[i] = rune(' ' + g.rng.IntN('~'-' '))
		}
	}
	return string(runes)
}

func (g generator) maybeText() string {
	if g.rng.IntN(2) == 0 {
		return ""
	}
	return g.text()
}

func (g generator) hex(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(1 + g.rng.IntN(255))
	}
	return hex.EncodeToString(b)
}

func (g generator) number() record.Value {
	var v record.Value
	switch g.rng.IntN(4) {
	case 0:
		v, _ = record.IntValue(int64(g.rng.IntN(2000) - 1000))
	case 1:
		v, _ = record.IntValue(g.rng.Int64())
	default:
		v, _ = record.FloatValue(math.Float64frombits(g.rng.Uint64()))
	}
	return v
}

func (g generator) value(depth int) record.Value {
	kinds := 8
	if depth == 0 {
		kinds = 6
	}
	switch g.rng.IntN(kinds) {
	case 0:
		return record.NullValue()
	case 1:
		return record.BoolValue(g.rng.IntN(2) == 0)
	case 2:
		return g.number()
	case 3:
		return record.StringValue(g.maybeText())
	case 4:
		return record.StringValue(pick(g.rng, "{}", "[]", `{"a":1}`, `[1,2]`, "12", "true", "null", ""))
	case 5:
		return record.StringValue(g.text())
	case 6:
		elements := make([]record.Value, g.rng.IntN(4))
		for i := range elements {
			elements[i] = g.value(depth - 1)
		}
		return record.ArrayValue(elements)
	default:
		return g.object(depth)
	}
}

func (g generator) object(depth int) record.Value {
	members := make([]record.Member, g.rng.IntN(6))
	for i := range members {
		members[i] = record.Member{Name: g.name(), Value: g.value(max(depth-1, 0))}
	}
	v, _, _ := record.ObjectValue(members)
	return v
}

func (g generator) maybeObject(depth int) record.Value {
	if v := g.object(depth); v.Len() > 0 {
		return v
	}
	return record.Value{}
}

func (g generator) maybeValue(depth int) record.Value {
	if g.rng.IntN(3) == 0 {
		return record.Value{}
	}
	return g.value(depth)
}

func (g generator) maybeBody() record.Value {
	if v := g.maybeValue(3); v.Kind() != record.Null {
		return v
	}
	return record.Value{}
}

// party is an actor or a target.
func (g generator) party() record.Value {
	return g.object(2).Set("type", record.StringValue(g.text())).Set("id", record.StringValue(g.text()))
}

func pick(rng *rand.Rand, words ...string) string { return words[rng.IntN(len(words))] }
