package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
)

// Removals are what a store says was removed, with verify's judgement of it: the
// log of the tenant _system was verified, and what its events do not announce
// does not count.
type Removals struct {
	Logs map[store.LogName]*LogRemovals
	// Unproven says of rows of audit_prunes why they do not count.
	Unproven []Finding
	// SystemSeen is false where the login may not read the log of _system: then
	// nothing counts.
	SystemSeen bool
}

// LogRemovals are the proven removals of one log.
type LogRemovals struct {
	Prunes []ProvenPrune // by size
	// Seqs are the ranges of events whose removal one by one is announced, from
	// and until, in order and apart from each other.
	Seqs [][2]int64
	// SeqIntents are the ids of the events of _system that announce them.
	SeqIntents []string
}

// ProvenPrune is a row of audit_prunes that counts: the events before Row.Size
// are gone, and were meant to be.
type ProvenPrune struct {
	Row        store.PruneRow
	Checkpoint merkle.Checkpoint // under the row's note
	Frontier   merkle.Frontier
}

// Announces reports whether the removal of one event by itself is announced.
func (l *LogRemovals) Announces(seq int64) bool {
	if l == nil {
		return false
	}
	_, found := slices.BinarySearchFunc(l.Seqs, seq, inRange)
	return found
}

// Pruned is the newest prune, nil where there is none.
func (l *LogRemovals) Pruned() *ProvenPrune {
	if l == nil || len(l.Prunes) == 0 {
		return nil
	}
	return &l.Prunes[len(l.Prunes)-1]
}

// ReadRemovals verifies the log of _system and returns what it announces of the
// tenants that the store's rows name as pruned: all that the scanner sees, or
// the one that is named. It believes the checkpoints of one trust file, and
// reads no event of another tenant.
func ReadRemovals(ctx context.Context, scanner *store.Scanner, trust *keys.Trust, tenants ...string) (*Removals, error) {
	found := &Removals{Logs: make(map[store.LogName]*LogRemovals)}
	seen, err := scanner.Admits(ctx, record.SystemTenant)
	if err != nil {
		return nil, err
	}
	r := &run{
		Options: Options{Trust: trust, Tenant: record.SystemTenant, Workers: runtime.GOMAXPROCS(0)}, scanner: scanner.For(record.SystemTenant),
		report: newReport(), streams: make(map[string]string),
	}
	if r.anchors, err = newAnchorSet(trust, nil); err != nil {
		return nil, err
	}
	if seen {
		found.SystemSeen = true
		if err := r.readSystem(ctx); err != nil {
			return nil, err
		}
	}
	found.addSeqs(r.systemIntents)
	for _, tenant := range tenants {
		rows, err := scanner.Prunes(ctx, tenant)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			found.judge(r, tenant, row)
		}
	}
	for _, log := range found.Logs {
		slices.SortFunc(log.Prunes, func(a, b ProvenPrune) int { return cmp.Compare(a.Row.Size, b.Row.Size) })
	}
	found.dropCovered()
	return found, nil
}

// dropCovered forgets what was only not announced, and is part of a proven
// prune of more.
func (f *Removals) dropCovered() {
	f.Unproven = slices.DeleteFunc(f.Unproven, func(u Finding) bool {
		p := f.Logs[store.LogName{Tenant: u.Tenant, Epoch: u.Epoch}].Pruned()
		return u.unannounced && p != nil && u.Until <= p.Row.Size
	})
}

// readSystem verifies the log of _system for its intents.
func (r *run) readSystem(ctx context.Context) error {
	names, err := r.scanner.Logs(ctx)
	if err != nil {
		return err
	}
	var epochs []int32
	for _, name := range names {
		if name.Tenant == record.SystemTenant {
			epochs = append(epochs, name.Epoch)
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r.pool = newPool(r.Workers)
	defer r.pool.close()
	r.tenant(ctx, cancel, queued{tenant: record.SystemTenant}, epochs)
	return r.failed
}

func (f *Removals) log(name store.LogName) *LogRemovals {
	if f.Logs[name] == nil {
		f.Logs[name] = &LogRemovals{}
	}
	return f.Logs[name]
}

// judge holds a row of audit_prunes against its note and its announcement.
func (f *Removals) judge(r *run, tenant string, row store.PruneRow) {
	name := store.LogName{Tenant: tenant, Epoch: row.Epoch}
	frontier, checkpoint, err := newLogCheck(newTenantCheck(r, tenant, nil), row.Epoch).judgePrune(row)
	unannounced := err == nil && !slices.ContainsFunc(r.systemIntents, func(i intent) bool {
		return i.Tenant == tenant && i.Epoch == row.Epoch && i.covers(&row)
	})
	if unannounced {
		err = fmt.Errorf("no verified event %q of action %s in the log of %s announces it", row.IntentEventID, pruneAction, record.SystemTenant)
	}
	if err != nil {
		f.Unproven = append(f.Unproven, Finding{
			Kind: PruneUnproven, Tenant: tenant, Epoch: row.Epoch, Until: row.Size, EventID: row.IntentEventID,
			Detail:      fmt.Sprintf("the row of audit_prunes for events before %d does not count: %v", row.Size, err),
			unannounced: unannounced,
		})
		return
	}
	log := f.log(name)
	log.Prunes = append(log.Prunes, ProvenPrune{Row: row, Checkpoint: checkpoint, Frontier: frontier})
}

// addSeqs collects the ranges that are announced.
func (f *Removals) addSeqs(intents []intent) {
	for _, i := range intents {
		if len(i.Seqs) == 0 || i.Tenant == "" || i.Epoch < 0 {
			continue
		}
		log := f.log(store.LogName{Tenant: i.Tenant, Epoch: i.Epoch})
		log.Seqs = append(log.Seqs, i.Seqs...)
		log.SeqIntents = append(log.SeqIntents, i.EventID)
	}
	for _, log := range f.Logs {
		log.Seqs = disjoint(log.Seqs)
	}
}

// disjoint puts ranges in order and joins those that touch.
func disjoint(ranges [][2]int64) [][2]int64 {
	slices.SortFunc(ranges, func(a, b [2]int64) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	var joined [][2]int64
	for _, next := range ranges {
		if next[0] >= next[1] {
			continue
		}
		if n := len(joined); n > 0 && next[0] <= joined[n-1][1] {
			joined[n-1][1] = max(joined[n-1][1], next[1])
			continue
		}
		joined = append(joined, next)
	}
	return joined
}

// Tenants are those with a proven removal, sorted.
func (f *Removals) Tenants() []string {
	tenants := make(map[string]struct{})
	for name := range f.Logs {
		tenants[name.Tenant] = struct{}{}
	}
	return slices.Sorted(maps.Keys(tenants))
}

// Announcement is what an event of _system says is to be removed of a log.
type Announcement struct {
	Size int64      // the events before it, -1 where it says none
	Seqs [][2]int64 // single events, from and until, in order and apart
}

// ErrAnnouncement is a record that announces no removal of the log in question.
var ErrAnnouncement = errors.New("it announces no removal of this log")

// ReadAnnouncement reads a record that is proven to be in the log of _system.
func ReadAnnouncement(rec *record.Record, of store.LogName) (Announcement, error) {
	i := intent{Epoch: -1, Size: -1}
	i.readPayload(rec.Payload)
	if rec.TenantID != record.SystemTenant || rec.Action != pruneAction || i.Tenant != of.Tenant || i.Epoch != of.Epoch {
		return Announcement{}, ErrAnnouncement
	}
	return Announcement{Size: i.Size, Seqs: disjoint(i.Seqs)}, nil
}
