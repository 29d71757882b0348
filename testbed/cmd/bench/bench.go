package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/otelaudit/otelaudit/internal/pglocal"
	"github.com/otelaudit/otelaudit/testbed/collector"
	"github.com/otelaudit/otelaudit/testbed/database"
)

//go:embed collector.yaml
var configuration string

// bench is one run of all cases.
type bench struct {
	dir        string
	binary     string
	server     *database.Server
	progress   io.Writer
	scale      float64 // of the number of events
	rowsBefore int
	profile    string
	results    []result
}

func newBench(ctx context.Context, dir string, progress io.Writer) (*bench, error) {
	binary, err := collector.Binary()
	if err != nil {
		return nil, err
	}
	b := &bench{dir: dir, binary: binary, progress: progress, scale: 1}
	b.say("starting PostgreSQL")
	b.server, err = database.Start(ctx, pglocal.Options{Dir: filepath.Join(dir, "pg"), Settings: map[string]string{
		"max_connections": "400",
		"shared_buffers":  "1GB",
		"max_wal_size":    "4GB",
	}})
	return b, err
}

func (b *bench) close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return b.server.Stop(ctx)
}

func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.progress, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

// workload is one end-to-end case.
type workload struct {
	batch, tenants, callers, events int
}

// all runs every case. For each number of tenants, the end-to-end case with the
// largest batches comes first: its rows are what the limits are measured with.
func (b *bench) all(ctx context.Context) error {
	for _, tenants := range []int{1, 100} {
		if err := b.forTenants(ctx, tenants); err != nil {
			return err
		}
	}
	return b.nop(ctx, workload{batch: 1, tenants: 1, callers: 256, events: b.scaled(100_000)})
}

func (b *bench) scaled(events int) int { return int(float64(events) * b.scale) }

func (b *bench) forTenants(ctx context.Context, tenants int) error {
	first, rows, err := b.endToEnd(ctx, "end_to_end", workload{batch: 1000, tenants: tenants, callers: 8, events: b.scaled(200_000)})
	if err != nil {
		return err
	}
	limit, err := b.limits(ctx, tenants, rows)
	if err != nil {
		return err
	}
	ends := []result{first}
	for _, w := range []workload{
		{batch: 100, tenants: tenants, callers: 32, events: b.scaled(150_000)},
		{batch: 1, tenants: tenants, callers: 256, events: b.scaled(40_000)},
	} {
		r, _, err := b.endToEnd(ctx, "end_to_end", w)
		if err != nil {
			return err
		}
		ends = append(ends, r)
	}
	alone, _, err := b.endToEnd(ctx, "end_to_end_one_caller", workload{batch: 1, tenants: tenants, callers: 1, events: b.scaled(3_000)})
	if err != nil {
		return err
	}
	for _, r := range append(ends, alone) {
		r.RatioToCopy = new(r.EventsPerSecond / limit.copy)
		r.RatioToCopyWithoutIdxs = new(r.EventsPerSecond / limit.withoutIndexes)
		r.RatioToInsert = new(r.EventsPerSecond / limit.insert)
		b.results = append(b.results, r)
	}
	b.results = append(b.results, limit.results...)
	return nil
}

// machine describes what it ran on.
func (b *bench) machine() string {
	model := "unknown CPU"
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.SplitSeq(string(info), "\n") {
			if strings.HasPrefix(line, "model name") {
				_, model, _ = strings.Cut(line, ": ")
				break
			}
		}
	}
	memory := ""
	if info, err := os.ReadFile("/proc/meminfo"); err == nil {
		var kib int
		if _, err := fmt.Sscanf(string(info), "MemTotal: %d kB", &kib); err == nil {
			memory = fmt.Sprintf(", %d GiB", kib>>20)
		}
	}
	return fmt.Sprintf("%d x %s%s, %s/%s, %s, PostgreSQL %d (client, collector and server on the same cores; loopback)",
		runtime.NumCPU(), model, memory, runtime.GOOS, runtime.GOARCH, runtime.Version(), b.server.Version)
}

var errMissing = errors.New("events are missing")
