package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// goal is one of the project's, and what a run says about it.
type goal struct {
	name    string
	figures []figureOf // the worst of them counts
	least   float64    // the figure must be at least this, or
	most    float64    // at most this
}

// figureOf finds one figure among the results; nil where it was not measured.
type figureOf struct {
	of    string
	value *float64
}

const (
	pass        = "PASS"
	fail        = "FAIL"
	notMeasured = "not measured"
	// partly is said where no figure is worse than the goal and some are missing.
	partly = "partly measured"
)

func (g goal) verdict() string {
	there := 0
	for _, f := range g.figures {
		switch {
		case f.value == nil:
		case g.most > 0 && *f.value > g.most, g.most == 0 && *f.value < g.least:
			return fail
		default:
			there++
		}
	}
	switch there {
	case 0:
		return notMeasured
	case len(g.figures):
		return pass
	}
	return partly
}

func (g goal) measured() string {
	text := ""
	for _, f := range g.figures {
		if f.value == nil {
			continue
		}
		if text != "" {
			text += "; "
		}
		text += number(*f.value)
		if f.of != "" {
			text += " (" + f.of + ")"
		}
	}
	return text
}

// number shows as many digits as are worth reading.
func number(v float64) string {
	if v >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// goalsOf holds the results against the goals of the project. Speed depends on
// the machine: a goal that is not met fails nothing.
func goalsOf(results []result) []goal {
	at := func(name string, batch, tenants int) *result {
		return find(results, func(r result) bool {
			return r.Case == name && r.Size == ordinary.name && r.ClientBatch == batch && r.Tenants == tenants
		})
	}
	each := func(batch int, tenants []int, value func(result) *float64) (figures []figureOf) {
		for _, n := range tenants {
			f := figureOf{of: tenantsOf(n)}
			if r := at(caseEndToEnd, batch, n); r != nil {
				f.value = value(*r)
			}
			figures = append(figures, f)
		}
		return figures
	}
	few := []int{1, 100} // with 1,000 tenants every event has a signed commit of its own
	toCopy := func(r result) *float64 { return r.RatioToCopy }
	toBare := func(r result) *float64 { return r.RatioToCopyWithoutIdxs }
	return []goal{
		{name: "of prepared COPY, batches of 1,000, at least 0.8", figures: each(1000, few, toCopy), least: 0.8},
		{name: "of COPY without indexes, batches of 1,000, at least 0.4", figures: each(1000, few, toBare), least: 0.4},
		{name: "times one committed INSERT per event, batches of 1,000, at least 8", figures: each(1000, few, func(r result) *float64 { return r.RatioToInsert }), least: 8},
		{name: "times the fastest peer without an index, batches of 1,000, over 1", figures: each(1000, few, func(r result) *float64 { return r.RatioToPeers }), least: 1},
		{name: "times the fastest peer with indexes, batches of 1,000, over 1", figures: each(1000, few, func(r result) *float64 {
			return ratio(&r, fastestPeer(results, true))
		}), least: 1},
		{name: "one caller's p99 to an INSERT's, at most 1.5", figures: aloneToInsert(results, few), most: 1.5},
		{name: "256 callers of one record: of the nop exporter, at least 0.8", figures: each(1, []int{1}, func(r result) *float64 {
			return ratio(&r, find(results, func(o result) bool { return o.Case == caseNop }))
		}), least: 0.8},
		{name: "256 callers of one record: times 256 connections doing INSERTs, over 1", figures: each(1, few, func(r result) *float64 {
			return ratio(&r, find(results, func(o result) bool { return o.Case == insertCase(256) && o.Tenants == r.Tenants }))
		}), least: 1},
		{name: "of the speed at a million rows, with 30 million, at least 0.9", figures: growthFigures(results), least: 0.9},
		{name: "peak memory of the collector in overload, MiB, at most 300", figures: overloadFigures(results), most: 300},
	}
}

func tenantsOf(n int) string {
	if n == 1 {
		return "one tenant"
	}
	return fmt.Sprintf("%d tenants", n)
}

func aloneToInsert(results []result, tenants []int) (figures []figureOf) {
	for _, n := range tenants {
		alone := find(results, func(r result) bool { return r.Case == caseAlone && r.Tenants == n })
		insert := find(results, func(r result) bool { return r.Case == insertCase(1) && r.Tenants == n && r.Size == ordinary.name })
		f := figureOf{of: tenantsOf(n)}
		if alone != nil && insert != nil && alone.P99Milliseconds != nil && insert.P99Milliseconds != nil && *insert.P99Milliseconds > 0 {
			f.value = new(*alone.P99Milliseconds / *insert.P99Milliseconds)
		}
		figures = append(figures, f)
	}
	return figures
}

// growthGoalRows is where the goal begins to say something: its 30 million rows
// are no more than a small disk may hold, so the figure says how many there were.
const growthGoalRows = 20_000_000

func growthFigures(results []result) (figures []figureOf) {
	for _, r := range results {
		if r.Case == caseGrowth && r.RowsBefore >= growthGoalRows {
			figures = append(figures, figureOf{of: fmt.Sprintf("batches of %s, %s rows", thousands(r.ClientBatch), thousands(r.RowsBefore)), value: r.RatioToFewRows})
		}
	}
	return figures
}

func overloadFigures(results []result) (figures []figureOf) {
	for _, r := range results {
		if r.Case == caseOverload {
			figures = append(figures, figureOf{value: r.PeakRSSMebibytes})
		}
	}
	return figures
}

func printGoals(out io.Writer, goals []goal) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "goal\tmeasured\t")
	for _, g := range goals {
		fmt.Fprintf(w, "%s\t%s\t%s\n", g.name, g.measured(), g.verdict())
	}
	return w.Flush()
}

func printGoalsMarkdown(out io.Writer, goals []goal) {
	fmt.Fprintln(out, "| goal | measured | |\n|---|---|---|")
	for _, g := range goals {
		fmt.Fprintf(out, "| %s | %s | %s |\n", g.name, g.measured(), g.verdict())
	}
}
