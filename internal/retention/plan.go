package retention

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
)

// month is what a prune does with a month.
type month struct {
	at     time.Time
	slices []store.PruneSlice // of every log that has events in it, _system last
	whole  bool               // dropped at once
}

func (m *month) name() string { return m.at.Format("2006-01") }

// months puts a plan into the order in which it is made. Only a prune of all
// tenants drops months: that of one does not know who else is in them.
func (o *Options) months(plan []store.PruneSlice) []month {
	byMonth := make(map[time.Time]*month)
	for _, s := range plan {
		m := byMonth[s.Month]
		if m == nil {
			m = &month{at: s.Month, whole: o.Tenant == "" && !o.NoDrop}
			byMonth[s.Month] = m
		}
		m.slices = append(m.slices, s)
		m.whole = m.whole && s.Size == s.Until
	}
	months := make([]month, 0, len(byMonth))
	for _, m := range byMonth {
		months = append(months, *m)
	}
	slices.SortFunc(months, func(a, b month) int { return a.at.Compare(b.at) })
	for i := range months {
		slices.SortStableFunc(months[i].slices, func(a, b store.PruneSlice) int { return cmp.Compare(systemLast(a), systemLast(b)) })
		// The function refuses a month that is not over for a day; a commit of its
		// last instant is not older than the shortest age either.
		end := months[i].at.AddDate(0, 1, 0)
		for _, s := range months[i].slices {
			months[i].whole = months[i].whole && !s.Cutoff.Before(end)
		}
	}
	return months
}

// monthsWithEmpty are months with those that are to be dropped although no event is
// in them any more: batches took what was, and a plan does not know of them.
func (o *Options) monthsWithEmpty(ctx context.Context, pruner *store.Pruner, plan []store.PruneSlice) ([]month, error) {
	months := o.months(plan)
	if o.Tenant != "" || o.NoDrop {
		return months, nil
	}
	now, err := pruner.Now(ctx)
	if err != nil {
		return nil, err
	}
	cutoff, err := o.emptyBefore(ctx, pruner, plan, now)
	if err != nil || cutoff.IsZero() {
		return months, err
	}
	partitions, err := pruner.Partitions(ctx)
	if err != nil {
		return nil, err
	}
	// A writer whose transaction began in the month before may still commit there.
	kept := time.Date(now.Year(), now.Month()-1, 1, 0, 0, 0, 0, time.UTC)
	for _, p := range partitions {
		planned := slices.ContainsFunc(months, func(m month) bool { return m.at.Equal(p.Month) })
		if p.Tenants == 0 && !planned && p.Month.Before(kept) && !p.Month.AddDate(0, 1, 0).After(cutoff) {
			months = append(months, month{at: p.Month, whole: true})
		}
	}
	slices.SortStableFunc(months, func(a, b month) int { return a.at.Compare(b.at) })
	return months, nil
}

// emptyBefore is the earliest cutoff there is, zero where neither an age nor a
// policy says one.
func (o *Options) emptyBefore(ctx context.Context, pruner *store.Pruner, plan []store.PruneSlice, now time.Time) (earliest time.Time, err error) {
	if o.Age > 0 {
		return now.Add(-o.Age), nil
	}
	days, err := pruner.KeepDays(ctx, store.RetentionDefault)
	if err != nil {
		return earliest, err
	}
	if days > 0 {
		earliest = now.AddDate(0, 0, -days)
	}
	for _, s := range plan {
		if !s.Cutoff.IsZero() && (earliest.IsZero() || s.Cutoff.Before(earliest)) {
			earliest = s.Cutoff
		}
	}
	return earliest, nil
}

func systemLast(s store.PruneSlice) int {
	if s.Log.Tenant == record.SystemTenant {
		return 1
	}
	return 0
}

// cutoffOf is the earliest one, where an age was asked for: they differ by the
// time that planning takes.
func (o *Options) cutoffOf(plan []store.PruneSlice) *time.Time {
	if o.Age == 0 || len(plan) == 0 {
		return nil
	}
	earliest := plan[0].Cutoff
	for _, s := range plan {
		if s.Cutoff.Before(earliest) {
			earliest = s.Cutoff
		}
	}
	return &earliest
}
