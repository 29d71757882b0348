package differential

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/testbed/poison"
)

// planted is what must not be found anywhere in the database: it only ever
// stands as the value of a listed name.
const planted = "PLANTED-SECRET-7741"

// tape is a source of choices: the fuzzer's bytes, and numbers that follow from
// them when they are used up.
type tape struct {
	bytes []byte
	rest  *rand.Rand
}

func newTape(b []byte) *tape {
	var seed uint64
	for _, c := range b {
		seed = seed*31 + uint64(c)
	}
	return &tape{b, rand.New(rand.NewPCG(seed, 9))}
}

// below is a number under n.
func (s *tape) below(n int) int {
	if len(s.bytes) == 0 {
		return s.rest.IntN(n)
	}
	c := s.bytes[0]
	s.bytes = s.bytes[1:]
	return int(c) % n
}

func (s *tape) one(choices ...string) string { return choices[s.below(len(choices))] }

func (s *tape) text() string {
	return s.one("", "a", "item.update", "usr-7", "acme", "globex", "success", "denied", "a\x00b", "a\xffb", "a\xed\xa0\x80b", "\uFFFD", "[REDACTED]",
		"enc:v1:x", `\u0000`, poison.Injection, `{"a":1,"a":2}`, `{"action":"x","actor":{"id":"u"}}`, `{"audit":{"action":"a"`, `["x"]`, "9007199254740993", "NaN",
		"-0", "1e400", "0123456789abcdef0123456789abcdef", "203.0.113.9", strings.Repeat("é", 200), strings.Repeat("k", 600), poison.Incompressible(4096), "\u2028", "😀")
}

func (s *tape) name() string {
	return s.one("a", "b", "", "x.y", "a\x00b", "k\xff", "enc:k", "action", "actioN", "audit", "type", "id", "n", "ünï", "a..b", ".", "$ref", "constructor", strings.Repeat("n", 300))
}

// field is the name of an audit attribute, of ours or of nobody's.
func (s *tape) field() string {
	return s.one("action", "actioN", "outcome", "actor", "actor.id", "actor.type", "target", "target.id", "target.type", "tenant.id", "tenantId", "reason", "changes",
		"changes.before", "changes.before.a", "changes.after", "changes.patch", "payload", "payload.a", "payload.a.b", "context", "context.ip", "context.tenantId",
		"context.traceId", "context.request_id", "record.id", "idempotency.key", "correlation.id", "causation.id", "kind", "status", "version", "signature",
		"hash", "integrity.hash", "sequence.no", "source.id", "origin.mac", "canonical", "flags", "original", "mark", "attributes", "producer", "source",
		"quarantine.reason", "quarantine.sha256", "quarantine.tenant", "quarantine.detail", "schema.version", "unknown", "unknown.deep", "actor_id", "actorId",
		"target_id", "x\x00y", "", "actor.tools")
}

func (s *tape) value(v pcommon.Value, depth int) {
	kinds := 10
	if depth <= 0 {
		kinds = 7
	}
	switch s.below(kinds) {
	case 0:
		v.SetBool(s.below(2) == 0)
	case 1:
		v.SetInt([]int64{0, 1, -1, math.MaxInt64, math.MinInt64, 1 << 53, 1<<53 - 1, 7}[s.below(8)])
	case 2:
		v.SetDouble([]float64{0, math.Copysign(0, -1), 1.5, math.NaN(), math.Inf(1), math.Inf(-1), 1e21, 1e-7, math.MaxFloat64, 5e-324, 1 << 53}[s.below(11)])
	case 3:
		v.SetEmptyBytes().FromRaw([]byte(s.text()))
	case 4: // no value at all
	case 5, 6:
		v.SetStr(s.text())
	case 7:
		list := v.SetEmptySlice()
		for range s.below(4) {
			s.value(list.AppendEmpty(), depth-1)
		}
	default:
		s.members(v.SetEmptyMap(), depth-1)
	}
}

func (s *tape) members(m pcommon.Map, depth int) {
	for range s.below(5) {
		s.value(m.PutEmpty(s.name()), depth)
	}
	if s.below(6) == 0 {
		s.plant(m.PutEmpty(s.one("password", "user.password", "API_KEY", "Set-Cookie", "accessToken", "cvv")))
	}
}

// plant puts a secret somewhere below a listed name.
func (s *tape) plant(v pcommon.Value) {
	switch s.below(4) {
	case 0:
		v.SetEmptyMap().PutStr("inner", planted)
	case 1:
		v.SetEmptySlice().AppendEmpty().SetStr(planted)
	case 2:
		v.SetEmptyBytes().FromRaw([]byte(planted))
	default:
		v.SetStr(planted)
	}
}

func (s *tape) time() pcommon.Timestamp {
	return []pcommon.Timestamp{0, 1, 1_700_000_000_123_456_789, math.MaxInt64 - 1, math.MaxInt64, math.MaxInt64 + 1, math.MaxUint64, 999}[s.below(8)]
}

// good begins with what would be an event, so that what is mixed in meets a
// record that could be stored.
func (s *tape) good(m pcommon.Map, prefix string) {
	m.PutStr(prefix+"action", "item.update")
	m.PutStr(prefix+"outcome", "success")
	m.PutStr(prefix+"tenantId", s.one("acme", "globex"))
	if prefix == "" {
		m.PutEmptyMap("actor").PutStr("id", "usr-7")
		m.PutEmptyMap("target").PutStr("id", fmt.Sprint("t-", s.below(4)))
		return
	}
	m.PutStr(prefix+"actor.id", "usr-7")
	m.PutStr(prefix+"target.id", fmt.Sprint("t-", s.below(4)))
}

// record fills one log record: audit in one shape or several, or none.
func (s *tape) record(lr plog.LogRecord) {
	lr.SetTimestamp(s.time())
	lr.SetObservedTimestamp(s.time())
	if s.below(3) > 0 {
		lr.SetTimestamp(1_700_000_000_123_456_789)
		lr.SetObservedTimestamp(0)
	}
	attrs := lr.Attributes()
	switch s.below(7) {
	case 0:
		s.value(lr.Body(), 3)
	case 1:
		s.good(attrs, "audit.")
	case 2:
		audit := attrs.PutEmptyMap("audit")
		s.good(audit, "")
		s.members(audit, 3)
	case 3:
		attrs.PutStr("audit", `{"action":"a","actor":{"id":"u"},"tenantId":"acme","payload":`+s.one("1e400", "null", `{"a":"\ud800"}`, "[1,2", `"x"`, "9007199254740993")+`}`)
	case 4:
		audit := lr.Body().SetEmptyMap().PutEmptyMap("audit")
		s.good(audit, "")
		s.members(audit, 3)
	case 5:
		lr.Body().SetStr(`{"audit":{"action":"a","actor":{"id":"u"},"tenantId":"acme","reason":"` + s.one("x", `\u0000`, `\ud83d`) + `"}}`)
	default:
		lr.SetEventName("audit.item")
		s.good(lr.Body().SetEmptyMap(), "")
	}
	for range s.below(4) {
		s.value(attrs.PutEmpty("audit."+s.field()), 4)
	}
	s.members(attrs, 3)
	s.around(lr)
}

func (s *tape) around(lr plog.LogRecord) {
	if s.below(4) == 0 {
		lr.SetSeverityNumber([]plog.SeverityNumber{0, 9, -1, math.MaxInt32, math.MinInt32, 1 << 15, 1<<15 - 1}[s.below(7)])
		lr.SetSeverityText(s.text())
	}
	if s.below(6) == 0 {
		lr.SetEventName(s.text())
	}
	if s.below(4) == 0 {
		lr.SetTraceID(pcommon.TraceID{1, 2, 3})
		lr.SetSpanID(pcommon.SpanID{4})
		lr.SetFlags(plog.LogRecordFlags(math.MaxUint32))
		lr.SetDroppedAttributesCount(7)
	}
	if s.below(30) == 0 {
		poison.Nest(lr.Attributes().PutEmpty("audit.payload.deep"), 30+s.below(200))
	}
}

// logs makes a request.
func (s *tape) logs() plog.Logs {
	logs := plog.NewLogs()
	for range s.below(4) {
		rl := logs.ResourceLogs().AppendEmpty()
		rl.SetSchemaUrl(s.one("", "https://example.com/1", "a\x00\xff"))
		s.members(rl.Resource().Attributes(), 2)
		if s.below(4) == 0 {
			rl.Resource().Attributes().PutStr("tenant.id", s.text())
		}
		for range s.below(3) {
			sl := rl.ScopeLogs().AppendEmpty()
			sl.Scope().SetName(s.text())
			sl.Scope().SetVersion(s.one("", "1", "\x00"))
			s.members(sl.Scope().Attributes(), 2)
			for range s.below(5) {
				s.record(sl.LogRecords().AppendEmpty())
			}
		}
	}
	return logs
}
