package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/internal/access"
	"github.com/otelaudit/otelaudit/internal/pgurl"
	"github.com/otelaudit/otelaudit/internal/retention"
)

func newPartitions(sys *System) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "partitions",
		Short: "Show the months of the store and make those ahead",
		Long: `Show the months of audit_events, one partition each (UTC, by recorded_at), and
make those that the next weeks need. A running collector makes them by itself.`,
		Example: `  otelaudit partitions list
  otelaudit partitions ensure --ahead 2`,
	}
	asGroup(cmd)
	cmd.AddCommand(newPartitionsList(sys), newPartitionsEnsure(sys))
	return cmd
}

// partitionObject is a month as JSON.
type partitionObject struct {
	Month          string     `json:"month"`
	Name           string     `json:"name"`
	EventsEstimate int64      `json:"events_estimate"`
	Bytes          int64      `json:"bytes"`
	Tenants        int64      `json:"tenants"`
	Oldest         *time.Time `json:"oldest"`
	Newest         *time.Time `json:"newest"`
	Droppable      bool       `json:"droppable"`
	Why            string     `json:"why,omitempty"`
}

func newPartitionsList(sys *System) *cobra.Command {
	var database databaseFlags
	var asked accessFlags
	var format formatFlag
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Show the months of the store",
		Long: `Show the months of the store, oldest first: how many events (by PostgreSQL's
statistics), bytes with indexes, tenants, the oldest and newest recorded_at, and
whether a prune by the policies would drop the month as a whole, else why not.
That names a tenant, so it is a read that leaves a trace. It needs the role pruner
or auditor.`,
		Example: "  otelaudit partitions list --format table",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			chosen, err := format.choose(sys)
			if err != nil {
				return err
			}
			reader, err := database.connect(cmd.Context(), sys)
			if err != nil {
				return err
			}
			defer reader.Close()
			trail, err := asked.trail(cmd.Context(), sys, reader)
			if err != nil {
				return err
			}
			months, err := retention.Months(cmd.Context(), reader.Pruner())
			read := access.Read{Action: access.ActionPartitions, Rows: int64(len(months))}
			if err := recordPruning(cmd.Context(), trail, read, err); err != nil {
				return err
			}
			return printPartitions(sys, months, chosen)
		},
	}
	database.register(cmd, "AUDIT_PRUNER_URL")
	asked.register(cmd)
	format.register(cmd, formatJSON, formatTable, formatJSON, formatJSONL, formatCSV)
	return cmd
}

func printPartitions(sys *System, months []retention.Month, format string) error {
	l := &listing{header: []string{"month", "events_estimate", "bytes", "tenants", "oldest", "newest", "droppable", "why"}}
	objects := make([]partitionObject, len(months))
	for i, m := range months {
		objects[i] = partitionObject{
			Month: m.Month.Format("2006-01"), Name: m.Name, EventsEstimate: m.EventsEstimate, Bytes: m.Bytes, Tenants: m.Tenants,
			Oldest: instantOrNil(m.Oldest), Newest: instantOrNil(m.Newest), Droppable: m.Why == "", Why: m.Why,
		}
		o := &objects[i]
		droppable := "no"
		if o.Droppable {
			droppable = "yes"
		}
		l.add(o.Month, number(o.EventsEstimate), number(o.Bytes), number(o.Tenants), timeOrNone(o.Oldest), timeOrNone(o.Newest), droppable, o.Why)
	}
	switch format {
	case formatTable, formatCSV:
		return l.write(sys.Stdout, format)
	case formatJSONL:
		for i := range objects {
			if err := writeDocument(sys.Stdout, format, objects[i]); err != nil {
				return err
			}
		}
		return nil
	}
	return writeJSON(sys.Stdout, objects)
}

func instantOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func newPartitionsEnsure(sys *System) *cobra.Command {
	var database databaseFlags
	var ahead int
	cmd := &cobra.Command{
		Use:   "ensure",
		Short: "Make the month of today and those ahead, where they are missing",
		Long: `Make the partition of this month and of up to two ahead, where they are missing,
and print their names. It needs the writer role. A running collector does this at
its start and every hour.`,
		Example: "  otelaudit partitions ensure --ahead 2",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if ahead < 0 || ahead > 2 {
				return usageError("", "--ahead %d is not 0 to 2", ahead)
			}
			url, err := database.resolve(sys)
			if err != nil {
				return err
			}
			return ensurePartitions(cmd.Context(), sys, url, database.schema, ahead)
		},
	}
	database.register(cmd, "AUDIT_WRITER_URL")
	cmd.Flags().IntVar(&ahead, "ahead", 2, "`months` after this one, 0 to 2")
	return cmd
}

func ensurePartitions(ctx context.Context, sys *System, url, schema string, ahead int) (err error) {
	if err := pgurl.CheckSchema(schema); err != nil {
		return usageError("", "--schema: %w", err)
	}
	config, err := pgurl.Parse(url, "otelaudit partitions")
	if err != nil {
		return environmentError("", err)
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return describeDatabase(pgurl.Describe(err))
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	// A transaction each: together they could deadlock with a writer's.
	for month := range ahead + 1 {
		var name string
		err := conn.QueryRow(ctx, "SELECT "+pgx.Identifier{schema}.Sanitize()+`.audit_ensure_month(
			(pg_catalog.date_trunc('month', pg_catalog.clock_timestamp() AT TIME ZONE 'UTC') + $1::integer * interval '1 month') AT TIME ZONE 'UTC')`, month).Scan(&name)
		if err != nil {
			return describeDatabase(err)
		}
		if _, err := fmt.Fprintln(sys.Stdout, name); err != nil {
			return err
		}
	}
	return nil
}
