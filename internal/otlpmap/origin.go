package otlpmap

import (
	"encoding/hex"
	"fmt"
	"math"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/record"
)

// From is where log records come from: one resource and scope. What they say is
// read once, when the first record asks for it, so they must not change in the
// meantime. It is not safe for concurrent use, and decodes each record into the
// memory of the one before.
type From struct {
	decoder  *Decoder
	resource pcommon.Resource
	scope    pcommon.InstrumentationScope

	sourceRead  bool
	source      record.Value
	sourceNotes Notes

	claimsRead    bool
	claims        []Claim
	claimsProblem *record.Problem

	// What decodeOurs and decodeShapes work with, used again for each record.
	canonical   *canonicalReader // nil before the first record of ours
	gatherer    gatherer
	record      record.Record
	memberSpace []record.Member
	claimSpace  []Claim
}

// From returns the decoder for records of a resource and scope.
func (d *Decoder) From(resource pcommon.Resource, scope pcommon.InstrumentationScope) *From {
	return &From{decoder: d, resource: resource, scope: scope}
}

func (f *From) readSource() (record.Value, Notes) {
	if !f.sourceRead {
		f.source, f.sourceNotes = sourceOf(f.resource, f.scope)
		f.sourceRead = true
	}
	return f.source, f.sourceNotes
}

// readClaims returns what scope and resource claim. The slice is shared.
func (f *From) readClaims() ([]Claim, *record.Problem) {
	if !f.claimsRead {
		claims, inScope := f.decoder.attributeClaims(nil, LevelScope, f.scope.Attributes())
		claims, inResource := f.decoder.attributeClaims(claims, LevelResource, f.resource.Attributes())
		f.claims, f.claimsProblem, f.claimsRead = claims, inScope, true
		if inScope == nil {
			f.claimsProblem = inResource
		}
	}
	return f.claims, f.claimsProblem
}

// sourceOf returns the resource's attributes under their own names, and the
// scope under the names OpenTelemetry gives it outside of OTLP.
func sourceOf(resource pcommon.Resource, scope pcommon.InstrumentationScope) (record.Value, Notes) {
	var n Notes
	attrs := resource.Attributes()
	members := make([]record.Member, 0, attrs.Len()+2)
	for name, v := range attrs.All() {
		members = append(members, record.Member{Name: name, Value: convert(v, 1, &n)})
	}
	if scope.Name() != "" {
		members = append(members, record.Member{Name: "otel.scope.name", Value: record.StringValue(scope.Name())})
	}
	if scope.Version() != "" {
		members = append(members, record.Member{Name: "otel.scope.version", Value: record.StringValue(scope.Version())})
	}
	if scope.Attributes().Len() > 0 {
		members = append(members, record.Member{Name: "otel.scope.attributes", Value: convertMap(scope.Attributes(), 1, &n)})
	}
	if len(members) == 0 {
		return record.Value{}, n
	}
	v, dup, hasDup := record.Fold(members)
	if hasDup && !n.HasDuplicate {
		n.Duplicate, n.HasDuplicate = dup, true
	}
	return v, n
}

// readEnvelope takes what stands on the log record itself.
func readEnvelope(r *record.Record, lr plog.LogRecord) *record.Problem {
	r.EventName = lr.EventName()
	r.Severity = int(lr.SeverityNumber())
	r.SeverityText = lr.SeverityText()
	if id := lr.TraceID(); !id.IsEmpty() {
		r.TraceID = hex.EncodeToString(id[:])
	}
	if id := lr.SpanID(); !id.IsEmpty() {
		r.SpanID = hex.EncodeToString(id[:])
	}
	for _, t := range []struct {
		name string
		sent pcommon.Timestamp
		nano *int64
	}{
		{"time", lr.Timestamp(), &r.TimeUnixNano},
		{"observed time", lr.ObservedTimestamp(), &r.ObservedTimeUnixNano},
	} {
		if t.sent > math.MaxInt64 {
			return &record.Problem{Reason: record.ReasonInvalidTime, Detail: fmt.Sprintf(
				"the %s of the log record is %d, above 2^63-1 nanoseconds (2262-04-11)", t.name, uint64(t.sent))}
		}
		*t.nano = int64(t.sent)
	}
	return nil
}

// hexID returns a trace or span id as lower-case text if it has that many
// hexadecimal digits and is not all zeros.
func hexID(s string, digits int) (string, bool) {
	if len(s) != digits {
		return "", false
	}
	zero := true
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f', c >= 'A' && c <= 'F':
			zero = zero && c == '0'
		default:
			return "", false
		}
	}
	return strings.ToLower(s), !zero
}
