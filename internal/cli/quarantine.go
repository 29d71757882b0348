package cli

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/internal/access"
	"github.com/otelaudit/otelaudit/internal/store"
)

func newQuarantine(sys *System) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "quarantine",
		Short: "Work on records that could not become events",
		Long: `Look at records that claimed to be audit and could not become events: the reason,
the tenant they claim, and the record itself, redacted. Replay them after what
was wrong was mended, or discard them.

It needs the operator role; list and show the auditor as well.`,
		Example: `  otelaudit quarantine list
  otelaudit quarantine show 17
  otelaudit quarantine replay 17
  otelaudit quarantine discard 18 --reason "a load test"`,
	}
	asGroup(cmd)
	database := &databaseFlags{}
	database.register(cmd, "AUDIT_OPERATOR_URL")
	cmd.AddCommand(newQuarantineList(sys, database), newQuarantineShow(sys, database),
		newQuarantineReplay(sys, database), newQuarantineDiscard(sys, database))
	return cmd
}

func newQuarantineList(sys *System, database *databaseFlags) *cobra.Command {
	var filter store.QuarantineFilter
	var format formatFlag
	var who accessFlags
	cmd := &cobra.Command{
		Use:   "list [flags]",
		Short: "List quarantined records, newest first",
		Long: `List quarantined records of all tenants, newest first. The tenant of such a record
is what it claimed. Replayed and discarded ones are shown with --all.

jsonl is one JSON object per record; json is {"records": […], "next_cursor": "…"}.`,
		Example: `  otelaudit quarantine list --tenant acme
  otelaudit quarantine list --reason conflict --format jsonl`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := refuseEmpty(cmd); err != nil {
				return err
			}
			chosen, err := format.choose(sys)
			if err != nil {
				return err
			}
			if filter.Limit < 1 || filter.Limit > store.MaxLimit {
				return usageError("", "--limit %d is not 1 to %d", filter.Limit, store.MaxLimit)
			}
			if filter.Before < 0 {
				return usageError("it is the next_cursor of the page before", "--cursor %d is not an id", filter.Before)
			}
			reader, err := database.connect(cmd.Context(), sys)
			if err != nil {
				return err
			}
			defer reader.Close()
			trail, err := who.trail(cmd.Context(), sys, reader)
			if err != nil {
				return err
			}
			page, err := reader.QuarantineList(cmd.Context(), filter)
			read := access.Read{Action: access.ActionQuarantine, Tenant: filter.Tenant, Filter: flagsAsked(cmd), Rows: int64(len(page.Records))}
			if err := recordRead(cmd.Context(), trail, read, err); err != nil {
				return err
			}
			return printQuarantinePage(sys, chosen, page)
		},
	}
	f := cmd.Flags()
	f.StringVar(&filter.Tenant, "tenant", "", "records that claim this `tenant`")
	f.StringVar(&filter.Reason, "reason", "", "records quarantined for this `reason`, such as conflict or missing_tenant")
	f.BoolVar(&filter.Resolved, "all", false, "also those that were replayed or discarded")
	f.IntVar(&filter.Limit, "limit", store.DefaultLimit, fmt.Sprintf("records per page, 1 to %d", store.MaxLimit))
	f.Int64Var(&filter.Before, "cursor", 0, "continue where a page ended")
	format.register(cmd, formatJSONL, formatTable, formatJSON, formatJSONL, formatCSV)
	who.register(cmd)
	return cmd
}

func newQuarantineShow(sys *System, database *databaseFlags) *cobra.Command {
	var format formatFlag
	var who accessFlags
	var raw bool
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show one quarantined record",
		Long: `Show one quarantined record with the reason and the OTLP log record itself, after
redaction. Exit code 1 when there is none with that id.

Nesting beyond 256 levels is left out. --raw writes the stored bytes instead, an
OTLP LogsData message in protobuf, whatever they are.`,
		Example: "  otelaudit quarantine show 17",
		Args:    exactly("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := refuseEmpty(cmd); err != nil {
				return err
			}
			chosen, err := format.choose(sys)
			if err != nil {
				return err
			}
			id, err := parseID(args[0], "'otelaudit quarantine list' shows the ids")
			if err != nil {
				return err
			}
			reader, err := database.connect(cmd.Context(), sys)
			if err != nil {
				return err
			}
			defer reader.Close()
			trail, err := who.trail(cmd.Context(), sys, reader)
			if err != nil {
				return err
			}
			q, err := reader.QuarantineGet(cmd.Context(), id)
			read := access.Read{Action: access.ActionQuarantine, Tenant: q.TenantID, Filter: askedFor("id", args[0]), Rows: 1}
			if err := recordRead(cmd.Context(), trail, read, err); err != nil {
				return err
			}
			if raw {
				_, err = sys.Stdout.Write(q.OTLP)
				return err
			}
			object, err := json.Marshal(quarantineObject(&q))
			if err != nil {
				return err
			}
			return writeObject(sys.Stdout, chosen, object)
		},
	}
	cmd.Flags().BoolVar(&raw, "raw", false, "write the stored OTLP bytes and nothing else")
	format.register(cmd, formatJSON, formatTable, formatJSON, formatJSONL)
	who.register(cmd)
	return cmd
}

// quarantined is one record as JSON, in the order a person reads it.
type quarantined struct {
	ID               int64           `json:"id"`
	ReceivedAt       time.Time       `json:"received_at"`
	Reason           string          `json:"reason"`
	Detail           string          `json:"detail,omitempty"`
	SQLState         string          `json:"sqlstate,omitempty"`
	ClaimedTenant    string          `json:"claimed_tenant,omitempty"`
	EventID          string          `json:"event_id,omitempty"`
	Action           string          `json:"action,omitempty"`
	SHA256           string          `json:"sha256"` // of the record as it came, before redaction
	ResolvedAt       time.Time       `json:"resolved_at,omitzero"`
	Resolution       string          `json:"resolution,omitempty"`
	ResolutionReason string          `json:"resolution_reason,omitempty"`
	ResolvedBy       string          `json:"resolved_by,omitempty"`
	OTLP             json.RawMessage `json:"otlp,omitempty"`
	OTLPError        string          `json:"otlp_error,omitempty"` // why otlp is missing
}

func quarantineObject(q *store.QuarantinedRecord) quarantined {
	o := quarantined{
		ID: q.ID, ReceivedAt: q.ReceivedAt, Reason: q.Reason, Detail: q.Detail, SQLState: q.SQLState,
		ClaimedTenant: q.TenantID, EventID: q.EventID, Action: q.Action, SHA256: hex.EncodeToString(q.SHA256),
		ResolvedAt: q.ResolvedAt, Resolution: q.Resolution, ResolutionReason: q.ResolutionReason, ResolvedBy: q.ResolvedBy,
	}
	if q.OTLP == nil {
		return o
	}
	var err error
	if o.OTLP, err = decodeOTLP(q.OTLP, q.Encoding); err != nil {
		o.OTLPError = err.Error()
	}
	return o
}

func decodeOTLP(text []byte, encoding string) (json.RawMessage, error) {
	switch encoding {
	case "json":
		if !json.Valid(text) {
			return nil, errors.New("the stored OTLP is not JSON")
		}
		return text, nil
	case "protobuf":
		return logsDataJSON(text)
	}
	return nil, fmt.Errorf("the stored OTLP has the unknown encoding %q", encoding)
}

func printQuarantinePage(sys *System, format string, page store.QuarantinePage) error {
	records := make([]quarantined, len(page.Records))
	for i := range page.Records {
		records[i] = quarantineObject(&page.Records[i])
	}
	if format == formatJSON {
		return writeJSON(sys.Stdout, struct {
			Records []quarantined `json:"records"`
			Next    int64         `json:"next_cursor,omitempty"`
		}{records, page.Next})
	}
	out := bufio.NewWriter(sys.Stdout)
	var err error
	switch format {
	case formatJSONL:
		encoder := json.NewEncoder(out)
		for i := range records {
			err = errors.Join(err, encoder.Encode(records[i]))
		}
	case formatCSV:
		err = quarantineListing(records).writeCSV(out)
	default:
		err = quarantineTable(records).writeTable(sys.Stdout) // as the terminal it may be
	}
	if err = errors.Join(err, out.Flush()); err != nil {
		return err
	}
	if page.Next != 0 {
		fmt.Fprintf(sys.Stderr, "hint: more records follow: --cursor %d\n", page.Next)
	}
	return nil
}

// quarantineListing has all of a record but its OTLP.
func quarantineListing(records []quarantined) *listing {
	l := &listing{header: []string{
		"id", "received_at", "reason", "detail", "sqlstate", "claimed_tenant", "event_id", "action", "sha256",
		"resolved_at", "resolution", "resolution_reason", "resolved_by",
	}}
	for i := range records {
		q := &records[i]
		l.add(strconv.FormatInt(q.ID, 10), instantText(q.ReceivedAt), q.Reason, q.Detail, q.SQLState, q.ClaimedTenant, q.EventID, q.Action, q.SHA256,
			instantText(q.ResolvedAt), q.Resolution, q.ResolutionReason, q.ResolvedBy)
	}
	return l
}

func quarantineTable(records []quarantined) *listing {
	l := &listing{header: []string{"id", "received", "reason", "claimed_tenant", "action", "detail"}}
	for i := range records {
		q := &records[i]
		l.add(strconv.FormatInt(q.ID, 10), q.ReceivedAt.UTC().Format(tableTime), q.Reason, q.ClaimedTenant, q.Action, q.Detail)
	}
	return l
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
