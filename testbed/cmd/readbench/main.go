// Command readbench measures how long the reader's questions take on a large
// store and holds the answers against the project's goals. It fills a private
// PostgreSQL with events of the last twelve months, one tenant having half of
// them, and asks as the reader role: through the store's Reader, which is the
// statement alone, and through auditquery, which is what an application waits for.
//
//	make bench-read EVENTS=10000000 TENANTS=1000
//
// An event takes some 1.2 KB with its indexes.
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
	passed, err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "readbench: error:", err)
		return 1
	}
	if !passed {
		return 1
	}
	return 0
}

// measurements are made in this order, each in a file of its own; one that
// changes the store comes last.
var measurements = []measurement{
	{"lists", (*bench).measureLists},
	{"application", (*bench).measureApplication},
	{"counts", (*bench).measureCounts},
	{"exports", (*bench).measureExports},
	{"drops", (*bench).measureDrops}, // changes the store
}

// measurement asks a store one kind of question.
type measurement struct {
	name string
	run  func(*bench, context.Context) ([]result, error)
}

// result is one row of the table.
type result struct {
	Name  string  `json:"name"`
	Count int     `json:"count"` // of repetitions
	P50   float64 `json:"p50"`
	P99   float64 `json:"p99"`
	Unit  string  `json:"unit"`           // "ms" unless something else is measured
	Goal  float64 `json:"goal,omitempty"` // for P99, at most; 0 is none
	Least float64 `json:"least,omitempty"`
}

// verdict is PASS or FAIL, or nothing where there is no goal. Least is a goal
// for P50, at least.
func (r result) verdict() string {
	switch {
	case r.Goal == 0 && r.Least == 0:
		return ""
	case r.Goal > 0 && r.P99 > r.Goal, r.P50 < r.Least:
		return "FAIL"
	}
	return "PASS"
}

// bench is a filled store.
type bench struct {
	events, tenants, repeat int
	progress                io.Writer
	server                  *database.Server
	db                      database.Database
}

func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.progress, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

func run(ctx context.Context, args []string, out, progress io.Writer) (passed bool, err error) {
	b := &bench{progress: progress}
	flags := flag.NewFlagSet("readbench", flag.ContinueOnError)
	flags.SetOutput(progress)
	flags.IntVar(&b.events, "events", 10_000_000, "events to fill the store with")
	flags.IntVar(&b.tenants, "tenants", 1000, "tenants; the first has half of the events")
	flags.IntVar(&b.repeat, "repeat", 200, "how often each question is asked, with other values each time")
	only := flags.String("only", "", "the one measurement to make")
	path := flags.String("out", filepath.Join("build", "bench-read.json"), "where the JSON goes")
	kept := flags.String("keep", "", "a directory for the store, which is not removed: the next run with it measures the same store")
	parent := flags.String("dir", "", "where the directory of the store is made")
	if err := flags.Parse(args); err != nil {
		return false, err
	}
	dir := *kept
	if dir == "" {
		if dir, err = os.MkdirTemp(*parent, "otelaudit-readbench-"); err != nil {
			return false, err
		}
		defer os.RemoveAll(dir)
	}
	results, failed := b.runIn(ctx, dir, *only)
	if len(results) == 0 {
		return false, failed
	}
	text, err := json.MarshalIndent(results, "", "  ")
	if err != nil {
		return false, err
	}
	if err := os.MkdirAll(filepath.Dir(*path), 0o755); err != nil {
		return false, err
	}
	if err := os.WriteFile(*path, append(text, '\n'), 0o644); err != nil {
		return false, err
	}
	passed, err = report(out, results)
	return passed, errors.Join(failed, err)
}

func (b *bench) runIn(ctx context.Context, dir, only string) (results []result, err error) {
	b.say("starting PostgreSQL in %s", dir)
	b.server, err = database.Start(ctx, pglocal.Options{Dir: filepath.Join(dir, "pg"), Volatile: true, Settings: map[string]string{
		"shared_buffers": "1GB", "max_wal_size": "2GB", "max_connections": "100",
	}})
	if err != nil {
		return nil, err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		err = errors.Join(err, b.server.Stop(ctx))
	}()
	if err := b.openOrFill(ctx, filepath.Join(dir, "filled.json")); err != nil {
		return nil, err
	}
	for _, m := range measurements {
		if only != "" && only != m.name {
			continue
		}
		b.say("measuring %s", m.name)
		more, failed := m.run(b, ctx)
		if failed != nil { // the others are worth their time all the same
			err = errors.Join(err, fmt.Errorf("%s: %w", m.name, failed))
		}
		results = append(results, more...)
	}
	return results, err
}

// openOrFill reads from the note which store is there, or fills one and writes it.
func (b *bench) openOrFill(ctx context.Context, note string) error {
	text, err := os.ReadFile(note)
	if err == nil {
		return json.Unmarshal(text, &b.db) //nolint:musttag // read by this program alone
	}
	if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if b.db, err = b.server.New(ctx); err != nil {
		return err
	}
	if err := b.fill(ctx); err != nil {
		return fmt.Errorf("fill: %w", err)
	}
	if text, err = json.Marshal(b.db); err != nil { //nolint:musttag // read by this program alone
		return err
	}
	return os.WriteFile(note, text, 0o600)
}

func report(out io.Writer, results []result) (passed bool, err error) {
	passed = true
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "measurement\tn\tp50\tp99\tunit\tgoal\t")
	for _, r := range results {
		goal := ""
		switch {
		case r.Goal > 0:
			goal = fmt.Sprintf("<= %g", r.Goal)
		case r.Least > 0:
			goal = fmt.Sprintf(">= %g", r.Least)
		}
		passed = passed && r.verdict() != "FAIL"
		fmt.Fprintf(w, "%s\t%d\t%.1f\t%.1f\t%s\t%s\t%s\n", r.Name, r.Count, r.P50, r.P99, r.Unit, goal, r.verdict())
	}
	return passed, w.Flush()
}
