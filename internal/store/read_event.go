package store

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/otelaudit/otelaudit/internal/record"
)

// StoredEvent is an event as the store holds it: the record, exactly as it was
// hashed, and its place in the tenant's log.
type StoredEvent struct {
	Record     *record.Record
	Seq        int64     // from 0, per tenant and epoch, without gaps
	Epoch      int32     // 0 until the log had to begin anew
	RecordedAt time.Time // UTC, the database server's clock
	EventTime  time.Time // UTC, the earlier of the record's time and RecordedAt
	LeafHash   [32]byte  // as stored; verify recomputes it
	MAC        string    // origin MAC as stored, "" without one; verify checks it
}

// collectEvents reads rows of the columns that the read_*.sql of events select.
func collectEvents(rows pgx.Rows) ([]StoredEvent, error) {
	defer rows.Close()
	var events []StoredEvent
	for rows.Next() {
		event, err := scanEvent(rows)
		if err != nil {
			return nil, err
		}
		events = append(events, event)
	}
	return events, rows.Err()
}

func scanEvent(row pgx.Rows) (StoredEvent, error) {
	rec := &record.Record{}
	event := StoredEvent{Record: rec}
	var leaf []byte
	var mac *string
	var nano, observedNano *int64
	var severity *int16
	texts := []*string{
		&rec.TenantID, &rec.EventID, &rec.Action, &rec.Outcome, &rec.CorrelationID, &rec.CausationID, &rec.IdempotencyKey,
		&rec.TraceID, &rec.SpanID, &rec.EventName, &rec.SeverityText, &rec.SchemaVersion, &rec.Reason,
	}
	values := []*record.Value{
		&rec.Original, &rec.Actor, &rec.Target, &rec.Changes, &rec.Context,
		&rec.Payload, &rec.Producer, &rec.Source, &rec.Attributes, &rec.Body,
	}
	nullTexts := make([]*string, len(texts)+len(values))
	into := []any{&event.Seq, &event.Epoch, &event.RecordedAt, &event.EventTime, &leaf, &mac, &nano, &observedNano, &severity}
	for i := range texts {
		into = append(into, &nullTexts[i])
	}
	into = append(into, &rec.Flags)
	for i := range values {
		into = append(into, &nullTexts[len(texts)+i])
	}
	if err := row.Scan(into...); err != nil {
		return StoredEvent{}, err
	}
	for i, text := range texts {
		if nullTexts[i] != nil {
			*text = *nullTexts[i]
		}
	}
	for i, value := range values {
		stored := nullTexts[len(texts)+i]
		if stored == nil {
			continue
		}
		parsed, err := record.ParseStored(*stored)
		if err != nil {
			return StoredEvent{}, fmt.Errorf("event %q of tenant %q: %w", rec.EventID, rec.TenantID, err)
		}
		*value = parsed
	}
	if nano != nil {
		rec.TimeUnixNano = *nano
	}
	if observedNano != nil {
		rec.ObservedTimeUnixNano = *observedNano
	}
	if severity != nil {
		rec.Severity = int(*severity)
	}
	if len(rec.Flags) == 0 {
		rec.Flags = nil
	}
	event.RecordedAt, event.EventTime = event.RecordedAt.UTC(), event.EventTime.UTC()
	copy(event.LeafHash[:], leaf)
	if mac != nil {
		event.MAC = *mac
	}
	return event, nil
}

// TimeAfterArrival reports whether the record's own time is later than its
// arrival, to the microsecond of RecordedAt. EventTime is the arrival then. No
// flag of the record says so, because a record may not depend on when it came.
func (e StoredEvent) TimeAfterArrival() bool {
	return time.Unix(0, e.Record.TimeUnixNano).UnixMicro() > e.RecordedAt.UnixMicro()
}

// MarshalJSON implements json.Marshaler.
func (e StoredEvent) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil), nil }

// timeFormat is RFC 3339 with the microseconds that PostgreSQL keeps.
const timeFormat = "2006-01-02T15:04:05.000000Z07:00"

// AppendJSON appends the event as one JSON object: the record's members by
// their names, absent ones left out, and tenant_id, event_id, seq, epoch,
// recorded_at, event_time, leaf_hash (hexadecimal), mac where there is one, and
// time_after_arrival where it is true. Times of the record are decimal strings of nanoseconds.
func (e StoredEvent) AppendJSON(dst []byte) []byte {
	rec := e.Record
	w := objectWriter{dst: append(dst, '{')}
	w.text("event_id", rec.EventID)
	w.text("tenant_id", rec.TenantID)
	w.text("event_time", e.EventTime.UTC().Format(timeFormat))
	w.text("action", rec.Action)
	w.text("outcome", rec.Outcome)
	w.value("actor", rec.Actor)
	w.value("target", rec.Target)
	w.text("reason", rec.Reason)
	w.value("changes", rec.Changes)
	w.text("correlation_id", rec.CorrelationID)
	w.text("causation_id", rec.CausationID)
	w.text("idempotency_key", rec.IdempotencyKey)
	w.value("context", rec.Context)
	w.value("payload", rec.Payload)
	w.text("trace_id", rec.TraceID)
	w.text("span_id", rec.SpanID)
	w.text("event_name", rec.EventName)
	if rec.Severity != 0 {
		w.number("severity", int64(rec.Severity))
	}
	w.text("severity_text", rec.SeverityText)
	w.text("schema_version", rec.SchemaVersion)
	w.flags(rec.Flags)
	w.value("original", rec.Original)
	w.nanoseconds("time_unix_nano", rec.TimeUnixNano)
	w.nanoseconds("observed_time_unix_nano", rec.ObservedTimeUnixNano)
	w.value("producer", rec.Producer)
	w.value("source", rec.Source)
	w.value("attributes", rec.Attributes)
	w.value("body", rec.Body)
	w.number("seq", e.Seq)
	w.number("epoch", int64(e.Epoch))
	w.text("recorded_at", e.RecordedAt.UTC().Format(timeFormat))
	if e.TimeAfterArrival() {
		w.value("time_after_arrival", record.BoolValue(true))
	}
	w.text("leaf_hash", hex.EncodeToString(e.LeafHash[:]))
	w.text("mac", e.MAC)
	return append(w.dst, '}')
}

// objectWriter appends members to a JSON object and leaves absent ones out.
type objectWriter struct{ dst []byte }

func (w *objectWriter) name(name string) {
	if w.dst[len(w.dst)-1] != '{' {
		w.dst = append(w.dst, ',')
	}
	w.dst = strconv.AppendQuote(w.dst, name)
	w.dst = append(w.dst, ':')
}

func (w *objectWriter) value(name string, v record.Value) {
	if v.IsAbsent() {
		return
	}
	w.name(name)
	w.dst = v.AppendJSON(w.dst)
}

func (w *objectWriter) text(name, text string) { w.value(name, record.TextOrAbsent(text)) }

func (w *objectWriter) number(name string, n int64) {
	w.name(name)
	w.dst = strconv.AppendInt(w.dst, n, 10)
}

func (w *objectWriter) nanoseconds(name string, n int64) {
	if n != 0 {
		w.text(name, strconv.FormatInt(n, 10))
	}
}

func (w *objectWriter) flags(flags []string) {
	if len(flags) == 0 {
		return
	}
	elements := make([]record.Value, len(flags))
	for i, flag := range flags {
		elements[i] = record.StringValue(flag)
	}
	w.value("flags", record.ArrayValue(elements))
}
