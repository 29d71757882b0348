package cli

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// This file writes OTLP/JSON by hand: a request is four levels of fixed keys,
// and a client of 200 lines needs no generated code, no gRPC and no part of
// the Collector. Format: opentelemetry-proto, "JSON Protobuf Encoding"; 64-bit
// integers are decimal strings, ids are hexadecimal.

// outgoing is one audit record on its way to a collector. Empty text and nil
// JSON are absent. JSON members hold valid JSON; actor, target, changes,
// context, attributes and source hold objects.
type outgoing struct {
	tenantID, eventID, action, outcome, reason string
	correlationID, causationID, idempotencyKey string
	schemaVersion, eventName, severityText     string
	severity                                   int
	timeUnixNano, observedTimeUnixNano         uint64
	traceID, spanID                            string // hexadecimal
	actor, target, changes, context            json.RawMessage
	payload, body                              json.RawMessage
	source, attributes                         json.RawMessage
}

// appendRequest appends an ExportLogsServiceRequest with records in their
// order. Neighbors with the same source share a resource.
func appendRequest(dst []byte, records []*outgoing) ([]byte, error) {
	dst = append(dst, `{"resourceLogs":[`...)
	for i := 0; i < len(records); {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"resource":{"attributes":[`...)
		var err error
		if dst, err = appendMembers(dst, records[i].source, true); err != nil {
			return dst, fmt.Errorf("source: %w", err)
		}
		dst = append(dst, `]},"scopeLogs":[{"scope":{"name":"otelaudit"},"logRecords":[`...)
		for j := i; ; {
			if dst, err = records[j].appendLogRecord(dst); err != nil {
				return dst, err
			}
			j++
			if j == len(records) || !bytes.Equal(records[j].source, records[i].source) {
				i = j
				break
			}
			dst = append(dst, ',')
		}
		dst = append(dst, `]}]}`...)
	}
	return append(dst, `]}`...), nil
}

func (r *outgoing) appendLogRecord(dst []byte) ([]byte, error) {
	dst = append(dst, `{"timeUnixNano":"`...)
	dst = strconv.AppendUint(dst, r.timeUnixNano, 10)
	dst = append(dst, '"')
	if r.observedTimeUnixNano != 0 {
		dst = append(dst, `,"observedTimeUnixNano":"`...)
		dst = strconv.AppendUint(dst, r.observedTimeUnixNano, 10)
		dst = append(dst, '"')
	}
	if r.severity != 0 {
		dst = append(dst, `,"severityNumber":`...)
		dst = strconv.AppendInt(dst, int64(r.severity), 10)
	}
	for _, f := range [...]struct{ key, value string }{
		{"severityText", r.severityText}, {"eventName", r.eventName}, {"traceId", r.traceID}, {"spanId", r.spanID},
	} {
		if f.value != "" {
			dst = append(dst, `,"`+f.key+`":`...)
			dst = appendString(dst, f.value)
		}
	}
	var err error
	if r.body != nil {
		dst = append(dst, `,"body":`...)
		if dst, err = appendAnyValue(dst, r.body); err != nil {
			return dst, fmt.Errorf("body: %w", err)
		}
	}
	dst = append(dst, `,"attributes":[`...)
	if dst, err = r.appendAttributes(dst); err != nil {
		return dst, err
	}
	return append(dst, `]}`...), nil
}

func (r *outgoing) appendAttributes(dst []byte) ([]byte, error) {
	first := true
	next := func(key string) {
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(dst, `{"key":"`+key+`","value":`...)
	}
	for _, f := range [...]struct{ key, value string }{
		{"audit.tenant.id", r.tenantID},
		{"audit.record.id", r.eventID},
		{"audit.action", r.action},
		{"audit.outcome", r.outcome},
		{"audit.reason", r.reason},
		{"audit.correlation.id", r.correlationID},
		{"audit.causation.id", r.causationID},
		{"audit.idempotency.key", r.idempotencyKey},
		{"audit.schema.version", r.schemaVersion},
	} {
		if f.value != "" {
			next(f.key)
			dst = append(dst, `{"stringValue":`...)
			dst = append(appendString(dst, f.value), `}}`...)
		}
	}
	for _, f := range [...]struct {
		key   string
		value json.RawMessage
	}{
		{"audit.actor", r.actor},
		{"audit.target", r.target},
		{"audit.changes", r.changes},
		{"audit.context", r.context},
		{"audit.payload", r.payload},
	} {
		if f.value != nil {
			next(f.key)
			var err error
			if dst, err = appendAnyValue(dst, f.value); err != nil {
				return dst, fmt.Errorf("%s: %w", f.key[len("audit."):], err)
			}
			dst = append(dst, '}')
		}
	}
	dst, err := appendMembers(dst, r.attributes, first)
	if err != nil {
		return dst, fmt.Errorf("attributes: %w", err)
	}
	return dst, nil
}

// appendMembers appends the members of a JSON object (nil has none) as
// KeyValue messages.
func appendMembers(dst []byte, object json.RawMessage, first bool) ([]byte, error) {
	if object == nil {
		return dst, nil
	}
	d := json.NewDecoder(bytes.NewReader(object))
	d.UseNumber()
	if _, err := d.Token(); err != nil {
		return dst, err
	}
	return appendKeyValues(dst, d, first)
}

// appendAnyValue appends one JSON value as an OTLP AnyValue.
func appendAnyValue(dst []byte, value json.RawMessage) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(value))
	d.UseNumber()
	return appendNext(dst, d)
}

func appendNext(dst []byte, d *json.Decoder) ([]byte, error) {
	token, err := d.Token()
	if err != nil {
		return dst, jsonError(err)
	}
	switch t := token.(type) {
	case nil:
		return append(dst, `{}`...), nil
	case bool:
		dst = append(dst, `{"boolValue":`...)
		return append(strconv.AppendBool(dst, t), '}'), nil
	case string:
		dst = append(dst, `{"stringValue":`...)
		return append(appendString(dst, t), '}'), nil
	case json.Number:
		return appendNumber(dst, t.String())
	case json.Delim:
		if t == '[' {
			return appendArray(dst, d)
		}
		dst = append(dst, `{"kvlistValue":{"values":[`...)
		if dst, err = appendKeyValues(dst, d, true); err != nil {
			return dst, err
		}
		return append(dst, `]}}`...), nil
	}
	return dst, fmt.Errorf("unexpected %v", token)
}

func appendArray(dst []byte, d *json.Decoder) ([]byte, error) {
	dst = append(dst, `{"arrayValue":{"values":[`...)
	for first := true; d.More(); first = false {
		if !first {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = appendNext(dst, d); err != nil {
			return dst, err
		}
	}
	if _, err := d.Token(); err != nil {
		return dst, jsonError(err)
	}
	return append(dst, `]}}`...), nil
}

// appendKeyValues appends the members of the object whose brace d has just
// read, and reads its end. A name that stands twice is an error: receivers
// disagree about which one counts.
func appendKeyValues(dst []byte, d *json.Decoder, first bool) ([]byte, error) {
	seen := map[string]bool{}
	for ; d.More(); first = false {
		token, err := d.Token()
		if err != nil {
			return dst, jsonError(err)
		}
		key, _ := token.(string)
		if seen[key] {
			return dst, fmt.Errorf("member %q stands twice", key)
		}
		seen[key] = true
		if !first {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"key":`...)
		dst = append(appendString(dst, key), `,"value":`...)
		if dst, err = appendNext(dst, d); err != nil {
			return dst, err
		}
		dst = append(dst, '}')
	}
	if _, err := d.Token(); err != nil {
		return dst, jsonError(err)
	}
	return dst, nil
}

// appendNumber keeps integers exact: what fits 64 bits is an intValue, what
// does not is text (a double would change it silently).
func appendNumber(dst []byte, literal string) ([]byte, error) {
	if n, err := strconv.ParseInt(literal, 10, 64); err == nil {
		dst = append(dst, `{"intValue":"`...)
		return append(strconv.AppendInt(dst, n, 10), `"}`...), nil
	}
	if isInteger(literal) {
		dst = append(dst, `{"stringValue":`...)
		return append(appendString(dst, literal), '}'), nil
	}
	if _, err := strconv.ParseFloat(literal, 64); err != nil {
		return dst, fmt.Errorf("number %s does not fit a double", literal)
	}
	return append(append(append(dst, `{"doubleValue":`...), literal...), '}'), nil
}

func isInteger(literal string) bool {
	for _, c := range literal {
		if c == '.' || c == 'e' || c == 'E' {
			return false
		}
	}
	return true
}

func appendString(dst []byte, s string) []byte {
	quoted, _ := json.Marshal(s) //nolint:errchkjson // a string always marshals; invalid UTF-8 becomes U+FFFD
	return append(dst, quoted...)
}

// jsonError replaces the decoder's bare io errors by words.
func jsonError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the JSON ends too early")
	}
	return err
}

func isHexadecimal(s string, bytes int) bool {
	if len(s) != 2*bytes {
		return false
	}
	_, err := hex.DecodeString(s)
	return err == nil
}
