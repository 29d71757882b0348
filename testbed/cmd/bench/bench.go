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
	"github.com/otelaudit/otelaudit/testbed/signing"
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
	quick      bool    // leaves out what takes long
	repeats    int     // of every case; the median by events per second counts
	rowsBefore int
	growTo     []int // rows at which growth is measured, rising
	disk       int64 // bytes that growth may fill
	profile    string
	sinks      sinks // of a single case
	results    []result
	keys       signing.Files
}

func newBench(ctx context.Context, dir string, progress io.Writer) (*bench, error) {
	binary, err := collector.Binary()
	if err != nil {
		return nil, err
	}
	b := &bench{dir: dir, binary: binary, progress: progress, scale: 1}
	if b.keys, err = signing.New(dir); err != nil {
		return nil, err
	}
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

func (b *bench) scaled(events int) int { return int(float64(events) * b.scale) }

// single is the case that a name such as 1000/100/8 stands for.
func single(name string) (workload, error) {
	w := workload{size: ordinary}
	if _, err := fmt.Sscanf(name, "%d/%d/%d", &w.batch, &w.tenants, &w.callers); err != nil || min(w.batch, w.tenants, w.callers) < 1 {
		return w, fmt.Errorf("-only: %q is not batch/tenants/callers, such as 1000/100/8", name)
	}
	return w, nil
}

// one runs a single end-to-end case, for profiles.
func (b *bench) one(ctx context.Context, w workload) error {
	w.events = b.scaled(200_000)
	if w.batch < 100 {
		w.events /= 4
	}
	r, _, err := b.endToEnd(ctx, caseEndToEnd, w, b.sinks)
	if err == nil {
		b.results = append(b.results, r)
	}
	return err
}

// median repeats a case and returns the run in the middle: what else the
// machine does is noise in both directions.
func (b *bench) median(f func() (result, error)) (result, error) {
	runs := make([]result, b.repeats)
	for i := range runs {
		var err error
		if runs[i], err = f(); err != nil {
			return result{}, err
		}
	}
	return middleOf(runs), nil
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
