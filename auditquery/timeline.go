package auditquery

import (
	"context"
	"encoding/json"

	"github.com/otelaudit/otelaudit/internal/access"
	"github.com/otelaudit/otelaudit/internal/store"
)

// MaxTimeline is how many events a timeline holds.
const MaxTimeline = store.MaxTimeline

// Timeline is the events of one operation by what caused them, in the order of
// reading: an event, then what it caused, depth first. Events with the same cause
// follow each other by EventTime, then Seq.
type Timeline struct {
	CorrelationID string          `json:"correlation_id"`
	Events        []TimelineEvent `json:"events"` // never nil
	// Cut says that there are more events: these are the oldest MaxTimeline.
	Cut bool `json:"cut"`
}

// TimelineEvent is an event at its place.
type TimelineEvent struct {
	Event

	Depth int `json:"depth"` // 0 for a root
	// CausedBy is the event id of the event that caused it, "" for a root. Its
	// CausationID may name that event otherwise.
	CausedBy string `json:"caused_by,omitempty"`
}

// MarshalJSON implements json.Marshaler. It is that of 'otelaudit timeline
// --format jsonl'.
func (e TimelineEvent) MarshalJSON() ([]byte, error) {
	return marshal(struct {
		shownEvent

		Depth    int    `json:"depth"`
		CausedBy string `json:"caused_by,omitempty"`
	}{e.shown(), e.Depth, e.CausedBy})
}

// UnmarshalJSON implements json.Unmarshaler.
func (e *TimelineEvent) UnmarshalJSON(text []byte) error {
	var place struct {
		Depth    int    `json:"depth"`
		CausedBy string `json:"caused_by"`
	}
	if err := json.Unmarshal(text, &place); err != nil {
		return err
	}
	e.Depth, e.CausedBy = place.Depth, place.CausedBy
	return e.Event.UnmarshalJSON(text)
}

// Node is an event of a timeline with what it caused.
type Node struct {
	*TimelineEvent

	Children []*Node
}

// Tree returns the events as a tree: its roots, in their order.
func (t *Timeline) Tree() []*Node {
	var roots []*Node
	var path []*Node // from a root to the event before
	for i := range t.Events {
		node := &Node{TimelineEvent: &t.Events[i]}
		path = append(path[:node.Depth], node)
		if node.Depth == 0 {
			roots = append(roots, node)
			continue
		}
		parent := path[node.Depth-1]
		parent.Children = append(parent.Children, node)
	}
	return roots
}

// Timeline returns the tenant's events with a correlation id by what caused
// them. A causation id names an event by its event id, its idempotency key or
// its request id, in this order; of several events of one request it means the
// first. An event is a root where it names none of these events, or itself;
// where events are said to have caused each other, the first one is.
func (r *Reader) Timeline(ctx context.Context, tenant, correlationID string) (Timeline, error) {
	found, err := r.store.Timeline(ctx, tenant, correlationID)
	a := askedFor("correlation_id", correlationID)
	read := access.Read{Action: access.ActionTimeline, Tenant: tenant, Filter: a.members, Rows: int64(len(found.Events))}
	if err := r.record(ctx, read, err); err != nil {
		return Timeline{}, err
	}
	timeline := Timeline{CorrelationID: correlationID, Events: make([]TimelineEvent, len(found.Events)), Cut: found.Cut}
	for i := range found.Events {
		event, err := eventOf(&found.Events[i].StoredEvent)
		if err != nil {
			return Timeline{}, err
		}
		timeline.Events[i] = TimelineEvent{Event: event, Depth: found.Events[i].Depth, CausedBy: found.CausedBy(i)}
	}
	return timeline, nil
}
