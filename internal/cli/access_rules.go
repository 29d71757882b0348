package cli

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/internal/access"
	"github.com/otelaudit/otelaudit/internal/store"
)

func newAccess(sys *System) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "access",
		Short: "Show or set whether reads must leave a trace",
		Long: `Show or set whether the reads of a login must leave a trace, an event of the tenant
_system. Without a rule they must.

  signed       no result before the trace is in the signed log
  required     no result before the trace is stored, from where a collector takes it
  best_effort  a result also where no trace could be stored, with a warning
  off          no trace

Only the store's owner sets it, and each change leaves a trace itself, in the same
transaction.`,
		Example: `  otelaudit access show
  otelaudit access set signed --reason 'audit 2026: no unseen reads'`,
	}
	asGroup(cmd)
	cmd.AddCommand(newAccessShow(sys), newAccessSet(sys), newAccessOutbox(sys))
	return cmd
}

// accessRule is a rule as JSON.
type accessRule struct {
	Login     string      `json:"login"` // "" are all others
	Mode      access.Mode `json:"mode,omitempty"`
	Reason    string      `json:"reason,omitempty"`
	UpdatedAt time.Time   `json:"updated_at,omitzero"`
	UpdatedBy string      `json:"updated_by,omitempty"`
	Previous  access.Mode `json:"previous_mode,omitempty"`
}

func newAccessShow(sys *System) *cobra.Command {
	var database databaseFlags
	var format formatFlag
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Show whose reads must leave a trace",
		Long: `Show the rules, and the one for all other logins, whose login is empty. It needs the
auditor role, or the owner's login: AUDIT_AUDITOR_URL, otherwise AUDIT_OWNER_URL.`,
		Example: "  otelaudit access show --format table",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := refuseEmpty(cmd); err != nil {
				return err
			}
			chosen, err := format.choose(sys)
			if err != nil {
				return err
			}
			database.orOwner(sys)
			reader, err := database.connect(cmd.Context(), sys)
			if err != nil {
				return err
			}
			defer reader.Close()
			rules, err := reader.AccessRules(cmd.Context())
			if err != nil {
				return describeRead(err)
			}
			return printAccessRules(sys, chosen, rules)
		},
	}
	database.register(cmd, "AUDIT_AUDITOR_URL")
	format.register(cmd, formatJSONL, formatTable, formatJSON, formatJSONL, formatCSV)
	return cmd
}

func printAccessRules(sys *System, format string, rules []store.AccessRule) error {
	if len(rules) == 0 || rules[0].Login != "" {
		rules = slices.Insert(rules, 0, store.AccessRule{Mode: access.Required, Reason: "without a rule"})
	}
	shown := make([]accessRule, len(rules))
	table := &listing{header: []string{"login", "mode", "updated_at", "updated_by", "reason"}}
	for i, r := range rules {
		shown[i] = accessRule{Login: r.Login, Mode: r.Mode, Reason: r.Reason, UpdatedBy: r.UpdatedBy}
		login, at := r.Login, ""
		if login == "" && format == formatTable {
			login = "(all others)"
		}
		if !r.UpdatedAt.IsZero() {
			shown[i].UpdatedAt = r.UpdatedAt.UTC()
			at = r.UpdatedAt.UTC().Format(time.RFC3339)
		}
		table.add(login, string(r.Mode), at, r.UpdatedBy, r.Reason)
	}
	if format == formatJSON {
		return writeJSON(sys.Stdout, map[string]any{"rules": shown})
	}
	return printRows(sys, format, table, shown)
}

type accessSetOptions struct {
	database      databaseFlags
	login, reason string
	unset         bool
	format        formatFlag
	access        accessFlags
}

func newAccessSet(sys *System) *cobra.Command {
	o := &accessSetOptions{}
	cmd := &cobra.Command{
		Use:   "set MODE --reason R [--login L] | set --login L --unset --reason R",
		Short: "Set whether reads must leave a trace",
		Long: `Set the mode of a login, or without --login that of all logins that have none of
their own. --unset takes a rule away. MODE is signed, required, best_effort or off.

It needs the login of the store's owner: AUDIT_OWNER_URL.`,
		Example: `  otelaudit access set signed --reason 'audit 2026: no unseen reads'
  otelaudit access set off --login dashboard --reason 'refreshes every minute, see ticket 812'
  otelaudit access set --login dashboard --unset --reason 'moved to a cache'`,
		Args: func(cmd *cobra.Command, args []string) error {
			if o.unset {
				return exactly()(cmd, args)
			}
			return exactly("MODE")(cmd, args)
		},
		ValidArgsFunction: completeMode,
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd, sys, strings.Join(args, ""))
		},
	}
	o.database.register(cmd, "AUDIT_OWNER_URL")
	f := cmd.Flags()
	f.StringVar(&o.login, "login", "", "`name` of the login in PostgreSQL (default: all that have no rule)")
	f.StringVar(&o.reason, "reason", "", "`text` for whoever asks why (required)")
	f.BoolVar(&o.unset, "unset", false, "take the rule away")
	o.access.register(cmd)
	o.format.register(cmd, formatJSON, formatTable, formatJSON)
	return cmd
}

func completeMode(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	modes := make([]string, 0, len(access.Modes()))
	for _, mode := range access.Modes() {
		modes = append(modes, string(mode))
	}
	return modes, cobra.ShellCompDirectiveNoFileComp
}

func (o *accessSetOptions) run(cmd *cobra.Command, sys *System, word string) error {
	if err := refuseEmpty(cmd); err != nil {
		return err
	}
	mode := access.Mode(word)
	switch {
	case !o.unset && !slices.Contains(access.Modes(), mode):
		return usageError("", "MODE %q is none of signed, required, best_effort and off", word)
	case strings.TrimSpace(o.reason) == "":
		return usageError("it is what an auditor will read", "access set needs --reason")
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
	previous, err := reader.SetAccess(cmd.Context(), o.access.caller(sys), o.login, mode, o.reason)
	if err != nil {
		return describeAccessChange(err)
	}
	object, err := json.Marshal(&accessRule{Login: o.login, Mode: mode, Reason: o.reason, Previous: previous})
	if err != nil {
		return err
	}
	return writeObject(sys.Stdout, format, object)
}

// describeAccessChange gives what the database refuses its hint.
func describeAccessChange(err error) error {
	server, _ := errors.AsType[*pgconn.PgError](err)
	switch {
	case server != nil && server.Code == "42704":
		return usageError("logins are PostgreSQL's, not persons: --login is the user in a database URL", "%w", withoutRepetition(err))
	case server != nil && server.Code == pgerrDenied:
		return environmentError("AUDIT_OWNER_URL, or --database-url with a login of the owner role", withoutRepetition(err))
	}
	return describeChange(err)
}
