package reconcile

import (
	"context"
	"slices"

	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/verify"
)

// pruned is what retention removed of a tenant, proven. The events are gone with
// their leaves: of an entry of the journal it can only be said whether it may be
// one of them.
type pruned struct {
	until     int64 // recorded_at of the newest of them, microseconds
	count     int64 // how many they are, in all epochs
	explained int64 // entries that were taken for one
}

// readRemovals reads what was removed, as far as verify has it for proven: the
// store is what the journal shall convict, so its rows alone say nothing.
func (r *run) readRemovals(ctx context.Context) error {
	logs, err := r.Scanner.Logs(ctx)
	if err != nil {
		return err
	}
	logs = slices.DeleteFunc(logs, func(name store.LogName) bool { return !r.wants(name.Tenant) })
	var tenants []string
	for _, name := range logs {
		if len(tenants) == 0 || tenants[len(tenants)-1] != name.Tenant {
			tenants = append(tenants, name.Tenant)
		}
	}
	removals, err := verify.ReadRemovals(ctx, r.Scanner, r.Trust, tenants...)
	if err != nil {
		return err
	}
	r.report.Counts.UnprovenRemovals += int64(len(removals.Unproven))
	r.pruned = make(map[string]*pruned)
	for _, name := range logs {
		removed := removals.Logs[name]
		if p := removed.Pruned(); p != nil {
			r.addPruned(name.Tenant, p)
		}
		if err := r.readRemoved(ctx, name, removed); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) addPruned(tenant string, p *verify.ProvenPrune) {
	if r.pruned[tenant] == nil {
		r.pruned[tenant] = &pruned{}
	}
	all := r.pruned[tenant]
	all.until = max(all.until, p.Checkpoint.RecordedAt.UnixMicro())
	all.count += p.Row.Size
}

// readRemoved spools the leaves of events whose removal one by one is announced.
func (r *run) readRemoved(ctx context.Context, name store.LogName, removed *verify.LogRemovals) error {
	const page = 1000
	for after := int64(-1); ; {
		leaves, err := r.Scanner.PrunedLeaves(ctx, name, after, page)
		if err != nil || len(leaves) == 0 {
			return err
		}
		for _, l := range leaves {
			after = l.Seq
			if !removed.Announces(l.Seq) {
				r.report.Counts.UnprovenRemovals++
				continue
			}
			if err := r.byHash.addHash(&item{side: inRemoved, tenant: name.Tenant, leaf: l.Leaf, epoch: name.Epoch, seq: l.Seq}); err != nil {
				return err
			}
		}
	}
}

// mayBePruned reports whether an entry can be one of the events that retention
// removed: not one that came later than the newest of them, which the store may
// have recorded up to Grace earlier than the journal.
func (r *run) mayBePruned(j *item) bool {
	p := r.pruned[j.tenant]
	return p != nil && j.at <= p.until+r.Grace.Microseconds()
}

// prune counts an entry as one that retention removed, as long as there are that
// many.
func (r *run) prune(j *item) {
	p := r.pruned[j.tenant]
	p.explained++
	if p.explained <= p.count {
		r.report.Counts.Pruned++
		return
	}
	r.report.find(j.finding(r, Unconfirmed, "more entries than retention removed are of its time and not in the store: this is a retry of another, or one of them was never stored, or deleted"))
}
