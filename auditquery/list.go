package auditquery

import (
	"context"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/otelaudit/otelaudit/internal/access"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
)

// Limits of a page.
const (
	DefaultLimit = store.DefaultLimit
	MaxLimit     = store.MaxLimit
)

// Filter narrows a list down. Empty members do not filter; the others must all
// hold. Text is compared byte by byte; %, _ and * are characters like others.
type Filter struct {
	ActionPrefix  string // of the bytes, not of segments: "order" matches "orders.x"
	Action        string
	ActorType     string
	ActorID       string
	TargetType    string
	TargetID      string
	Outcome       string // success, failure, denied, unknown, or an alias such as "forbidden"
	CorrelationID string
	CausationID   string
	// These three have no index: with Since, so that not all months are searched.
	TraceID   string // 32 hexadecimal digits
	RequestID string
	IP        string // as it was recorded

	// ReasonContains is text somewhere in the reason. It needs Since.
	ReasonContains string

	// Since and Until are the window of EventTime: Since <= t < Until. The zero
	// time leaves that end open.
	Since, Until time.Time
	// Relative, where not empty, says how a window was meant whose ends move with
	// the clock, such as "30d..". A cursor is then bound to these words and goes
	// on in the window of its first page, whatever Since and Until are by then.
	Relative string

	OldestFirst bool
	Limit       int    // events per page, 1 to MaxLimit; 0 means DefaultLimit
	Cursor      string // Page.Next of the page before, with the same tenant and filter
}

// Page is one page of a list. Its JSON is that of 'otelaudit list --format json'.
type Page struct {
	Events []Event `json:"events"` // never nil
	// Next is the cursor of the page after, "" on the last one. It is bound to
	// the tenant and the filter, holds no secret and grants nothing.
	Next string `json:"next_cursor,omitempty"`
}

// List returns a page of the tenant's events, newest first unless the filter says
// otherwise. It returns a *FilterError or ErrCursor for what cannot be meant.
func (r *Reader) List(ctx context.Context, tenant string, f Filter) (Page, error) {
	filter, err := f.internal()
	if err != nil {
		return Page{}, err
	}
	page, err := r.store.List(ctx, tenant, filter)
	read := access.Read{Action: access.ActionList, Tenant: tenant, Filter: askedOfList(&filter), Rows: int64(len(page.Events))}
	if err := r.record(ctx, read, err); err != nil {
		return Page{}, err
	}
	events, err := eventsOf(page.Events)
	if err != nil {
		return Page{}, err
	}
	return Page{Events: events, Next: page.Next}, nil
}

func (f Filter) internal() (store.Filter, error) {
	filter := store.Filter(f)
	if f.TraceID != "" {
		if raw, err := hex.DecodeString(f.TraceID); err != nil || len(raw) != 16 {
			return store.Filter{}, &FilterError{"trace_id", "is not 32 hexadecimal digits"}
		}
	}
	filter.TraceID = strings.ToLower(filter.TraceID)
	if f.Outcome != "" {
		outcome, known := record.ParseOutcome(f.Outcome)
		if !known {
			return store.Filter{}, &FilterError{"outcome", "is none of success, failure, denied and unknown, and no alias of them"}
		}
		filter.Outcome = outcome
	}
	return filter, nil
}

func askedOfList(f *store.Filter) record.Value {
	a := asked{record.EmptyObject()}
	for name, text := range f.Asked() {
		a.text(name, text)
	}
	a.window(f.Since, f.Until)
	if f.Cursor != "" {
		a.text("cursor", f.Cursor)
	}
	if f.OldestFirst {
		a.text("oldest_first", "true")
	}
	if f.Limit != 0 {
		a.text("limit", strconv.Itoa(f.Limit))
	}
	return a.members
}

func (a *asked) window(since, until time.Time) {
	for name, bound := range map[string]time.Time{"since": since, "until": until} {
		if !bound.IsZero() {
			a.text(name, bound.UTC().Format(time.RFC3339Nano))
		}
	}
}

// Get returns the tenant's event with that event id, or ErrNotFound.
func (r *Reader) Get(ctx context.Context, tenant, eventID string) (Event, error) {
	stored, err := r.store.Get(ctx, tenant, eventID)
	a := askedFor("event_id", eventID)
	if err := r.record(ctx, access.Read{Action: access.ActionShow, Tenant: tenant, Filter: a.members, Rows: 1}, err); err != nil {
		return Event{}, err
	}
	return eventOf(&stored)
}
