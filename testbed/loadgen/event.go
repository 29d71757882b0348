// Package loadgen makes audit events as applications send them, in every shape,
// mixed with ordinary logs, sends them, and keeps a ledger of what was sent and
// what was acknowledged: the other side of the reckoning that package reconcile
// makes with the database.
package loadgen

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// Shape is a way in which applications put audit data on a log record.
type Shape string

// The shapes of docs/record.md.
const (
	Flat     Shape = "flat"
	Nested   Shape = "nested"
	JSONText Shape = "json_text"
	Compact  Shape = "evlog_compact"
	BodyMap  Shape = "body_map"
	BodyText Shape = "body_text"
	Draft    Shape = "draft_signal"
	Words    Shape = "venturekit_words"
	ByName   Shape = "event_name"
)

// Shapes lists all of them.
func Shapes() []Shape {
	return []Shape{Flat, Nested, JSONText, Compact, BodyMap, BodyText, Draft, Words, ByName}
}

// Event is one audit event to be sent. Marker is unique per event and becomes
// the target's id, which every shape carries.
type Event struct {
	Marker  string
	Tenant  string
	Shape   Shape
	Outcome string
	Time    time.Time // when it happened
	Filler  string    // text in the payload, for its size
	ID      string    // the sender's record id, "" to have it derived
}

// Put writes the event into a log record.
func (e Event) Put(lr plog.LogRecord) {
	lr.SetTimestamp(pcommon.NewTimestampFromTime(e.Time))
	lr.SetObservedTimestamp(lr.Timestamp())
	lr.SetSeverityNumber(plog.SeverityNumberInfo)
	lr.SetSeverityText("INFO")
	attrs := lr.Attributes()
	if e.ID != "" {
		attrs.PutStr("audit.record.id", e.ID)
	}
	switch e.Shape {
	case Nested:
		e.fill(attrs.PutEmptyMap("audit"))
	case JSONText:
		attrs.PutStr("audit", e.json())
		lr.Body().SetStr(`{"level":"info","note":"wide","audit":` + e.json() + `}`)
	case Compact:
		attrs.PutStr("audit.action", "item.update")
		attrs.PutStr("audit.outcome", e.Outcome)
		attrs.PutStr("audit.actor.type", "agent")
		attrs.PutStr("audit.actor.id", "agent-7")
		attrs.PutStr("audit.actor.tools", `["search","read"]`)
		attrs.PutStr("audit.target.type", "item")
		attrs.PutStr("audit.target.id", e.Marker)
		attrs.PutStr("audit.context.tenantId", e.Tenant)
		attrs.PutStr("audit.changes.before.plan", "free")
		attrs.PutStr("audit.changes.after.plan", "pro")
		attrs.PutStr("audit.payload.filler", e.Filler)
		attrs.PutStr("durationMs", "129.5")
	case BodyMap:
		body := lr.Body().SetEmptyMap()
		e.fill(body.PutEmptyMap("audit"))
		body.PutStr("note", "kept")
	case BodyText:
		lr.Body().SetStr(`{"note":"kept","audit":` + e.json() + `}`)
	case Draft:
		lr.SetEventName("item.update")
		e.flat(attrs)
		attrs.PutStr("audit.source.id", "203.0.113.9")
		attrs.PutStr("audit.source.type", "ip")
		attrs.PutStr("audit.schema.version", "1.0")
		attrs.PutInt("audit.sequence.number", 7)
		attrs.PutStr("audit.integrity.hash", "abc")
	case Words:
		attrs.PutStr("audit.kind", "item.update")
		attrs.PutStr("audit.status", strings.ToUpper(e.Outcome))
		attrs.PutStr("audit.actor_type", "service")
		attrs.PutStr("audit.actor_id", "svc-7")
		attrs.PutStr("audit.target_type", "item")
		attrs.PutStr("audit.target_id", e.Marker)
		attrs.PutStr("audit.tenant_id", e.Tenant)
		attrs.PutStr("audit.payload", fmt.Sprintf(`{"filler":%q}`, e.Filler))
	case ByName:
		lr.SetEventName("audit.item")
		e.fill(lr.Body().SetEmptyMap())
		attrs.PutStr("tenant.id", e.Tenant)
	case Flat:
		e.flat(attrs)
	}
}

func (e Event) flat(attrs pcommon.Map) {
	attrs.PutStr("audit.action", "item.update")
	attrs.PutStr("audit.outcome", e.Outcome)
	attrs.PutStr("audit.actor.type", "user")
	attrs.PutStr("audit.actor.id", "usr-7")
	attrs.PutStr("audit.target.type", "item")
	attrs.PutStr("audit.target.id", e.Marker)
	attrs.PutStr("audit.tenant.id", e.Tenant)
	attrs.PutStr("audit.payload.filler", e.Filler)
}

func (e Event) fill(audit pcommon.Map) {
	audit.PutStr("action", "item.update")
	audit.PutStr("outcome", e.Outcome)
	actor := audit.PutEmptyMap("actor")
	actor.PutStr("type", "user")
	actor.PutStr("id", "usr-7")
	target := audit.PutEmptyMap("target")
	target.PutStr("type", "item")
	target.PutStr("id", e.Marker)
	audit.PutEmptyMap("context").PutStr("tenantId", e.Tenant)
	audit.PutEmptyMap("payload").PutStr("filler", e.Filler)
}

func (e Event) json() string {
	type object map[string]any
	b, err := json.Marshal(object{
		"action":  "item.update",
		"outcome": e.Outcome,
		"actor":   object{"type": "user", "id": "usr-7"},
		"target":  object{"type": "item", "id": e.Marker},
		"context": object{"tenantId": e.Tenant},
		"payload": object{"filler": e.Filler},
	})
	if err != nil {
		// Strings and maps of strings always encode.
		panic(err)
	}
	return string(b)
}

// Options say what a Generator makes.
type Options struct {
	Run           string    // part of every marker: tests share a database
	Seed          uint64    // the same seed and options give the same requests
	Start         time.Time // time of the first event; each next is a millisecond later
	Tenants       int       // at least 1
	Shapes        []Shape   // nil means all
	OrdinaryShare float64   // share of ordinary records added between the audit records
	RecordIDs     float64   // share of events that carry the sender's record id
	FillerBytes   int       // size of the payload's text
	TenantPrefix  string    // of the tenants' names; absent: Run
}

// Generator makes requests. It is not safe for concurrent use.
type Generator struct {
	options Options
	random  *rand.Rand
	next    int
}

// New makes a Generator.
func New(o Options) *Generator {
	if o.Shapes == nil {
		o.Shapes = Shapes()
	}
	o.Tenants = max(o.Tenants, 1)
	return &Generator{options: o, random: rand.New(rand.NewPCG(o.Seed, 1))}
}

// Tenant is the name of the i-th tenant.
func (o Options) Tenant(i int) string {
	return fmt.Sprintf("%s-t%03d", cmp.Or(o.TenantPrefix, o.Run), i)
}

// Event makes the next event.
func (g *Generator) Event() Event {
	o := g.options
	e := Event{
		Marker:  fmt.Sprintf("lg-%s-%07d", o.Run, g.next),
		Tenant:  o.Tenant(g.random.IntN(o.Tenants)),
		Shape:   o.Shapes[g.next%len(o.Shapes)],
		Outcome: []string{"success", "success", "failure", "denied"}[g.random.IntN(4)],
		Time:    o.Start.Add(time.Duration(g.next) * time.Millisecond),
		Filler:  g.filler(),
	}
	if g.random.Float64() < o.RecordIDs {
		e.ID = "id-" + e.Marker
	}
	g.next++
	return e
}

const letters = "abcdefghijklmnopqrstuvwxyz0123456789"

func (g *Generator) filler() string {
	b := make([]byte, g.options.FillerBytes)
	for i := range b {
		b[i] = letters[g.random.IntN(len(letters))]
	}
	return string(b)
}

// Request makes a request of n audit events, ordinary records between them,
// spread over several resources and scopes.
func (g *Generator) Request(n int) (plog.Logs, []Event) {
	events := make([]Event, n)
	for i := range events {
		events[i] = g.Event()
	}
	return g.Pack(events), events
}

// Pack puts events into a request.
func (g *Generator) Pack(events []Event) plog.Logs {
	logs := plog.NewLogs()
	// Three resources of two scopes each, as a collector of several services
	// would send them; small requests have one.
	var scopes []plog.ScopeLogs
	resources := 1
	if len(events) > 10 {
		resources = 3
	}
	for r := range resources {
		rl := logs.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("service.name", fmt.Sprintf("app-%d", r))
		rl.Resource().Attributes().PutStr("service.version", "1.2.3")
		rl.Resource().Attributes().PutStr("deployment.environment.name", "test")
		for s := range resources - resources/3 {
			sl := rl.ScopeLogs().AppendEmpty()
			sl.Scope().SetName(fmt.Sprintf("scope-%d", s))
			scopes = append(scopes, sl)
		}
	}
	for i, e := range events {
		sl := scopes[i%len(scopes)]
		if g.random.Float64() < g.options.OrdinaryShare {
			Ordinary(sl.LogRecords().AppendEmpty(), fmt.Sprintf("ordinary-%s-%d", g.options.Run, g.random.Uint32()), e.Time)
		}
		e.Put(sl.LogRecords().AppendEmpty())
	}
	return logs
}

// Ordinary fills a log record that is not audit, though it looks a little like
// it. It has a trace id, by which samplers decide.
func Ordinary(lr plog.LogRecord, marker string, at time.Time) {
	lr.SetTimestamp(pcommon.NewTimestampFromTime(at))
	lr.SetSeverityNumber(plog.SeverityNumberInfo)
	lr.Body().SetStr("the auditor opened the audit page " + marker)
	lr.Attributes().PutStr("auditor", "nobody")
	lr.Attributes().PutStr("user.audit", "true")
	lr.Attributes().PutStr("http.request.method", "GET")
	lr.Attributes().PutInt("http.response.status_code", 200)
	lr.Attributes().PutStr("marker", marker)
	trace := sha256.Sum256([]byte(marker))
	lr.SetTraceID(pcommon.TraceID(trace[:16]))
}
