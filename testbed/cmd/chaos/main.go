// Command chaos hurts collectors and their PostgreSQL under load in every way of
// the fault matrix, and reckons what became of every event. It exits with 1 when
// anything was lost or doubled or does not verify or could not be carried out, with
// 2 when it was asked for what there is not, and with 3 when all is well but not
// every fault had its first round.
//
//	make build && go build -o build/chaos ./testbed/cmd/chaos && build/chaos [-seed 1] [-rounds 10] [-for 30m] [-only COMMIT] [-skip collector]
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
	"strings"
	"syscall"
	"time"

	"github.com/otelaudit/otelaudit/testbed/chaos"
)

func main() { os.Exit(exitCode()) }

func exitCode() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return 0
	}
	fmt.Fprintln(os.Stderr, "chaos: error:", err)
	switch {
	case errors.Is(err, errUsage):
		return 2
	case errors.Is(err, errNotRun):
		return 3
	}
	return 1
}

var (
	errNotClean = errors.New("not every cell of the last three columns is zero, or a fault could not be carried out")
	errNotRun   = errors.New("not every fault was run")
	errUsage    = errors.New("hint: -h lists the flags, -list the faults")
)

// settings are the flags.
type settings struct {
	seed       uint64
	rounds     int
	parallel   int
	limit      time.Duration
	only, skip string
	mode       string
	path       string
	list       bool
	markdown   bool
}

func parse(args []string, out io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("chaos", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.Uint64Var(&s.seed, "seed", 1, "the same seed hurts in the same places, as far as timing and the server's own random() allow (which transactions a trigger lets fail is the server's choice)")
	flags.IntVar(&s.rounds, "rounds", 10, "rounds of every fault and mode, fewer where the time is up")
	flags.IntVar(&s.parallel, "parallel", 2, "faults at a time, each in a PostgreSQL of its own")
	flags.DurationVar(&s.limit, "for", time.Hour, "no round begins after this time; it is shared out evenly")
	flags.StringVar(&s.only, "only", "", "`regular expression` of the faults' names")
	flags.StringVar(&s.skip, "skip", "", "`regular expression` of the faults' names that are left out")
	flags.StringVar(&s.mode, "mode", "", "synchronous or durable-queue; both when empty")
	flags.BoolVar(&s.list, "list", false, "name the faults and do nothing")
	flags.StringVar(&s.path, "out", filepath.Join("build", "chaos.json"), "where the table goes as JSON")
	flags.BoolVar(&s.markdown, "markdown", false, "print the table as docs/reliability.md has it")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return s, err
	case err != nil:
		return s, fmt.Errorf("%w: %w", err, errUsage)
	case flags.NArg() > 0:
		return s, fmt.Errorf("%q is no flag: %w", flags.Arg(0), errUsage)
	}
	return s, nil
}

func (s settings) modes() ([]chaos.Mode, error) {
	switch m := chaos.Mode(s.mode); m {
	case "":
		return nil, nil
	case chaos.Synchronous, chaos.DurableQueue:
		return []chaos.Mode{m}, nil
	default:
		return nil, fmt.Errorf("-mode: there is no %q: %w", s.mode, errUsage)
	}
}

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	s, err := parse(args, progress)
	if err != nil {
		return err
	}
	faults, err := choose(s.only, s.skip)
	if err != nil {
		return err
	}
	modes, err := s.modes()
	if err != nil {
		return err
	}
	if s.list {
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
		Dir: dir, Seed: s.seed, Rounds: s.rounds, Deadline: time.Now().Add(s.limit), Parallel: s.parallel,
		Faults: faults, Modes: modes, Progress: progress, Now: time.Now,
	})
	if err := s.show(table, out); err != nil {
		return err
	}
	if !table.Clean() {
		return fmt.Errorf("%w: what they left is in %s", errNotClean, dir)
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return fmt.Errorf("interrupted: %w", errNotRun)
	}
	for _, row := range table {
		if row.Rounds == 0 {
			return errNotRun
		}
	}
	return nil
}

func (s settings) show(table chaos.Table, out io.Writer) error {
	if err := writeJSON(s.path, table); err != nil {
		return err
	}
	show := table.Print
	if s.markdown {
		show = table.Markdown
	}
	if err := show(out); err != nil {
		return err
	}
	if unfinished := table.Unfinished(); len(unfinished) > 0 {
		_, err := fmt.Fprintf(out, "\n%s\n", strings.Join(unfinished, "\n"))
		return err
	}
	return nil
}

func choose(only, skip string) ([]chaos.Fault, error) {
	wanted, err := regexp.Compile("(?i)" + only)
	if err != nil {
		return nil, fmt.Errorf("-only: %w: %w", err, errUsage)
	}
	unwanted, err := regexp.Compile("(?i)" + skip)
	if err != nil {
		return nil, fmt.Errorf("-skip: %w: %w", err, errUsage)
	}
	var faults []chaos.Fault
	for _, f := range chaos.Faults() {
		if wanted.MatchString(f.Name) && (skip == "" || !unwanted.MatchString(f.Name)) {
			faults = append(faults, f)
		}
	}
	if len(faults) == 0 {
		return nil, fmt.Errorf("-only, -skip: no fault is left: %w", errUsage)
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
