package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
)

// column is one of the table.
type column struct {
	name string
	cell func(result) string
}

func optional(name string, digits int, value func(result) *float64) column {
	return column{name: name, cell: func(r result) string {
		v := value(r)
		if v == nil {
			return ""
		}
		return strconv.FormatFloat(*v, 'f', digits, 64)
	}}
}

func whole(name string, value func(result) int) column {
	return column{name: name, cell: func(r result) string {
		if n := value(r); n != 0 {
			return thousands(n)
		}
		return ""
	}}
}

// columns are those of docs/performance.md, in its order.
var columns = []column{
	{"case", func(r result) string { return r.Case }},
	{"sinks", func(r result) string { return r.Sinks }},
	{"size", func(r result) string { return r.Size }},
	whole("batch", func(r result) int { return r.ClientBatch }),
	whole("tenants", func(r result) int { return r.Tenants }),
	whole("callers", func(r result) int { return r.Callers }),
	whole("rows before", func(r result) int { return r.RowsBefore }),
	whole("events/s", func(r result) int { return int(r.EventsPerSecond + 0.5) }),
	optional("of COPY", 2, func(r result) *float64 { return r.RatioToCopy }),
	optional("of COPY without indexes", 2, func(r result) *float64 { return r.RatioToCopyWithoutIdxs }),
	optional("of one INSERT", 1, func(r result) *float64 { return r.RatioToInsert }),
	optional("of the fastest peer", 1, func(r result) *float64 { return r.RatioToPeers }),
	optional("of few rows", 2, func(r result) *float64 { return r.RatioToFewRows }),
	optional("of unsigned", 2, func(r result) *float64 { return r.RatioToUnsigned }),
	optional("of one sink", 2, func(r result) *float64 { return r.RatioToOneSink }),
	optional("p50 ms", 1, func(r result) *float64 { return r.P50Milliseconds }),
	optional("p99 ms", 1, func(r result) *float64 { return r.P99Milliseconds }),
	optional("client µs", 1, func(r result) *float64 { return r.ClientCPUMicros }),
	optional("collector µs", 1, func(r result) *float64 { return r.CollectorCPUMicros }),
	optional("server µs", 1, func(r result) *float64 { return r.ServerCPUMicros }),
	whole("retries", func(r result) int { return r.Retries }),
	optional("peak MiB", 0, func(r result) *float64 { return r.PeakRSSMebibytes }),
	optional("server MiB", 0, func(r result) *float64 { return r.ServerPeakMebibytes }),
	optional("bytes", 0, func(r result) *float64 { return r.BytesPerEvent }),
	{"", func(r result) string { return r.Note }},
}

// filled are the columns in which any result has something: a run of one phase
// has no use for those of others.
func filled(results []result) (used []column) {
	for _, c := range columns {
		for _, r := range results {
			if c.cell(r) != "" {
				used = append(used, c)
				break
			}
		}
	}
	return used
}

func printTable(out io.Writer, results []result) error {
	used := filled(results)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, c := range used {
		fmt.Fprint(w, c.name, "\t")
	}
	fmt.Fprintln(w)
	for _, r := range results {
		for _, c := range used {
			fmt.Fprint(w, c.cell(r), "\t")
		}
		fmt.Fprintln(w)
	}
	return w.Flush()
}

// printMarkdown prints the table as docs/performance.md has it.
func printMarkdown(out io.Writer, results []result) {
	used := filled(results)
	if len(used) == 0 {
		return // nothing was measured
	}
	heads, rules := make([]string, len(used)), make([]string, len(used))
	for i, c := range used {
		heads[i], rules[i] = c.name, "--:"
	}
	rules[0] = "---"
	fmt.Fprintf(out, "| %s |\n|%s|\n", strings.Join(heads, " | "), strings.Join(rules, "|"))
	for _, r := range results {
		cells := make([]string, len(used))
		for i, c := range used {
			cells[i] = c.cell(r)
		}
		cells[0] = "`" + cells[0] + "`"
		fmt.Fprintf(out, "| %s |\n", strings.Join(cells, " | "))
	}
}

// thousands writes 1234567 as 1,234,567.
func thousands(n int) string {
	digits := strconv.Itoa(n)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}
