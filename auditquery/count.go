package auditquery

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/otelaudit/otelaudit/internal/access"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
)

// MaxMonths is how many months are counted at most.
const MaxMonths = store.MaxMonths

// CountFilter says which of a tenant's events are counted.
type CountFilter struct {
	// Since and Until are the window of EventTime: Since <= t < Until. The zero
	// time leaves that end open.
	Since, Until time.Time
	// ByPrefix are prefixes of actions that are counted apart, besides the total:
	// of the bytes, not of segments. An event counts for each that it has, and ""
	// counts every event.
	ByPrefix []string
}

// Counts are numbers of events. Their JSON is that of 'otelaudit count'.
type Counts struct {
	Count    int64            `json:"count"`     // whatever the prefixes
	ByPrefix map[string]int64 `json:"by_prefix"` // exactly the prefixes asked for; never nil
}

// Count returns how many events the tenant has in a window, exactly and from one
// snapshot. It returns a *FilterError for what cannot be meant.
func (r *Reader) Count(ctx context.Context, tenant string, f CountFilter) (Counts, error) {
	found, err := r.store.Count(ctx, tenant, store.CountFilter{Since: f.Since, Until: f.Until, Prefixes: f.ByPrefix})
	a := asked{record.EmptyObject()}
	a.window(f.Since, f.Until)
	a.prefixes(f.ByPrefix)
	if err := r.record(ctx, access.Read{Action: access.ActionCount, Tenant: tenant, Filter: a.members, Rows: 1}, err); err != nil {
		return Counts{}, err
	}
	return Counts{Count: found.Total, ByPrefix: found.ByPrefix}, nil
}

// MonthlyFilter says which months are counted.
type MonthlyFilter struct {
	Months   int      // this month and those before it, 1 to MaxMonths
	ByPrefix []string // as in CountFilter
}

// MonthCount is the number of events of one month. Its JSON is that of
// 'otelaudit monthly'.
type MonthCount struct {
	Month    time.Time        `json:"month"` // its first day, UTC; a date in JSON
	Count    int64            `json:"count"`
	ByPrefix map[string]int64 `json:"by_prefix"` // exactly the prefixes asked for; never nil
}

// MarshalJSON implements json.Marshaler.
func (m MonthCount) MarshalJSON() ([]byte, error) {
	type plain MonthCount
	return json.Marshal(struct {
		Month string `json:"month"`
		plain
	}{m.Month.UTC().Format(time.DateOnly), plain(m)})
}

// MonthlyCounts returns the numbers of events of the last months, oldest first,
// those without events too. Which month this is, the database's clock says. It
// returns a *FilterError for what cannot be meant.
func (r *Reader) MonthlyCounts(ctx context.Context, tenant string, f MonthlyFilter) ([]MonthCount, error) {
	found, err := r.store.MonthlyCounts(ctx, tenant, f.Months, f.ByPrefix)
	months := make([]MonthCount, len(found))
	for i, m := range found {
		months[i] = MonthCount{Month: m.Month, Count: m.Total, ByPrefix: m.ByPrefix}
	}
	a := askedFor("months", strconv.Itoa(f.Months))
	a.prefixes(f.ByPrefix)
	if err := r.record(ctx, access.Read{Action: access.ActionMonthly, Tenant: tenant, Filter: a.members, Rows: int64(len(months))}, err); err != nil {
		return nil, err
	}
	return months, nil
}

func (a *asked) prefixes(prefixes []string) {
	if len(prefixes) == 0 {
		return
	}
	elements := make([]record.Value, len(prefixes))
	for i, prefix := range prefixes {
		elements[i] = record.StringValue(prefix)
	}
	a.members = a.members.Set("by_prefix", record.ArrayValue(elements))
}
