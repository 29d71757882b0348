package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/internal/access"
	"github.com/otelaudit/otelaudit/internal/export"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
)

type tailOptions struct {
	database databaseFlags
	events   filterFlags
	access   accessFlags
	format   formatFlag
	since    string
	last     int
	interval time.Duration
}

// leastInterval keeps a tail from being a load.
const leastInterval = 100 * time.Millisecond

func newTail(sys *System) *cobra.Command {
	o := &tailOptions{}
	cmd := &cobra.Command{
		Use:   "tail --tenant T [flags]",
		Short: "Show new events as they are committed",
		Long: `Show a tenant's events as they are committed, in that order, each once, until it is
interrupted: that is success. The filters are those of list, except that nothing is
about time. It begins with what comes next; --last begins with the last events that
match, --since with those recorded since.

When the server goes away, standard error says so, and tail goes on where it was
once the server is back. jsonl is that of list, csv that of export.`,
		Example: `  otelaudit tail --tenant acme
  otelaudit tail --tenant acme --outcome denied --last 10
  otelaudit tail --tenant acme --since 1h --format jsonl | jq .action`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd, sys)
		},
	}
	o.database.register(cmd, "AUDIT_READER_URL")
	o.events.registerMembers(cmd)
	f := cmd.Flags()
	f.StringVar(&o.since, "since", "", "begin with what was recorded from this `time` on: RFC 3339, a date, or an age")
	f.IntVar(&o.last, "last", 0, fmt.Sprintf("begin with the last `N` events, up to %d", store.MaxLimit))
	f.DurationVar(&o.interval, "interval", time.Second, "`time` between two looks, at least 100ms")
	o.format.register(cmd, formatJSONL, formatTable, formatJSONL, formatCSV)
	o.access.register(cmd)
	return cmd
}

// tailing is one run of tail.
type tailing struct {
	*tailOptions
	sys    *System
	reader *store.Reader
	filter store.Filter

	encoder export.Encoder
	at      store.Place
	rows    int64
	away    bool // the server is
}

func (o *tailOptions) run(cmd *cobra.Command, sys *System) error {
	t := &tailing{tailOptions: o, sys: sys}
	since, err := t.check(cmd)
	if err != nil {
		return err
	}
	if t.reader, err = o.database.connect(cmd.Context(), sys); err != nil {
		return err
	}
	defer t.reader.Close()
	trail, err := o.access.trail(cmd.Context(), sys, t.reader)
	if err != nil {
		return err
	}
	read := access.Read{Action: access.ActionTail, Tenant: o.events.tenant, Filter: flagsAsked(cmd), Rows: -1}
	if err := store.RecordRead(cmd.Context(), trail, read, t.begin(cmd.Context(), since)); err != nil {
		return describeTraced(err, describeExport)
	}
	sys.survivePipe()
	err = t.follow(cmd.Context())
	read.Rows = t.rows
	if traced := trail.RecordEnd(cmd.Context(), read); err == nil {
		err = describeAccess(traced)
	}
	return err
}

// check refuses what cannot be meant and returns what --since says.
func (t *tailing) check(cmd *cobra.Command) (since time.Time, err error) {
	if err := t.events.refuse(cmd); err != nil {
		return since, err
	}
	format, err := t.format.choose(t.sys)
	if err != nil {
		return since, err
	}
	if t.encoder, err = t.choose(format); err != nil {
		return since, err
	}
	if t.since != "" {
		if since, err = parseInstant(t.since, t.sys.Now()); err != nil {
			return since, usageError(instantHint, "--since %q: %w", t.since, err)
		}
	}
	switch {
	case t.interval < leastInterval:
		return since, usageError("", "--interval %s is under %s", t.interval, leastInterval)
	case t.last < 0 || t.last > store.MaxLimit:
		return since, usageError("'otelaudit list' and 'export' have older ones", "--last %d is not 0 to %d", t.last, store.MaxLimit)
	case t.last > 0 && t.since != "":
		return since, usageError("", "use --last or --since, not both")
	}
	return since, t.events.into(&t.filter, t.sys.Now())
}

func (t *tailing) choose(format string) (export.Encoder, error) {
	switch format {
	case formatTable:
		return newTailTable(t.sys.Stdout), nil
	case formatCSV:
		return export.NewCSV(nil, true)
	}
	return export.NewJSONL(), nil
}

// begin finds the place where the tail begins.
func (t *tailing) begin(ctx context.Context, since time.Time) error {
	extent, err := t.reader.Extent(ctx, t.events.tenant)
	if err != nil {
		return err
	}
	switch {
	case t.last > 0:
		t.at, err = t.reader.LastEvents(ctx, t.options(extent.Logs), t.last)
	case t.since != "":
		t.at, err = t.reader.Since(ctx, t.events.tenant, extent.Logs, since)
	default:
		t.at = store.End(extent.Logs)
	}
	return err
}

func (t *tailing) options(logs []store.LogExtent) store.ExportOptions {
	return store.ExportOptions{Tenant: t.events.tenant, Filter: t.filter, Logs: logs, After: &t.at, Now: t.sys.Now}
}

// follow shows what comes until ctx ends, which is no error.
func (t *tailing) follow(ctx context.Context) error {
	if header := t.encoder.Begin(nil); len(header) > 0 {
		if _, err := t.sys.Stdout.Write(header); err != nil {
			return describeOutput("standard output", err)
		}
	}
	for {
		err := t.look(ctx)
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // the end that the user wants breaks whatever runs
		case err != nil && !t.passes(err):
			return describeExport(err)
		case err != nil && !t.away:
			t.away = true
			fmt.Fprintf(t.sys.Stderr, "otelaudit: warning: %s; tail goes on when the server is back\n", printable(err.Error()))
		case err == nil && t.away:
			t.away = false
			fmt.Fprintln(t.sys.Stderr, "otelaudit: the server is back")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(t.interval):
		}
	}
}

// look shows what there is by now. What it has shown it does not show again,
// whatever it returns.
func (t *tailing) look(ctx context.Context) error {
	extent, err := t.reader.Extent(ctx, t.events.tenant)
	if err != nil {
		return err
	}
	if last := store.End(extent.Logs); last.Epoch < t.at.Epoch || last.Epoch == t.at.Epoch && last.Seq < t.at.Seq {
		return environmentError("an older backup was restored? run 'otelaudit verify' before anything else",
			fmt.Errorf("the store has gone back: it had the event %d:%d of %q and ends at %d:%d", t.at.Epoch, t.at.Seq, t.events.tenant, last.Epoch, last.Seq))
	}
	x, err := t.reader.Export(t.options(extent.Logs))
	if err != nil {
		return err
	}
	page := &store.EventPage{}
	var buf []byte
	for {
		gaps, err := x.Next(ctx, page)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		tellGaps(t.sys, gaps)
		buf = buf[:0]
		for i := range page.Len() {
			if buf, err = t.encoder.Append(buf, page.Row(i)); err != nil {
				return err
			}
		}
		if len(buf) == 0 {
			t.at = x.Done()
			continue
		}
		n, err := t.sys.Stdout.Write(buf)
		if n > 0 {
			t.rows += int64(page.Len())
		}
		if err != nil {
			return describeOutput("standard output", err)
		}
		t.at = x.Done()
	}
}

// passes reports whether an error may pass by itself: the server restarts, or
// cannot be reached. What it refuses it refuses again.
func (t *tailing) passes(err error) bool {
	if _, ours := errors.AsType[*failure](err); ours {
		return false
	}
	var refused *store.NotAdmittedError
	var filter *store.FilterError
	if errors.As(err, &refused) || errors.As(err, &filter) {
		return false
	}
	server, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || len(server.Code) != 5 {
		return true // of the connection
	}
	switch server.Code[:2] {
	case "08", "53", "57", "58", "40", "XX":
		return true
	}
	return false
}

// tailTable is the table of events that come one by one: its columns have the
// width that most need. On a terminal they fit its width, and longer texts are
// cut; elsewhere they push the rest of their line.
type tailTable struct {
	screen *terminal // nil where there is none
	listing
	widths []int
}

func newTailTable(w io.Writer) *tailTable {
	t := &tailTable{
		listing: listing{header: []string{"time", "action", "outcome", "actor", "target", "event_id"}},
		widths:  []int{len("2026-05-01T12:00:00.000Z" + afterArrival), 24, len(record.OutcomeSuccess), 20, 20, 36},
	}
	if t.screen, _ = w.(*terminal); t.screen == nil || t.screen.width <= 0 {
		return t
	}
	spare := t.screen.width - 2*(len(t.widths)-1)
	for _, w := range t.widths {
		spare -= w
	}
	for _, i := range []int{1, 3, 4, 5} { // what may be longer
		t.widths[i] += max(spare, 0) / 4
	}
	fit(t.header, t.widths, t.screen.width)
	return t
}

func (t *tailTable) Begin(dst []byte) []byte {
	names := make([]string, len(t.header))
	for i, name := range t.header {
		names[i] = title(name)
	}
	return t.append(dst, names, false)
}

func (t *tailTable) append(dst []byte, cells []string, color bool) []byte {
	widths := t.widths
	if t.screen == nil || t.screen.width <= 0 { // nothing is cut
		widths = slices.Clone(widths)
		for i, text := range cells {
			widths[i] = max(widths[i], columnsOf(text))
		}
	}
	return append(dst, t.line(cells, widths, color)...)
}

func (t *tailTable) Append(dst []byte, row store.EventRow) ([]byte, error) {
	text := func(name string) string {
		column, _ := store.ColumnOf(name)
		return printable(string(row.Raw(column)))
	}
	at := time.UnixMicro(row.EventTime()).UTC().Format(tableTime)
	if row.TimeAfterArrival() {
		at += afterArrival
	}
	return t.append(dst, []string{
		at, text("action"), text("outcome"),
		typeAndID(text("actor_type"), text("actor_id")), typeAndID(text("target_type"), text("target_id")), text("event_id"),
	}, t.screen != nil && t.screen.color), nil
}
