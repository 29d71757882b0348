package store

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
)

// MaxTimeline is how many events a timeline holds.
const MaxTimeline = 10_000

// Timeline is the events of one correlation id as a forest by causation, in the
// order of reading: an event, then what it caused, depth first. Events with the
// same cause follow each other by event_time, then seq.
type Timeline struct {
	Events []TimelineEvent
	Cut    bool // there are more: these are the oldest MaxTimeline of them
}

// TimelineEvent is an event at its place.
type TimelineEvent struct {
	StoredEvent

	Depth int // 0 for a root
	Cause int // index of the event that caused it, -1 for a root
}

// CausedBy returns the event id of the event that caused event i, "" for a root.
func (t *Timeline) CausedBy(i int) string {
	cause := t.Events[i].Cause
	if cause < 0 {
		return ""
	}
	return t.Events[cause].Record.EventID
}

// Timeline returns the tenant's events with a correlation id by what caused
// them. A causation id names an event by its event id, its idempotency key or
// its request id, in this order; of several events of one request it means the
// first. An event is a root where it names none of these events, or itself;
// where events are said to have caused each other, the first one is.
func (r *Reader) Timeline(ctx context.Context, tenant, correlationID string) (Timeline, error) {
	if correlationID == "" {
		return Timeline{}, &FilterError{"correlation_id", "is required: a timeline is that of one operation"}
	}
	f := Filter{CorrelationID: correlationID, OldestFirst: true}
	if err := f.check(tenant); err != nil {
		return Timeline{}, err
	}
	f.Limit = MaxTimeline
	var events []StoredEvent
	err := r.read(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, r.sql.listOldest, listArguments(tenant, &f, nil)...)
		if err != nil {
			return err
		}
		events, err = collectEvents(rows)
		return err
	})
	if err != nil {
		return Timeline{}, err
	}
	timeline := Timeline{Cut: len(events) > MaxTimeline}
	timeline.Events = byCause(events[:min(len(events), MaxTimeline)])
	return timeline, nil
}

// byCause arranges events, which come in the order of their siblings.
func byCause(events []StoredEvent) []TimelineEvent {
	causes := causesOf(events)
	breakCycles(causes)
	children := make([][]int, len(events))
	var roots []int
	for i, cause := range causes {
		if cause < 0 {
			roots = append(roots, i)
		} else {
			children[cause] = append(children[cause], i)
		}
	}
	arranged := make([]TimelineEvent, 0, len(events))
	// A stack of what is still to be visited, the next one last: a chain of
	// causes may be as long as the timeline.
	type visit struct{ event, cause, depth int }
	var stack []visit
	push := func(siblings []int, cause, depth int) {
		for _, event := range slices.Backward(siblings) {
			stack = append(stack, visit{event, cause, depth})
		}
	}
	push(roots, -1, 0)
	for len(stack) > 0 {
		v := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		arranged = append(arranged, TimelineEvent{StoredEvent: events[v.event], Depth: v.depth, Cause: v.cause})
		push(children[v.event], len(arranged)-1, v.depth+1)
	}
	return arranged
}

// causesOf returns the index of each event's cause, -1 where there is none.
func causesOf(events []StoredEvent) []int {
	named := [3]map[string]int{{}, {}, {}}
	for i := range events {
		rec := events[i].Record
		for kind, name := range []string{rec.EventID, rec.IdempotencyKey, rec.Context.Get("request_id").Text()} {
			if _, known := named[kind][name]; name != "" && !known {
				named[kind][name] = i
			}
		}
	}
	causes := make([]int, len(events))
	for i := range events {
		causes[i] = -1
		for _, names := range named {
			if cause, known := names[events[i].Record.CausationID]; known {
				causes[i] = cause // itself, too: a cycle of one
				break
			}
		}
	}
	return causes
}

// breakCycles makes the first event of each cycle a root.
func breakCycles(causes []int) {
	// The walk that came by, from 1; 0 is none yet.
	walks := make([]int, len(causes))
	for start := range causes {
		at := start
		for at >= 0 && walks[at] == 0 {
			walks[at] = start + 1
			at = causes[at]
		}
		if at < 0 || walks[at] != start+1 {
			continue
		}
		first := at
		for next := causes[at]; next != at; next = causes[next] {
			first = min(first, next)
		}
		causes[first] = -1
	}
}
