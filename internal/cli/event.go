package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/otelaudit/otelaudit/internal/export"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
)

// tableTime is short enough for a table and still says the zone.
const tableTime = "2006-01-02T15:04:05.000Z07:00"

// afterArrival marks the time of an event whose own time is later.
const afterArrival = "*"

// eventTime is the time of an event in a table.
func eventTime(e *store.StoredEvent) string {
	text := e.EventTime.UTC().Format(tableTime)
	if e.TimeAfterArrival() {
		text += afterArrival
	}
	return text
}

// eventTable is events for people: what happened, one line each.
func eventTable(events []store.StoredEvent) *listing {
	table := &listing{header: []string{"time", "action", "outcome", "actor", "target", "event_id"}}
	for i := range events {
		table.add(eventCells(&events[i])...)
	}
	return table
}

func eventCells(e *store.StoredEvent) []string {
	r := e.Record
	return []string{eventTime(e), r.Action, r.Outcome, entityText(r.Actor), entityText(r.Target), r.EventID}
}

// jsonColumns of export.CSVColumns are JSON, even where they are a text.
var jsonColumns = []string{"actor", "target", "changes", "context", "payload", "original", "producer", "source", "attributes", "body"}

// eventRows is events with all their members, for CSV: the lines of export.
func eventRows(events []store.StoredEvent) (*listing, error) {
	rows := &listing{header: slices.Clone(export.CSVColumns)}
	for i := range events {
		members, err := parseMembers(events[i].AppendJSON(nil))
		if err != nil {
			return nil, err
		}
		r := events[i].Record
		texts := map[string]string{
			"actor_type": r.ActorType(), "actor_id": r.ActorID(), "target_type": r.TargetType(), "target_id": r.TargetID(),
			"request_id": r.Context.Get("request_id").Text(), "client_ip": r.Context.Get("ip").Text(),
		}
		for _, m := range members {
			text := string(m.value)
			if m.value[0] == '"' && !slices.Contains(jsonColumns, m.name) {
				if err := json.Unmarshal(m.value, &text); err != nil {
					return nil, err
				}
			}
			texts[m.name] = text
		}
		row := make([]string, len(rows.header))
		for i, name := range rows.header {
			row[i] = texts[name]
		}
		rows.add(row...)
	}
	return rows, nil
}

// entityText is TYPE:ID as far as it is known, "-" for nothing.
func entityText(v record.Value) string {
	return typeAndID(v.Get("type").Text(), v.Get("id").Text())
}

func typeAndID(kind, id string) string {
	switch {
	case kind == "" && id == "":
		return "-"
	case id == "":
		return kind
	case kind == "":
		return ":" + id
	}
	return kind + ":" + id
}

// writeLines writes one JSON object per line.
func writeLines(w *bufio.Writer, events []store.StoredEvent) error {
	var line []byte
	for i := range events {
		line = append(events[i].AppendJSON(line[:0]), '\n')
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
	return nil
}

// writePage writes {"events": […], "next_cursor": "…"}; the cursor is there
// only when another page follows.
func writePage(w io.Writer, page store.Page) error {
	document := struct {
		Events []json.RawMessage `json:"events"`
		Next   string            `json:"next_cursor,omitempty"`
	}{Events: []json.RawMessage{}, Next: page.Next}
	for i := range page.Events {
		document.Events = append(document.Events, page.Events[i].AppendJSON(nil))
	}
	return writeJSON(w, document)
}

// writeObject writes a JSON object in the given format; as a table, one member
// per line, text without quotes and objects over several lines.
func writeObject(w io.Writer, format string, object []byte) error {
	switch format {
	case formatJSONL:
		_, err := fmt.Fprintf(w, "%s\n", object)
		return err
	case formatJSON:
		return writeJSON(w, json.RawMessage(object))
	}
	members, err := parseMembers(object)
	if err != nil {
		return err
	}
	width := 0
	for _, m := range members {
		width = max(width, len(m.name))
	}
	for _, m := range members {
		if _, err := fmt.Fprintf(w, "%-*s  %s\n", width, m.name, memberText(m.value)); err != nil {
			return err
		}
	}
	return nil
}

// wideEnough is the length up to which an object stays on one line.
const wideEnough = 80

// memberText is text without quotes, a short value on the line of its name, and
// a long one indented below it.
func memberText(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil && string(value) != "null" {
		return printable(text)
	}
	if len(value) <= wideEnough || value[0] != '{' && value[0] != '[' {
		return printable(string(value))
	}
	var b bytes.Buffer
	if err := json.Indent(&b, value, "  ", "  "); err != nil {
		return printable(string(value))
	}
	lines := strings.Split(b.String(), "\n")
	for i, line := range lines {
		lines[i] = printable(line)
	}
	return "\n  " + strings.Join(lines, "\n")
}
