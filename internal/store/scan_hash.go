package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/otelaudit/otelaudit/internal/record"
)

// Hashes are what a row's own columns say of it.
type Hashes struct {
	Leaf        [32]byte // over the canonical record
	Fingerprint [32]byte // over what happened, see record.Record.Fingerprint
	BindsKey    bool     // the idempotency key is an identity
	// Odd says what is wrong with columns that the leaf does not cover, or with
	// a value that no writer stores; "" where nothing is.
	Odd string
}

// RowHasher recomputes the hashes of rows from the columns that a reader sees.
// Not safe for concurrent use.
type RowHasher struct {
	json      canonicalizer
	canonical []byte // 0x00, then the record: what is hashed
	facts     []byte // the members under the fingerprint
	odd       string
	spans     [scanColumns][2]int // of the JSON columns, in canonical
}

// Canonical are the canonical bytes of the row hashed last.
func (h *RowHasher) Canonical() []byte { return h.canonical[1:] }

// Hash returns the hashes of a row, or why its columns are no record.
func (h *RowHasher) Hash(row EventRow) (Hashes, error) {
	h.canonical = append(h.canonical[:0], 0, '{')
	h.facts = append(h.facts[:0], '{')
	h.odd = ""
	if err := h.appendMembers(row); err != nil {
		return Hashes{}, err
	}
	h.canonical[len(h.canonical)-1] = '}' // in the place of the last comma
	if last := len(h.facts) - 1; h.facts[last] == ',' {
		h.facts[last] = '}'
	} else {
		h.facts = append(h.facts, '}')
	}
	h.checkRepeated(row)
	return Hashes{
		Leaf:        sha256.Sum256(h.canonical),
		Fingerprint: sha256.Sum256(h.facts),
		BindsKey:    h.bindsKey(row),
		Odd:         h.odd,
	}, nil
}

// appendMembers appends every member in canonical order.
func (h *RowHasher) appendMembers(row EventRow) error {
	h.text(row, colAction, `"action":`, true)
	if err := h.value(row, colActor, `"actor":`, true); err != nil {
		return err
	}
	if err := h.value(row, colAttributes, `"attributes":`, false); err != nil {
		return err
	}
	if err := h.value(row, colBody, `"body":`, false); err != nil {
		return err
	}
	h.text(row, colCausationID, `"causation_id":`, true)
	if err := h.value(row, colChanges, `"changes":`, true); err != nil {
		return err
	}
	if err := h.value(row, colContext, `"context":`, false); err != nil {
		return err
	}
	h.text(row, colCorrelationID, `"correlation_id":`, true)
	h.text(row, colEventID, `"event_id":`, false)
	h.text(row, colEventName, `"event_name":`, false)
	if err := h.flags(row); err != nil {
		return err
	}
	h.text(row, colIdempotencyKey, `"idempotency_key":`, false)
	if err := h.nano(row, colObservedTime, `"observed_time_unix_nano":"`); err != nil {
		return err
	}
	if err := h.value(row, colOriginal, `"original":`, false); err != nil {
		return err
	}
	h.text(row, colOutcome, `"outcome":`, true)
	if err := h.value(row, colPayload, `"payload":`, true); err != nil {
		return err
	}
	if err := h.value(row, colProducer, `"producer":`, false); err != nil {
		return err
	}
	h.text(row, colReason, `"reason":`, true)
	h.text(row, colSchemaVersion, `"schema_version":`, false)
	if err := h.severity(row); err != nil {
		return err
	}
	h.text(row, colSeverityText, `"severity_text":`, false)
	if err := h.value(row, colSource, `"source":`, false); err != nil {
		return err
	}
	h.text(row, colSpanID, `"span_id":`, false)
	if err := h.value(row, colTarget, `"target":`, true); err != nil {
		return err
	}
	h.text(row, colTenantID, `"tenant_id":`, true)
	if err := h.nano(row, colTime, `"time_unix_nano":"`); err != nil {
		return err
	}
	h.text(row, colTraceID, `"trace_id":`, false)
	h.canonical = append(h.canonical, `"v":`...)
	h.canonical = strconv.AppendInt(h.canonical, record.Version, 10)
	h.canonical = append(h.canonical, ',')
	return nil
}

func (h *RowHasher) isOdd(what string) {
	if h.odd == "" {
		h.odd = what
	}
}

// text appends a text member. A writer stores no empty text.
func (h *RowHasher) text(row EventRow, column int, name string, fact bool) {
	if row.isNull(column) {
		return
	}
	text := row.column(column)
	if len(text) == 0 {
		h.isOdd(columnNames[column] + " is the empty text, which is stored as NULL")
		return
	}
	start := len(h.canonical)
	h.canonical = append(h.canonical, name...)
	h.quote(text, column)
	h.canonical = append(h.canonical, ',')
	if fact {
		h.facts = append(h.facts, h.canonical[start:]...)
	}
}

// quote appends text as an RFC 8785 string. Bytes that are no UTF-8 become
// U+FFFD there, which may have been what was signed: the column is not.
func (h *RowHasher) quote(text []byte, column int) {
	plain, ascii := true, true
	for _, b := range text {
		plain = plain && !ends[b]
		ascii = ascii && b < utf8.RuneSelf
	}
	if !ascii && !utf8.Valid(text) {
		h.isOdd(columnNames[column] + " holds bytes that are no UTF-8")
		plain = false
	}
	if !plain {
		h.canonical = record.StringValue(string(text)).AppendJSON(h.canonical)
		return
	}
	h.canonical = append(h.canonical, '"')
	h.canonical = append(h.canonical, text...)
	h.canonical = append(h.canonical, '"')
}

func (h *RowHasher) value(row EventRow, column int, name string, fact bool) error {
	h.spans[column] = [2]int{}
	if row.isNull(column) {
		return nil
	}
	stored := row.column(column)
	if len(stored) == 0 || stored[0] != jsonbVersion {
		return errShape
	}
	start := len(h.canonical)
	h.canonical = append(h.canonical, name...)
	from := len(h.canonical)
	var inexact bool
	var err error
	h.canonical, inexact, err = h.json.appendJSONB(h.canonical, stored[1:])
	if err != nil {
		return fmt.Errorf("%s: %w", columnNames[column], err)
	}
	if !utf8.Valid(stored) {
		h.isOdd(columnNames[column] + " holds bytes that are no UTF-8")
	}
	if inexact {
		h.isOdd(columnNames[column] + " holds a number with other digits than the one that was hashed")
	}
	h.spans[column] = [2]int{from, len(h.canonical)}
	h.canonical = append(h.canonical, ',')
	if fact {
		h.facts = append(h.facts, h.canonical[start:]...)
	}
	return nil
}

func (h *RowHasher) nano(row EventRow, column int, name string) error {
	if row.isNull(column) {
		return nil
	}
	nano, err := asInt64(row.column(column))
	if err != nil {
		return err
	}
	if nano == 0 {
		h.isOdd(columnNames[column] + " is 0, which is stored as NULL")
		return nil
	}
	h.canonical = append(h.canonical, name...)
	h.canonical = strconv.AppendInt(h.canonical, nano, 10)
	h.canonical = append(h.canonical, '"', ',')
	return nil
}

func (h *RowHasher) severity(row EventRow) error {
	if row.isNull(colSeverity) {
		return nil
	}
	stored := row.column(colSeverity)
	if len(stored) != 2 {
		return errShape
	}
	severity := int16(binary.BigEndian.Uint16(stored)) //nolint:gosec // two's complement on the wire
	if severity == 0 {
		h.isOdd("severity is 0, which is stored as NULL")
		return nil
	}
	h.canonical = append(h.canonical, `"severity":`...)
	h.canonical = strconv.AppendInt(h.canonical, int64(severity), 10)
	h.canonical = append(h.canonical, ',')
	return nil
}

// flags appends the array of flags. A binary array is: dimensions, whether there
// are NULLs, element type, then size and lower bound of each dimension.
func (h *RowHasher) flags(row EventRow) error {
	if row.isNull(colFlags) {
		return nil
	}
	stored := row.column(colFlags)
	if len(stored) < 12 {
		return errShape
	}
	dimensions := binary.BigEndian.Uint32(stored)
	if dimensions == 0 {
		h.isOdd("flags is an empty array, which is stored as NULL")
		return nil
	}
	if dimensions != 1 || len(stored) < 20 {
		return fmt.Errorf("flags: an array of %d dimensions", dimensions)
	}
	if binary.BigEndian.Uint32(stored[16:]) != 1 {
		h.isOdd("flags does not begin with element 1")
	}
	h.canonical = append(h.canonical, `"flags":[`...)
	rest := stored[20:]
	for i := range binary.BigEndian.Uint32(stored[12:]) {
		if len(rest) < 4 {
			return errShape
		}
		length := binary.BigEndian.Uint32(rest)
		rest = rest[4:]
		if length == math.MaxUint32 {
			return fmt.Errorf("flags: element %d is NULL", i+1)
		}
		if uint64(length) > uint64(len(rest)) {
			return errShape
		}
		if i > 0 {
			h.canonical = append(h.canonical, ',')
		}
		h.quote(rest[:length], colFlags)
		rest = rest[length:]
	}
	h.canonical = append(h.canonical, ']', ',')
	return nil
}

// repeated are the columns that only repeat a member of an object.
var repeated = [...]struct {
	column, object int
	member         string
}{
	{colActorType, colActor, `"type":`},
	{colActorID, colActor, `"id":`},
	{colTargetType, colTarget, `"type":`},
	{colTargetID, colTarget, `"id":`},
	{colRequestID, colContext, `"request_id":`},
	{colClientIP, colContext, `"ip":`},
}

// checkRepeated compares the columns that the leaf does not cover with what
// they repeat. PostgreSQL generates them, until somebody drops the expression.
func (h *RowHasher) checkRepeated(row EventRow) {
	for _, r := range &repeated {
		span := h.spans[r.object]
		member := topMember(h.canonical[span[0]:span[1]], r.member)
		if !repeats(row, r.column, member) {
			h.isOdd(columnNames[r.column] + " is not the one of " + columnNames[r.object])
		}
	}
	if row.misplaced() {
		h.isOdd("the event stands in a partition for another month than that of recorded_at, where nobody looks for it")
	}
	if !h.repeatsTime(row) {
		h.isOdd("event_time is not the earlier of the record's time and recorded_at")
	}
}

// repeats reports whether a column is what ->> makes of a member.
func repeats(row EventRow, column int, member []byte) bool {
	if len(member) == 0 || string(member) == "null" {
		return row.isNull(column)
	}
	if row.isNull(column) {
		return false
	}
	stored := row.column(column)
	if member[0] == '"' && bytes.IndexByte(member, '\\') < 0 {
		return bytes.Equal(member[1:len(member)-1], stored)
	}
	value, err := record.ParseJSON(member)
	if err != nil {
		return false
	}
	switch value.Kind() {
	case record.String:
		return value.Text() == string(stored)
	case record.Array, record.Object, record.Number:
		// jsonb writes these its own way.
		again, err := record.ParseStored(string(stored))
		return err == nil && bytes.Equal(again.AppendJSON(nil), member)
	default:
		return bytes.Equal(member, stored)
	}
}

// topMember finds a member of a canonical object, nil where there is none. The
// name is quoted and ends in a colon.
func topMember(object []byte, name string) []byte {
	if len(object) == 0 || object[0] != '{' {
		return nil
	}
	for at := 1; at < len(object) && object[at] == '"'; at++ {
		nameEnd := skipString(object, at)
		end := skipValue(object, nameEnd+1)
		if string(object[at:nameEnd+1]) == name {
			return object[nameEnd+1 : end]
		}
		at = end
	}
	return nil
}

// skipString returns the place behind the string that begins at a place of
// canonical JSON.
func skipString(b []byte, at int) int {
	for at++; b[at] != '"'; at++ {
		if b[at] == '\\' {
			at++
		}
	}
	return at + 1
}

// skipValue returns the place behind the value that begins at a place of
// canonical JSON.
func skipValue(b []byte, at int) int {
	depth := 0
	for {
		switch b[at] {
		case '"':
			at = skipString(b, at)
		case '{', '[':
			depth++
			at++
		case '}', ']':
			if depth == 0 {
				return at
			}
			depth--
			at++
		case ',':
			if depth == 0 {
				return at
			}
			at++
		default:
			at++
		}
		if depth == 0 && (at == len(b) || b[at] == ',' || b[at] == '}' || b[at] == ']') {
			return at
		}
	}
}

func (h *RowHasher) repeatsTime(row EventRow) bool {
	stored, err := asInt64(row.column(colEventTime))
	if err != nil {
		return false
	}
	recordedAt, err := asInt64(row.column(colRecordedAt))
	if err != nil {
		return false
	}
	column := colTime
	if row.isNull(colTime) {
		column = colObservedTime
	}
	if row.isNull(column) {
		return stored == recordedAt
	}
	nano, err := asInt64(row.column(column))
	if err != nil {
		return false
	}
	return stored == min(nano/1000-postgresEpoch, recordedAt)
}

// bindsKey reports whether the row has a second identity.
func (h *RowHasher) bindsKey(row EventRow) bool {
	key := row.column(colIdempotencyKey)
	if len(key) == 0 {
		return false
	}
	if !likeEvlogKey(key) {
		return true
	}
	rec, err := record.ParseCanonical(h.Canonical())
	return err == nil && rec.BindsKey()
}

// likeEvlogKey is the form of the keys that evlog derives by itself: only the
// record can tell whether this is one.
func likeEvlogKey(key []byte) bool {
	if len(key) != 32 {
		return false
	}
	for _, b := range key {
		if (b < '0' || b > '9') && (b < 'a' || b > 'f') {
			return false
		}
	}
	return true
}

var columnNames = [scanColumns]string{
	colSeq: "seq", colRecordedAt: "recorded_at", colEventTime: "event_time", colTime: "time_unix_nano",
	colObservedTime: "observed_time_unix_nano", colSeverity: "severity", colLeafHash: "leaf_hash", colMAC: "mac",
	colActorType: "actor_type", colActorID: "actor_id", colTargetType: "target_type", colTargetID: "target_id",
	colRequestID: "request_id", colClientIP: "client_ip", colAction: "action", colActor: "actor", colAttributes: "attributes",
	colBody: "body", colCausationID: "causation_id", colChanges: "changes", colContext: "context",
	colCorrelationID: "correlation_id", colEventID: "event_id", colEventName: "event_name", colFlags: "flags",
	colIdempotencyKey: "idempotency_key", colOriginal: "original", colOutcome: "outcome", colPayload: "payload",
	colProducer: "producer", colReason: "reason", colSchemaVersion: "schema_version", colSeverityText: "severity_text",
	colSource: "source", colSpanID: "span_id", colTarget: "target", colTenantID: "tenant_id", colTraceID: "trace_id",
}
