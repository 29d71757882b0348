package cli

import (
	"bufio"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/internal/access"
	"github.com/otelaudit/otelaudit/internal/store"
)

type monthlyOptions struct {
	tenantRead

	months   int
	prefixes []string
}

func newMonthly(sys *System) *cobra.Command {
	o := &monthlyOptions{}
	cmd := &cobra.Command{
		Use:   "monthly --tenant T --months N [flags]",
		Short: "Count a tenant's events month by month",
		Long: `Count a tenant's events of this month and of those before it, N in all, oldest
first, those without events too. Months are those of event time in UTC; which one
this is, the database's clock says. --by-prefix is that of 'otelaudit count'.

json is [{"month": "2026-05-01", "count": N, "by_prefix": {"P": N}}], jsonl one such
object per line; table and csv have one column per prefix.`,
		Example: `  otelaudit monthly --tenant acme --months 12
  otelaudit monthly --tenant acme --months 3 --by-prefix invoice. --format csv`,
		Args:              exactly(),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd, sys)
		},
	}
	o.register(cmd)
	f := cmd.Flags()
	f.IntVar(&o.months, "months", 0, "number of months, this one included, 1 to "+strconv.Itoa(store.MaxMonths)+" (required)")
	registerPrefixes(cmd, &o.prefixes)
	o.format.register(cmd, formatJSON, formatTable, formatJSON, formatJSONL, formatCSV)
	return cmd
}

func (o *monthlyOptions) run(cmd *cobra.Command, sys *System) error {
	format, err := o.check(cmd, sys)
	if err != nil {
		return err
	}
	if !cmd.Flags().Changed("months") {
		return usageError("this month is the last of them: --months 12", "monthly needs --months")
	}
	if o.months < 1 || o.months > store.MaxMonths {
		return usageError("", "--months %d is not 1 to %d", o.months, store.MaxMonths)
	}
	var found []store.MonthCount
	err = o.tenantRead.run(cmd, sys, func(reader *store.Reader) (access.Read, error) {
		var err error
		found, err = reader.MonthlyCounts(cmd.Context(), o.tenant, o.months, o.prefixes)
		return access.Read{Action: access.ActionMonthly, Filter: flagsAsked(cmd), Rows: int64(len(found))}, err
	})
	if err != nil {
		return err
	}
	return printMonths(sys, format, found)
}

// monthObject is the numbers of a month as JSON.
type monthObject struct {
	Month string `json:"month"`
	countObject
}

func printMonths(sys *System, format string, found []store.MonthCount) error {
	months := make([]monthObject, len(found))
	for i, m := range found {
		months[i] = monthObject{m.Month.UTC().Format(time.DateOnly), countObject{Count: m.Total, ByPrefix: m.ByPrefix}}
	}
	switch format {
	case formatJSON:
		return writeJSON(sys.Stdout, months)
	case formatJSONL:
		out := bufio.NewWriter(sys.Stdout)
		e := json.NewEncoder(out)
		e.SetEscapeHTML(false)
		for _, m := range months {
			if err := e.Encode(m); err != nil {
				return err
			}
		}
		return out.Flush()
	}
	return monthRows(months).write(sys.Stdout, format)
}

// prefixColumn begins the name of a column that counts a prefix; the rest is it.
const prefixColumn = "by_prefix."

func monthRows(months []monthObject) *listing {
	prefixes := slices.Sorted(maps.Keys(months[0].ByPrefix))
	rows := &listing{header: []string{"month", "count"}}
	for _, prefix := range prefixes {
		rows.header = append(rows.header, prefixColumn+prefix)
	}
	for _, m := range months {
		row := []string{m.Month, strconv.FormatInt(m.Count, 10)}
		for _, prefix := range prefixes {
			row = append(row, strconv.FormatInt(m.ByPrefix[prefix], 10))
		}
		rows.add(row...)
	}
	return rows
}
