package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/internal/access"
	"github.com/otelaudit/otelaudit/internal/stage"
	"github.com/otelaudit/otelaudit/internal/store"
)

func newHold(sys *System) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "hold",
		Short: "Keep events from being pruned, whatever their age",
		Long: `Legal holds keep what a tenant recorded from being pruned, whatever the retention
says, until they are released. A hold may be narrowed to a window and a target.
Holds are never deleted: a released one stays to be seen with --all.

It needs the operator role, list the auditor as well. Each change leaves an event
of the tenant _system, in the transaction that makes it.`,
		Example: `  otelaudit hold add --tenant acme --reason "case 2026-17"
  otelaudit hold list
  otelaudit hold release 7 --reason "case 2026-17 is settled"`,
	}
	asGroup(cmd)
	database := &databaseFlags{}
	database.register(cmd, "AUDIT_OPERATOR_URL")
	cmd.AddCommand(newHoldAdd(sys, database), newHoldList(sys, database), newHoldRelease(sys, database))
	return cmd
}

type holdAddOptions struct {
	database             *databaseFlags
	tenant, since, until string
	target               entityFlags
	reason               string
	access               accessFlags
	format               formatFlag
}

func newHoldAdd(sys *System, database *databaseFlags) *cobra.Command {
	o := &holdAddOptions{database: database}
	cmd := &cobra.Command{
		Use:   "add --tenant T --reason R",
		Short: "Place a legal hold",
		Long: `Place a legal hold on what a tenant recorded, and print its id. The window is
since <= recorded_at < until; either may be left out. With --target only events
about that target are meant: a prune stops before the first of them. A journal,
which is pruned by segments, keeps all of the tenant's window.`,
		Example: `  otelaudit hold add --tenant acme --reason "case 2026-17"
  otelaudit hold add --tenant acme --since 2026-01-01 --until 2026-04-01 --target invoice:42 --reason "dispute"`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd, sys) },
	}
	f := cmd.Flags()
	f.StringVar(&o.tenant, "tenant", "", "`tenant` whose events are held (required)")
	f.StringVar(&o.since, "since", "", "what was recorded from this `time` on: RFC 3339, a date, or an age such as 30d")
	f.StringVar(&o.until, "until", "", "what was recorded before this `time`")
	o.target.register(cmd, "target", "events about this target alone,")
	f.StringVar(&o.reason, "reason", "", "`text` for whoever asks why (required)")
	o.access.register(cmd)
	o.format.register(cmd, formatJSON, formatTable, formatJSON)
	return cmd
}

func (o *holdAddOptions) run(cmd *cobra.Command, sys *System) error {
	hold, err := o.hold(cmd, sys)
	if err != nil {
		return err
	}
	format, err := o.format.choose(sys)
	if err != nil {
		return err
	}
	reader, err := o.database.connect(cmd.Context(), sys)
	if err != nil {
		return err
	}
	defer reader.Close()
	if hold.ID, err = reader.AddHold(cmd.Context(), o.access.caller(sys), hold); err != nil {
		return describeChange(err)
	}
	warnUnknownTenant(cmd.Context(), sys, reader, hold.TenantID, "The hold stands")
	object, err := json.Marshal(holdObject(hold))
	if err != nil {
		return err
	}
	return writeObject(sys.Stdout, format, object)
}

// hold is what the flags say.
func (o *holdAddOptions) hold(cmd *cobra.Command, sys *System) (*store.LegalHold, error) {
	if err := refuseEmpty(cmd); err != nil {
		return nil, err
	}
	switch {
	case o.tenant == "":
		return nil, usageError("every hold is one tenant's: --tenant T", "hold add needs --tenant")
	case strings.TrimSpace(o.reason) == "":
		return nil, usageError("it is what an auditor will read", "hold add needs --reason")
	}
	if err := checkTenantFlag(o.tenant, systemTenant); err != nil {
		return nil, err
	}
	window, err := parseWindow(o.since, o.until, sys.Now())
	if err != nil {
		return nil, err
	}
	if o.since != "" && window.since.Equal(window.until) {
		return nil, usageError("the window is since <= recorded_at < until", "--since %s and --until %s leave nothing to hold", o.since, o.until)
	}
	target, err := o.target.parse()
	if err != nil {
		return nil, err
	}
	if target.kind == "" && target.id != "" {
		return nil, usageError("--target TYPE:ID, or --target-type alone for all of a type", "--target-id needs --target-type")
	}
	return &store.LegalHold{
		TenantID: o.tenant, Since: window.since, Until: window.until, TargetType: target.kind, TargetID: target.id, Reason: o.reason,
	}, nil
}

// checkTenantFlag refuses what no event's tenant can be: it would match nothing
// and look as if it did.
func checkTenantFlag(tenant string, reserved ...string) error {
	if tenant == "" || slices.Contains(reserved, tenant) {
		return nil
	}
	if err := stage.CheckTenant(tenant); err != nil {
		return usageError("", "--tenant %q: %w", tenant, err)
	}
	return nil
}

// warnUnknownTenant says that a store has nothing of a tenant, which may be meant.
func warnUnknownTenant(ctx context.Context, sys *System, reader *store.Reader, tenant, still string) {
	if strings.HasPrefix(tenant, "_") {
		return
	}
	known, err := reader.KnowsTenant(ctx, tenant)
	switch {
	case err != nil:
		fmt.Fprintf(sys.Stderr, "otelaudit: warning: whether the store has events of tenant %q is not known: %s\n", tenant, printable(err.Error()))
	case !known:
		fmt.Fprintf(sys.Stderr, "otelaudit: warning: the store has no events of tenant %q: is it spelled so? %s\n", tenant, still)
	}
}

// heldObject is a hold as JSON.
type heldObject struct {
	ID            int64     `json:"id"`
	TenantID      string    `json:"tenant_id"`
	TargetType    string    `json:"target_type,omitempty"`
	TargetID      string    `json:"target_id,omitempty"`
	Since         time.Time `json:"since,omitzero"`
	Until         time.Time `json:"until,omitzero"`
	Reason        string    `json:"reason"`
	PlacedAt      time.Time `json:"placed_at,omitzero"`
	PlacedBy      string    `json:"placed_by,omitempty"`
	ReleasedAt    time.Time `json:"released_at,omitzero"`
	ReleasedBy    string    `json:"released_by,omitempty"`
	ReleaseReason string    `json:"release_reason,omitempty"`
}

func holdObject(h *store.LegalHold) heldObject {
	return heldObject{
		ID: h.ID, TenantID: h.TenantID, TargetType: h.TargetType, TargetID: h.TargetID, Since: h.Since, Until: h.Until,
		Reason: h.Reason, PlacedAt: h.PlacedAt, PlacedBy: h.PlacedBy,
		ReleasedAt: h.ReleasedAt, ReleasedBy: h.ReleasedBy, ReleaseReason: h.ReleaseReason,
	}
}

func newHoldList(sys *System, database *databaseFlags) *cobra.Command {
	var tenant string
	var all bool
	var format formatFlag
	var who accessFlags
	cmd := &cobra.Command{
		Use:   "list [flags]",
		Short: "List the holds that stand",
		Long: `List the holds that stand, oldest first; with --all those that were released too.

jsonl is one JSON object per hold; json is {"holds": […]}.`,
		Example: `  otelaudit hold list
  otelaudit hold list --tenant acme --all --format csv`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := refuseEmpty(cmd); err != nil {
				return err
			}
			chosen, err := format.choose(sys)
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
			var holds []store.LegalHold
			// First, because whoever does not see all holds must not be shown some.
			if _, err = reader.LegalHolds(cmd.Context()); err == nil {
				holds, err = reader.HoldList(cmd.Context(), tenant, all)
			}
			read := access.Read{Action: access.ActionHolds, Tenant: tenant, Filter: flagsAsked(cmd), Rows: int64(len(holds))}
			if err := store.RecordRead(cmd.Context(), trail, read, err); err != nil {
				return describeTraced(err, describeHolds)
			}
			return printHolds(sys, chosen, holds)
		},
	}
	f := cmd.Flags()
	f.StringVar(&tenant, "tenant", "", "holds on this `tenant`")
	f.BoolVar(&all, "all", false, "also those that were released")
	who.register(cmd)
	format.register(cmd, formatJSONL, formatTable, formatJSON, formatJSONL, formatCSV)
	return cmd
}

// describeHolds is describeRead for those that must see every hold.
func describeHolds(err error) error {
	if errors.Is(err, store.ErrHoldsHidden) {
		return environmentError("the login is the user in the database URL", err)
	}
	return describeRead(err)
}

func printHolds(sys *System, format string, holds []store.LegalHold) error {
	objects := make([]heldObject, len(holds))
	l := &listing{header: []string{
		"id", "tenant_id", "target_type", "target_id", "since", "until", "placed_at", "placed_by", "released_at", "released_by", "reason",
	}}
	for i := range holds {
		h := &holds[i]
		objects[i] = holdObject(h)
		l.add(strconv.FormatInt(h.ID, 10), h.TenantID, h.TargetType, h.TargetID, instantText(h.Since), instantText(h.Until),
			instantText(h.PlacedAt), h.PlacedBy, instantText(h.ReleasedAt), h.ReleasedBy, h.Reason)
	}
	if format == formatJSON {
		return writeJSON(sys.Stdout, struct {
			Holds []heldObject `json:"holds"`
		}{objects})
	}
	return printRows(sys, format, l, objects)
}

// printRows writes rows in the formats that have one per line.
func printRows[T any](sys *System, format string, l *listing, objects []T) error {
	switch format {
	case formatCSV:
		return l.writeCSV(sys.Stdout)
	case formatTable:
		return l.writeTable(sys.Stdout)
	}
	encoder := json.NewEncoder(sys.Stdout)
	encoder.SetEscapeHTML(false)
	for i := range objects {
		if err := encoder.Encode(objects[i]); err != nil {
			return err
		}
	}
	return nil
}

// instantText is a time in a cell, empty where there is none.
func instantText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func newHoldRelease(sys *System, database *databaseFlags) *cobra.Command {
	var reason string
	var who accessFlags
	cmd := &cobra.Command{
		Use:   "release ID --reason R",
		Short: "Release a legal hold",
		Long: `Release a legal hold: from then on the retention decides again. The hold stays to
be seen, with who released it and why. Exit code 1 when there is no such hold, or
when it was released before.`,
		Example: `  otelaudit hold release 7 --reason "case 2026-17 is settled"`,
		Args:    exactly("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseID(args[0], "'otelaudit hold list' shows the ids")
			if err != nil {
				return err
			}
			if strings.TrimSpace(reason) == "" {
				return usageError("it is what an auditor will read", "hold release needs --reason")
			}
			if err := refuseEmpty(cmd); err != nil {
				return err
			}
			reader, err := database.connect(cmd.Context(), sys)
			if err != nil {
				return err
			}
			defer reader.Close()
			tenant, err := reader.ReleaseHold(cmd.Context(), who.caller(sys), id, reason)
			if err != nil {
				return describeChange(err)
			}
			return writeJSON(sys.Stdout, struct {
				ID       int64  `json:"id"`
				TenantID string `json:"tenant_id"`
				Released bool   `json:"released"`
			}{id, tenant, true})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "`text` for whoever asks why (required)")
	who.register(cmd)
	return cmd
}

// parseID reads the number of a row.
func parseID(text, hint string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 {
		return 0, usageError(hint, "ID %q is not a number from 1 on", text)
	}
	return id, nil
}

// describeChange gives the errors of a change their exit code: 1 for what is not
// there or was decided before, 2 for what cannot be meant.
func describeChange(err error) error {
	refused, ok := errors.AsType[*store.DecisionError](err)
	switch {
	case !ok:
		return describeRead(err)
	case refused.Before():
		return negative(refused.Hint, "%w", err)
	}
	return usageError(refused.Hint, "%w", err)
}
