package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// workload is one end-to-end case.
type workload struct {
	batch, tenants, callers, events int
	size                            size
	tenantPrefix                    string        // of their names; the run's where absent
	ago                             time.Duration // how much earlier than others these events happened
}

// size is how large events are: a payload of so many random characters.
type size struct {
	name   string
	filler int
}

var (
	small    = size{name: "small", filler: 20}
	ordinary = size{name: "ordinary", filler: 400}
	large    = size{name: "large", filler: 7600}
)

// phase is a part of a run that can be made alone.
type phase struct {
	name  string
	about string
	run   func(*bench, context.Context) error
}

// phases in the order in which they are run. A limit is measured with the rows
// that an end-to-end case stored, so `limits` makes one of those, unrepeated.
var phases = []phase{
	{"limits", "prepared COPY with and without indexes, one INSERT per event", (*bench).allLimits},
	{"endtoend", "batches of 1, 100 and 1,000 of 1, 100 and 1,000 tenants, one caller, and the nop exporter", (*bench).allEndToEnd},
	{"sizes", "small and large events, with their limits", (*bench).allSizes},
	{"peers", "other programs", (*bench).comparePeers},
	{"sinks", "what signatures and the journal cost", (*bench).compareSinks},
	{"growth", "the same on a store of a million rows and of as many as -growth says", (*bench).growth},
	{"overload", "PostgreSQL down under load", (*bench).allOverload},
	{"goals", "nothing new: the goals, from the results there are", func(*bench, context.Context) error { return nil }},
}

// tenantCounts are how many tenants share the events.
func (b *bench) tenantCounts() []int {
	if b.quick {
		return []int{1, 100}
	}
	return []int{1, 100, 1000}
}

func phaseNames() string {
	names := make([]string, len(phases))
	for i, p := range phases {
		names[i] = p.name
	}
	return strings.Join(names, ", ")
}

// chosen are the phases that a comma-separated list names, all for "".
func chosen(list string) ([]phase, error) {
	if list == "" {
		return phases, nil
	}
	var some []phase
	for name := range strings.SplitSeq(list, ",") {
		i := slices.IndexFunc(phases, func(p phase) bool { return p.name == strings.TrimSpace(name) })
		if i < 0 {
			return nil, fmt.Errorf("-only: %q is neither a phase (%s) nor batch/tenants/callers, such as 1000/100/8", name, phaseNames())
		}
		some = append(some, phases[i])
	}
	return some, nil
}

// runPhases goes on after a phase that failed: the others are worth their time.
// What fails is that events are missing, or that something does not work.
func (b *bench) runPhases(ctx context.Context, some []phase) error {
	var failed error
	for _, p := range some {
		if err := p.run(b, ctx); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", p.name, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return failed
}

// allLimits measures what bounds the end-to-end cases of ordinary events.
func (b *bench) allLimits(ctx context.Context) error {
	for _, tenants := range b.tenantCounts() {
		w := workload{batch: 1000, tenants: tenants, callers: 8, events: b.scaled(200_000), size: ordinary}
		_, stored, err := b.endToEnd(ctx, caseEndToEnd, w, signedStore)
		if err != nil {
			return err
		}
		if err := b.limits(ctx, w, stored); err != nil {
			return err
		}
		if err := b.inserts(ctx, w, stored); err != nil {
			return err
		}
	}
	return nil
}

// repeated measures one end-to-end case.
func (b *bench) repeated(ctx context.Context, name string, w workload) error {
	r, err := b.median(func() (result, error) {
		r, _, err := b.endToEnd(ctx, name, w, signedStore)
		return r, err
	})
	if err == nil {
		b.results = append(b.results, r)
	}
	return err
}

func (b *bench) allEndToEnd(ctx context.Context) error {
	for _, tenants := range b.tenantCounts() {
		for _, w := range []workload{
			{batch: 1000, callers: 8, events: b.scaled(200_000)},
			{batch: 100, callers: 32, events: b.scaled(150_000)},
			{batch: 1, callers: 256, events: b.scaled(40_000)},
		} {
			w.tenants, w.size = tenants, ordinary
			if err := b.repeated(ctx, caseEndToEnd, w); err != nil {
				return err
			}
		}
		if err := b.repeated(ctx, caseAlone, workload{batch: 1, tenants: tenants, callers: 1, events: b.scaled(3_000), size: ordinary}); err != nil {
			return err
		}
	}
	return b.nop(ctx, workload{batch: 1, tenants: 1, callers: 256, events: b.scaled(100_000), size: ordinary})
}

// allSizes measures small and large events beside COPY of the same rows.
func (b *bench) allSizes(ctx context.Context) error {
	for _, w := range []workload{
		{size: small, events: b.scaled(200_000)},
		{size: large, events: b.scaled(30_000)},
	} {
		w.batch, w.tenants, w.callers = 1000, 100, 8
		var stored rows
		r, err := b.median(func() (result, error) {
			r, s, err := b.endToEnd(ctx, caseEndToEnd, w, signedStore)
			stored = s
			return r, err
		})
		if err != nil {
			return err
		}
		b.results = append(b.results, r)
		if err := b.limits(ctx, w, stored); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) allOverload(ctx context.Context) error {
	return b.overload(ctx, workload{batch: 1000, tenants: 100, callers: 64, events: 64_000, size: ordinary})
}
