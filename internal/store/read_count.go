package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// Limits of what is counted at once.
const (
	MaxMonths   = 120
	MaxPrefixes = 1000
)

// CountFilter says which of a tenant's events are counted.
type CountFilter struct {
	// Since and Until are the window of event_time: Since <= t < Until. The
	// zero time leaves that end open.
	Since, Until time.Time
	// Prefixes of actions are counted apart, besides the total: of the bytes,
	// not of segments. Repeated ones are one, an event counts for each that it
	// has, and "" counts every event.
	Prefixes []string
}

// Counts are numbers of events.
type Counts struct {
	Total    int64            // whatever the prefixes
	ByPrefix map[string]int64 // exactly the prefixes asked for; never nil
}

// MonthCount is the number of events of one month.
type MonthCount struct {
	Month time.Time // its first day, UTC
	Counts
}

// Count returns how many events the tenant has in a window of event_time. It is
// exact: all of it comes from one snapshot. It returns *FilterError for a filter
// that cannot be meant.
func (r *Reader) Count(ctx context.Context, tenant string, f CountFilter) (Counts, error) {
	ranges, err := f.check(tenant)
	if err != nil {
		return Counts{}, err
	}
	found := ranges.zero()
	err = r.readSnapshot(ctx, tenant, func(tx pgx.Tx) error {
		return r.counts(ctx, tx, tenant, windowOf(f.Since, f.Until), ranges, func(_ time.Time, place int, events int64) {
			ranges.add(&found, place, events)
		})
	})
	if err != nil {
		return Counts{}, err
	}
	return found, nil
}

// MonthlyCounts returns the numbers of events of this month, by the database's
// clock and in UTC, and of those before it: months of them (1 to MaxMonths),
// oldest first, those without events too. It returns *FilterError for what
// cannot be meant.
func (r *Reader) MonthlyCounts(ctx context.Context, tenant string, months int, prefixes []string) ([]MonthCount, error) {
	f := CountFilter{Prefixes: prefixes}
	ranges, err := f.check(tenant)
	if err != nil {
		return nil, err
	}
	if months < 1 || months > MaxMonths {
		return nil, &FilterError{"months", fmt.Sprintf("want 1 to %d, found %d", MaxMonths, months)}
	}
	var found []MonthCount
	err = r.readSnapshot(ctx, tenant, func(tx pgx.Tx) error {
		var now time.Time
		if err := tx.QueryRow(ctx, r.sql.clock).Scan(&now); err != nil {
			return err
		}
		now = now.UTC()
		month := func(i int) time.Time {
			return time.Date(now.Year(), now.Month()-time.Month(months-1-i), 1, 0, 0, 0, 0, time.UTC)
		}
		found = make([]MonthCount, months)
		for i := range found {
			found[i] = MonthCount{Month: month(i), Counts: ranges.zero()}
		}
		return r.counts(ctx, tx, tenant, windowOf(month(0), month(months)), ranges, func(at time.Time, place int, events int64) {
			i := (at.Year()-found[0].Month.Year())*12 + int(at.Month()-found[0].Month.Month())
			ranges.add(&found[i].Counts, place, events)
		})
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// tally is told how many events of a month are in the range at a place.
type tally func(month time.Time, place int, events int64)

// counts tells add how many events a window has: those of whole days that are
// rolled up, those that came after, and those of days that the window cuts. All
// statements see one snapshot, so the numbers are exact however old the rollups
// are. They are several because each is then planned with its values known.
func (r *Reader) counts(ctx context.Context, tx pgx.Tx, tenant string, w window, ranges prefixRanges, add tally) error {
	rows, err := tx.Query(ctx, r.sql.counted, tenant)
	if err != nil {
		return err
	}
	rolled, err := pgx.CollectRows(rows, pgx.RowToStructByPos[rolledEpoch])
	if err != nil {
		return err
	}
	sign := int64(1)
	count := func(query string, arguments ...any) error {
		rows, err := tx.Query(ctx, query, append([]any{tenant, ranges.first, ranges.beyond}, arguments...)...)
		if err != nil {
			return err
		}
		var month time.Time
		var place int
		var events int64
		_, err = pgx.ForEachRow(rows, []any{&month, &place, &events}, func() error {
			add(month.UTC(), place, sign*events)
			return nil
		})
		return err
	}
	if len(rolled) > 0 {
		if err := count(r.sql.countsRolled, bound(w.firstDay), bound(w.afterDay)); err != nil {
			return err
		}
	}
	for _, part := range w.parts(rolled) {
		sign = 1
		if part.off {
			sign = -1
		}
		if err := count(r.sql.countsEvents, part.query...); err != nil {
			return err
		}
	}
	return nil
}

// window is one of event_time, and what of it is whole days (UTC): those are
// rolled up. The zero time leaves an end open.
type window struct {
	since, until       time.Time
	firstDay, afterDay time.Time
	edges              []edge
}

// edge is the smaller part of a day that the window cuts: what the window has of
// it, or, if the day is among the whole ones, what is off again.
type edge struct {
	from, to time.Time
	off      bool
}

const day = 24 * time.Hour

// rolledEpoch says that events of the epoch before seq = Size are rolled up.
type rolledEpoch struct{ Epoch, Size int64 }

// part is events that the rollups do not answer for, to be added or taken off:
// since, until, epoch, first epoch, epoch beyond, first seq, seq beyond; nil is
// open.
type part struct {
	off   bool
	query []any
}

// parts are those of a window.
func (w window) parts(rolled []rolledEpoch) []part {
	since, until := bound(w.since), bound(w.until)
	var parts []part
	next := int64(0) // the first epoch not yet looked at
	for _, r := range rolled {
		if r.Epoch > next {
			parts = append(parts, part{false, []any{since, until, nil, next, r.Epoch, nil, nil}})
		}
		next = r.Epoch + 1
		parts = append(parts, part{false, []any{since, until, r.Epoch, nil, nil, r.Size, nil}})
		for _, edge := range w.edges {
			if edge.from.Before(edge.to) && r.Size > 0 {
				parts = append(parts, part{edge.off, []any{bound(edge.from), bound(edge.to), r.Epoch, nil, nil, nil, r.Size}})
			}
		}
	}
	if next == 0 {
		return []part{{false, []any{since, until, nil, nil, nil, nil, nil}}}
	}
	return append(parts, part{false, []any{since, until, nil, next, nil, nil, nil}})
}

// bound is a time as an argument of a query; an open end is NULL there.
func bound(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC()
}

func (f *CountFilter) check(tenant string) (prefixRanges, error) {
	if tenant == "" {
		return prefixRanges{}, &FilterError{"tenant", "is required: every count is one tenant's"}
	}
	if err := checkTenant(tenant); err != nil {
		return prefixRanges{}, err
	}
	if err := checkWindow(f.Since, f.Until); err != nil {
		return prefixRanges{}, err
	}
	// The range of the empty prefix comes first: it is the total.
	ranges := prefixRanges{first: []string{""}, beyond: []string{""}, asked: slices.Compact(slices.Sorted(slices.Values(f.Prefixes)))}
	if len(ranges.asked) > MaxPrefixes {
		return prefixRanges{}, &FilterError{"by_prefix", fmt.Sprintf("want at most %d, found %d", MaxPrefixes, len(ranges.asked))}
	}
	for _, prefix := range ranges.asked {
		if err := checkText("by_prefix", prefix); err != nil {
			return prefixRanges{}, err
		}
		beyond, _ := prefixEnd(prefix) // "" where there is no end
		ranges.first, ranges.beyond = append(ranges.first, prefix), append(ranges.beyond, beyond)
	}
	return ranges, nil
}

// prefixRanges are ranges of actions: that of everything, then one for each
// prefix asked for. beyond is "" where a range has no end.
type prefixRanges struct {
	first, beyond []string
	asked         []string // each once; that of ranges 1 to n
}

func (p prefixRanges) zero() Counts {
	c := Counts{ByPrefix: make(map[string]int64, len(p.asked))}
	for _, prefix := range p.asked {
		c.ByPrefix[prefix] = 0
	}
	return c
}

func (p prefixRanges) add(to *Counts, place int, events int64) {
	if place == 0 {
		to.Total += events
		return
	}
	to.ByPrefix[p.asked[place-1]] += events
}

func windowOf(since, until time.Time) window {
	since, until = asBound(since), asBound(until)
	w := window{since: since, until: until}
	if !since.IsZero() && !until.IsZero() && since.Truncate(day).Equal(until.Truncate(day)) {
		w.firstDay, w.afterDay = since.Truncate(day), since.Truncate(day) // none
		w.edges = []edge{{from: since, to: until}}
		return w
	}
	if !since.IsZero() {
		begins := since.Truncate(day)
		if w.firstDay = begins; since.Sub(begins) < day/2 {
			w.edges = append(w.edges, edge{from: begins, to: since, off: true})
		} else {
			w.firstDay = begins.Add(day)
			w.edges = append(w.edges, edge{from: since, to: w.firstDay})
		}
	}
	if !until.IsZero() {
		begins := until.Truncate(day)
		if w.afterDay = begins; until.Sub(begins) < day/2 {
			w.edges = append(w.edges, edge{from: begins, to: until})
		} else {
			w.afterDay = begins.Add(day)
			w.edges = append(w.edges, edge{from: until, to: w.afterDay, off: true})
		}
	}
	return w
}
