package store

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of a page.
const (
	DefaultLimit = 50
	MaxLimit     = 1000
)

// Filter narrows a list down. Empty members do not filter; the others must all
// hold. Text is compared byte by byte.
type Filter struct {
	ActionPrefix  string // of the bytes, not of segments: "order" matches "orders.x"
	Action        string
	ActorType     string
	ActorID       string
	TargetType    string
	TargetID      string
	Outcome       string // one of record's outcomes
	CorrelationID string
	CausationID   string
	TraceID       string
	RequestID     string
	IP            string

	// ReasonContains is text somewhere in the reason, byte by byte: upper and
	// lower case differ, % and _ are characters like others. It needs Since.
	ReasonContains string

	// Since and Until are the window of event_time: Since <= t < Until. The
	// zero time leaves that end open.
	Since, Until time.Time
	// Relative, where not empty, is how the window was said if its ends move
	// with the clock, such as "30d..". A cursor is then bound to these words and
	// continues in the window of its first page.
	Relative string

	OldestFirst bool
	Limit       int    // events per page, 1 to MaxLimit; 0 means DefaultLimit
	Cursor      string // Page.Next of the page before, with the same tenant and filter
}

// FilterError is a filter that cannot be meant: a mistake of the caller.
type FilterError struct {
	Field  string // of Filter, in snake_case
	Reason string
}

// Error names the field.
func (e *FilterError) Error() string { return e.Field + ": " + e.Reason }

func (f *Filter) texts() []struct{ name, text string } {
	return []struct{ name, text string }{
		{"action_prefix", f.ActionPrefix},
		{"action", f.Action},
		{"actor_type", f.ActorType},
		{"actor_id", f.ActorID},
		{"target_type", f.TargetType},
		{"target_id", f.TargetID},
		{"outcome", f.Outcome},
		{"correlation_id", f.CorrelationID},
		{"causation_id", f.CausationID},
		{"trace_id", f.TraceID},
		{"request_id", f.RequestID},
		{"ip", f.IP},
		{"reason_contains", f.ReasonContains},
	}
}

// Asked returns the texts that filter, by the names of their flags in snake_case.
func (f *Filter) Asked() map[string]string {
	asked := map[string]string{}
	for _, t := range f.texts() {
		if t.text != "" {
			asked[t.name] = t.text
		}
	}
	return asked
}

func (f *Filter) check(tenant string) error {
	if tenant == "" {
		return &FilterError{"tenant", "is required: every list is one tenant's"}
	}
	if err := checkTenant(tenant); err != nil {
		return err
	}
	for _, t := range f.texts() {
		if err := checkText(t.name, t.text); err != nil {
			return err
		}
	}
	if f.Limit < 0 || f.Limit > MaxLimit {
		return &FilterError{"limit", fmt.Sprintf("want 1 to %d, found %d", MaxLimit, f.Limit)}
	}
	if f.ReasonContains != "" && f.Since.IsZero() {
		return &FilterError{"reason_contains", "needs since: every event from there on is searched"}
	}
	return checkWindow(f.Since, f.Until)
}

func checkWindow(since, until time.Time) error {
	if !since.IsZero() && !until.IsZero() && until.Before(since) {
		return &FilterError{"until", fmt.Sprintf("%s is before since, %s", until.UTC().Format(time.RFC3339Nano), since.UTC().Format(time.RFC3339Nano))}
	}
	return nil
}

// maxTenant is the length of the longest tenant that a trace can name, in bytes.
const maxTenant = 512

// checkTenant refuses what is no tenant.
func checkTenant(tenant string) error {
	if len(tenant) > maxTenant {
		return &FilterError{"tenant", fmt.Sprintf("has %d bytes, and no tenant has more than %d", len(tenant), maxTenant)}
	}
	return checkText("tenant", tenant)
}

// checkText refuses what PostgreSQL cannot hold and no event can contain.
func checkText(name, text string) error {
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return &FilterError{name, "is not valid UTF-8 text without U+0000"}
	}
	return nil
}

func (f *Filter) limit() int {
	if f.Limit == 0 {
		return DefaultLimit
	}
	return f.Limit
}

// asBound cuts a bound as event_time is cut: a window that begins at an event's
// own nanoseconds holds it, one that ends there does not, and two windows that
// meet share nothing and miss nothing. A bound that is said never becomes the
// zero time, which is none, nor one that PostgreSQL cannot hold.
func asBound(t time.Time) time.Time {
	switch {
	case t.IsZero():
		return t
	case t.Before(firstBound):
		return firstBound
	case t.After(lastBound):
		return lastBound
	}
	return t.Truncate(time.Microsecond)
}

// No event is older than the first, because 64 bits of nanoseconds begin in 1677,
// and none later than the last, which no server's clock says.
var (
	firstBound = time.Date(1677, 1, 1, 0, 0, 0, 0, time.UTC)
	lastBound  = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
)

// prefixEnd returns the smallest text that is greater than every text with the
// prefix, in the order of code points, which is the order of UTF-8 bytes. open
// means there is none. The next byte would not do: it may not be UTF-8.
func prefixEnd(prefix string) (end string, open bool) {
	for prefix != "" {
		last, size := utf8.DecodeLastRuneInString(prefix)
		prefix = prefix[:len(prefix)-size]
		switch last {
		case utf8.MaxRune: // no next one: the one before it counts on
			continue
		case 0xD7FF: // surrogates are not characters
			return prefix + "\uE000", false
		default:
			return prefix + string(last+1), false
		}
	}
	return "", true
}
