package stage

import "github.com/otelaudit/otelaudit/internal/record"

// Oversize reports whether the canonical bytes of a record are more than limit,
// and then how many they are. The bytes are only written where a cheap upper
// bound does not settle it.
func Oversize(rec *record.Record, limit int) (size int, over bool) {
	if boundOf(rec) <= limit {
		return 0, false
	}
	size = len(rec.AppendCanonical(nil))
	return size, size > limit
}

const (
	// maxEscaped is what one byte of text can become: U+0001 is written \u0001.
	maxEscaped = 6
	// punctuation is the quotes, the colon and the comma of one member.
	punctuation = 8
	// maxNumber is more than the longest number of RFC 8785.
	maxNumber = 32
	// fixedMembers is more than the names, numbers and ids of the record itself.
	fixedMembers = 1024
)

// boundOf is an upper bound of the canonical bytes.
func boundOf(rec *record.Record) int {
	n := fixedMembers
	for _, text := range [...]string{
		rec.TenantID, rec.EventID, rec.Action, rec.Outcome, rec.Reason, rec.CorrelationID, rec.CausationID, rec.IdempotencyKey,
		rec.TraceID, rec.SpanID, rec.EventName, rec.SeverityText, rec.SchemaVersion,
	} {
		n += maxEscaped * len(text)
	}
	for _, flag := range rec.Flags {
		n += maxEscaped*len(flag) + punctuation
	}
	for _, v := range [...]*record.Value{
		&rec.Actor, &rec.Target, &rec.Changes, &rec.Context, &rec.Payload, &rec.Original,
		&rec.Producer, &rec.Source, &rec.Attributes, &rec.Body,
	} {
		n += valueBound(v)
	}
	return n
}

func valueBound(v *record.Value) int {
	n := maxNumber + maxEscaped*len(v.Text())
	kids := v.Members()
	for i := range kids {
		n += maxEscaped*len(kids[i].Name) + punctuation + valueBound(&kids[i].Value)
	}
	return n
}
