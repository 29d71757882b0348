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
	attrs.EnsureCapacity(14 + r.Actor.Len() + r.Target.Len() + r.Context.Len() + r.Changes.Len() + r.Attributes.Len())

	attrs.PutInt(AttrCanonical, canonicalVersion)
	putText(attrs, AttrTenantID, r.TenantID)
	putText(attrs, AttrEventID, r.EventID)
	putText(attrs, AttrAction, r.Action)
	putText(attrs, AttrOutcome, r.Outcome)
	putMembers(attrs, AttrActor, r.Actor)
	putMembers(attrs, AttrTarget, r.Target)
	putText(attrs, AttrReason, r.Reason)
	putMembers(attrs, AttrChanges, r.Changes)
	putText(attrs, AttrCorrelationID, r.CorrelationID)
	putText(attrs, AttrCausationID, r.CausationID)
	putText(attrs, AttrIdempotencyKey, r.IdempotencyKey)
	putMembers(attrs, AttrContext, r.Context)
	putPresent(attrs, AttrPayload, r.Payload)
	putText(attrs, AttrSchemaVersion, r.SchemaVersion)
	if len(r.Flags) > 0 {
		flags := attrs.PutEmptySlice(AttrFlags)
		flags.EnsureCapacity(len(r.Flags))
		for _, flag := range r.Flags {
			flags.AppendEmpty().SetStr(flag)
		}
	}
	putPresent(attrs, AttrOriginal, r.Original)
	putPresent(attrs, AttrProducer, r.Producer)
	putPresent(attrs, AttrSource, r.Source)
	putAttributes(attrs, r.Attributes)

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

func putText(attrs pcommon.Map, name, text string) {
	if text != "" {
		attrs.PutStr(name, text)
	}
}

func putPresent(attrs pcommon.Map, name string, v record.Value) {
	if !v.IsAbsent() {
		put(attrs, name, v)
	}
}

// putMembers writes an object as one attribute per member. What no name behind
// the prefix can say stays in a map under the name itself.
func putMembers(attrs pcommon.Map, name string, v record.Value) {
	if v.Kind() != record.Object {
		putPresent(attrs, name, v)
		return
	}
	inMap := 0
	for _, m := range v.Members() {
		if behindPrefix(m.Name) {
			put(attrs, memberAttribute(name, m.Name), m.Value)
		} else {
			inMap++
		}
	}
	if inMap == 0 && v.Len() > 0 {
		return
	}
	rest := attrs.PutEmptyMap(name)
	rest.EnsureCapacity(inMap)
	for _, m := range v.Members() {
		if !behindPrefix(m.Name) {
			put(rest, m.Name, m.Value)
		}
	}
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

// putAttributes writes the other attributes under their own names, but for
// those that would be read as something else.
func putAttributes(attrs pcommon.Map, v record.Value) {
	inMap := 0
	for _, m := range v.Members() {
		if reserved(m.Name) {
			inMap++
		} else {
			put(attrs, m.Name, m.Value)
		}
	}
	if inMap == 0 && (v.Kind() != record.Object || v.Len() > 0) {
		return
	}
	rest := attrs.PutEmptyMap(AttrAttributes)
	rest.EnsureCapacity(inMap)
	for _, m := range v.Members() {
		if reserved(m.Name) {
			put(rest, m.Name, m.Value)
		}
	}
}
