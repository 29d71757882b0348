package store

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/otelaudit/otelaudit/internal/record"
)

// RowEncoder turns rows into the JSON of StoredEvent without making records of
// them. Not safe for concurrent use.
type RowEncoder struct {
	json    canonicalizer
	scratch []byte
}

// Column is one member of an event as RowEncoder tells it apart.
type Column int

// columnOrder is the order of the members in JSON, which is that of
// StoredEvent.AppendJSON.
var columnOrder = [...]Column{
	colEventID, colTenantID, colEventTime, colAction, colOutcome, colActor, colTarget, colReason, colChanges, colCorrelationID,
	colCausationID, colIdempotencyKey, colContext, colPayload, colTraceID, colSpanID, colEventName, colSeverity, colSeverityText,
	colSchemaVersion, colFlags, colOriginal, colTime, colObservedTime, colProducer, colSource, colAttributes, colBody,
	colSeq, columnEpoch, colRecordedAt, columnAfterArrival, colLeafHash, colMAC,
}

// Columns that the statement does not select.
const (
	columnEpoch Column = scanColumns + iota
	columnAfterArrival
)

// ColumnOf returns the column of that name: the members of an event's JSON, and
// actor_type, actor_id, target_type, target_id, request_id and client_ip, which
// repeat members of those.
func ColumnOf(name string) (Column, bool) {
	switch name {
	case "epoch":
		return columnEpoch, true
	case "time_after_arrival":
		return columnAfterArrival, true
	}
	for i := range columnNames {
		known := columnNames[i]
		if known == name && i != colTable {
			return Column(i), true
		}
	}
	return 0, false
}

// Name is what ColumnOf knows the column by.
func (c Column) Name() string {
	if c == columnEpoch {
		return "epoch"
	}
	if c == columnAfterArrival {
		return "time_after_arrival"
	}
	return columnNames[c]
}

// IsJSON reports whether the column holds JSON.
func (c Column) IsJSON() bool {
	switch c { //nolint:exhaustive // the others are texts, numbers and times
	case colActor, colTarget, colChanges, colContext, colPayload, colOriginal, colProducer, colSource, colAttributes, colBody, colFlags:
		return true
	}
	return false
}

// ColumnSet is some columns.
type ColumnSet uint64

// Columns returns the set of columns of these names, which ColumnOf knows.
func Columns(names ...string) (set ColumnSet) {
	for _, name := range names {
		if c, known := ColumnOf(name); known {
			set |= 1 << c
		}
	}
	return set
}

// AppendJSON appends the event as StoredEvent.AppendJSON does.
func (e *RowEncoder) AppendJSON(dst []byte, row EventRow) ([]byte, error) {
	return e.AppendMembers(append(dst, '{'), row, 0, '}')
}

// AppendMembers appends the members of the event's JSON without some of them,
// separated by commas, and what ends them.
func (e *RowEncoder) AppendMembers(dst []byte, row EventRow, without ColumnSet, end byte) ([]byte, error) {
	start := len(dst)
	for _, c := range columnOrder {
		if without>>c&1 != 0 || !row.has(c) {
			continue
		}
		dst = append(dst, '"')
		dst = append(dst, c.Name()...)
		dst = append(dst, '"', ':')
		var err error
		if dst, err = e.appendValue(dst, row, c); err != nil {
			return dst, err
		}
		dst = append(dst, ',')
	}
	if len(dst) == start {
		return append(dst, end), nil
	}
	dst[len(dst)-1] = end // in the place of the last comma
	return dst, nil
}

// has reports whether the event has the member.
func (r EventRow) has(c Column) bool {
	switch c {
	case columnEpoch:
		return true
	case columnAfterArrival:
		return r.TimeAfterArrival()
	case colSeverity:
		return len(r.column(colSeverity)) == 2 && binary.BigEndian.Uint16(r.column(colSeverity)) != 0
	case colTime, colObservedTime:
		return r.nano(c) != 0
	}
	column := r.column(int(c))
	return len(column) > 0 && (c != colFlags || len(column) >= 12 && binary.BigEndian.Uint32(column) != 0)
}

func (r EventRow) nano(c Column) int64 {
	n, err := asInt64(r.column(int(c)))
	if err != nil {
		return 0
	}
	return n
}

// TimeAfterArrival is that of StoredEvent.
func (r EventRow) TimeAfterArrival() bool {
	nano := r.nano(colTime)
	return nano != 0 && time.Unix(0, nano).UnixMicro() > r.RecordedAt()
}

// EventTime is in microseconds since 1970.
func (r EventRow) EventTime() int64 {
	micros, err := asInt64(r.column(colEventTime))
	if err != nil || micros > math.MaxInt64-postgresEpoch {
		return math.MaxInt64
	}
	return micros + postgresEpoch
}

// Epoch is the log that an Export read the row of.
func (r EventRow) Epoch() int32 { return r.page.Epoch }

// Severity is OpenTelemetry's number, 0 where there is none.
func (r EventRow) Severity() int {
	if !r.has(colSeverity) {
		return 0
	}
	return int(int16(binary.BigEndian.Uint16(r.column(colSeverity)))) //nolint:gosec // two's complement on the wire
}

// Raw is the column as it came: of a text its bytes, nil where there is none. It
// shares the page's memory.
func (r EventRow) Raw(c Column) []byte {
	if c >= scanColumns {
		return nil
	}
	return r.column(int(c))
}

// Has reports whether the event has the member.
func (r EventRow) Has(c Column) bool { return r.has(c) }

func (e *RowEncoder) appendValue(dst []byte, row EventRow, c Column) (out []byte, err error) {
	switch c {
	case colEventTime, colRecordedAt, colTime, colObservedTime, colLeafHash:
		dst, err = e.AppendText(append(dst, '"'), row, c)
		return append(dst, '"'), err
	case columnEpoch, columnAfterArrival, colSeq, colSeverity:
		return e.AppendText(dst, row, c)
	}
	if c.IsJSON() {
		return e.AppendText(dst, row, c)
	}
	return AppendQuoted(dst, row.column(int(c))), nil
}

// AppendText appends a member as text: a text without quotes, a time in RFC 3339,
// JSON in canonical form, nothing for what is not there.
func (e *RowEncoder) AppendText(dst []byte, row EventRow, c Column) ([]byte, error) {
	if !row.has(c) {
		return dst, nil
	}
	switch c {
	case columnEpoch:
		return strconv.AppendInt(dst, int64(row.Epoch()), 10), nil
	case columnAfterArrival:
		return append(dst, "true"...), nil
	case colSeq:
		return strconv.AppendInt(dst, row.Seq(), 10), nil
	case colSeverity:
		return strconv.AppendInt(dst, int64(row.Severity()), 10), nil
	case colTime, colObservedTime:
		return strconv.AppendInt(dst, row.nano(c), 10), nil
	case colEventTime:
		return AppendMicros(dst, row.EventTime()), nil
	case colRecordedAt:
		return AppendMicros(dst, row.RecordedAt()), nil
	case colLeafHash:
		return hex.AppendEncode(dst, row.column(colLeafHash)), nil
	case colFlags:
		return e.appendFlags(dst, row)
	}
	column := row.column(int(c))
	if !c.IsJSON() {
		return append(dst, column...), nil
	}
	if column[0] != jsonbVersion {
		return dst, errShape
	}
	dst, _, err := e.json.appendJSONB(dst, column[1:])
	return dst, err
}

func (e *RowEncoder) appendFlags(dst []byte, row EventRow) ([]byte, error) {
	h := RowHasher{canonical: e.scratch[:0]}
	err := h.flags(row)
	e.scratch = h.canonical
	if err != nil || len(h.canonical) == 0 {
		return dst, err
	}
	return append(dst, h.canonical[len(`"flags":`):len(h.canonical)-1]...), nil
}

// AppendMicros appends a time, in microseconds since 1970, as RFC 3339 in UTC.
func AppendMicros(dst []byte, micros int64) []byte {
	return time.UnixMicro(micros).UTC().AppendFormat(dst, timeFormat)
}

// AppendQuoted appends text as a JSON string in canonical form.
func AppendQuoted(dst, text []byte) []byte {
	plain, ascii := true, true
	for _, b := range text {
		plain = plain && !ends[b]
		ascii = ascii && b < utf8.RuneSelf
	}
	if !plain || !ascii && !utf8.Valid(text) {
		return record.StringValue(string(text)).AppendJSON(dst)
	}
	dst = append(dst, '"')
	dst = append(dst, text...)
	return append(dst, '"')
}
