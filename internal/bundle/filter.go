package bundle

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/otelaudit/otelaudit/internal/record"
)

// Filter says which events of the tenant a bundle holds. Empty members do not
// filter; the others must all hold. Text is compared byte by byte. The order of
// the members is that of the JSON in header and manifest.
type Filter struct {
	Action        string    `json:"action,omitempty"`
	ActionPrefix  string    `json:"action_prefix,omitempty"`
	ActorID       string    `json:"actor_id,omitempty"`
	ActorType     string    `json:"actor_type,omitempty"`
	CausationID   string    `json:"causation_id,omitempty"`
	CorrelationID string    `json:"correlation_id,omitempty"`
	Epoch         *int32    `json:"epoch,omitempty"` // this epoch alone
	FirstSeq      *int64    `json:"first_seq,omitempty"`
	IP            string    `json:"ip,omitempty"`
	LastSeq       *int64    `json:"last_seq,omitempty"`
	Outcome       string    `json:"outcome,omitempty"`
	RequestID     string    `json:"request_id,omitempty"`
	Since         time.Time `json:"since,omitzero"` // since <= event time < until; UTC, whole microseconds
	TargetID      string    `json:"target_id,omitempty"`
	TargetType    string    `json:"target_type,omitempty"`
	TraceID       string    `json:"trace_id,omitempty"`
	Until         time.Time `json:"until,omitzero"`
}

// Check says what cannot be meant.
func (f *Filter) Check() error {
	switch {
	case (f.FirstSeq != nil || f.LastSeq != nil) && f.Epoch == nil:
		return errors.New("a range of seq is one of an epoch")
	case f.Epoch != nil && *f.Epoch < 0:
		return fmt.Errorf("epoch %d is below 0", *f.Epoch)
	case f.FirstSeq != nil && *f.FirstSeq < 0:
		return fmt.Errorf("seq %d is below 0", *f.FirstSeq)
	case f.LastSeq != nil && *f.LastSeq < 0:
		return fmt.Errorf("seq %d is below 0", *f.LastSeq)
	case f.FirstSeq != nil && f.LastSeq != nil && *f.LastSeq < *f.FirstSeq:
		return fmt.Errorf("seq %d is before seq %d", *f.LastSeq, *f.FirstSeq)
	case !f.Since.IsZero() && !f.Until.IsZero() && f.Until.Before(f.Since):
		return errors.New("until is before since")
	}
	for _, bound := range []time.Time{f.Since, f.Until} {
		if !bound.Equal(bound.Truncate(time.Microsecond)) || bound.Location() != time.UTC {
			return errors.New("since and until are UTC and whole microseconds")
		}
	}
	return nil
}

// takesAll reports whether the filter asks nothing of the events themselves, so
// that every one in its range must be there.
func (f *Filter) takesAll() bool {
	rest := *f
	rest.Epoch, rest.FirstSeq, rest.LastSeq = nil, nil, nil
	return rest == Filter{}
}

// rangeOf cuts the filter's range of seq out of an epoch with so many events.
func (f *Filter) rangeOf(size int64) (from, to int64) {
	to = size
	if f.LastSeq != nil && *f.LastSeq < size-1 {
		to = *f.LastSeq + 1
	}
	if f.FirstSeq != nil {
		from = min(*f.FirstSeq, to)
	}
	return from, to
}

// mismatch names the first member of the filter that the event does not match,
// "" where it matches.
func (f *Filter) mismatch(rec *record.Record, recordedAt time.Time) string {
	if !strings.HasPrefix(rec.Action, f.ActionPrefix) {
		return "action_prefix"
	}
	for _, member := range []struct{ name, want, have string }{
		{"action", f.Action, rec.Action},
		{"actor_id", f.ActorID, text(rec.Actor.Get("id"))},
		{"actor_type", f.ActorType, text(rec.Actor.Get("type"))},
		{"causation_id", f.CausationID, rec.CausationID},
		{"correlation_id", f.CorrelationID, rec.CorrelationID},
		{"ip", f.IP, text(rec.Context.Get("ip"))},
		{"outcome", f.Outcome, rec.Outcome},
		{"request_id", f.RequestID, text(rec.Context.Get("request_id"))},
		{"target_id", f.TargetID, text(rec.Target.Get("id"))},
		{"target_type", f.TargetType, text(rec.Target.Get("type"))},
		{"trace_id", f.TraceID, rec.TraceID},
	} {
		if member.want != "" && member.want != member.have {
			return member.name
		}
	}
	at := EventTime(rec, recordedAt)
	switch {
	case !f.Since.IsZero() && at.Before(f.Since):
		return "since"
	case !f.Until.IsZero() && !at.Before(f.Until):
		return "until"
	}
	return ""
}

// text is what the column of a member holds, which is ->> in PostgreSQL: a
// number is written out without an exponent.
func text(v record.Value) string {
	switch v.Kind() {
	case record.String:
		return v.Text()
	case record.Bool:
		return strconv.FormatBool(v.Bool())
	case record.Number:
		return strconv.FormatFloat(v.Number(), 'f', -1, 64)
	default:
		return ""
	}
}

// EventTime is the time by which events are listed and windows are cut: the
// record's own, or its arrival where it has none or claims a later one, in whole
// microseconds.
func EventTime(rec *record.Record, recordedAt time.Time) time.Time {
	own := rec.TimeUnixNano
	if own == 0 {
		own = rec.ObservedTimeUnixNano
	}
	if at := time.UnixMicro(own / 1000).UTC(); own != 0 && at.Before(recordedAt) {
		return at
	}
	return recordedAt
}
