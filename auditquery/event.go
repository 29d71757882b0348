package auditquery

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
)

// Event is a recorded event. Its JSON has the members of 'otelaudit list --format
// jsonl' with the same values; their order is another, and <, > and & are escaped
// unless a json.Encoder is told otherwise. Texts that are absent are empty, JSON
// that is absent is nil.
type Event struct {
	EventID        string          `json:"event_id"`
	TenantID       string          `json:"tenant_id"`
	EventTime      time.Time       `json:"event_time"` // UTC, microseconds: the earlier of the record's time and RecordedAt
	Action         string          `json:"action"`
	Outcome        string          `json:"outcome"`         // success, failure, denied or unknown
	Actor          json.RawMessage `json:"actor,omitempty"` // who did it: an object, usually with type and id
	Target         json.RawMessage `json:"target,omitempty"`
	Reason         string          `json:"reason,omitempty"`
	Changes        json.RawMessage `json:"changes,omitempty"`
	CorrelationID  string          `json:"correlation_id,omitempty"`
	CausationID    string          `json:"causation_id,omitempty"`
	IdempotencyKey string          `json:"idempotency_key,omitempty"`
	Context        json.RawMessage `json:"context,omitempty"` // an object, with request_id and ip where known
	Payload        json.RawMessage `json:"payload,omitempty"`
	TraceID        string          `json:"trace_id,omitempty"`
	SpanID         string          `json:"span_id,omitempty"`
	EventName      string          `json:"event_name,omitempty"`
	Severity       int             `json:"severity,omitempty"` // OpenTelemetry's number, 0 without one
	SeverityText   string          `json:"severity_text,omitempty"`
	SchemaVersion  string          `json:"schema_version,omitempty"`
	Flags          []string        `json:"flags,omitempty"`    // what was repaired or is remarkable, such as actor_missing
	Original       json.RawMessage `json:"original,omitempty"` // what repaired members were

	TimeUnixNano         int64           `json:"time_unix_nano,string,omitempty"` // the record's own time
	ObservedTimeUnixNano int64           `json:"observed_time_unix_nano,string,omitempty"`
	Producer             json.RawMessage `json:"producer,omitempty"`
	Source               json.RawMessage `json:"source,omitempty"` // resource attributes, such as service.name
	Attributes           json.RawMessage `json:"attributes,omitempty"`
	Body                 json.RawMessage `json:"body,omitempty"`

	Seq              int64     `json:"seq"` // from 0, per tenant and epoch, without gaps
	Epoch            int32     `json:"epoch"`
	RecordedAt       time.Time `json:"recorded_at"`                  // UTC, microseconds, by the database's clock
	TimeAfterArrival bool      `json:"time_after_arrival,omitempty"` // the record's own time is later than RecordedAt
	LeafHash         string    `json:"leaf_hash"`                    // hexadecimal, as stored
	MAC              string    `json:"mac,omitempty"`                // origin MAC as stored

	ActorType  string `json:"-"` // of Actor
	ActorID    string `json:"-"`
	TargetType string `json:"-"` // of Target
	TargetID   string `json:"-"`
}

// timeFormat is RFC 3339 with all the microseconds that PostgreSQL keeps.
const timeFormat = "2006-01-02T15:04:05.000000Z07:00"

// plainEvent is an event without its methods, to be encoded.
type plainEvent Event

// shownEvent writes times with their microseconds, zeros too.
type shownEvent struct {
	plainEvent

	EventTime  string `json:"event_time"`
	RecordedAt string `json:"recorded_at"`
}

func (e Event) shown() shownEvent {
	return shownEvent{
		plainEvent: plainEvent(e),
		EventTime:  e.EventTime.UTC().Format(timeFormat), RecordedAt: e.RecordedAt.UTC().Format(timeFormat),
	}
}

// MarshalJSON implements json.Marshaler.
func (e Event) MarshalJSON() ([]byte, error) { return marshal(e.shown()) }

// marshal leaves it to the caller's encoder whether <, > and & are escaped.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'}), err
}

// UnmarshalJSON implements json.Unmarshaler. It reads what MarshalJSON and the
// command write.
func (e *Event) UnmarshalJSON(text []byte) error {
	var plain plainEvent
	if err := json.Unmarshal(text, &plain); err != nil {
		return err
	}
	*e = Event(plain)
	e.EventTime, e.RecordedAt = e.EventTime.UTC(), e.RecordedAt.UTC()
	e.ActorType, e.ActorID = typeAndID(e.Actor)
	e.TargetType, e.TargetID = typeAndID(e.Target)
	return nil
}

// typeAndID are those of an actor or a target, "" where they are absent.
func typeAndID(object json.RawMessage) (kind, id string) {
	if len(object) == 0 {
		return "", ""
	}
	v, err := record.ParseJSON(object)
	if err != nil {
		return "", ""
	}
	return v.Get("type").Text(), v.Get("id").Text()
}

// eventOf copies an event by its JSON, which therefore cannot differ.
func eventOf(stored *store.StoredEvent) (Event, error) {
	var e Event
	if err := json.Unmarshal(stored.AppendJSON(nil), &e); err != nil {
		return Event{}, fmt.Errorf("event %q of tenant %q: %w", stored.Record.EventID, stored.Record.TenantID, err)
	}
	return e, nil
}

func eventsOf(stored []store.StoredEvent) ([]Event, error) {
	events := make([]Event, len(stored))
	for i := range stored {
		var err error
		if events[i], err = eventOf(&stored[i]); err != nil {
			return nil, err
		}
	}
	return events, nil
}
