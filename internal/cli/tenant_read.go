package cli

import (
	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/internal/access"
	"github.com/otelaudit/otelaudit/internal/store"
)

// tenantRead is a command that reads one tenant's events: what those have in
// common that take no filter.
type tenantRead struct {
	database databaseFlags
	tenant   string
	format   formatFlag
	access   accessFlags
}

func (o *tenantRead) register(cmd *cobra.Command) {
	o.database.register(cmd, "AUDIT_READER_URL")
	cmd.Flags().StringVar(&o.tenant, "tenant", "", "`tenant` whose events are meant (required)")
	o.access.register(cmd)
}

// check refuses what is asked of no tenant, and chooses the format.
func (o *tenantRead) check(cmd *cobra.Command, sys *System) (format string, err error) {
	if o.tenant == "" {
		return "", usageError("every "+cmd.Name()+" is one tenant's: --tenant T", "%s needs --tenant", cmd.Name())
	}
	if err := refuseEmpty(cmd, "by-prefix"); err != nil {
		return "", err
	}
	return o.format.choose(sys)
}

// run has f read, which says what it read, and leaves the trace of it. After an
// error nothing may be shown.
func (o *tenantRead) run(cmd *cobra.Command, sys *System, f func(*store.Reader) (access.Read, error)) error {
	reader, err := o.database.connect(cmd.Context(), sys)
	if err != nil {
		return err
	}
	defer reader.Close()
	trail, err := o.access.trail(cmd.Context(), sys, reader)
	if err != nil {
		return err
	}
	read, err := f(reader)
	read.Tenant = o.tenant
	return recordRead(cmd.Context(), trail, read, err)
}
