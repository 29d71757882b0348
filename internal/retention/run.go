package retention

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/otelaudit/otelaudit/internal/access"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
)

// Sizes of batches, in events.
const (
	DefaultBatchSize = 10_000
	MaxBatchSize     = 1_000_000
)

// MinAge is the age under which no event is pruned.
const MinAge = 24 * time.Hour

// Options say what is to be pruned, by whom and how.
type Options struct {
	Age       time.Duration // since recorded_at; 0 lets the policies decide, at least MinAge otherwise
	Tenant    string        // "" is all
	BatchSize int           // 0 is DefaultBatchSize; a commit is never divided
	NoDrop    bool          // delete in batches where a month could be dropped
	Caller    access.Caller

	Announcer Announcer // nil where nothing that goes is signed
	Now       func() time.Time
	// Progress is told after every transaction; nil is nobody.
	Progress func(Progress)
	// Warn takes what went wrong beside the prune itself; nil is nobody.
	Warn func(error)
	// Sleep waits; nil is the real one.
	Sleep func(context.Context, time.Duration) error
}

// Progress is how far a prune is.
type Progress struct{ Deleted, Rows int64 }

// Result is what a prune has done.
type Result struct {
	Cutoff     *time.Time `json:"cutoff"` // null where each tenant's policy decides
	Deleted    int64      `json:"deleted"`
	Batches    int64      `json:"batches"`    // transactions
	Remaining  int64      `json:"remaining"`  // events that were to go and are there
	HeldBack   int64      `json:"held_back"`  // events that are old enough and stay
	Holds      []Hold     `json:"holds"`      // of tenants whose events are held back
	Unheld     []string   `json:"-"`          // tenants whose events are held back, and not by a hold
	Partitions []string   `json:"partitions"` // months that were dropped as a whole, YYYY-MM
	Quarantine int64      `json:"quarantine"` // quarantined records that went
	Identities int64      `json:"identities"` // ids and keys of events pruned long ago that went
}

var (
	errAge   = errors.New("events younger than one day are never pruned")
	errBatch = fmt.Errorf("a batch has 1 to %d events", MaxBatchSize)
)

// errUntold is no failure: audit.prune.complete in the log of _system says it.
var errUntold = errors.New("the logs of the tenants themselves do not say that they were pruned, only that of " + record.SystemTenant +
	" does: it takes the log's key to write there")

func (o *Options) setDefaults() error {
	if o.BatchSize == 0 {
		o.BatchSize = DefaultBatchSize
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	switch {
	case o.Age != 0 && o.Age < MinAge:
		return errAge
	case o.BatchSize < 1 || o.BatchSize > MaxBatchSize:
		return errBatch
	}
	return nil
}

type run struct {
	Options
	pruner  *store.Pruner
	result  *Result
	rows    int64
	intents map[store.LogName]string
	gone    map[store.LogName]int64 // size after the newest batch
}

// Run prunes. With an error the result says what was done until then, nil if
// nothing could be. ErrPruning means that another one is at work.
func Run(ctx context.Context, pruner *store.Pruner, o Options) (*Result, error) {
	if err := o.setDefaults(); err != nil {
		return nil, err
	}
	r := &run{
		Options: o, pruner: pruner, result: &Result{Partitions: []string{}, Holds: []Hold{}},
		intents: make(map[store.LogName]string), gone: make(map[store.LogName]int64),
	}
	err := pruner.Exclusively(ctx, func(time.Time) error { return r.all(ctx) })
	return r.result, err
}

func (r *run) all(ctx context.Context) (err error) {
	plan, err := r.pruner.PrunePlan(ctx, r.Tenant, r.Age, r.BatchSize)
	if err != nil {
		return err
	}
	r.result.Cutoff = r.cutoffOf(plan)
	for _, s := range plan {
		r.rows += s.Events
		r.result.HeldBack += s.HeldBack
	}
	r.result.Remaining = r.rows
	if r.result.Holds, r.result.Unheld, err = heldBy(ctx, r.pruner, r.Tenant, plan); err != nil {
		return err
	}
	months, err := r.monthsWithEmpty(ctx, r.pruner, plan)
	if err != nil {
		return err
	}
	if err := r.announceAll(ctx, plan); err != nil {
		return err
	}
	defer func() { r.tell(context.WithoutCancel(ctx)) }()
	for _, m := range months {
		if err := r.month(ctx, &m); err != nil {
			return err
		}
	}
	return r.rest(ctx)
}

// rest removes what is not of a log: only with a prune of all tenants.
func (r *run) rest(ctx context.Context) (err error) {
	if r.Tenant != "" {
		return nil
	}
	if r.result.Quarantine, err = r.pruner.PruneQuarantine(ctx, r.Caller, r.BatchSize); err != nil {
		return fmt.Errorf("quarantine: %w", err)
	}
	if r.result.Identities, err = r.pruner.ForgetIdentities(ctx, r.Caller, r.BatchSize); err != nil {
		return fmt.Errorf("identities: %w", err)
	}
	return nil
}

// announceAll announces what goes and, where the announcements of earlier prunes
// go with it, those anew.
func (r *run) announceAll(ctx context.Context, plan []store.PruneSlice) error {
	var intents []*record.Record
	var renewed []store.PruneAnnouncement
	var sizes []int64
	done := make(map[store.LogName]bool)
	for _, s := range plan {
		if done[s.Log] || s.Events == 0 && s.Size == s.From {
			continue
		}
		done[s.Log] = true
		if s.Signed {
			rec, err := r.intent(s.Log, s.Cut, s.Cutoff)
			if err != nil {
				return err
			}
			intents = append(intents, rec)
			r.intents[s.Log] = rec.EventID
		}
		if s.Log.Tenant != record.SystemTenant {
			continue
		}
		again, err := r.pruner.PruneAnnounced(ctx, s.Log.Epoch, s.Cut)
		if err != nil {
			return err
		}
		for _, old := range again {
			rec, err := r.intent(old.Log, old.Size, time.Time{})
			if err != nil {
				return err
			}
			intents, sizes = append(intents, rec), append(sizes, old.Size)
			renewed = append(renewed, store.PruneAnnouncement{Log: old.Log, Cutoff: s.Cutoff, Intent: rec.EventID})
		}
	}
	if err := r.announce(ctx, intents); err != nil {
		return err
	}
	for i, a := range renewed {
		// Nothing goes: where the log begins is said once more, by the new event.
		if _, _, err := r.pruner.PruneBatch(ctx, r.Caller, a.Log, sizes[i], r.BatchSize, a.Cutoff, a.Intent); err != nil {
			return fmt.Errorf("tenant %q, epoch %d: announce again what is gone: %w", a.Log.Tenant, a.Log.Epoch, err)
		}
	}
	return nil
}

func (r *run) month(ctx context.Context, m *month) error {
	if m.whole {
		return r.drop(ctx, m)
	}
	for _, s := range m.slices {
		if s.Size == s.From {
			continue
		}
		if err := r.batches(ctx, &s); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) batches(ctx context.Context, s *store.PruneSlice) error {
	for at := s.From; at < s.Size; {
		if err := ctx.Err(); err != nil {
			return err
		}
		size, deleted, err := r.pruner.PruneBatch(ctx, r.Caller, s.Log, s.Size, r.BatchSize, s.Cutoff, r.intents[s.Log])
		if err != nil {
			return err
		}
		if size <= at {
			return fmt.Errorf("tenant %q, epoch %d: the events before %d do not go", s.Log.Tenant, s.Log.Epoch, s.Size)
		}
		at = size
		r.count(deleted)
		r.gone[s.Log] = size
	}
	return nil
}

func (r *run) count(deleted int64) {
	r.result.Deleted += deleted
	r.result.Remaining -= deleted
	r.result.Batches++
	if r.Progress != nil {
		r.Progress(Progress{Deleted: r.result.Deleted, Rows: r.rows})
	}
}

// dropTries are about a minute. One try waits 200 ms at most, and keeps writers
// and readers waiting no longer.
const dropTries = 120

// drop drops a month. A reader in the middle of a query keeps it from being
// dropped, so it is tried again.
func (r *run) drop(ctx context.Context, m *month) error {
	announced := make([]store.PruneAnnouncement, len(m.slices))
	for i, s := range m.slices {
		announced[i] = store.PruneAnnouncement{Log: s.Log, Cutoff: s.Cutoff, Intent: r.intents[s.Log]}
	}
	for try := 1; ; try++ {
		deleted, err := r.pruner.PruneMonth(ctx, r.Caller, m.at, announced)
		if err == nil {
			r.result.Partitions = append(r.result.Partitions, m.name())
			for _, s := range m.slices {
				r.gone[s.Log] = s.Size
			}
			r.count(deleted)
			return nil
		}
		if !store.IsLockTimeout(err) {
			return fmt.Errorf("month %s: %w", m.name(), err)
		}
		if try == dropTries {
			return fmt.Errorf("month %s is in use, tried %d times: %w", m.name(), dropTries, err)
		}
		// Jitter, so that it does not keep in step with what is in the way.
		wait := 100*time.Millisecond + rand.N(400*time.Millisecond) //nolint:gosec // no secret
		if err := r.Sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// tell writes into the logs of tenants that events of theirs are gone. This
// authorizes nothing, so it comes after, and what fails is told.
func (r *run) tell(ctx context.Context) {
	teller, ok := r.Announcer.(Teller)
	if !ok {
		for log := range r.gone {
			if log.Tenant != record.SystemTenant {
				r.warn(errUntold)
				break
			}
		}
		return
	}
	var events []*record.Record
	for log, size := range r.gone {
		if log.Tenant == record.SystemTenant || r.intents[log] == "" {
			continue
		}
		rec, err := r.event(log.Tenant, log.Tenant, record.EmptyObject().
			Set("tenant", record.StringValue(log.Tenant)).
			Set("epoch", record.NumberValue(float64(log.Epoch))).
			Set("size", record.NumberValue(float64(size))).
			Set("announced_by", record.StringValue(r.intents[log])))
		if err != nil {
			r.warn(err)
			continue
		}
		events = append(events, rec)
	}
	slices.SortFunc(events, func(a, b *record.Record) int { return cmp.Compare(a.TenantID, b.TenantID) })
	for begin := 0; begin < len(events); begin += announcementsAtOnce {
		if err := teller.Tell(ctx, events[begin:min(begin+announcementsAtOnce, len(events))]); err != nil {
			r.warn(fmt.Errorf("the tenants' own logs do not say that they were pruned: %w", err))
			return
		}
	}
}

func (r *run) warn(err error) {
	if r.Warn != nil {
		r.Warn(err)
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
