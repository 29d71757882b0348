package store_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// count answers by looking at every event: the oracle.
func (s *small) count(tenant string, f store.CountFilter) store.Counts {
	counts := store.Counts{ByPrefix: map[string]int64{}}
	for _, prefix := range f.Prefixes {
		counts.ByPrefix[prefix] = 0
	}
	since, until := f.Since.Truncate(time.Microsecond), f.Until.Truncate(time.Microsecond)
	for _, e := range s.events {
		at := e.eventTime()
		if e.rec.TenantID != tenant || !since.IsZero() && at.Before(since) || !until.IsZero() && !at.Before(until) {
			continue
		}
		counts.Total++
		for prefix := range counts.ByPrefix {
			if strings.HasPrefix(e.rec.Action, prefix) {
				counts.ByPrefix[prefix]++
			}
		}
	}
	return counts
}

// someFilter has bounds anywhere: at midnight, at an event's own time, apart by
// less than a day, at once, or absent.
func (s *small) someFilter(random *rand.Rand) store.CountFilter {
	var f store.CountFilter
	bound := func() time.Time {
		at := s.now.Add(-time.Duration(random.Int64N(int64(70 * 24 * time.Hour))))
		switch random.IntN(4) {
		case 0:
			return at.Truncate(24 * time.Hour)
		case 1:
			return s.events[random.IntN(len(s.events))].eventTime()
		case 2:
			return time.Time{}
		}
		return at
	}
	f.Since, f.Until = bound(), bound()
	if random.IntN(5) == 0 {
		f.Until = f.Since.Add(time.Duration(random.Int64N(int64(30 * time.Hour))))
	}
	if !f.Since.IsZero() && !f.Until.IsZero() && f.Until.Before(f.Since) {
		f.Since, f.Until = f.Until, f.Since
	}
	prefixes := []string{"", "order", "order.", "orders", "Order", "order\U0010FFFF", "\U0010FFFF", "zahl\uD7FF", "none", "%", "o_der", "order"}
	for range random.IntN(5) {
		f.Prefixes = append(f.Prefixes, prefixes[random.IntN(len(prefixes))])
	}
	return f
}

func TestCountsAreThoseOfLookingAtAllEvents(t *testing.T) {
	db := storetest.NewDatabase(t)
	s := plantSmall(t, db)
	random := rand.New(rand.NewPCG(7, 8))
	r := connect(t, db.ReaderURL)
	for range 200 {
		f := s.someFilter(random)
		tenant := []string{"acme", "globex", "initech"}[random.IntN(3)]
		found, err := r.Count(t.Context(), tenant, f)
		require.NoError(t, err)
		require.Equal(t, s.count(tenant, f), found, "%s %+v", tenant, f)
		if f.Prefixes != nil {
			requireMonths(t, s, r, tenant, 1+random.IntN(5), f.Prefixes)
		}
	}
	requireMonths(t, s, r, "acme", store.MaxMonths, nil)
}

func requireMonths(t *testing.T, s *small, r *store.Reader, tenant string, months int, prefixes []string) {
	t.Helper()
	found, err := r.MonthlyCounts(t.Context(), tenant, months, prefixes)
	require.NoError(t, err)
	require.Len(t, found, months)
	first := time.Date(s.now.Year(), s.now.Month()-time.Month(months-1), 1, 0, 0, 0, 0, time.UTC)
	for i, month := range found {
		want := s.count(tenant, store.CountFilter{Since: first.AddDate(0, i, 0), Until: first.AddDate(0, i+1, 0), Prefixes: prefixes})
		require.Equal(t, store.MonthCount{Month: first.AddDate(0, i, 0), Counts: want}, month)
	}
}

func TestCountsRefuseWhatCannotBeMeant(t *testing.T) {
	db := storetest.NewDatabase(t)
	r := connect(t, db.ReaderURL)
	now := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	many := make([]string, store.MaxPrefixes+1)
	for i := range many {
		many[i] = strings.Repeat("x", i)
	}
	for message, call := range map[string]func() error{
		"tenant: is required: every count is one tenant's": func() error {
			_, err := r.Count(t.Context(), "", store.CountFilter{})
			return err
		},
		"tenant: is not valid UTF-8 text without U+0000": func() error {
			_, err := r.MonthlyCounts(t.Context(), "\xff", 1, nil)
			return err
		},
		"until: 2026-05-06T07:08:08Z is before since, 2026-05-06T07:08:09Z": func() error {
			_, err := r.Count(t.Context(), "acme", store.CountFilter{Since: now, Until: now.Add(-time.Second)})
			return err
		},
		"by_prefix: is not valid UTF-8 text without U+0000": func() error {
			_, err := r.Count(t.Context(), "acme", store.CountFilter{Prefixes: []string{"order", "\x00"}})
			return err
		},
		"by_prefix: want at most 1000, found 1001": func() error {
			_, err := r.Count(t.Context(), "acme", store.CountFilter{Prefixes: slices.Concat(many, many)})
			return err
		},
		"months: want 1 to 120, found 0": func() error {
			_, err := r.MonthlyCounts(t.Context(), "acme", 0, nil)
			return err
		},
		"months: want 1 to 120, found 121": func() error {
			_, err := r.MonthlyCounts(t.Context(), "acme", 121, nil)
			return err
		},
	} {
		var mistake *store.FilterError
		err := call()
		require.ErrorAs(t, err, &mistake)
		require.EqualError(t, err, message)
	}
	none, err := r.Count(t.Context(), "acme", store.CountFilter{Since: now, Until: now})
	require.NoError(t, err)
	require.Equal(t, store.Counts{ByPrefix: map[string]int64{}}, none)
}
