package export

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/otelaudit/otelaudit/internal/store"
)

// Encoder encodes events one after the other; the same rows give the same bytes.
// Not safe for concurrent use.
type Encoder interface {
	// Begin appends what stands in front of the first event.
	Begin(dst []byte) []byte
	// Append appends one event and the end of its line.
	Append(dst []byte, row store.EventRow) ([]byte, error)
}

// NewJSONL returns an encoder of JSON Lines, as list prints them.
func NewJSONL() Encoder { return &jsonl{} }

type jsonl struct{ rows store.RowEncoder }

func (*jsonl) Begin(dst []byte) []byte { return dst }

func (j *jsonl) Append(dst []byte, row store.EventRow) ([]byte, error) {
	dst, err := j.rows.AppendJSON(dst, row)
	return append(dst, '\n'), err
}

// CSVColumns are the columns that a CSV has unless others are asked for: every
// member of an event, what people filter by also where it is part of another.
var CSVColumns = strings.Fields(`
	event_id tenant_id event_time action outcome actor_type actor_id target_type target_id reason
	correlation_id causation_id idempotency_key request_id client_ip trace_id span_id event_name severity severity_text
	schema_version flags time_unix_nano observed_time_unix_nano seq epoch recorded_at time_after_arrival leaf_hash mac
	actor target changes context payload original producer source attributes body`)

// NewCSV returns an encoder of CSV as RFC 4180 quotes it, in lines that end with
// LF, with these columns; none are CSVColumns. JSON is in canonical form, a
// member that is not there is empty.
func NewCSV(columns []string, header bool) (Encoder, error) {
	if len(columns) == 0 {
		columns = CSVColumns
	}
	c := &csv{names: columns, header: header}
	for i, name := range columns {
		column, known := store.ColumnOf(name)
		if !known {
			return nil, fmt.Errorf("no column %q", name)
		}
		if slices.Contains(columns[:i], name) {
			return nil, fmt.Errorf("column %q twice", name)
		}
		c.columns = append(c.columns, column)
	}
	return c, nil
}

type csv struct {
	rows    store.RowEncoder
	names   []string
	columns []store.Column
	header  bool
	field   []byte
}

func (c *csv) Begin(dst []byte) []byte {
	if !c.header {
		return dst
	}
	return append(append(dst, strings.Join(c.names, ",")...), '\n')
}

func (c *csv) Append(dst []byte, row store.EventRow) ([]byte, error) {
	for i, column := range c.columns {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if c.field, err = c.rows.AppendText(c.field[:0], row, column); err != nil {
			return dst, err
		}
		dst = appendField(dst, c.field)
		if len(c.columns) == 1 && len(c.field) == 0 {
			dst = append(dst, `""`...) // readers skip empty lines
		}
	}
	return append(dst, '\n'), nil
}

// appendField quotes a field where it must be, as package encoding/csv does.
func appendField(dst, field []byte) []byte {
	if !mustQuote(field) {
		return append(dst, field...)
	}
	dst = append(dst, '"')
	for {
		i := bytes.IndexByte(field, '"')
		if i < 0 {
			break
		}
		dst = append(append(dst, field[:i+1]...), '"')
		field = field[i+1:]
	}
	return append(append(dst, field...), '"')
}

func mustQuote(field []byte) bool {
	if len(field) == 0 {
		return false
	}
	if string(field) == `\.` { // the end of data for PostgreSQL's COPY
		return true
	}
	if bytes.ContainsAny(field, ",\"\r\n") {
		return true
	}
	first, _ := utf8.DecodeRune(field)
	return unicode.IsSpace(first)
}
