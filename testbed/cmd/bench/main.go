// Command bench measures the whole way of an audit event on one machine, in one
// run, beside what bounds it (prepared binary COPY into the same tables) and what
// it replaces (one committed INSERT per event). It prints a table and writes the
// same as JSON. Absolute figures are those of the machine and its load; the
// ratios are what can be compared.
//
//	make build && go run ./testbed/cmd/bench [-quick] [-out build/bench.json]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

func main() { os.Exit(exitCode()) }

func exitCode() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return 0
	}
	fmt.Fprintln(os.Stderr, "bench: error:", err)
	if errors.Is(err, errUsage) {
		return 2
	}
	return 1
}

var errUsage = errors.New("hint: -h lists the flags")

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(progress)
	repeats := flags.Int("repeats", 3, "how often each case runs; the median by events per second counts")
	quick := flags.Bool("quick", false, "a tenth of the events, once instead of the median of three, and fewer cases: figures are noise")
	path := flags.String("out", filepath.Join("build", "bench.json"), "where the JSON goes")
	only := flags.String("only", "", "`phases` ("+phaseNames()+"), or batch/tenants/callers of one end-to-end case, such as 1000/100/8")
	growTo := flags.Int("growth", 1_000_000, "rows up to which the growth phase fills the store: a million first, then 10 million, then so many")
	disk := flags.Int("disk", 35, "GB that the growth phase may fill at most")
	parent := flags.String("dir", "", "where the cluster is made")
	markdown := flags.Bool("markdown", false, "print the tables as docs/performance.md has them")
	rowsBefore := flags.Int("rows", 0, "events already stored before each end-to-end case")
	to := flags.String("sinks", signedStore.name, "what the single case of -only writes to: "+signedStore.name+", "+unsignedStore.name+" or "+bothSinks.name)
	profile := flags.String("cpuprofile", "", "directory for CPU profiles of the collector")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return err
	case err != nil:
		return fmt.Errorf("%w: %w", err, errUsage)
	case flags.NArg() > 0:
		return fmt.Errorf("%q is no flag: %w", flags.Arg(0), errUsage)
	}
	work, err := chosenWork(*only)
	if err != nil {
		return fmt.Errorf("%w: %w", err, errUsage)
	}
	kinds := []sinks{signedStore, unsignedStore, bothSinks}
	kind := slices.IndexFunc(kinds, func(kind sinks) bool { return kind.name == *to })
	if kind < 0 {
		return fmt.Errorf("-sinks: there is no %q: %w", *to, errUsage)
	}
	dir, err := os.MkdirTemp(*parent, "otelaudit-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b, err := newBench(ctx, dir, progress)
	if err != nil {
		return err
	}
	b.rowsBefore, b.profile = *rowsBefore, *profile
	if *quick {
		*growTo = min(*growTo, 200_000)
	}
	b.growTo, b.disk, b.quick = growthSteps(*growTo), int64(*disk)<<30, *quick
	b.sinks, b.repeats = kinds[kind], max(*repeats, 1)
	if *quick {
		b.scale, b.repeats = 0.1, 1
	}
	failed := errors.Join(work(b, ctx), b.close(context.WithoutCancel(ctx)))
	results, err := b.settle(*path, *only)
	if err != nil {
		return errors.Join(failed, err)
	}
	fmt.Fprintf(out, "%s\n\n", b.machine())
	return errors.Join(failed, report(out, results, *markdown))
}

// chosenWork is what -only names: phases, or a single case.
func chosenWork(only string) (func(*bench, context.Context) error, error) {
	if strings.Contains(only, "/") {
		w, err := single(only)
		return func(b *bench, ctx context.Context) error { return b.one(ctx, w) }, err
	}
	some, err := chosen(only)
	return func(b *bench, ctx context.Context) error { return b.runPhases(ctx, some) }, err
}

// settle writes the results, beside those of the phases that were not run.
func (b *bench) settle(path, only string) ([]result, error) {
	results := b.results
	if only != "" && !strings.Contains(only, "/") {
		before, err := readJSON(path)
		if err != nil {
			return nil, err
		}
		results = merge(before, results)
	}
	relate(results)
	return results, writeJSON(path, results)
}

func report(out io.Writer, results []result, markdown bool) error {
	goals := goalsOf(results)
	if markdown {
		printMarkdown(out, results)
		fmt.Fprintln(out)
		printGoalsMarkdown(out, goals)
		return nil
	}
	if err := printTable(out, results); err != nil {
		return err
	}
	fmt.Fprintln(out)
	return printGoals(out, goals)
}
