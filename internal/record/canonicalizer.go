package record

import "crypto/sha256"

// Canonicalizer writes the canonical bytes of one record after the other, and
// keeps of each where its members stand: what else is made of a record, its
// fingerprint and the JSON of its columns, is then a copy of bytes that are there
// already. The zero Canonicalizer is ready. It is not safe for concurrent use.
type Canonicalizer struct {
	buf    []byte // 0x00, which begins what a leaf hash is over, and the canonical bytes
	values [valueCount]span
	// happened is what a fingerprint covers.
	happened [fingerprintRuns]span
	scratch  []byte
}

// span is a part of the canonical bytes; the empty one is an absent member.
type span struct{ start, end int }

// MemberName names a member of the record that is JSON.
type MemberName uint8

// The members that Canonicalizer.JSON knows.
const (
	MemberActor MemberName = iota
	MemberAttributes
	MemberBody
	MemberChanges
	MemberContext
	MemberOriginal
	MemberPayload
	MemberProducer
	MemberSource
	MemberTarget

	valueCount
)

// fingerprintRuns is how many pieces of the canonical bytes hold the members of a
// fingerprint.
const fingerprintRuns = 6

// Write takes the next record. What the other methods return is about this one
// and, where it is a slice, valid until the next call.
func (c *Canonicalizer) Write(r *Record) {
	dst := c.buf[:0]
	dst = append(dst, 0, '{')
	from := len(dst)
	dst = appendTextMember(dst, `"action":`, r.Action)
	dst = c.value(dst, MemberActor, `"actor":`, &r.Actor)
	c.happened[0] = span{from, len(dst)}
	dst = c.value(dst, MemberAttributes, `"attributes":`, &r.Attributes)
	dst = c.value(dst, MemberBody, `"body":`, &r.Body)
	from = len(dst)
	dst = appendTextMember(dst, `"causation_id":`, r.CausationID)
	dst = c.value(dst, MemberChanges, `"changes":`, &r.Changes)
	c.happened[1] = span{from, len(dst)}
	dst = c.value(dst, MemberContext, `"context":`, &r.Context)
	from = len(dst)
	dst = appendTextMember(dst, `"correlation_id":`, r.CorrelationID)
	c.happened[2] = span{from, len(dst)}
	dst = appendTextMember(dst, `"event_id":`, r.EventID)
	dst = appendTextMember(dst, `"event_name":`, r.EventName)
	if len(r.Flags) > 0 {
		dst = appendFlagsMember(dst, r.Flags)
	}
	dst = appendTextMember(dst, `"idempotency_key":`, r.IdempotencyKey)
	dst = appendTimeMember(dst, `"observed_time_unix_nano":"`, r.ObservedTimeUnixNano)
	dst = c.value(dst, MemberOriginal, `"original":`, &r.Original)
	from = len(dst)
	dst = appendTextMember(dst, `"outcome":`, r.Outcome)
	dst = c.value(dst, MemberPayload, `"payload":`, &r.Payload)
	c.happened[3] = span{from, len(dst)}
	dst = c.value(dst, MemberProducer, `"producer":`, &r.Producer)
	from = len(dst)
	dst = appendTextMember(dst, `"reason":`, r.Reason)
	c.happened[4] = span{from, len(dst)}
	dst = appendTextMember(dst, `"schema_version":`, r.SchemaVersion)
	if r.Severity != 0 {
		dst = appendNumberMember(dst, `"severity":`, r.Severity)
	}
	dst = appendTextMember(dst, `"severity_text":`, r.SeverityText)
	dst = c.value(dst, MemberSource, `"source":`, &r.Source)
	dst = appendTextMember(dst, `"span_id":`, r.SpanID)
	from = len(dst)
	dst = c.value(dst, MemberTarget, `"target":`, &r.Target)
	dst = appendTextMember(dst, `"tenant_id":`, r.TenantID)
	c.happened[5] = span{from, len(dst)}
	dst = appendTimeMember(dst, `"time_unix_nano":"`, r.TimeUnixNano)
	dst = appendTextMember(dst, `"trace_id":`, r.TraceID)
	c.buf = closeMembers(appendNumberMember(dst, `"v":`, Version))
}

// value writes a member that is JSON and keeps where its value stands.
func (c *Canonicalizer) value(dst []byte, m MemberName, name string, v *Value) []byte {
	if v.kind == Absent {
		c.values[m] = span{}
		return dst
	}
	dst = append(dst, name...)
	start := len(dst)
	dst = appendValue(dst, v)
	c.values[m] = span{start, len(dst)}
	return append(dst, ',')
}

// Len is the length of the canonical bytes.
func (c *Canonicalizer) Len() int { return len(c.buf) - 1 }

// Bytes returns what Record.AppendCanonical appends.
func (c *Canonicalizer) Bytes() []byte { return c.buf[1:] }

// Leaf returns what Record.Leaf returns.
func (c *Canonicalizer) Leaf() [32]byte { return sha256.Sum256(c.buf) }

// Fingerprint returns what Record.Fingerprint returns.
func (c *Canonicalizer) Fingerprint() [32]byte {
	dst := c.scratch[:0]
	dst = append(dst, '{')
	for _, run := range c.happened {
		dst = append(dst, c.buf[run.start:run.end]...)
	}
	c.scratch = closeMembers(dst)
	return sha256.Sum256(c.scratch)
}

// JSON returns a member's value as Value.AppendJSON appends it, nil where it is
// absent.
func (c *Canonicalizer) JSON(m MemberName) []byte {
	at := c.values[m]
	if at == (span{}) {
		return nil
	}
	return c.buf[at.start:at.end:at.end]
}
