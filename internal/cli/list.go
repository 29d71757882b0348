package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/internal/access"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
)

type listOptions struct {
	database databaseFlags
	events   filterFlags
	filter   store.Filter // what the flags say
	format   formatFlag
	access   accessFlags
	readers  bool // list who read the tenant's events
}

func newList(sys *System) *cobra.Command {
	o := &listOptions{}
	cmd := &cobra.Command{
		Use:   "list --tenant T [flags]",
		Short: "List a tenant's events, newest first",
		Long: `List a tenant's events by event time, newest first. Every filter must hold; text
is compared byte by byte. The window is since <= t < until.

With --access it lists who read the tenant's events instead, as far as they asked
for this tenant alone: events audit.read.* of the tenant _system.

A page has at most --limit events. Where more follow, the cursor of the next
page is told: in the JSON document as next_cursor, otherwise on standard error.
It is bound to the tenant and the filters.

jsonl is one JSON object per event with the record's members and seq, epoch,
event_time, recorded_at and leaf_hash, mac where the event has an origin MAC, and
"time_after_arrival": true where the event's own time is later than recorded_at
(a * in the table); json is {"events": […], "next_cursor": "…"}. csv has one column
per member, in lines as RFC 4180 quotes them and with no other change: a text that a
spreadsheet takes for a formula is one there.`,
		Example: `  otelaudit list --tenant acme --since 30d --actor user:alice
  otelaudit list --tenant acme --action-prefix invoice. --outcome denied --format table
  otelaudit list --tenant acme --target invoice:42 --oldest-first | jq .action
  otelaudit list --tenant acme --access --since 30d`,
		Args:              exactly(),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd, sys)
		},
	}
	o.register(cmd)
	return cmd
}

func (o *listOptions) register(cmd *cobra.Command) {
	o.database.register(cmd, "AUDIT_READER_URL")
	o.events.register(cmd)
	f := cmd.Flags()
	f.IntVar(&o.filter.Limit, "limit", store.DefaultLimit, fmt.Sprintf("events per page, 1 to %d", store.MaxLimit))
	f.StringVar(&o.filter.Cursor, "cursor", "", "continue where a page ended")
	f.BoolVar(&o.filter.OldestFirst, "oldest-first", false, "oldest first")
	o.format.register(cmd, formatJSONL, formatTable, formatJSON, formatJSONL, formatCSV)
	f.BoolVar(&o.readers, "access", false, "list who read the tenant's events: the traces about it, of the tenant _system")
	o.access.register(cmd)
}

func (o *listOptions) run(cmd *cobra.Command, sys *System) error {
	format, err := o.check(cmd, sys)
	if err != nil {
		return err
	}
	reader, err := o.database.connect(cmd.Context(), sys)
	if err != nil {
		return err
	}
	defer reader.Close()
	trail, err := o.access.trail(cmd.Context(), sys, reader)
	if err != nil {
		return err
	}
	tenant, asked, describe := o.events.tenant, flagsAsked(cmd), describeRead
	if o.readers {
		tenant, asked, describe = systemTenant, asked.Set("access", record.StringValue(tenant)), describeReaders
	}
	page, err := reader.List(cmd.Context(), tenant, o.filter)
	err = store.RecordRead(cmd.Context(), trail, access.Read{
		Action: access.ActionList, Tenant: tenant, Filter: asked, Rows: int64(len(page.Events)),
	}, err)
	if err != nil {
		return describeTraced(err, describe)
	}
	return printPage(sys, format, page)
}

// check makes the filter of the flags and refuses what cannot be meant.
func (o *listOptions) check(cmd *cobra.Command, sys *System) (format string, err error) {
	if err := o.events.refuse(cmd); err != nil {
		return "", err
	}
	if format, err = o.format.choose(sys); err != nil {
		return "", err
	}
	if o.filter.Limit < 1 || o.filter.Limit > store.MaxLimit {
		return "", usageError("", "--limit %d is not 1 to %d", o.filter.Limit, store.MaxLimit)
	}
	if err := o.events.into(&o.filter, sys.Now()); err != nil || !o.readers {
		return format, err
	}
	f := &o.filter
	if f.ActionPrefix != "" || f.Action != "" || f.TargetType != "" || f.TargetID != "" {
		return "", usageError("list --tenant _system takes every filter", "--access is about reads of the tenant: --action, --action-prefix and --target do not go with it")
	}
	f.ActionPrefix, f.TargetType, f.TargetID = access.ReadPrefix, "tenant", o.events.tenant
	return format, nil
}

// describeReaders is describeRead for the readers of a tenant, which are in the log
// of another.
func describeReaders(err error) error {
	if _, bound := errors.AsType[*store.NotAdmittedError](err); bound {
		return environmentError("an auditor's login, or one that audit_login_tenants binds to "+systemTenant+" or to none, may read it",
			fmt.Errorf("this login may not read the tenant %s, where reads leave their trace", systemTenant))
	}
	return describeRead(err)
}

func printPage(sys *System, format string, page store.Page) error {
	if err := writeEvents(sys.Stdout, format, page); err != nil {
		return err
	}
	if format == formatTable && slices.ContainsFunc(page.Events, store.StoredEvent.TimeAfterArrival) {
		fmt.Fprintf(sys.Stderr, "hint: %s stands where the event's own time is later than its arrival: the time shown is that of its arrival\n", afterArrival)
	}
	if page.Next != "" && format != formatJSON {
		fmt.Fprintf(sys.Stderr, "hint: more events follow: --cursor %s\n", page.Next)
	}
	return nil
}

func writeEvents(w io.Writer, format string, page store.Page) error {
	switch format {
	case formatJSON:
		return writePage(w, page)
	case formatJSONL:
		out := bufio.NewWriter(w)
		return errors.Join(writeLines(out, page.Events), out.Flush())
	case formatCSV:
		rows, err := eventRows(page.Events)
		if err != nil {
			return err
		}
		return rows.writeCSV(w)
	}
	return eventTable(page.Events).writeTable(w)
}

// connect opens the store for reading.
func (d *databaseFlags) connect(ctx context.Context, sys *System) (*store.Reader, error) {
	url, err := d.resolve(sys)
	if err != nil {
		return nil, err
	}
	reader, err := store.Connect(ctx, store.Options{URL: url, Schema: d.schema})
	return reader, describeRead(err)
}

// describeRead gives the store's own errors their exit code and hint.
func describeRead(err error) error {
	var (
		filter  *store.FilterError
		version *store.VersionError
		schema  *store.SchemaError
		access  *store.AccessError
		bound   *store.NotAdmittedError
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &filter):
		return usageError("", "%s %s", flagOf(filter.Field), filter.Reason)
	case errors.Is(err, store.ErrCursor):
		return usageError("repeat the command that gave it, and add --cursor", "--cursor: %w", err)
	case errors.Is(err, store.ErrNotFound):
		return negative("", "%w", err)
	case errors.As(err, &schema), errors.As(err, &version):
		return environmentError("migrations run as the owner; --schema names another schema", err)
	case errors.As(err, &bound):
		return environmentError("an administrator binds logins to tenants in audit_login_tenants", err)
	case errors.As(err, &access):
		return environmentError("the login is the user in the database URL", err)
	}
	return describeDatabase(err)
}

// flagOf is where a command line says a field of a filter.
func flagOf(field string) string {
	if field == "event_id" {
		return "EVENT_ID"
	}
	return "--" + strings.ReplaceAll(field, "_", "-")
}
