package auditexporter

import (
	"fmt"
	"slices"
	"sync"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/otlpmap"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
)

// request is one call's records, made ready to be written.
type request struct {
	audit, skipped int
	size           int64   // bytes that wait
	parts          []*part // of events
	quarantine     []*part // of what cannot become an event
}

// origin is where a log record stands; it is only followed while the caller
// waits.
type origin struct {
	resource pcommon.Resource
	scope    pcommon.InstrumentationScope
	record   plog.LogRecord
}

// encoders keeps the buffers of callers that come and go.
var encoders = sync.Pool{New: func() any { return &store.Encoder{} }}

// take decodes and encodes everything before any lock is taken, in the caller's
// goroutine.
func (e *auditExporter) take(logs plog.Logs) *request {
	encoder := encoders.Get().(*store.Encoder)
	defer encoders.Put(encoder)
	in := intake{exporter: e, encoder: encoder, request: &request{}}
	for _, rl := range logs.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			in.from = e.decoder.From(rl.Resource(), sl.Scope())
			for _, lr := range sl.LogRecords().All() {
				if !otlpmap.IsAudit(lr) {
					in.request.skipped++
					continue
				}
				in.request.audit++
				in.add(origin{resource: rl.Resource(), scope: sl.Scope(), record: lr})
			}
		}
	}
	return in.request
}

// countAudit is how many records of a request claim to be audit.
func countAudit(logs plog.Logs) (records int) {
	for _, rl := range logs.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				if otlpmap.IsAudit(lr) {
					records++
				}
			}
		}
	}
	return records
}

// intake fills a request.
type intake struct {
	exporter *auditExporter
	encoder  *store.Encoder
	request  *request
	// from decodes the records of the scope at hand, each into the memory of the
	// one before: an event keeps nothing of its record.
	from *otlpmap.From

	// The part that takes the next event of the last tenant.
	tenant string
	shard  int
}

func (in *intake) add(from origin) {
	decoded := in.from.Decode(from.record, true)
	if decoded.Mark != nil {
		in.quarantine(from.marked(decoded.Mark))
		return
	}
	rec, problem := decoded.Record, decoded.Problem
	if problem == nil && !decoded.Canonical {
		problem = decoded.Settle(in.exporter.now())
	}
	if problem != nil {
		in.quarantine(from.quarantined(rec, problem.Reason, "", problem.Detail))
		return
	}
	event, err := in.encoder.Encode(rec, decoded.MAC)
	if err != nil {
		in.quarantine(from.quarantined(rec, record.ReasonMalformed, "", err.Error()))
		return
	}
	if n := in.encoder.CanonicalBytes(); !decoded.Canonical && n > record.DefaultMaxRecordBytes {
		in.quarantine(from.quarantined(rec, record.ReasonTooLarge, "",
			fmt.Sprintf("the record has %d bytes, at most %d are allowed", n, record.DefaultMaxRecordBytes)))
		return
	}
	part := in.partFor(&event)
	part.add(event, from, in.exporter.counts.label(rec.Outcome, rec.Action))
	in.request.size += int64(event.Size())
}

// partFor returns the part that takes an event: one shard's, with room for it.
func (in *intake) partFor(event *store.Event) *part {
	if in.tenant != event.TenantID {
		in.tenant = event.TenantID
		in.shard = int(store.LockKey(event.TenantID)) % in.exporter.cfg.Workers
	}
	batch := in.exporter.cfg.Batch
	for _, p := range slices.Backward(in.request.parts) {
		if p.shard != in.shard {
			continue
		}
		if p.takes(event.Size(), batch) {
			return p
		}
		break
	}
	p := newPart(in.shard, in.exporter.now())
	in.request.parts = append(in.request.parts, p)
	return p
}

func (in *intake) quarantine(q store.Quarantined) {
	in.request.size += int64(q.Size())
	in.request.quarantine = in.exporter.appendQuarantined(in.request.quarantine, q)
}

// appendQuarantined puts an entry into the last part, or into a new one if that
// is full. The parts are spread over the shards.
func (e *auditExporter) appendQuarantined(parts []*part, q store.Quarantined) []*part {
	if n := len(parts); n == 0 || !parts[n-1].takes(q.Size(), e.cfg.Batch) {
		parts = append(parts, newPart(int(q.SHA256[0])%len(e.shards), e.now()))
	}
	parts[len(parts)-1].addQuarantined(q)
	return parts
}

// divert appends a part's conflicts and rejected events to parts of the
// quarantine. They are the second of their identity, or what PostgreSQL refuses
// to store.
func (e *auditExporter) divert(quarantine []*part, p *part) []*part {
	for i := range p.outcomes {
		from, event := p.origins[i], &p.events[i]
		rec := &record.Record{TenantID: event.TenantID, EventID: event.EventID}
		if v, ok := from.record.Attributes().Get(otlpmap.AttrAction); ok {
			rec.Action = v.AsString()
		}
		switch p.outcomes[i].Status {
		case store.Conflict:
			quarantine = e.appendQuarantined(quarantine, from.quarantined(rec, record.ReasonIdentityConflict, "",
				"another event with this record id or idempotency key is stored and says something else; the first one stays"))
		case store.Rejected:
			state := p.outcomes[i].SQLState
			quarantine = e.appendQuarantined(quarantine, from.quarantined(rec, record.ReasonDatabase, state, store.ExplainRejection(state)))
		case store.Pending, store.Stored, store.Duplicate, store.Refused:
		}
	}
	return quarantine
}

// marked is a record that a processor sent to quarantine.
func (o origin) marked(mark *otlpmap.QuarantineMark) store.Quarantined {
	q := o.quarantined(&record.Record{TenantID: mark.TenantID}, mark.Reason, "", mark.Detail)
	if mark.SHA256 != ([32]byte{}) {
		q.SHA256 = mark.SHA256
	}
	return q
}

func (o origin) quarantined(rec *record.Record, reason, sqlState, detail string) store.Quarantined {
	q := store.Quarantined{
		Reason: reason, SQLState: sqlState, Detail: detail, Encoding: "protobuf",
		SHA256: otlpmap.Digest(o.resource, o.scope, o.record),
	}
	if rec != nil {
		q.TenantID, q.EventID, q.Action = rec.TenantID, rec.EventID, rec.Action
	}
	if otlp, err := otlpmap.MarshalOne(o.resource, o.scope, o.record); err == nil {
		q.OTLP = otlp
	}
	return q
}
