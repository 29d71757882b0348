package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/internal/access"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
)

type timelineOptions struct{ tenantRead }

func newTimeline(sys *System) *cobra.Command {
	o := &timelineOptions{}
	cmd := &cobra.Command{
		Use:   "timeline --tenant T CORRELATION_ID [flags]",
		Short: "Show the events of one operation by what caused them",
		Long: fmt.Sprintf(`Show the events with a correlation id as a tree by their causation ids, oldest first
among those with the same cause. A causation id names an event by its event id, its
idempotency key or its request id (the first event of it). An event whose cause is
not among them is a root, and so is the first one of events that name each other.
Exit code 1 when the tenant has no event with that correlation id.

jsonl is that of list, in the order of reading, with depth (0 for a root) and
caused_by, the cause's event id. json is {"correlation_id": "…", "events": […],
"cut": false}, each event with what it caused as children; from depth %d on what
follows stands side by side. A timeline has the oldest %d events at most; where
there are more, cut is true and standard error says so.`, maxNested, store.MaxTimeline),
		Example: `  otelaudit timeline --tenant acme checkout-4711
  otelaudit timeline --tenant acme checkout-4711 --format jsonl | jq 'select(.depth == 0)'`,
		Args:              exactly("CORRELATION_ID"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd, sys, args[0])
		},
	}
	o.register(cmd)
	o.format.register(cmd, formatJSONL, formatTable, formatJSON, formatJSONL, formatCSV)
	return cmd
}

func (o *timelineOptions) run(cmd *cobra.Command, sys *System, correlationID string) error {
	format, err := o.check(cmd, sys)
	if err != nil {
		return err
	}
	if correlationID == "" {
		return usageError(helpHint(cmd), "CORRELATION_ID is empty")
	}
	if !utf8.ValidString(correlationID) {
		return usageError("", "CORRELATION_ID is not valid UTF-8")
	}
	var found store.Timeline
	err = o.tenantRead.run(cmd, sys, func(reader *store.Reader) (access.Read, error) {
		var err error
		found, err = reader.Timeline(cmd.Context(), o.tenant, correlationID)
		return access.Read{
			Action: access.ActionTimeline, Rows: int64(len(found.Events)),
			Filter: flagsAsked(cmd).Set("correlation_id", record.StringValue(correlationID)),
		}, err
	})
	switch {
	case err != nil:
		return err
	case len(found.Events) == 0:
		return negative("", "tenant %q has no event with the correlation id %q", o.tenant, correlationID)
	}
	if found.Cut {
		fmt.Fprintf(sys.Stderr, "hint: these are the oldest %d events, there are more: 'otelaudit list --correlation-id' has them all\n", len(found.Events))
	}
	return printTimeline(sys.Stdout, format, correlationID, &found)
}

func printTimeline(w io.Writer, format, correlationID string, t *store.Timeline) error {
	switch format {
	case formatJSON:
		return writeJSON(w, json.RawMessage(nestedTimeline(correlationID, t)))
	case formatJSONL:
		out := bufio.NewWriter(w)
		var line []byte
		for i := range t.Events {
			line = append(appendPlace(line[:0], t, i), "}\n"...)
			if _, err := out.Write(line); err != nil {
				return err
			}
		}
		return out.Flush()
	case formatCSV:
		return timelineCSV(w, t)
	}
	table := &listing{header: []string{"time", "action", "outcome", "actor", "target", "event_id"}}
	branches := branchesOf(t.Events)
	for i := range t.Events {
		cells := eventCells(&t.Events[i].StoredEvent)
		cells[1] = branches[i] + cells[1]
		table.add(cells...)
	}
	return table.writeTable(w)
}

func timelineCSV(w io.Writer, t *store.Timeline) error {
	events := make([]store.StoredEvent, len(t.Events))
	for i := range t.Events {
		events[i] = t.Events[i].StoredEvent
	}
	rows, err := eventRows(events)
	if err != nil {
		return err
	}
	rows.header = append(rows.header, "depth", "caused_by")
	for i := range rows.rows {
		rows.rows[i] = append(rows.rows[i], strconv.Itoa(t.Events[i].Depth), t.CausedBy(i))
	}
	return rows.writeCSV(w)
}

// appendPlace appends an event with its depth and cause, without the brace that
// ends it.
func appendPlace(dst []byte, t *store.Timeline, i int) []byte {
	dst = t.Events[i].AppendJSON(dst)
	dst = strconv.AppendInt(append(dst[:len(dst)-1], `,"depth":`...), int64(t.Events[i].Depth), 10)
	if cause := t.CausedBy(i); cause != "" {
		dst = appendString(append(dst, `,"caused_by":`...), cause)
	}
	return dst
}

// maxNested is the depth from which on events stand side by side in nested JSON:
// readers of JSON give up at some depth, some of them at 256, and each of ours is
// two.
const maxNested = 100

// nestedTimeline is the JSON document of a timeline.
func nestedTimeline(correlationID string, t *store.Timeline) []byte {
	dst := appendString([]byte(`{"correlation_id":`), correlationID)
	dst = append(dst, `,"events":[`...)
	open := 0 // events whose children are being written
	for i := range t.Events {
		level := min(t.Events[i].Depth, maxNested)
		if i > 0 && level < open {
			dst = append(dst, strings.Repeat("]}", open-level)...)
			dst = append(dst, ',')
		}
		dst = append(appendPlace(dst, t, i), `,"children":[`...)
		open = level + 1
	}
	dst = append(dst, strings.Repeat("]}", open)...)
	dst = strconv.AppendBool(append(dst, `],"cut":`...), t.Cut)
	return append(dst, '}')
}

// maxDrawn is the depth up to which the branches of the tree are drawn.
const maxDrawn = 12

// branchesOf draws what stands before each event: its place in the tree.
func branchesOf(events []store.TimelineEvent) []string {
	branches := make([]string, len(events))
	var follows []bool // at each depth, whether a sibling of this line's ancestor comes below it
	for i := len(events) - 1; i >= 0; i-- {
		depth := events[i].Depth
		for len(follows) <= depth {
			follows = append(follows, false)
		}
		follows = follows[:depth+1]
		branches[i] = branch(follows)
		follows[depth] = true
	}
	return branches
}

func branch(follows []bool) string {
	depth := len(follows) - 1
	switch {
	case depth == 0:
		return ""
	case depth > maxDrawn:
		return fmt.Sprintf("(%d) ", depth)
	}
	var b strings.Builder
	for _, more := range follows[1:depth] {
		if more {
			b.WriteString("│ ")
		} else {
			b.WriteString("  ")
		}
	}
	if follows[depth] {
		return b.String() + "├ "
	}
	return b.String() + "└ "
}
