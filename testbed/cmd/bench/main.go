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
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"text/tabwriter"
	"time"
)

func main() { os.Exit(exitCode()) }

func exitCode() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench: error:", err)
		return 1
	}
	return 0
}

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(progress)
	quick := flags.Bool("quick", false, "a fifth of the events, once instead of the median of three: figures are noisy")
	path := flags.String("out", filepath.Join("build", "bench.json"), "where the JSON goes")
	only := flags.String("only", "", "`batch/tenants/callers` of one end-to-end case, without limits, such as 1000/100/8")
	rowsBefore := flags.Int("rows", 0, "events already stored before each end-to-end case")
	to := flags.String("sinks", signedStore.name, "what the single case of -only writes to: "+signedStore.name+", "+unsignedStore.name+" or "+bothSinks.name)
	profile := flags.String("cpuprofile", "", "directory for CPU profiles of the collector")
	if err := flags.Parse(args); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "otelaudit-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b, err := newBench(ctx, dir, progress)
	if err != nil {
		return err
	}
	b.rowsBefore, b.profile = *rowsBefore, *profile
	for _, kind := range []sinks{signedStore, unsignedStore, bothSinks} {
		if kind.name == *to {
			b.sinks = kind
		}
	}
	if b.sinks.name == "" {
		return errors.Join(fmt.Errorf("-sinks: %q is none", *to), b.close(context.WithoutCancel(ctx)))
	}
	b.repeats = 3
	if *quick {
		b.scale, b.repeats = 0.2, 1
	}
	if *only == "" {
		err = b.all(ctx)
	} else {
		err = b.one(ctx, *only)
	}
	if err := errors.Join(err, b.close(context.WithoutCancel(ctx))); err != nil {
		return err
	}
	if err := writeJSON(*path, b.results); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s\n\n", b.machine())
	return printTable(out, b.results)
}

// result is one line of the table; a figure that the case does not have is null.
type result struct {
	Case                   string   `json:"case"`
	ClientBatch            int      `json:"client_batch"`
	Tenants                int      `json:"tenants"`
	Callers                int      `json:"callers"`
	RowsBefore             int      `json:"rows_before"`
	Events                 int      `json:"events"`
	EventsPerSecond        float64  `json:"events_per_second"`
	RatioToCopy            *float64 `json:"ratio_to_copy"`
	RatioToInsert          *float64 `json:"ratio_to_insert"`
	Sinks                  string   `json:"sinks"`             // what was written to; "" for a limit
	RatioToUnsigned        *float64 `json:"ratio_to_unsigned"` // to the same with integrity off
	RatioToOneSink         *float64 `json:"ratio_to_one_sink"` // to the same without the journal
	P50Milliseconds        *float64 `json:"p50_ms"`
	P99Milliseconds        *float64 `json:"p99_ms"`
	CollectorCPUMicros     *float64 `json:"collector_cpu_us_per_event"`
	ServerCPUMicros        *float64 `json:"server_cpu_us_per_event"`
	ClientCPUMicros        *float64 `json:"client_cpu_us_per_event"`
	Retries                int      `json:"retries"`
	PeakRSSMebibytes       *float64 `json:"peak_rss_mib"`
	BytesPerEvent          *float64 `json:"bytes_per_event"`
	RatioToCopyWithoutIdxs *float64 `json:"ratio_to_copy_without_indexes"`
}

func writeJSON(path string, results []result) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	b, err := json.MarshalIndent(results, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o644)
}

func printTable(out io.Writer, results []result) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "case\tsinks\tbatch\ttenants\tcallers\tevents/s\tof unsigned\tof one sink\tof COPY\tof COPY w/o idx\tof INSERT\tp50 ms\tp99 ms\tclient µs\tcollector µs\tserver µs\tretries\tpeak MiB\tbytes/event\t")
	for _, r := range results {
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%.0f\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\t\n", r.Case, r.Sinks, r.ClientBatch, r.Tenants, r.Callers, r.EventsPerSecond,
			figure(r.RatioToUnsigned, 2), figure(r.RatioToOneSink, 2),
			figure(r.RatioToCopy, 2), figure(r.RatioToCopyWithoutIdxs, 2), figure(r.RatioToInsert, 1), figure(r.P50Milliseconds, 2), figure(r.P99Milliseconds, 2),
			figure(r.ClientCPUMicros, 1), figure(r.CollectorCPUMicros, 1), figure(r.ServerCPUMicros, 1), r.Retries, figure(r.PeakRSSMebibytes, 0), figure(r.BytesPerEvent, 0))
	}
	return w.Flush()
}

func figure(v *float64, digits int) string {
	if v == nil {
		return "-"
	}
	return strconv.FormatFloat(*v, 'f', digits, 64)
}

func perEvent(d time.Duration, events int) *float64 {
	v := float64(d.Microseconds()) / float64(events)
	return &v
}

//go:fix inline
