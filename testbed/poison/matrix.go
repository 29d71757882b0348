package poison

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/testbed/loadgen"
)

// Injection is text that is harmful to whoever takes it for a part of a command.
const Injection = `'); DROP TABLE audit_events; -- "\''$$%s{{.}}${env:HOME}`

// Incompressible is text that no compression makes fit an index page.
func Incompressible(n int) string {
	random := rand.New(rand.NewPCG(3, 3))
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	b := make([]byte, n)
	for i := range b {
		b[i] = letters[random.IntN(len(letters))]
	}
	return string(b)
}

// Nest puts maps into maps, so many levels.
func Nest(v pcommon.Value, levels int) {
	for range levels {
		v = v.SetEmptyMap().PutEmpty("a")
	}
	v.SetStr("deep")
}

const (
	page = 8192 // bytes of a page of PostgreSQL
	// lastNano is the last nanosecond that fits a signed 64-bit integer,
	// 2262-04-11.
	lastNano = uint64(math.MaxInt64)
	megabyte = 1 << 20
)

// Cases are the whole matrix.
func Cases() []Case {
	var all []Case
	for _, group := range [][]Case{texts(), numbers(), depths(), sizes(), times(), tenants(), fields(), surroundings(), lengths(), shapes(), refusals()} {
		all = append(all, group...)
	}
	return all
}

func attr(key, value string) func(plog.LogRecord) {
	return func(lr plog.LogRecord) { lr.Attributes().PutStr(key, value) }
}

var repaired = Outcome{Flag: "repaired_text", Holds: "a\uFFFDb"}

func texts() []Case {
	bare := Outcome{Flag: "repaired_text"}
	return []Case{
		{Name: "U+0000", Put: attr("audit.reason", "a\x00b"), Outcome: repaired},
		{Name: "U+0000 in a key", Put: attr("audit.payload.a\x00b", "c"), Outcome: bare},
		{Name: "invalid UTF-8", Put: attr("audit.reason", "a\xffb"), Outcome: repaired},
		{Name: "a surrogate in UTF-8", Put: attr("audit.reason", "a\xed\xa0\x80b"), Outcome: bare},
		{Name: "lone surrogate, escaped in JSON", Put: attr("audit.reason", "aLONE-SURROGATEb"), JSONOnly: true, Else: map[Protocol]Outcome{HTTPJSON: {Holds: "a\uFFFDb"}}},
		{Name: "U+0000, escaped in JSON", Put: attr("audit.reason", "aESCAPED-NULb"), JSONOnly: true, Else: map[Protocol]Outcome{HTTPJSON: repaired}},
		{Name: "invalid UTF-8 in the action", Put: attr("audit.action", "a\xffb"), Outcome: bare},
		{Name: "invalid UTF-8 in the body", Put: func(lr plog.LogRecord) { lr.Body().SetStr("a\xffb") }, Outcome: bare},
		{Name: "an attribute without a name", Put: attr("", "v")},
		{Name: "bytes", Put: func(lr plog.LogRecord) { lr.Attributes().PutEmptyBytes("audit.payload.b").FromRaw([]byte{0, 0xff}) }, Outcome: Outcome{Holds: "AP8="}},
		{Name: "SQL in every string", Put: injected, Outcome: Outcome{Holds: "DROP TABLE"}},
	}
}

func injected(lr plog.LogRecord) {
	for key := range lr.Attributes().All() {
		if key != "audit.target.id" && key != "audit.outcome" && key != "audit.tenant.id" {
			lr.Attributes().PutStr(key, Injection)
		}
	}
	lr.Attributes().PutStr(Injection, Injection)
	lr.Attributes().PutStr("audit.payload."+Injection, Injection)
	lr.Body().SetStr(Injection)
	lr.SetSeverityText(Injection)
	lr.SetEventName(Injection)
}

func numbers() []Case {
	double := func(n float64) func(plog.LogRecord) {
		return func(lr plog.LogRecord) { lr.Attributes().PutDouble("audit.payload.n", n) }
	}
	text := func(holds string) Outcome { return Outcome{Flag: "number_as_text", Holds: holds} }
	return []Case{
		{Name: "NaN", Put: double(math.NaN()), Outcome: text(`"NaN"`)},
		{Name: "infinity", Put: double(math.Inf(-1)), Outcome: text(`"-Infinity"`)},
		{Name: "2^63-1", Put: func(lr plog.LogRecord) { lr.Attributes().PutInt("audit.payload.n", math.MaxInt64) }, Outcome: text(`"9223372036854775807"`)},
		{Name: "1e308 and the smallest double", Put: func(lr plog.LogRecord) {
			lr.Attributes().PutDouble("audit.payload.n", 1e308)
			lr.Attributes().PutDouble("audit.payload.s", 5e-324)
		}, Outcome: Outcome{Holds: `"s": 0.000`}},
		{Name: "severity -1", Put: func(lr plog.LogRecord) { lr.SetSeverityNumber(-1) }, Outcome: Outcome{Holds: `"severity": -1,`}},
		{Name: "severity 2^31-1", Put: func(lr plog.LogRecord) { lr.SetSeverityNumber(math.MaxInt32) }, Outcome: Outcome{Flag: "number_as_text", Holds: `"severity": "2147483647"`}},
	}
}

func depths() []Case {
	deep := func(levels int) func(plog.LogRecord) {
		return func(lr plog.LogRecord) { Nest(lr.Attributes().PutEmpty("audit.payload.deep"), levels) }
	}
	return []Case{
		{Name: "40 levels", Put: deep(40), Outcome: Outcome{Holds: `"deep"`}},
		{Name: "1,000 levels", Put: deep(1000), Outcome: Outcome{Reason: "too_deep"}},
	}
}

func sizes() []Case {
	return []Case{
		{Name: "2 MB", Put: attr("audit.payload.big", strings.Repeat("x", 2*megabyte)), Outcome: Outcome{Reason: "too_large"}},
		{Name: "2 MB, incompressible", Put: attr("audit.payload.big", Incompressible(2*megabyte)), Outcome: Outcome{Reason: "too_large"}},
		{Name: "500 attributes", Put: func(lr plog.LogRecord) {
			for i := range 500 {
				lr.Attributes().PutStr(fmt.Sprintf("attribute.%d", i), "v")
			}
		}, Outcome: Outcome{Holds: "attribute.499"}},
	}
}

func times() []Case {
	at := func(nanos uint64) func(plog.LogRecord) {
		return func(lr plog.LogRecord) {
			lr.SetTimestamp(pcommon.Timestamp(nanos))
			lr.SetObservedTimestamp(0)
		}
	}
	holds := func(nanos uint64) Outcome {
		return Outcome{Holds: `"time_unix_nano": ` + strconv.FormatUint(nanos, 10) + `,`}
	}
	return []Case{
		{Name: "no time", Put: at(0), Outcome: Outcome{Flag: "time_arrival"}},
		{Name: "only an observed time", Put: func(lr plog.LogRecord) { lr.SetTimestamp(0) }, Outcome: Outcome{Flag: "time_observed"}},
		{Name: "1 ns", Put: at(1), Outcome: holds(1)},
		{Name: "2262-04-11 less 1 ns", Put: at(lastNano - 1), Outcome: holds(lastNano - 1)},
		{Name: "2262-04-11", Put: at(lastNano), Outcome: holds(lastNano)},
		{Name: "2262-04-11 and 1 ns", Put: at(lastNano + 1), Outcome: Outcome{Reason: "invalid_time"}},
		{Name: "2^64-1", Put: at(math.MaxUint64), Outcome: Outcome{Reason: "invalid_time"}},
		{Name: "an observed time of 2^64-1", Put: func(lr plog.LogRecord) { lr.SetObservedTimestamp(math.MaxUint64) }, Outcome: Outcome{Reason: "invalid_time"}},
	}
}

func tenants() []Case {
	tenant := func(id string) func(plog.LogRecord) { return attr("audit.tenant.id", id) }
	invalid := Outcome{Reason: "invalid_tenant"}
	return []Case{
		{Name: "no tenant", Put: func(lr plog.LogRecord) { lr.Attributes().Remove("audit.tenant.id") }, Outcome: Outcome{Reason: "missing_tenant"}},
		{Name: "an empty tenant", Put: tenant("  "), Outcome: Outcome{Reason: "missing_tenant"}},
		{Name: "two tenants", Put: attr("audit.tenantId", "another"), Outcome: Outcome{Reason: "tenant_conflict"}},
		{Name: "a tenant of ours", Put: tenant("_system"), Outcome: invalid},
		{Name: "a long tenant", Put: tenant(Incompressible(256)), Outcome: invalid},
		{Name: "a tenant with U+0000", Put: tenant("a\x00b"), Outcome: invalid},
		{Name: "a tenant that is not UTF-8", Put: tenant("a\xffb"), Outcome: invalid},
		{Name: "a tenant that is a map", Put: func(lr plog.LogRecord) { Nest(lr.Attributes().PutEmpty("audit.tenant.id"), 2) }, Outcome: Outcome{Reason: "missing_tenant"}},
		{Name: "a tenant that is SQL", Put: tenant(`'; DROP TABLE audit_events; --`), Outcome: Outcome{Holds: `"tenant_id": "'; DROP TABLE`}},
	}
}

func fields() []Case {
	malformed := Outcome{Reason: "malformed"}
	return []Case{
		{Name: "no action", Put: func(lr plog.LogRecord) { lr.Attributes().Remove("audit.action") }, Outcome: Outcome{Reason: "missing_action"}},
		{Name: "no actor", Put: func(lr plog.LogRecord) {
			lr.Attributes().PutStr("audit.outcome", "success")
			withoutActor(lr)
		}, Outcome: Outcome{Reason: "missing_actor"}},
		{Name: "empty audit text", Put: only(func(attrs pcommon.Map) { attrs.PutStr("audit", "") }), Outcome: malformed},
		{Name: "empty audit map", Put: only(func(attrs pcommon.Map) { attrs.PutEmptyMap("audit") }), Outcome: malformed},
		{Name: "audit without a value", Put: only(func(attrs pcommon.Map) { attrs.PutEmpty("audit") }), Outcome: malformed},
		{Name: "audit is a number", Put: only(func(attrs pcommon.Map) { attrs.PutInt("audit", 5) }), Outcome: malformed},
		{Name: "audit is broken JSON", Put: only(func(attrs pcommon.Map) { attrs.PutStr("audit", `{"action":"x"`) }), Outcome: malformed},
		{Name: "the action is a map", Put: func(lr plog.LogRecord) { lr.Attributes().PutEmptyMap("audit.action").PutStr("a", "b") }, Outcome: malformed},
		{Name: "the actor is a list", Put: func(lr plog.LogRecord) {
			withoutActor(lr)
			lr.Attributes().PutEmptySlice("audit.actor").AppendEmpty().SetStr("a")
		}, Outcome: malformed},
		{Name: "duplicate keys", Put: attr("audit."+secondAction, "other.action"), Outcome: Outcome{Reason: "ambiguous"}},
		{Name: "duplicate keys of one value", Put: attr("audit."+secondAction, "item.update")},
		{Name: "flat and nested disagree", Put: func(lr plog.LogRecord) { lr.Attributes().PutEmptyMap("audit").PutStr("action", "other.action") }, Outcome: Outcome{Reason: "ambiguous"}},
		{Name: "a duplicate member in JSON text", Put: attr("audit.payload", `{"a":1,"a":2}`), Outcome: Outcome{Reason: "ambiguous"}},
	}
}

func withoutActor(lr plog.LogRecord) {
	lr.Attributes().RemoveIf(func(k string, _ pcommon.Value) bool { return strings.HasPrefix(k, "audit.actor") })
}

// only leaves nothing of the audit data but what f puts.
func only(f func(pcommon.Map)) func(plog.LogRecord) {
	return func(lr plog.LogRecord) {
		marker, _ := lr.Attributes().Get("audit.target.id")
		note := marker.Str()
		tenant, _ := lr.Attributes().Get("audit.tenant.id")
		claimed := tenant.Str()
		lr.Attributes().Clear()
		lr.Attributes().PutStr("note", note)
		lr.Attributes().PutStr("tenant.id", claimed)
		f(lr.Attributes())
	}
}

func surroundings() []Case {
	return []Case{
		{Name: "a poisoned resource", Around: func(r pcommon.Resource, _ pcommon.InstrumentationScope) { poisoned(r.Attributes()) }, Outcome: repaired},
		{Name: "a poisoned scope", Around: func(_ pcommon.Resource, s pcommon.InstrumentationScope) {
			s.SetName("a\x00b")
			s.SetVersion(Injection)
			poisoned(s.Attributes())
		}, Outcome: repaired},
		{Name: "a resource of 1,000 levels", Around: func(r pcommon.Resource, _ pcommon.InstrumentationScope) { Nest(r.Attributes().PutEmpty("deep"), 1000) }, Outcome: Outcome{Reason: "too_deep"}},
		{Name: "a resource of 2 MB", Around: func(r pcommon.Resource, _ pcommon.InstrumentationScope) {
			r.Attributes().PutStr("big", Incompressible(2*megabyte))
		}, Outcome: Outcome{Reason: "too_large"}},
		{Name: "a poisoned event name", Put: func(lr plog.LogRecord) { lr.SetEventName("a\x00b\xff" + Injection) }, Outcome: repaired},
		{Name: "a poisoned severity text", Put: func(lr plog.LogRecord) { lr.SetSeverityText("a\x00b") }, Outcome: repaired},
		{Name: "a trace id in the context that is none", Put: attr("audit.context.traceId", Injection), Outcome: Outcome{Flag: "invalid_trace_id"}},
	}
}

func poisoned(attrs pcommon.Map) {
	attrs.PutStr("text", "a\x00b")
	attrs.PutStr("a\xffb", "key")
	attrs.PutDouble("nan", math.NaN())
	attrs.PutInt("large", math.MaxInt64)
	attrs.PutStr("sql", Injection)
	attrs.PutStr("", "")
}

func lengths() []Case {
	long := Outcome{Reason: "too_long"}
	text := Incompressible(page)
	return []Case{
		{Name: "an action as long as a page", Put: attr("audit.action", text), Outcome: long},
		{Name: "an actor as long as a page", Put: attr("audit.actor.id", text), Outcome: long},
		{Name: "a correlation as long as a page", Put: attr("audit.correlation.id", text), Outcome: long},
		{Name: "an idempotency key as long as a page", Put: attr("audit.idempotency.key", text), Outcome: long},
		{Name: "a record id as long as a page", Put: attr("audit.record.id", text), Outcome: long},
		{Name: "a payload key as long as a page", Put: attr("audit.payload."+text, "v")},
		{Name: "a reason as long as a page", Put: attr("audit.reason", text)},
		{Name: "an attribute's name as long as a page", Put: attr(text, "v")},
	}
}

func refusals() []Case {
	trace := Outcome{Refusal: "length"}
	return []Case{
		// The decoder of OTLP takes no request with such an id, and no record of it.
		{
			Name: "a trace id that is too short", Put: func(lr plog.LogRecord) { lr.SetTraceID(pcommon.TraceID([]byte(cutTrace))) },
			Outcome: trace, Else: map[Protocol]Outcome{HTTPJSON: {Refusal: "invalid"}},
		},
		// audit_guard refuses what would be more work to decode than anybody means.
		{
			Name: "5,000 levels", Put: func(lr plog.LogRecord) { Nest(lr.Attributes().PutEmpty("audit.payload.deep"), 5000) },
			Outcome: Outcome{Refusal: "nested too deeply"},
		},
	}
}

// shaped is a poison that every shape can carry: a member of the audit object.
type shaped struct {
	name, member string
	put          func(pcommon.Value)
	text         string // the same in JSON text
	Outcome
	inText *Outcome // of JSON text, where it differs
}

// shapes are what the matrix above puts on flat records, in the other shapes.
func shapes() []Case {
	text := func(s string) func(pcommon.Value) { return func(v pcommon.Value) { v.SetStr(s) } }
	malformed := &Outcome{Reason: "malformed"}
	number := Outcome{Flag: "number_as_text"}
	list := []shaped{
		{"U+0000", "reason", text("a\x00b"), `"a\u0000b"`, repaired, nil},
		{"invalid UTF-8", "reason", text("a\xffb"), "\"a\xffb\"", repaired, nil},
		{"lone surrogate", "reason", text("a\xed\xa0\x80b"), `"a\ud800b"`, Outcome{Flag: "repaired_text"}, nil},
		{"NaN", "changes", func(v pcommon.Value) { v.SetEmptyMap().PutDouble("n", math.NaN()) }, `{"n":NaN}`, number, malformed},
		{"2^63-1", "changes", func(v pcommon.Value) { v.SetEmptyMap().PutInt("n", math.MaxInt64) }, `{"n":9223372036854775807}`, number, nil},
		{"40 levels", "changes", func(v pcommon.Value) { Nest(v, 40) }, nestedText(40), Outcome{}, nil},
		{"1,000 levels", "changes", func(v pcommon.Value) { Nest(v, 1000) }, nestedText(1000), Outcome{Reason: "too_deep"}, nil},
		{"2 MB", "changes", text(strings.Repeat("x", 2*megabyte)), `{"a":"` + strings.Repeat("x", 2*megabyte) + `"}`, Outcome{Reason: "too_large"}, nil},
		{"two tenants", "tenantId", text("another"), `"another"`, Outcome{Reason: "tenant_conflict"}, nil},
		{"the action is a list", "action", func(v pcommon.Value) { v.SetEmptySlice().AppendEmpty().SetStr("a") }, `["a"]`, *malformed, nil},
		{"duplicate keys", secondAction, text("other"), `"other"`, Outcome{Reason: "ambiguous"}, nil},
		{"SQL", "reason", text(Injection), strconv.Quote(Injection), Outcome{Holds: "DROP TABLE"}, nil},
		{"a record id as long as a page", "recordId", text(strings.Repeat("i", page)), `"` + strings.Repeat("i", page) + `"`, Outcome{Reason: "too_long"}, nil},
	}
	var cases []Case
	for _, s := range list {
		for _, shape := range []loadgen.Shape{loadgen.Nested, loadgen.JSONText, loadgen.BodyMap, loadgen.BodyText} {
			c := Case{Name: s.name + ", " + string(shape), Shape: shape, Put: s.into(shape), Outcome: s.Outcome}
			if s.inText != nil && (shape == loadgen.JSONText || shape == loadgen.BodyText) {
				c.Outcome = *s.inText
			}
			cases = append(cases, c)
		}
	}
	for _, shape := range loadgen.Shapes() {
		cases = append(cases, Case{
			Name: "no tenant, " + string(shape), Shape: shape,
			Event: func(e *loadgen.Event) { e.Tenant = "" }, Outcome: Outcome{Reason: "missing_tenant"},
		})
	}
	return cases
}

func nestedText(levels int) string {
	return strings.Repeat(`{"a":`, levels) + `"deep"` + strings.Repeat("}", levels)
}

// into changes a good record of a shape.
func (s shaped) into(shape loadgen.Shape) func(plog.LogRecord) {
	return func(lr plog.LogRecord) {
		switch shape {
		case loadgen.Nested:
			audit, _ := lr.Attributes().Get("audit")
			s.put(audit.Map().PutEmpty(s.member))
		case loadgen.BodyMap:
			audit, _ := lr.Body().Map().Get("audit")
			s.put(audit.Map().PutEmpty(s.member))
		case loadgen.JSONText:
			audit, _ := lr.Attributes().Get("audit")
			audit.SetStr(s.edit(audit.Str()))
			lr.Body().SetStr("a message")
		case loadgen.BodyText:
			lr.Body().SetStr(s.edit(lr.Body().Str()))
		case loadgen.Flat, loadgen.Compact, loadgen.Draft, loadgen.Words, loadgen.ByName:
			s.put(lr.Attributes().PutEmpty("audit." + s.member))
		}
	}
}

// edit puts the member into the JSON text of an audit object.
func (s shaped) edit(text string) string {
	const action = `"action":"item.update"`
	member := `"` + s.member + `":` + s.text
	if s.member != "action" {
		member += "," + action
	}
	return strings.Replace(text, action, member, 1)
}
