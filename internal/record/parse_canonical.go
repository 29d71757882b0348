package record

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// ErrNotCanonical is returned for JSON that says what a record could say, but
// not in the bytes AppendCanonical would write.
var ErrNotCanonical = errors.New("not canonical")

// ParseCanonical reads the bytes that AppendCanonical writes. It accepts
// nothing else: an unknown member, another type or another spelling of the same
// JSON is an error, so what it returns has exactly these bytes and this leaf.
func ParseCanonical(b []byte) (*Record, error) {
	p, err := parseText(string(b), MaxDepth+1)
	if err != nil {
		return nil, err
	}
	if p.Value.kind != Object {
		return nil, fmt.Errorf("%w: not an object", ErrNotCanonical)
	}
	r := &Record{}
	version := false
	for i := range p.Value.kids {
		m := &p.Value.kids[i]
		if m.Name == "v" {
			version = m.Value.kind == Number && m.Value.num == Version
			continue
		}
		if !r.setCanonical(m.Name, m.Value) {
			return nil, fmt.Errorf("%w: member %q", ErrNotCanonical, m.Name)
		}
	}
	if !version {
		return nil, fmt.Errorf("%w: v is not %d", ErrNotCanonical, Version)
	}
	if !bytes.Equal(r.AppendCanonical(make([]byte, 0, len(b))), b) {
		return nil, fmt.Errorf("%w: other bytes for the same JSON", ErrNotCanonical)
	}
	return r, nil
}

// FromValue reads an object of the members that AppendCanonical writes, without
// "v" and in any spelling: what the store's own functions make. It is not
// normalized yet.
func FromValue(v Value) (*Record, error) {
	if v.kind != Object {
		return nil, errors.New("not an object")
	}
	r := &Record{}
	for i := range v.kids {
		if m := &v.kids[i]; !r.setCanonical(m.Name, m.Value) {
			return nil, fmt.Errorf("no member of a record, or of another type: %q", m.Name)
		}
	}
	return r, nil
}

func (r *Record) setCanonical(name string, v Value) bool {
	if text := r.textMember(name); text != nil {
		*text = v.str
		return v.kind == String
	}
	if value := r.valueMember(name); value != nil {
		*value = v
		return true
	}
	switch name {
	case "time_unix_nano":
		return setNano(&r.TimeUnixNano, v)
	case "observed_time_unix_nano":
		return setNano(&r.ObservedTimeUnixNano, v)
	case "severity":
		r.Severity = int(v.num)
		return v.kind == Number && v.num == math.Trunc(v.num) && math.Abs(v.num) <= math.MaxInt32
	case "flags":
		return r.setFlags(v)
	}
	return false
}

func (r *Record) textMember(name string) *string {
	switch name {
	case "tenant_id":
		return &r.TenantID
	case "event_id":
		return &r.EventID
	case "action":
		return &r.Action
	case "outcome":
		return &r.Outcome
	case "reason":
		return &r.Reason
	case "correlation_id":
		return &r.CorrelationID
	case "causation_id":
		return &r.CausationID
	case "idempotency_key":
		return &r.IdempotencyKey
	case "trace_id":
		return &r.TraceID
	case "span_id":
		return &r.SpanID
	case "event_name":
		return &r.EventName
	case "severity_text":
		return &r.SeverityText
	case "schema_version":
		return &r.SchemaVersion
	}
	return nil
}

func (r *Record) valueMember(name string) *Value {
	switch name {
	case "actor":
		return &r.Actor
	case "target":
		return &r.Target
	case "changes":
		return &r.Changes
	case "context":
		return &r.Context
	case "payload":
		return &r.Payload
	case "original":
		return &r.Original
	case "producer":
		return &r.Producer
	case "source":
		return &r.Source
	case "attributes":
		return &r.Attributes
	case "body":
		return &r.Body
	}
	return nil
}

func setNano(nano *int64, v Value) bool {
	n, err := strconv.ParseInt(v.str, 10, 64)
	*nano = n
	return v.kind == String && err == nil
}

func (r *Record) setFlags(v Value) bool {
	for i := range v.kids {
		if v.kids[i].Value.kind != String {
			return false
		}
		r.Flags = append(r.Flags, v.kids[i].Value.str)
	}
	return v.kind == Array
}
