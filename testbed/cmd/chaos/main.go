// Command chaos hurts collectors and their PostgreSQL under load in every way of
// the fault matrix, and reckons what became of every event. It exits with 1 when
// anything was lost or doubled or does not verify.
//
//	make build && go run ./testbed/cmd/chaos [-seed 1] [-rounds 10] [-for 30m] [-only 'COMMIT']
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
	"regexp"
	"syscall"
	"time"

	"github.com/otelaudit/otelaudit/testbed/chaos"
)

func main() { os.Exit(exitCode()) }

func exitCode() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "chaos: error:", err)
		return 1
	}
	return 0
}

var errNotClean = errors.New("not every cell of the last three columns is zero")

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	flags := flag.NewFlagSet("chaos", flag.ContinueOnError)
	flags.SetOutput(progress)
	seed := flags.Uint64("seed", 1, "the same seed hurts in the same places, as far as timing allows")
	rounds := flags.Int("rounds", 10, "rounds of every fault and mode")
	limit := flags.Duration("for", time.Hour, "no round begins after this time")
	only := flags.String("only", "", "`regular expression` of the faults' names")
	list := flags.Bool("list", false, "name the faults and do nothing")
	path := flags.String("out", filepath.Join("build", "chaos.json"), "where the table goes as JSON")
	markdown := flags.Bool("markdown", false, "print the table as docs/reliability.md has it")
	if err := flags.Parse(args); err != nil {
		return err
	}
	faults, err := choose(*only)
	if err != nil {
		return err
	}
	if *list {
		for _, f := range faults {
			fmt.Fprintln(out, f.Name)
		}
		return nil
	}
	dir, err := os.MkdirTemp("", "otelaudit-chaos-")
	if err != nil {
		return err
	}
	table := chaos.Run(ctx, chaos.Options{
		Dir: dir, Seed: *seed, Rounds: *rounds, Deadline: time.Now().Add(*limit), Faults: faults, Progress: progress, Now: time.Now,
	})
	if err := writeJSON(*path, table); err != nil {
		return err
	}
	show := table.Print
	if *markdown {
		show = table.Markdown
	}
	if err := show(out); err != nil {
		return err
	}
	if !table.Clean() {
		return fmt.Errorf("%w: what they left is in %s", errNotClean, dir)
	}
	return errors.Join(os.RemoveAll(dir), ctx.Err())
}

func choose(only string) ([]chaos.Fault, error) {
	wanted, err := regexp.Compile("(?i)" + only)
	if err != nil {
		return nil, fmt.Errorf("-only: %w", err)
	}
	var faults []chaos.Fault
	for _, f := range chaos.Faults() {
		if wanted.MatchString(f.Name) {
			faults = append(faults, f)
		}
	}
	if len(faults) == 0 {
		return nil, fmt.Errorf("-only: no fault's name has %q; -list names them", only)
	}
	return faults, nil
}

func writeJSON(path string, table chaos.Table) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	b, err := json.MarshalIndent(table, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o644)
}
