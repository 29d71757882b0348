package cli

import (
	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/internal/access"
)

type showOptions struct {
	database databaseFlags
	tenant   string
	format   formatFlag
	access   accessFlags
}

func newShow(sys *System) *cobra.Command {
	o := &showOptions{}
	cmd := &cobra.Command{
		Use:   "show --tenant T EVENT_ID [flags]",
		Short: "Show one event of a tenant",
		Long: `Show one event of a tenant with every member that was recorded. Exit code 1 when
the tenant has no event with that id.`,
		Example: `  otelaudit show --tenant acme 01980e2c-7b1e-7cc0-a2f4-6f3f0d3a9b10
  otelaudit show --tenant acme 01980e2c-7b1e-7cc0-a2f4-6f3f0d3a9b10 --format json`,
		Args:              exactly("EVENT_ID"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd, sys, args[0])
		},
	}
	o.database.register(cmd, "AUDIT_READER_URL")
	cmd.Flags().StringVar(&o.tenant, "tenant", "", "`tenant` the event belongs to (required)")
	o.format.register(cmd, formatJSON, formatTable, formatJSON, formatJSONL)
	o.access.register(cmd)
	return cmd
}

func (o *showOptions) run(cmd *cobra.Command, sys *System, eventID string) error {
	if o.tenant == "" {
		return usageError("every event is one tenant's: --tenant T", "show needs --tenant")
	}
	if err := refuseEmpty(cmd); err != nil {
		return err
	}
	if eventID == "" {
		return usageError(helpHint(cmd), "EVENT_ID is empty")
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
	trail, err := o.access.trail(cmd.Context(), sys, reader)
	if err != nil {
		return err
	}
	event, err := reader.Get(cmd.Context(), o.tenant, eventID)
	err = recordRead(cmd.Context(), trail, access.Read{Action: access.ActionShow, Tenant: o.tenant, Filter: askedFor("event_id", eventID), Rows: 1}, err)
	if err != nil {
		return err
	}
	return writeObject(sys.Stdout, format, event.AppendJSON(nil))
}
