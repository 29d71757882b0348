package cli

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/internal/access"
	"github.com/otelaudit/otelaudit/internal/store"
)

func newRetention(sys *System) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "retention",
		Short: "Say how long events are kept",
		Long: `Say how long a tenant's events are kept, and for all tenants without a policy of
their own (--default); quarantined records and segments of journals have periods
of their own. A policy removes nothing: 'otelaudit prune' does, as the pruner.

It needs the operator role, list the auditor as well. Each change leaves an event
of the tenant _system with the old value and the new.`,
		Example: `  otelaudit retention set --default --framework soc2
  otelaudit retention set --tenant acme --framework hipaa --reason "covered entity"
  otelaudit retention list`,
	}
	asGroup(cmd)
	database := &databaseFlags{}
	database.register(cmd, "AUDIT_OPERATOR_URL")
	cmd.AddCommand(newRetentionSet(sys, database), newRetentionUnset(sys, database), newRetentionList(sys, database))
	return cmd
}

// policyFlags name whose policy is meant.
type policyFlags struct {
	tenant                           string
	byDefault, inQuarantine, journal bool
}

func (p *policyFlags) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&p.tenant, "tenant", "", "events of this `tenant`; _system are those about this store")
	f.BoolVar(&p.byDefault, "default", false, "events of all tenants without a policy of their own")
	f.BoolVar(&p.inQuarantine, "quarantine", false, "quarantined records")
	f.BoolVar(&p.journal, "journal", false, "segments of journals, for 'otelaudit journal prune'")
}

// name is what the store calls it; exactly one must be named.
func (p *policyFlags) name(cmd *cobra.Command) (string, error) {
	name, named := p.tenant, 0
	if p.tenant != "" {
		named++
	}
	for _, flag := range []struct {
		given bool
		name  string
	}{{p.byDefault, store.RetentionDefault}, {p.inQuarantine, store.RetentionQuarantine}, {p.journal, store.RetentionJournal}} {
		if flag.given {
			name, named = flag.name, named+1
		}
	}
	const hint = "--tenant T, --default, --quarantine or --journal"
	switch named {
	case 0:
		return "", usageError(hint, "%s: whose retention is not said", cmd.CommandPath())
	case 1:
		return name, nil
	}
	return "", usageError(hint+", one of them", "%s: more than one retention is named", cmd.CommandPath())
}

type retentionSetOptions struct {
	database   *databaseFlags
	policy     policyFlags
	frameworks []string
	keep       string
	reason     string
	access     accessFlags
	format     formatFlag
}

func newRetentionSet(sys *System, database *databaseFlags) *cobra.Command {
	o := &retentionSetOptions{database: database}
	cmd := &cobra.Command{
		Use:   "set (--tenant T | --default | --quarantine | --journal) (--framework F | --keep P)",
		Short: "Set how long events are kept",
		Long: `Set how long events are kept, by a framework or by a period. Where several
frameworks are named the longest counts; --keep beside them may only be longer.
A year counts as long as years can be: 7y are 2557 days. What was set before is
replaced, and stands in the event that this leaves.

Frameworks, none of which is legal advice (see docs/retention.md):

` + frameworkHelp(),
		Example: `  otelaudit retention set --default --framework soc2
  otelaudit retention set --tenant acme --framework hipaa --framework pci
  otelaudit retention set --journal --keep 400d
  otelaudit retention set --quarantine --keep 90d --reason "triaged weekly"`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd, sys) },
	}
	o.policy.register(cmd)
	f := cmd.Flags()
	f.StringSliceVar(&o.frameworks, "framework", nil, "`name` of a framework, may be repeated")
	f.StringVar(&o.keep, "keep", "", "`period` such as 7y, 400d or 1y30d")
	f.StringVar(&o.reason, "reason", "", "`text` for whoever asks why")
	o.access.register(cmd)
	o.format.register(cmd, formatJSON, formatTable, formatJSON)
	return cmd
}

func (o *retentionSetOptions) run(cmd *cobra.Command, sys *System) error {
	policy, err := o.wanted(cmd)
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
	before, err := reader.SetRetention(cmd.Context(), o.access.caller(sys), policy)
	if err != nil {
		return describeChange(err)
	}
	if before > policy.KeepDays {
		fmt.Fprintf(sys.Stderr, "otelaudit: warning: shortened from %s to %s: the next prune may remove what lies between\n",
			counted(before, "day"), counted(policy.KeepDays, "day"))
	}
	warnUnknownTenant(cmd.Context(), sys, reader, policy.TenantID, "The policy is set")
	object, err := json.Marshal(struct {
		TenantID  string `json:"tenant_id"`
		KeepDays  int    `json:"keep_days"`
		Framework string `json:"framework,omitempty"`
		Before    int    `json:"before_keep_days,omitempty"`
	}{policy.TenantID, policy.KeepDays, policy.Framework, before})
	if err != nil {
		return err
	}
	return writeObject(sys.Stdout, format, object)
}

// wanted is the policy that the flags describe.
func (o *retentionSetOptions) wanted(cmd *cobra.Command) (*store.RetentionPolicy, error) {
	if err := refuseEmpty(cmd); err != nil {
		return nil, err
	}
	name, err := o.policy.name(cmd)
	if err != nil {
		return nil, err
	}
	if err := checkTenantFlag(name, store.RetentionDefault, store.RetentionQuarantine, store.RetentionJournal, systemTenant); err != nil {
		return nil, err
	}
	if len(o.frameworks) == 0 && o.keep == "" {
		return nil, usageError("--framework soc2 or --keep 400d", "%s: how long is not said", cmd.CommandPath())
	}
	days, joined, err := longestOf(o.frameworks)
	if err != nil {
		return nil, err
	}
	if o.keep != "" {
		kept, err := parsePeriod(o.keep)
		switch {
		case err != nil:
			return nil, err
		case kept < days:
			return nil, usageError("leave --framework out if it does not bind this tenant",
				"--keep %s is %s, --framework %s asks for %s", o.keep, counted(kept, "day"), joined, counted(days, "day"))
		}
		days = kept
	}
	return &store.RetentionPolicy{TenantID: name, KeepDays: days, Framework: joined, Reason: o.reason}, nil
}

func newRetentionUnset(sys *System, database *databaseFlags) *cobra.Command {
	var policy policyFlags
	var reason string
	var who accessFlags
	cmd := &cobra.Command{
		Use:   "unset (--tenant T | --default | --quarantine | --journal)",
		Short: "Take a policy back",
		Long: `Take a policy back. A tenant then has that of --default; where there is none,
nothing of it is pruned by policy. Exit code 1 when nothing was set.`,
		Example: `  otelaudit retention unset --tenant acme --reason "contract ended"`,
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := refuseEmpty(cmd); err != nil {
				return err
			}
			name, err := policy.name(cmd)
			if err != nil {
				return err
			}
			reader, err := database.connect(cmd.Context(), sys)
			if err != nil {
				return err
			}
			defer reader.Close()
			before, err := reader.UnsetRetention(cmd.Context(), who.caller(sys), name, reason)
			if err != nil {
				return describeChange(err)
			}
			return writeJSON(sys.Stdout, struct {
				TenantID string `json:"tenant_id"`
				Before   int    `json:"before_keep_days"`
			}{name, before})
		},
	}
	policy.register(cmd)
	cmd.Flags().StringVar(&reason, "reason", "", "`text` for whoever asks why")
	who.register(cmd)
	return cmd
}

// policyObject is a policy as JSON.
type policyObject struct {
	TenantID  string    `json:"tenant_id"`
	KeepDays  int       `json:"keep_days"`
	Framework string    `json:"framework,omitempty"`
	Reason    string    `json:"reason,omitempty"`
	UpdatedAt time.Time `json:"updated_at"`
	UpdatedBy string    `json:"updated_by"`
}

func newRetentionList(sys *System, database *databaseFlags) *cobra.Command {
	var format formatFlag
	var who accessFlags
	cmd := &cobra.Command{
		Use:   "list [flags]",
		Short: "List all policies",
		Long: `List all policies: first _default, _journal, _quarantine and _system where they are
set, then those of tenants by name.

jsonl is one JSON object per policy; json is {"policies": […]}.`,
		Example: `  otelaudit retention list
  otelaudit retention list --format json | jq '.policies[] | select(.keep_days < 365)'`,
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
			var policies []store.RetentionPolicy
			// A reader would be shown the policies of no tenant, and no error.
			if _, err = reader.KeepDays(cmd.Context(), store.RetentionDefault); err == nil {
				policies, err = reader.RetentionList(cmd.Context())
			}
			read := access.Read{Action: access.ActionRetention, Filter: flagsAsked(cmd), Rows: int64(len(policies))}
			if err := recordRead(cmd.Context(), trail, read, err); err != nil {
				return err
			}
			return printPolicies(sys, chosen, policies)
		},
	}
	who.register(cmd)
	format.register(cmd, formatJSONL, formatTable, formatJSON, formatJSONL, formatCSV)
	return cmd
}

func printPolicies(sys *System, format string, policies []store.RetentionPolicy) error {
	objects := make([]policyObject, len(policies))
	l := &listing{header: []string{"tenant_id", "keep_days", "framework", "updated_at", "updated_by", "reason"}}
	for i := range policies {
		p := &policies[i]
		objects[i] = policyObject{p.TenantID, p.KeepDays, p.Framework, p.Reason, p.UpdatedAt, p.UpdatedBy}
		l.add(p.TenantID, strconv.Itoa(p.KeepDays), p.Framework, instantText(p.UpdatedAt), p.UpdatedBy, p.Reason)
	}
	if len(policies) == 0 {
		fmt.Fprintln(sys.Stderr, "hint: no policy is set, so nothing is pruned by one: 'otelaudit retention set --default --framework soc2'")
	}
	if format == formatJSON {
		return writeJSON(sys.Stdout, struct {
			Policies []policyObject `json:"policies"`
		}{objects})
	}
	return printRows(sys, format, l, objects)
}
