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
	err = r.read(ctx, tenant, func(tx pgx.Tx) error {
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
	err = r.read(ctx, tenant, func(tx pgx.Tx) error {
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

// counts calls add for every month of the window that has events, and place of
// a range that has some there.
func (r *Reader) counts(ctx context.Context, tx pgx.Tx, tenant string, w window, ranges prefixRanges, add func(month time.Time, place int, events int64)) error {
	arguments := append([]any{tenant}, w.arguments()...)
	rows, err := tx.Query(ctx, r.sql.counts, append(arguments, ranges.first, ranges.beyond)...)
	if err != nil {
		return err
	}
	var month time.Time
	var place int
	var events int64
	_, err = pgx.ForEachRow(rows, []any{&month, &place, &events}, func() error {
		add(month.UTC(), place, events)
		return nil
	})
	return err
}

func (f *CountFilter) check(tenant string) (prefixRanges, error) {
	if tenant == "" {
		return prefixRanges{}, &FilterError{"tenant", "is required: every count is one tenant's"}
	}
	if err := checkText("tenant", tenant); err != nil {
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

// window is one of event_time, and what of it is whole days (UTC): those are
// rolled up. The zero time leaves an end open.
type window struct {
	since, until       time.Time
	firstDay, afterDay time.Time
	edges              [2][2]time.Time // before the first whole day, and after the last
}

const day = 24 * time.Hour

func windowOf(since, until time.Time) window {
	since, until = notBeforeTime(wholeMicrosecond(since)), notBeforeTime(wholeMicrosecond(until))
	w := window{since: since, until: until}
	if !since.IsZero() {
		w.firstDay = since.Add(day - time.Microsecond).Truncate(day)
	}
	if !until.IsZero() {
		w.afterDay = until.Truncate(day)
	}
	switch {
	case !since.IsZero() && !until.IsZero() && !w.firstDay.Before(w.afterDay):
		w.firstDay = w.afterDay // none
		w.edges[0] = [2]time.Time{since, until}
	default:
		if w.firstDay.After(since) {
			w.edges[0] = [2]time.Time{since, w.firstDay}
		}
		if until.After(w.afterDay) {
			w.edges[1] = [2]time.Time{w.afterDay, until}
		}
	}
	return w
}

// notBeforeTime keeps a bound that is said from becoming the zero time when it
// is cut to a day. No event is older: 64 bits of nanoseconds begin in 1677.
func notBeforeTime(bound time.Time) time.Time {
	if first := time.Date(1677, 1, 1, 0, 0, 0, 0, time.UTC); !bound.IsZero() && bound.Before(first) {
		return first
	}
	return bound
}

func (w window) arguments() []any {
	bounds := []time.Time{w.since, w.until, w.firstDay, w.afterDay, w.edges[0][0], w.edges[0][1], w.edges[1][0], w.edges[1][1]}
	arguments := make([]any, len(bounds))
	for i, bound := range bounds {
		if !bound.IsZero() {
			arguments[i] = bound.UTC()
		}
	}
	return arguments
}
