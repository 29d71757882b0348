package chaos

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/otelaudit/otelaudit/testbed/database"
)

// Options say what a run does.
type Options struct {
	Dir      string    // for everything it makes; exists
	Seed     uint64    // the same seed hurts in the same places, as far as timing allows
	Rounds   int       // of every fault and mode
	Deadline time.Time // no round begins after it; zero for none
	Parallel int       // faults at a time, each in a lab of its own; 0 means 1
	Faults   []Fault
	Modes    []Mode // nil means both
	Progress io.Writer
	Now      func() time.Time
}

// Run does rounds of all faults and returns the table even when a fault could not
// be carried out: its row then says why. A deadline is shared out evenly, so that
// every fault has its first round before any has many.
func Run(ctx context.Context, o Options) Table {
	var table Table
	var jobs []func()
	var mu sync.Mutex // guards o.Progress and begun
	begun := 0
	for _, fault := range o.Faults {
		for _, mode := range o.modes(fault) {
			row := &Row{Fault: fault.Name, Mode: mode, Wanted: o.Rounds}
			table = append(table, row)
			jobs = append(jobs, func() {
				mu.Lock()
				share := o.share(len(table) - begun)
				begun++
				mu.Unlock()
				if ctx.Err() != nil || o.over(o.Deadline) {
					return
				}
				err := o.run(ctx, fault, mode, row, share)
				switch {
				case err == nil || ctx.Err() != nil:
				case errors.Is(err, database.ErrNoMount) && row.Rounds == 0:
					row.because("not run: " + database.ErrNoMount.Error())
				default:
					row.broke(err)
				}
				mu.Lock()
				defer mu.Unlock()
				fmt.Fprintf(o.Progress, "%s %s, %s: %d rounds, %d faults, %d acknowledged, lost %d, doubled %d, verify %d\n",
					o.Now().Format("15:04:05"), row.Fault, row.Mode, row.Rounds, row.Faults, row.Acknowledged, row.Lost, row.Doubled, row.Verify)
				for _, why := range row.Why {
					fmt.Fprintln(o.Progress, "  ", why)
				}
			})
		}
	}
	inParallel(max(o.Parallel, 1), jobs)
	return table
}

func inParallel(n int, jobs []func()) {
	next := make(chan func())
	var wait sync.WaitGroup
	for range n {
		wait.Go(func() {
			for job := range next {
				job()
			}
		})
	}
	for _, job := range jobs {
		next <- job
	}
	close(next)
	wait.Wait()
}

// share is when the next of so many faults must begin no further round.
func (o Options) share(left int) time.Time {
	if o.Deadline.IsZero() {
		return o.Deadline
	}
	now := o.Now()
	return now.Add(o.Deadline.Sub(now) * time.Duration(max(o.Parallel, 1)) / time.Duration(max(left, o.Parallel, 1)))
}

func (o Options) modes(f Fault) []Mode {
	offered := f.Modes
	if offered == nil {
		offered = []Mode{Synchronous, DurableQueue}
	}
	var modes []Mode
	for _, m := range offered {
		wanted := o.Modes == nil
		for _, w := range o.Modes {
			wanted = wanted || w == m
		}
		if wanted {
			modes = append(modes, m)
		}
	}
	return modes
}

func (o Options) over(deadline time.Time) bool { return !deadline.IsZero() && o.Now().After(deadline) }

// run does the rounds of one fault in a lab of its own: one, and further ones
// until its share of the time is used up.
func (o Options) run(ctx context.Context, fault Fault, mode Mode, row *Row, share time.Time) error {
	key := fnv.New64a()
	fmt.Fprintf(key, "%s/%s", fault.Name, mode)
	dir := filepath.Join(o.Dir, fmt.Sprintf("%016x", key.Sum64()))
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	setup := fault.Setup
	setup.Mode = mode
	lab, err := NewLab(ctx, dir, setup)
	if err != nil {
		return err
	}
	for round := range o.Rounds {
		if ctx.Err() != nil || round > 0 && o.over(share) {
			break
		}
		random := rand.New(rand.NewPCG(o.Seed^key.Sum64(), uint64(round)))
		if err := o.round(ctx, lab, fault, round, random, row); err != nil {
			_ = lab.Close(ctx)
			if ctx.Err() != nil || errors.Is(err, database.ErrNoMount) { // nothing to look into
				return errors.Join(err, os.RemoveAll(dir))
			}
			return fmt.Errorf("round %d (kept in %s): %w", round+1, dir, err)
		}
		row.Rounds++
	}
	if err := lab.Close(ctx); err != nil {
		return err
	}
	if !row.Clean() {
		row.because("kept in " + dir)
		return nil
	}
	return os.RemoveAll(dir)
}

// longest is how long a round, or the start of a lab, may take whatever waits for
// whatever in it: a bound against hanging, for all that has none of its own.
const longest = 10 * time.Minute

// round puts load on, lets the fault happen, and checks the whole state.
func (o Options) round(ctx context.Context, lab *Lab, fault Fault, round int, random *rand.Rand, row *Row) (err error) {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	defer func() {
		if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
			err = fmt.Errorf("not over after %s: %w", longest, err)
		}
	}()
	books, err := lab.openBooks(ctx)
	if err != nil {
		return err
	}
	load, err := startLoad(ctx, lab, fmt.Sprintf("r%03d", round), random.Uint64(), o.Now())
	if err != nil {
		return err
	}
	err = o.hurt(ctx, lab, fault, random, row, load)
	if finished := load.finish(); err == nil {
		err = finished
	}
	if err != nil {
		return err
	}
	if err := lab.settle(ctx, load.ledgers); err != nil {
		return err
	}
	if err := lab.balance(ctx, row, books); err != nil {
		return err
	}
	before := row.Reported
	if err := lab.check(ctx, row, load.ledgers); err != nil {
		return err
	}
	if fault.Loses && row.Reported == before {
		return errors.New("nothing was gone: the fault does not bite")
	}
	return nil
}

// enough events are acknowledged before and after a fault for it to be under load.
const enough = 400

func (o Options) hurt(ctx context.Context, lab *Lab, fault Fault, random *rand.Rand, row *Row, load *load) error {
	if err := load.further(enough); err != nil {
		return fmt.Errorf("before the fault: %w", err)
	}
	faults, err := fault.Happen(ctx, lab, random)
	row.Faults += faults
	if err != nil {
		return err
	}
	if faults == 0 {
		return errors.New("the fault did not happen")
	}
	if err := lab.Heal(ctx); err != nil {
		return fmt.Errorf("after the fault: %w", err)
	}
	if lab.Setup.TLS {
		if err := lab.encrypted(ctx); err != nil {
			return err
		}
	}
	if err := load.further(enough); err != nil {
		return fmt.Errorf("after the fault: %w", err)
	}
	return nil
}
