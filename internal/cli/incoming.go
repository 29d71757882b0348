package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// storeMembers are members that `list` prints and nobody can send.
var storeMembers = []string{
	"seq", "epoch", "recorded_at", "event_time", "leaf_hash", "mac", "flags", "original", "producer", "v",
}

// parseOutgoing reads one JSON object with the snake_case members of an audit
// record. Anything it does not know is an error: a misspelled member would
// otherwise be lost from the evidence without anybody noticing.
func parseOutgoing(text []byte) (*outgoing, error) {
	members, err := parseMembers(text)
	if err != nil {
		return nil, err
	}
	r := &outgoing{}
	for _, m := range members {
		if bytes.Equal(m.value, []byte("null")) {
			continue
		}
		if err := r.set(m.name, m.value); err != nil {
			return nil, err
		}
	}
	return r, nil
}

type jsonMember struct {
	name  string
	value json.RawMessage
}

// parseMembers splits a JSON object without looking into its values.
func parseMembers(text []byte) ([]jsonMember, error) {
	if !utf8.Valid(text) {
		return nil, errors.New("not UTF-8: the bytes that are not would be replaced, and evidence with them")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	token, err := d.Token()
	if err != nil {
		return nil, jsonError(err)
	}
	if token != json.Delim('{') {
		return nil, errors.New("not a JSON object")
	}
	var members []jsonMember
	for d.More() {
		if token, err = d.Token(); err != nil {
			return nil, jsonError(err)
		}
		m := jsonMember{}
		m.name, _ = token.(string)
		if slices.ContainsFunc(members, func(o jsonMember) bool { return o.name == m.name }) {
			return nil, fmt.Errorf("member %q stands twice", m.name)
		}
		if err = d.Decode(&m.value); err != nil {
			return nil, fmt.Errorf("member %q: %w", m.name, jsonError(err))
		}
		members = append(members, m)
	}
	if _, err = d.Token(); err != nil {
		return nil, jsonError(err)
	}
	if _, err = d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the JSON object")
	}
	return members, nil
}

func (r *outgoing) set(name string, value json.RawMessage) error {
	if text := r.text(name); text != nil {
		if json.Unmarshal(value, text) != nil {
			return fmt.Errorf("member %q is not a string", name)
		}
		return inMember(name, checkTraceMember(name, *text))
	}
	if object := r.object(name); object != nil {
		if value[0] != '{' {
			return fmt.Errorf("member %q is not an object", name)
		}
		*object = value
		return inMember(name, checkValue(value))
	}
	var err error
	switch name {
	case "payload":
		r.payload, err = value, checkValue(value)
	case "body":
		r.body, err = value, checkValue(value)
	case "severity":
		if json.Unmarshal(value, &r.severity) != nil || r.severity < 0 || r.severity > 24 {
			err = errors.New("is not an OTLP severity number, 1 to 24")
		}
	case "time":
		r.timeUnixNano, err = parseTimeMember(value)
	case "observed_time":
		r.observedTimeUnixNano, err = parseTimeMember(value)
	case "time_unix_nano":
		r.timeUnixNano, err = parseNanoMember(value)
	case "observed_time_unix_nano":
		r.observedTimeUnixNano, err = parseNanoMember(value)
	default:
		if !slices.Contains(storeMembers, name) {
			return fmt.Errorf("unknown member %q", name)
		}
		err = errors.New("is set by the collector or the store and cannot be sent")
	}
	return inMember(name, err)
}

func inMember(name string, err error) error {
	if err != nil {
		return fmt.Errorf("member %q: %w", name, err)
	}
	return nil
}

// text returns where a member of type string goes, nil for any other member.
func (r *outgoing) text(name string) *string {
	switch name {
	case "tenant_id":
		return &r.tenantID
	case "event_id":
		return &r.eventID
	case "action":
		return &r.action
	case "outcome":
		return &r.outcome
	case "reason":
		return &r.reason
	case "correlation_id":
		return &r.correlationID
	case "causation_id":
		return &r.causationID
	case "idempotency_key":
		return &r.idempotencyKey
	case "schema_version":
		return &r.schemaVersion
	case "event_name":
		return &r.eventName
	case "severity_text":
		return &r.severityText
	case "trace_id":
		return &r.traceID
	case "span_id":
		return &r.spanID
	}
	return nil
}

// object returns where a member of type object goes, nil for any other member.
func (r *outgoing) object(name string) *json.RawMessage {
	switch name {
	case "actor":
		return &r.actor
	case "target":
		return &r.target
	case "changes":
		return &r.changes
	case "context":
		return &r.context
	case "source":
		return &r.source
	case "attributes":
		return &r.attributes
	}
	return nil
}

// checkTraceMember refuses what would make an OTLP receiver refuse the whole
// request.
func checkTraceMember(name, text string) error {
	switch {
	case name == "trace_id" && text != "" && !isHexadecimal(text, 16):
		return errors.New("is not 32 hexadecimal digits")
	case name == "span_id" && text != "" && !isHexadecimal(text, 8):
		return errors.New("is not 16 hexadecimal digits")
	}
	return nil
}

// checkValue finds what appendAnyValue would refuse, while the member's name
// is still at hand.
func checkValue(value json.RawMessage) error {
	_, err := appendAnyValue(nil, value)
	return err
}

func parseTimeMember(value json.RawMessage) (uint64, error) {
	var text string
	if json.Unmarshal(value, &text) != nil {
		return 0, errors.New("is not RFC 3339 text")
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return 0, errors.New("is not an RFC 3339 time")
	}
	return unixNano(t)
}

func parseNanoMember(value json.RawMessage) (uint64, error) {
	n, err := strconv.ParseUint(strings.Trim(string(value), `"`), 10, 64)
	if err != nil {
		return 0, errors.New("is not a number of nanoseconds since 1970")
	}
	return n, nil
}

// unixNano refuses times that OTLP or the store cannot carry: before 1970 and
// after 2262-04-11.
func unixNano(t time.Time) (uint64, error) {
	sec := t.Unix()
	if sec < 0 || sec >= math.MaxInt64/int64(time.Second) {
		return 0, errors.New("is outside 1970 to 2262, the range of a log record's nanoseconds")
	}
	return uint64(t.UnixNano()), nil
}
