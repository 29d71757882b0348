package retention

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/otelaudit/otelaudit/internal/store"
)

// Preview is what a prune would do now.
type Preview struct {
	Cutoff     *time.Time      `json:"cutoff"` // of events, null where each tenant's policy decides
	Rows       int64           `json:"rows"`
	Bytes      int64           `json:"bytes"`      // an estimate, by the size of the tables
	Batches    int64           `json:"batches"`    // transactions
	Partitions []string        `json:"partitions"` // months that would be dropped as a whole, YYYY-MM
	Oldest     *time.Time      `json:"oldest"`     // recorded_at of what would go
	Newest     *time.Time      `json:"newest"`
	HeldBack   int64           `json:"held_back"` // events that are old enough and stay
	ByTenant   []TenantPreview `json:"by_tenant"`
	Holds      []Hold          `json:"holds"` // of tenants whose events are held back
	Unheld     []string        `json:"-"`     // tenants whose events are held back, and not by a hold
}

// TenantPreview is the part of a tenant with something to go or held back.
type TenantPreview struct {
	Tenant   string    `json:"tenant"`
	Cutoff   time.Time `json:"cutoff"`
	Rows     int64     `json:"rows"`
	Bytes    int64     `json:"bytes"`
	HeldBack int64     `json:"held_back"`
}

// Hold is a legal hold that is not released.
type Hold struct {
	ID         int64      `json:"id"`
	Tenant     string     `json:"tenant"`
	Since      *time.Time `json:"since"`
	Until      *time.Time `json:"until"`
	TargetType string     `json:"target_type,omitempty"`
	TargetID   string     `json:"target_id,omitempty"`
}

// PreviewPrune says what Run would do. It removes nothing.
func PreviewPrune(ctx context.Context, pruner *store.Pruner, o Options) (*Preview, error) {
	if err := o.setDefaults(); err != nil {
		return nil, err
	}
	slices, err := pruner.PrunePlan(ctx, o.Tenant, o.Age, o.BatchSize)
	if err != nil {
		return nil, err
	}
	p := &Preview{Partitions: []string{}, ByTenant: []TenantPreview{}, Holds: []Hold{}}
	p.Cutoff = o.cutoffOf(slices)
	months, err := o.monthsWithEmpty(ctx, pruner, slices)
	if err != nil {
		return nil, err
	}
	for _, m := range months {
		if m.whole {
			p.Partitions = append(p.Partitions, m.name())
			p.Batches++
		}
		for _, s := range m.slices {
			if !m.whole {
				p.Batches += s.Batches
			}
			p.add(s)
		}
	}
	p.Holds, p.Unheld, err = heldBy(ctx, pruner, o.Tenant, slices)
	return p, err
}

func (p *Preview) add(s store.PruneSlice) {
	p.Rows += s.Events
	p.Bytes += s.Bytes
	p.HeldBack += s.HeldBack
	if s.Events > 0 {
		if p.Oldest == nil || s.Oldest.Before(*p.Oldest) {
			p.Oldest = &s.Oldest
		}
		if p.Newest == nil || s.Newest.After(*p.Newest) {
			p.Newest = &s.Newest
		}
	}
	if s.Events == 0 && s.HeldBack == 0 {
		return
	}
	i := slices.IndexFunc(p.ByTenant, func(t TenantPreview) bool { return t.Tenant == s.Log.Tenant })
	if i < 0 {
		i = len(p.ByTenant)
		p.ByTenant = append(p.ByTenant, TenantPreview{Tenant: s.Log.Tenant, Cutoff: s.Cutoff})
	}
	t := &p.ByTenant[i]
	t.Rows, t.Bytes, t.HeldBack = t.Rows+s.Events, t.Bytes+s.Bytes, t.HeldBack+s.HeldBack
}

// heldBy are the holds of those whose events are held back, and those of them
// without one. A reader of one tenant sees those of that one.
func heldBy(ctx context.Context, pruner *store.Pruner, tenant string, plan []store.PruneSlice) (held []Hold, unheld []string, err error) {
	held = []Hold{}
	for _, s := range plan {
		if s.HeldBack > 0 && !slices.Contains(unheld, s.Log.Tenant) {
			unheld = append(unheld, s.Log.Tenant)
		}
	}
	if len(unheld) == 0 {
		return held, nil, nil
	}
	holds, err := pruner.LegalHolds(ctx)
	if errors.Is(err, store.ErrHoldsHidden) {
		holds, err = pruner.HoldList(ctx, tenant, false)
	}
	if err != nil {
		return held, nil, err
	}
	back := slices.Clone(unheld)
	for _, h := range holds {
		if !slices.Contains(back, h.TenantID) {
			continue
		}
		unheld = slices.DeleteFunc(unheld, func(t string) bool { return t == h.TenantID })
		held = append(held, Hold{
			ID: h.ID, Tenant: h.TenantID, Since: orNil(h.Since), Until: orNil(h.Until), TargetType: h.TargetType, TargetID: h.TargetID,
		})
	}
	return held, unheld, nil
}

func orNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
