package retention

import (
	"context"
	"fmt"
	"time"

	"github.com/otelaudit/otelaudit/internal/store"
)

// Month is a partition and whether a prune by the policies would drop it.
type Month struct {
	store.Partition

	Why string // not; "" where it would
}

// Months returns the partitions, oldest first. The login must be pruner or
// auditor.
func Months(ctx context.Context, pruner *store.Pruner) ([]Month, error) {
	partitions, err := pruner.Partitions(ctx)
	if err != nil {
		return nil, err
	}
	plan, err := pruner.PrunePlan(ctx, "", 0, DefaultBatchSize)
	if err != nil {
		return nil, err
	}
	planned := make(map[time.Time]month)
	all, err := (&Options{}).monthsWithEmpty(ctx, pruner, plan)
	if err != nil {
		return nil, err
	}
	for _, m := range all {
		planned[m.at] = m
	}
	months := make([]Month, len(partitions))
	for i, p := range partitions {
		m, ok := planned[p.Month]
		months[i] = Month{Partition: p, Why: "it has no events"}
		if ok {
			months[i].Why = m.whyNot()
		}
	}
	return months, nil
}

// whyNot says what keeps a month from being dropped: the first such log of many.
func (m *month) whyNot() string {
	if m.whole {
		return ""
	}
	end := m.at.AddDate(0, 1, 0)
	for _, s := range m.slices {
		log := fmt.Sprintf("tenant %q", s.Log.Tenant)
		switch {
		case s.Cutoff.IsZero():
			return log + " has no policy"
		case s.HeldBack > 0:
			return fmt.Sprintf("%d events of %s are held back", s.HeldBack, log)
		case s.Cutoff.Before(end):
			return fmt.Sprintf("%s keeps what was recorded from %s on", log, s.Cutoff.Format(time.DateOnly))
		case s.Size < s.Until:
			return fmt.Sprintf("older events of %s are held back", log)
		}
	}
	return "it is not over"
}
