package record

import "strconv"

// selection says which members of the canonical object a hash covers.
type selection uint32

const (
	memberAction selection = 1 << iota
	memberActor
	memberAttributes
	memberBody
	memberCausationID
	memberChanges
	memberContext
	memberCorrelationID
	memberEventID
	memberEventName
	memberFlags
	memberIdempotencyKey
	memberObservedTime
	memberOriginal
	memberOutcome
	memberPayload
	memberProducer
	memberReason
	memberSchemaVersion
	memberSeverity
	memberSeverityText
	memberSource
	memberSpanID
	memberTarget
	memberTenantID
	memberTime
	memberTraceID
	memberVersion

	allMembers = memberVersion<<1 - 1

	// What happened, without how and when it was delivered: a retry by the
	// application comes later, in another span, perhaps from another pod.
	fingerprintMembers = memberTenantID | memberAction | memberOutcome | memberActor | memberTarget |
		memberReason | memberChanges | memberCorrelationID | memberCausationID | memberPayload

	// What the sender said, without what differs between a signing and a plain
	// sender or between two collectors on the way.
	identityMembers = allMembers &^ (memberEventID | memberProducer | memberFlags | memberOriginal | memberObservedTime)
)

// AppendCanonical appends the canonical bytes of the record, the ones under the
// leaf hash: a JSON object in the form of RFC 8785 whose member names are fixed
// and whose absent members are left out. Times are decimal strings of
// nanoseconds, because a double cannot hold them.
func (r *Record) AppendCanonical(dst []byte) []byte { return r.appendMembers(dst, allMembers) }

// appendMembers writes the selected members in the order RFC 8785 wants.
func (r *Record) appendMembers(dst []byte, sel selection) []byte {
	dst = append(dst, '{')
	if sel&memberAction != 0 {
		dst = appendTextMember(dst, `"action":`, r.Action)
	}
	if sel&memberActor != 0 {
		dst = appendValueMember(dst, `"actor":`, &r.Actor)
	}
	if sel&memberAttributes != 0 {
		dst = appendValueMember(dst, `"attributes":`, &r.Attributes)
	}
	if sel&memberBody != 0 {
		dst = appendValueMember(dst, `"body":`, &r.Body)
	}
	if sel&memberCausationID != 0 {
		dst = appendTextMember(dst, `"causation_id":`, r.CausationID)
	}
	if sel&memberChanges != 0 {
		dst = appendValueMember(dst, `"changes":`, &r.Changes)
	}
	if sel&memberContext != 0 {
		dst = appendValueMember(dst, `"context":`, &r.Context)
	}
	if sel&memberCorrelationID != 0 {
		dst = appendTextMember(dst, `"correlation_id":`, r.CorrelationID)
	}
	if sel&memberEventID != 0 {
		dst = appendTextMember(dst, `"event_id":`, r.EventID)
	}
	if sel&memberEventName != 0 {
		dst = appendTextMember(dst, `"event_name":`, r.EventName)
	}
	if sel&memberFlags != 0 && len(r.Flags) > 0 {
		dst = appendFlagsMember(dst, r.Flags)
	}
	if sel&memberIdempotencyKey != 0 {
		dst = appendTextMember(dst, `"idempotency_key":`, r.IdempotencyKey)
	}
	if sel&memberObservedTime != 0 {
		dst = appendTimeMember(dst, `"observed_time_unix_nano":"`, r.ObservedTimeUnixNano)
	}
	if sel&memberOriginal != 0 {
		dst = appendValueMember(dst, `"original":`, &r.Original)
	}
	if sel&memberOutcome != 0 {
		dst = appendTextMember(dst, `"outcome":`, r.Outcome)
	}
	if sel&memberPayload != 0 {
		dst = appendValueMember(dst, `"payload":`, &r.Payload)
	}
	if sel&memberProducer != 0 {
		dst = appendValueMember(dst, `"producer":`, &r.Producer)
	}
	if sel&memberReason != 0 {
		dst = appendTextMember(dst, `"reason":`, r.Reason)
	}
	if sel&memberSchemaVersion != 0 {
		dst = appendTextMember(dst, `"schema_version":`, r.SchemaVersion)
	}
	if sel&memberSeverity != 0 && r.Severity != 0 {
		dst = appendNumberMember(dst, `"severity":`, r.Severity)
	}
	if sel&memberSeverityText != 0 {
		dst = appendTextMember(dst, `"severity_text":`, r.SeverityText)
	}
	if sel&memberSource != 0 {
		dst = appendValueMember(dst, `"source":`, &r.Source)
	}
	if sel&memberSpanID != 0 {
		dst = appendTextMember(dst, `"span_id":`, r.SpanID)
	}
	if sel&memberTarget != 0 {
		dst = appendValueMember(dst, `"target":`, &r.Target)
	}
	if sel&memberTenantID != 0 {
		dst = appendTextMember(dst, `"tenant_id":`, r.TenantID)
	}
	if sel&memberTime != 0 {
		dst = appendTimeMember(dst, `"time_unix_nano":"`, r.TimeUnixNano)
	}
	if sel&memberTraceID != 0 {
		dst = appendTextMember(dst, `"trace_id":`, r.TraceID)
	}
	if sel&memberVersion != 0 {
		dst = appendNumberMember(dst, `"v":`, Version)
	}
	return closeMembers(dst)
}

// The writers below end each member with a comma; the last comma becomes the
// closing brace.

func closeMembers(dst []byte) []byte {
	if last := len(dst) - 1; dst[last] == ',' {
		dst[last] = '}'
		return dst
	}
	return append(dst, '}')
}

func appendTextMember(dst []byte, name, text string) []byte {
	if text == "" {
		return dst
	}
	dst = append(dst, name...)
	dst = appendString(dst, text)
	return append(dst, ',')
}

func appendValueMember(dst []byte, name string, v *Value) []byte {
	if v.kind == Absent {
		return dst
	}
	dst = append(dst, name...)
	dst = appendValue(dst, v)
	return append(dst, ',')
}

func appendTimeMember(dst []byte, nameAndQuote string, nano int64) []byte {
	if nano == 0 {
		return dst
	}
	dst = append(dst, nameAndQuote...)
	dst = strconv.AppendInt(dst, nano, 10)
	return append(dst, '"', ',')
}

func appendNumberMember(dst []byte, name string, n int) []byte {
	dst = append(dst, name...)
	dst = strconv.AppendInt(dst, int64(n), 10)
	return append(dst, ',')
}

func appendFlagsMember(dst []byte, flags []string) []byte {
	dst = append(dst, `"flags":[`...)
	for i, flag := range flags {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, flag)
	}
	return append(dst, ']', ',')
}
