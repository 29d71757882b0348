package cli

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/internal/access"
	"github.com/otelaudit/otelaudit/internal/store"
)

func newAccessOutbox(sys *System) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "outbox",
		Short: "Look at traces that are not in the log yet, and discard what never comes there",
		Long: `Look at the outbox, where traces wait for a collector to take them into the signed
log. What no collector passes on stays there: nothing of this program writes it, so
find out who did before you discard it.`,
		Example: `  otelaudit access outbox list --refused
  otelaudit access outbox discard 0b7a3f1e --reason 'written by hand, see ticket 901'`,
	}
	asGroup(cmd)
	cmd.AddCommand(newOutboxList(sys), newOutboxDiscard(sys))
	return cmd
}

// outboxed is a row as JSON.
type outboxed struct {
	EventID  string    `json:"event_id"`
	PlacedAt time.Time `json:"placed_at"`
	Action   string    `json:"action,omitempty"`
	TargetID string    `json:"target_id,omitempty"`
	ActorID  string    `json:"actor_id,omitempty"`
	Refused  string    `json:"refused,omitempty"` // why no collector passes it on
}

func outboxObject(r *store.OutboxRow) outboxed {
	o := outboxed{EventID: r.EventID, PlacedAt: r.PlacedAt}
	rec, err := access.ReadRow(r.EventID, r.Record)
	if err != nil {
		o.Refused = err.Error()
		return o
	}
	o.Action, o.TargetID, o.ActorID = rec.Action, rec.TargetID(), rec.ActorID()
	return o
}

type outboxListOptions struct {
	database databaseFlags
	format   formatFlag
	access   accessFlags
	refused  bool
	limit    int
}

func newOutboxList(sys *System) *cobra.Command {
	o := &outboxListOptions{}
	cmd := &cobra.Command{
		Use:   "list [flags]",
		Short: "List what waits in the outbox, oldest first",
		Long: `List what waits in the outbox, oldest first; with --refused only what no collector
passes on, and why. Traces that wait need a collector with the receiver auditaccess.

It needs the auditor role, or the owner's login: AUDIT_AUDITOR_URL, otherwise
AUDIT_OWNER_URL. jsonl is one JSON object per row; json is {"rows": […]}.`,
		Example: `  otelaudit access outbox list
  otelaudit access outbox list --refused --format jsonl | jq -r .event_id`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd, sys)
		},
	}
	o.database.register(cmd, "AUDIT_AUDITOR_URL")
	cmd.Flags().BoolVar(&o.refused, "refused", false, "only what no collector passes on")
	cmd.Flags().IntVar(&o.limit, "limit", store.DefaultLimit, fmt.Sprintf("rows at most, 1 to %d", store.MaxLimit))
	o.access.register(cmd)
	o.format.register(cmd, formatJSONL, formatTable, formatJSON, formatJSONL, formatCSV)
	return cmd
}

func (o *outboxListOptions) run(cmd *cobra.Command, sys *System) error {
	if err := refuseEmpty(cmd); err != nil {
		return err
	}
	format, err := o.format.choose(sys)
	if err != nil {
		return err
	}
	if o.limit < 1 || o.limit > store.MaxLimit {
		return usageError("", "--limit %d is not 1 to %d", o.limit, store.MaxLimit)
	}
	o.database.orOwner(sys)
	reader, err := o.database.connect(cmd.Context(), sys)
	if err != nil {
		return err
	}
	defer reader.Close()
	trail, err := o.access.trail(cmd.Context(), sys, reader)
	if err != nil {
		return err
	}
	var rows []outboxed
	err = reader.Outbox(cmd.Context(), func(r *store.OutboxRow) bool {
		if row := outboxObject(r); row.Refused != "" || !o.refused {
			rows = append(rows, row)
		}
		return len(rows) < o.limit
	})
	read := access.Read{Action: access.ActionOutbox, Tenant: systemTenant, Filter: flagsAsked(cmd), Rows: int64(len(rows))}
	if err := recordRead(cmd.Context(), trail, read, err); err != nil {
		return err
	}
	l := &listing{header: []string{"event_id", "placed_at", "action", "actor_id", "target_id", "refused"}}
	for i := range rows {
		r := &rows[i]
		l.add(r.EventID, instantText(r.PlacedAt), r.Action, r.ActorID, r.TargetID, r.Refused)
	}
	if format == formatJSON {
		return writeJSON(sys.Stdout, map[string]any{"rows": append([]outboxed{}, rows...)})
	}
	return printRows(sys, format, l, rows)
}

func newOutboxDiscard(sys *System) *cobra.Command {
	var database databaseFlags
	var who accessFlags
	var reason string
	cmd := &cobra.Command{
		Use:   "discard EVENT_ID… --reason R",
		Short: "Take rows out of the outbox",
		Long: `Take rows out of the outbox: all of those that are named, or none. For each, an
event audit.access.discard says in the same transaction what it held.

It needs the login of the store's owner: AUDIT_OWNER_URL. Exit code 1 when the
outbox has not all of them.`,
		Example: "  otelaudit access outbox discard 0b7a3f1e --reason 'written by hand, see ticket 901'",
		Args: func(cmd *cobra.Command, args []string) error {
			return exactly("EVENT_ID")(cmd, args[:min(1, len(args))]) // or more
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := refuseEmpty(cmd); err != nil {
				return err
			}
			if strings.TrimSpace(reason) == "" {
				return usageError("it is what an auditor will read", "discard needs --reason")
			}
			reader, err := database.connect(cmd.Context(), sys)
			if err != nil {
				return err
			}
			defer reader.Close()
			discarded, err := reader.DiscardOutbox(cmd.Context(), who.caller(sys), args, reason)
			if errors.Is(err, store.ErrNotFound) {
				return negative("'otelaudit access outbox list' shows them", "%w", err)
			}
			if err != nil {
				return describeAccessChange(err)
			}
			fmt.Fprintf(sys.Stderr, "otelaudit: %s discarded\n", counted(discarded, "row"))
			return nil
		},
	}
	database.register(cmd, "AUDIT_OWNER_URL")
	cmd.Flags().StringVar(&reason, "reason", "", "`text` for whoever asks why (required)")
	who.register(cmd)
	return cmd
}
