package cli

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/internal/access"
	"github.com/otelaudit/otelaudit/internal/store"
)

type countOptions struct {
	tenantRead

	since, until string
	prefixes     []string
}

func newCount(sys *System) *cobra.Command {
	o := &countOptions{}
	cmd := &cobra.Command{
		Use:   "count --tenant T [flags]",
		Short: "Count a tenant's events",
		Long: `Count a tenant's events, those of a window of event time (since <= t < until) and,
besides, those whose action begins with a text: byte by byte, not by segment. An
event counts for every prefix that it has; the empty one counts all. The numbers
are exact and of one moment.

json and jsonl are {"count": N, "by_prefix": {"P": N}}, with exactly the prefixes
that were asked for.`,
		Example: `  otelaudit count --tenant acme --since 2026-05-01 --until 2026-06-01
  otelaudit count --tenant acme --since 30d --by-prefix invoice. --by-prefix login`,
		Args:              exactly(),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd, sys)
		},
	}
	o.register(cmd)
	f := cmd.Flags()
	f.StringVar(&o.since, "since", "", "from this `time` on: RFC 3339, a date, or an age such as 30d")
	f.StringVar(&o.until, "until", "", "before this `time`")
	registerPrefixes(cmd, &o.prefixes)
	o.format.register(cmd, formatJSON, formatTable, formatJSON, formatJSONL, formatCSV)
	return cmd
}

func registerPrefixes(cmd *cobra.Command, prefixes *[]string) {
	cmd.Flags().StringArrayVar(prefixes, "by-prefix", nil, "besides, those whose action begins with `text`; may be repeated")
}

func (o *countOptions) run(cmd *cobra.Command, sys *System) error {
	format, err := o.check(cmd, sys)
	if err != nil {
		return err
	}
	w, err := parseWindow(o.since, o.until, sys.Now())
	if err != nil {
		return err
	}
	var found store.Counts
	err = o.tenantRead.run(cmd, sys, func(reader *store.Reader) (access.Read, error) {
		var err error
		found, err = reader.Count(cmd.Context(), o.tenant, store.CountFilter{Since: w.since, Until: w.until, Prefixes: o.prefixes})
		return access.Read{Action: access.ActionCount, Filter: flagsAsked(cmd), Rows: 1}, err
	})
	if err != nil {
		return err
	}
	return printCounts(sys, format, countObject{Count: found.Total, ByPrefix: found.ByPrefix})
}

// countObject is the numbers as JSON.
type countObject struct {
	Count    int64            `json:"count"`
	ByPrefix map[string]int64 `json:"by_prefix"`
}

// allEvents stands in a table where CSV has the empty prefix.
const allEvents = "(all)"

func printCounts(sys *System, format string, c countObject) error {
	switch format {
	case formatTable, formatCSV:
		rows := &listing{header: []string{"prefix", "count"}}
		all := ""
		if format == formatTable {
			all = allEvents
		}
		rows.add(all, strconv.FormatInt(c.Count, 10))
		for _, prefix := range slices.Sorted(maps.Keys(c.ByPrefix)) {
			if prefix != "" {
				rows.add(prefix, strconv.FormatInt(c.ByPrefix[prefix], 10))
			}
		}
		return rows.write(sys.Stdout, format)
	}
	object, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return writeObject(sys.Stdout, format, object)
}
