package otlpmap

import (
	"encoding/hex"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/record"
)

// Encode writes the record into the log record in canonical form, in place of
// its attributes, body, times, ids, severity and event name. Resource and scope
// stay as they are; what the record says of them is in audit.source.
func Encode(r *record.Record, lr plog.LogRecord) {
	attrs := lr.Attributes()
	attrs.RemoveIf(func(string, pcommon.Value) bool { return true })
	size := 14 + r.Actor.Len() + r.Target.Len() + r.Context.Len() + r.Changes.Len() + r.Attributes.Len()
	w := writer{attrs: attrs}
	if size > bulkMembers {
		w.bulk = make([]record.Member, 0, size)
	} else {
		attrs.EnsureCapacity(size)
	}
	w.record(r)
	if w.bulk != nil {
		putBulk(attrs, w.bulk)
	}

	PutValue(lr.Body(), r.Body)
	lr.SetTimestamp(pcommon.Timestamp(r.TimeUnixNano))                 //nolint:gosec // not negative in a record
	lr.SetObservedTimestamp(pcommon.Timestamp(r.ObservedTimeUnixNano)) //nolint:gosec // not negative in a record
	lr.SetEventName(r.EventName)
	lr.SetSeverityNumber(plog.SeverityNumber(r.Severity)) //nolint:gosec // came from an int32
	lr.SetSeverityText(r.SeverityText)
	var trace pcommon.TraceID
	if n, err := hex.Decode(trace[:], []byte(r.TraceID[:min(len(r.TraceID), 32)])); err != nil || n != len(trace) {
		trace = pcommon.NewTraceIDEmpty()
	}
	lr.SetTraceID(trace)
	var span pcommon.SpanID
	if n, err := hex.Decode(span[:], []byte(r.SpanID[:min(len(r.SpanID), 16)])); err != nil || n != len(span) {
		span = pcommon.NewSpanIDEmpty()
	}
	lr.SetSpanID(span)
}

// writer writes attributes, one by one or all at the end.
type writer struct {
	attrs pcommon.Map
	bulk  []record.Member // not nil if they are collected
}

func (w *writer) record(r *record.Record) {
	w.value(AttrCanonical, record.NumberValue(canonicalVersion))
	w.text(AttrTenantID, r.TenantID)
	w.text(AttrEventID, r.EventID)
	w.text(AttrAction, r.Action)
	w.text(AttrOutcome, r.Outcome)
	w.members(AttrActor, r.Actor)
	w.members(AttrTarget, r.Target)
	w.text(AttrReason, r.Reason)
	w.members(AttrChanges, r.Changes)
	w.text(AttrCorrelationID, r.CorrelationID)
	w.text(AttrCausationID, r.CausationID)
	w.text(AttrIdempotencyKey, r.IdempotencyKey)
	w.members(AttrContext, r.Context)
	w.value(AttrPayload, r.Payload)
	w.text(AttrSchemaVersion, r.SchemaVersion)
	if len(r.Flags) > 0 {
		flags := make([]record.Value, len(r.Flags))
		for i, flag := range r.Flags {
			flags[i] = record.StringValue(flag)
		}
		w.value(AttrFlags, record.ArrayValue(flags))
	}
	w.value(AttrOriginal, r.Original)
	w.value(AttrProducer, r.Producer)
	w.value(AttrSource, r.Source)
	w.others(r.Attributes)
}

func (w *writer) text(name, text string) {
	switch {
	case text == "":
	case w.bulk != nil:
		w.bulk = append(w.bulk, record.Member{Name: name, Value: record.StringValue(text)})
	default:
		w.attrs.PutStr(name, text)
	}
}

func (w *writer) value(name string, v record.Value) {
	switch {
	case v.IsAbsent():
	case w.bulk != nil:
		w.bulk = append(w.bulk, record.Member{Name: name, Value: v})
	default:
		put(w.attrs, name, v)
	}
}

// members writes an object as one attribute per member. What no name behind
// the prefix can say stays in a map under the name itself.
func (w *writer) members(name string, v record.Value) {
	if v.Kind() != record.Object {
		w.value(name, v)
		return
	}
	var inMap []record.Member
	for _, m := range v.Members() {
		if behindPrefix(m.Name) {
			w.value(memberAttribute(name, m.Name), m.Value)
		} else {
			inMap = append(inMap, m)
		}
	}
	if len(inMap) > 0 || v.Len() == 0 {
		w.object(name, inMap)
	}
}

// object writes a map of members that are sorted and differ.
func (w *writer) object(name string, members []record.Member) {
	v, _, _ := record.ObjectValue(members)
	w.value(name, v)
}

func behindPrefix(member string) bool { return member != "" && strings.IndexByte(member, '.') < 0 }

// memberAttribute joins the usual names without allocating.
func memberAttribute(object, member string) string {
	switch object {
	case AttrActor:
		switch member {
		case "type":
			return "audit.actor.type"
		case "id":
			return "audit.actor.id"
		case "email":
			return "audit.actor.email"
		case "display_name":
			return "audit.actor.display_name"
		}
	case AttrTarget:
		switch member {
		case "type":
			return "audit.target.type"
		case "id":
			return "audit.target.id"
		}
	case AttrContext:
		switch member {
		case "request_id":
			return "audit.context.request_id"
		case "ip":
			return "audit.context.ip"
		case "user_agent":
			return "audit.context.user_agent"
		case "session_id":
			return "audit.context.session_id"
		}
	case AttrChanges:
		switch member {
		case "before":
			return "audit.changes.before"
		case "after":
			return "audit.changes.after"
		case "patch":
			return "audit.changes.patch"
		}
	}
	return object + "." + member
}

// others writes the other attributes under their own names, but for those that
// would be read as something else.
func (w *writer) others(v record.Value) {
	var inMap []record.Member
	for _, m := range v.Members() {
		if reserved(m.Name) {
			inMap = append(inMap, m)
		} else {
			w.value(m.Name, m.Value)
		}
	}
	if len(inMap) > 0 || v.Kind() == record.Object && v.Len() == 0 {
		w.object(AttrAttributes, inMap)
	}
}
