// Command verifybench measures how fast `otelaudit verify` reads a store, what
// that costs and whether its memory stays flat, and how long `otelaudit prove`
// takes. It fills a database of its own through the store's writer, in steps,
// and runs the built program after each.
//
//	make build && go run ./testbed/cmd/verifybench [-events 1000000,5000000,10000000] [-tenants 10]
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/otelaudit/otelaudit/internal/pglocal"
	"github.com/otelaudit/otelaudit/testbed/database"
)

func main() { os.Exit(exitCode()) }

func exitCode() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "verifybench: error:", err)
		return 1
	}
	return 0
}

// figures are what was measured at one number of events.
type figures struct {
	Events          int     `json:"events"`
	Tenants         int     `json:"tenants"`
	Commits         int     `json:"commits"`
	Workers         int     `json:"workers"` // 0 is one per core
	Seconds         float64 `json:"seconds"`
	EventsPerSecond float64 `json:"events_per_second"`
	// CPU of the program alone, without the server's.
	CPUSecondsPerMillion float64 `json:"cpu_seconds_per_million"`
	EventsPerCPUSecond   float64 `json:"events_per_cpu_second"`
	ServerCPUSeconds     float64 `json:"server_cpu_seconds"`
	PeakRSSMebibytes     float64 `json:"peak_rss_mib"`
	// Proof is making an inclusion proof over an open connection, the code and the
	// database; Prove is the whole program, with its start, its connection and the
	// check of the proof. On a busy machine the CPU times are the ones to read.
	ProofMedianMilliseconds    float64 `json:"proof_median_ms"`
	ProofWorstMilliseconds     float64 `json:"proof_worst_ms"`
	ProofCPUMilliseconds       float64 `json:"proof_cpu_ms"`
	ProofServerCPUMilliseconds float64 `json:"proof_server_cpu_ms"`
	ProveMedianMilliseconds    float64 `json:"prove_median_ms"`
	ProveWorstMilliseconds     float64 `json:"prove_worst_ms"`
	FillEventsPerSecond        float64 `json:"fill_events_per_second"`
}

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	flags := flag.NewFlagSet("verifybench", flag.ContinueOnError)
	flags.SetOutput(progress)
	steps := flags.String("events", "1000000,5000000,10000000", "`numbers` of events at which to measure, rising")
	tenants := flags.Int("tenants", 10, "tenants that the events are spread over")
	batch := flags.Int("batch", 5000, "events per transaction")
	workers := flags.Int("workers", 0, "what verify is told with --workers; 0 says nothing")
	path := flags.String("out", filepath.Join("build", "bench-verify.json"), "where the JSON goes")
	parent := flags.String("dir", "", "where the database is made; about 2 KB per event")
	if err := flags.Parse(args); err != nil {
		return err
	}
	sizes, err := parseSteps(*steps)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(*parent, "otelaudit-verifybench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{dir: dir, tenants: *tenants, batch: *batch, workers: *workers, progress: progress}
	results, err := b.run(ctx, sizes)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(results, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(*path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(*path, append(text, '\n'), 0o644); err != nil {
		return err
	}
	return printTable(out, results)
}

func parseSteps(text string) ([]int, error) {
	var steps []int
	for field := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(field))
		if err != nil || n < 1 || len(steps) > 0 && n <= steps[len(steps)-1] {
			return nil, fmt.Errorf("-events: %q is not a list of rising numbers", text)
		}
		steps = append(steps, n)
	}
	return steps, nil
}

func (b *bench) run(ctx context.Context, sizes []int) (results []figures, err error) {
	b.say("starting PostgreSQL in %s", b.dir)
	b.server, err = database.Start(ctx, pglocal.Options{Dir: filepath.Join(b.dir, "pg"), Volatile: true, Settings: map[string]string{
		"shared_buffers": "1GB", "max_wal_size": "4GB", "max_connections": "100",
	}})
	if err != nil {
		return nil, err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		err = errors.Join(err, b.server.Stop(ctx))
	}()
	if err := b.prepare(ctx); err != nil {
		return nil, err
	}
	defer b.close()
	for _, size := range sizes {
		filled, err := b.fill(ctx, size)
		if err != nil {
			return results, fmt.Errorf("fill: %w", err)
		}
		r, err := b.measure(ctx)
		if err != nil {
			return results, err
		}
		r.FillEventsPerSecond = filled
		results = append(results, r)
	}
	return results, nil
}

func printTable(out io.Writer, results []figures) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "events\ttenants\tcommits\tevents/s\tevents/CPU s\tCPU s/million\tserver CPU s\tpeak MiB\tproof ms\tworst\tCPU\tserver CPU\tprove ms\tworst\t")
	for _, r := range results {
		fmt.Fprintf(w, "%d\t%d\t%d\t%.0f\t%.0f\t%.2f\t%.1f\t%.1f\t%.2f\t%.2f\t%.2f\t%.2f\t%.1f\t%.1f\t\n", r.Events, r.Tenants, r.Commits, r.EventsPerSecond,
			r.EventsPerCPUSecond, r.CPUSecondsPerMillion, r.ServerCPUSeconds, r.PeakRSSMebibytes,
			r.ProofMedianMilliseconds, r.ProofWorstMilliseconds, r.ProofCPUMilliseconds, r.ProofServerCPUMilliseconds,
			r.ProveMedianMilliseconds, r.ProveWorstMilliseconds)
	}
	return w.Flush()
}
