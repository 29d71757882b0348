package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/testbed/collector"
)

const (
	exportGoal = 100_000 // events per second, at least
	// sizesFactor is how much larger the large export is than the small one, of
	// which peak memory may not tell.
	sizesFactor = 10
)

// measureExports runs the program as its users do, on the largest tenant: whole,
// and a tenth of it, for the memory.
func (b *bench) measureExports(ctx context.Context) ([]result, error) {
	root, err := collector.Root()
	if err != nil {
		return nil, err
	}
	program := filepath.Join(root, "bin", "otelaudit")
	if _, err := os.Stat(program); err != nil {
		return nil, fmt.Errorf("%s does not exist: run make build", program)
	}
	reader, err := store.Connect(ctx, store.Options{URL: b.db.Reader, ApplicationName: "readbench"})
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	const largest = "tenant-0"
	extent, err := reader.Extent(ctx, largest)
	if err != nil {
		return nil, err
	}
	var size int64
	for _, log := range extent.Logs {
		size += log.Size
	}
	var results []result
	for _, format := range []string{"jsonl", "csv", "ocsf"} {
		for _, part := range []int64{size / sizesFactor, size} {
			after := store.End(extent.Logs).Seq - part
			row, err := b.export(ctx, program, largest, format, after, part)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", format, err)
			}
			if part == size { // the beginning of the program weighs on the small one
				row[0].Least = exportGoal
			}
			results = append(results, row...)
		}
	}
	return results, nil
}

// export is one run, its output for /dev/null; the server's processor time counts.
func (b *bench) export(ctx context.Context, program, tenant, format string, after, events int64) ([]result, error) {
	cmd := exec.CommandContext(ctx, program, "export", "--tenant", tenant, "--format", format, "--after", fmt.Sprintf("0:%d", after), "--database-url", b.db.Reader)
	cmd.Env = append(os.Environ(), "AUDIT_DATABASE_URL=")
	var said strings.Builder
	cmd.Stderr = &said
	serverBefore, err := collector.TreeCPU(b.server.PID())
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, strings.TrimSpace(said.String()))
	}
	took := time.Since(began)
	serverAfter, err := collector.TreeCPU(b.server.PID())
	if err != nil {
		return nil, err
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return nil, fmt.Errorf("no resource usage on %s", runtime.GOOS)
	}
	name := fmt.Sprintf("export of %d events as %s", events, format)
	perEvent := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 / float64(events) }
	return []result{
		{Name: name, Count: 1, P50: float64(events) / took.Seconds(), Unit: "events/s"},
		{Name: name + ": of the program", Count: 1, P50: perEvent(cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()), Unit: "µs/event"},
		{Name: name + ": of the server", Count: 1, P50: perEvent(serverAfter - serverBefore), Unit: "µs/event"},
		{Name: name + ": peak memory", Count: 1, P50: float64(usage.Maxrss) / 1024, Unit: "MiB"},
	}, nil
}
