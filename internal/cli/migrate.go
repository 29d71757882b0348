package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/migrations"
)

type migrateOptions struct {
	database databaseFlags
	prefix   string
}

func (o *migrateOptions) runner() migrations.Runner {
	return migrations.Runner{Schema: o.database.schema, RolePrefix: o.prefix}
}

func newMigrate(sys *System) *cobra.Command {
	o := &migrateOptions{}
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Make, check or export the tables of the audit store",
		Long: `Make, check or export the tables, roles and functions of the audit store.

up, down and status connect as the owner of the database (the first time: a
login that may create roles). Roles are cluster-wide: --role-prefix keeps two
installations on one server apart.`,
		Example: `  otelaudit migrate up --database-url postgres://owner@db.example/app
  otelaudit migrate status
  otelaudit migrate export db/migrations`,
	}
	asGroup(cmd)
	o.database.register(cmd, "AUDIT_OWNER_URL")
	cmd.PersistentFlags().StringVar(&o.prefix, "role-prefix", migrations.DefaultRolePrefix, "`prefix` of the group roles' names")
	cmd.AddCommand(newMigrateUp(sys, o), newMigrateDown(sys, o), newMigrateStatus(sys, o), newMigratePrint(sys, o), newMigrateExport(sys, o))
	return cmd
}

func newMigrateUp(sys *System, o *migrateOptions) *cobra.Command {
	return &cobra.Command{
		Use:     "up",
		Short:   "Apply what is missing",
		Long:    "Apply the migrations that are missing and print each. It may run again, and in\nseveral places at once.",
		Example: "  otelaudit migrate up --schema audit --role-prefix staging_audit_",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			url, err := o.connection(cmd, sys)
			if err != nil {
				return err
			}
			done, err := o.runner().Up(cmd.Context(), url)
			printSteps(sys.Stdout, "applied", done)
			if err == nil && len(done) == 0 {
				fmt.Fprintln(sys.Stdout, "nothing to apply")
			}
			if errors.Is(err, migrations.ErrForeign) {
				return environmentError("apply the new files of 'otelaudit migrate export' with it", err)
			}
			return describeDatabase(err)
		},
	}
}

func newMigrateDown(sys *System, o *migrateOptions) *cobra.Command {
	return &cobra.Command{
		Use:     "down",
		Short:   "Remove the tables while they are empty",
		Long:    "Take back every migration. It refuses while any event, identity or quarantined\nrecord exists: audit data is never removed by a migration.",
		Example: "  otelaudit migrate down",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			url, err := o.connection(cmd, sys)
			if err != nil {
				return err
			}
			done, err := o.runner().Down(cmd.Context(), url)
			printSteps(sys.Stdout, "removed", done)
			if err == nil && len(done) == 0 {
				fmt.Fprintln(sys.Stdout, "nothing to remove")
			}
			if errors.Is(err, migrations.ErrNotEmpty) {
				return &failure{code: exitNegative, err: err, hint: "keep the tables, or make a new store in another schema with --schema"}
			}
			return describeDatabase(err)
		},
	}
}

func newMigrateStatus(sys *System, o *migrateOptions) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:     "status",
		Short:   "Show which migrations are applied",
		Long:    "Show each migration and when it was applied. Exit code 1 when one is missing.",
		Example: "  otelaudit migrate status --format json",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format != "table" && format != "json" {
				return usageError("", "--format %q is not table or json", format)
			}
			url, err := o.connection(cmd, sys)
			if err != nil {
				return err
			}
			all, err := o.runner().Status(cmd.Context(), url)
			if err != nil {
				return describeDatabase(err)
			}
			if format == "json" {
				err = writeJSON(sys.Stdout, all)
			} else {
				err = printStatus(sys.Stdout, all)
			}
			if err != nil {
				return err
			}
			missing := 0
			for _, m := range all {
				if !m.Applied {
					missing++
				}
			}
			if missing > 0 {
				return negative("'otelaudit migrate up' applies them", "%d of %d migrations are not applied", missing, len(all))
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&format, "format", "table", "`format` of the result: table or json")
	return cmd
}

func newMigratePrint(sys *System, o *migrateOptions) *cobra.Command {
	return &cobra.Command{
		Use:     "print",
		Short:   "Print the SQL of every migration",
		Long:    "Print the SQL that 'up' runs, for review. It needs no database.",
		Example: "  otelaudit migrate print --schema audit | less",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.validate(cmd); err != nil {
				return err
			}
			return o.runner().Print(sys.Stdout)
		},
	}
}

func newMigrateExport(sys *System, o *migrateOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "export DIR",
		Short: "Write the SQL as files for an application's own migration tool",
		Long: `Write one plain SQL file per migration into DIR, to run beside an application's
own migrations in the order of their names, each in a transaction. The files
only go up. One that is there with other contents is an error.`,
		Example: "  otelaudit migrate export db/migrations --schema app",
		Args:    exactly("DIR"),

		ValidArgsFunction: offerDirs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.validate(cmd); err != nil {
				return err
			}
			if err := os.MkdirAll(args[0], 0o755); err != nil { //nolint:gosec // SQL without secrets, read by other tools
				return environmentError("", err)
			}
			paths, err := o.runner().Export(args[0])
			for _, path := range paths {
				fmt.Fprintln(sys.Stdout, path)
			}
			if err != nil {
				return environmentError("an applied migration must not change under its name: export into an empty directory and compare", err)
			}
			return nil
		},
	}
}

// connection validates the flags and resolves the URL.
func (o *migrateOptions) connection(cmd *cobra.Command, sys *System) (string, error) {
	if err := o.validate(cmd); err != nil {
		return "", err
	}
	return o.database.resolve(sys)
}

func (o *migrateOptions) validate(cmd *cobra.Command) error {
	if err := refuseEmpty(cmd); err != nil {
		return err
	}
	if err := o.runner().Validate(); err != nil {
		return usageError("--schema and --role-prefix take lower-case letters, digits and underscores", "%w", err)
	}
	return nil
}

func printSteps(w io.Writer, verb string, steps []migrations.Migration) {
	for _, m := range steps {
		fmt.Fprintf(w, "%s %05d %s\n", verb, m.Version, m.Name)
	}
}

func printStatus(w io.Writer, all []migrations.Migration) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "VERSION\tNAME\tAPPLIED")
	for _, m := range all {
		applied := "no"
		if m.Applied {
			applied = m.AppliedAt.UTC().Format(time.RFC3339)
		}
		fmt.Fprintf(tw, "%05d\t%s\t%s\n", m.Version, m.Name, applied)
	}
	return tw.Flush()
}
