package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/otelaudit/otelaudit/internal/access"
	"github.com/otelaudit/otelaudit/internal/pgurl"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
)

// dropGoal is how long whoever writes or reads may wait while a month is dropped,
// in milliseconds: what is checked and written before the lock keeps nobody
// waiting, and takes some milliseconds per tenant on a busy machine.
const dropGoal = 1000

// lockGoal is how long the table may be locked against everybody, in milliseconds.
const lockGoal = 200

// measureDrops drops the older half of the months while a writer commits and a
// reader lists, and says how long each of their calls took: the longest shows
// whom it stalled.
func (b *bench) measureDrops(ctx context.Context) ([]result, error) {
	reader, err := store.Connect(ctx, store.Options{URL: b.db.Pruner, ApplicationName: "readbench", StatementTimeout: 10 * time.Minute})
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	pruner := reader.Pruner()
	began := time.Now()
	plan, err := pruner.PrunePlan(ctx, "", months/2*31*24*time.Hour, 10_000)
	if err != nil {
		return nil, err
	}
	planned := timings{time.Since(began)}
	locked, err := b.watchLock(ctx)
	if err != nil {
		return nil, err
	}
	defer locked.stop()
	traffic, err := b.startTraffic(ctx)
	if err != nil {
		return nil, err
	}
	drops := timings{}
	tries := 0
	for _, month := range wholeMonths(plan) {
		took, n, err := dropMonth(ctx, pruner, month, plan)
		if err != nil {
			return nil, errors.Join(err, traffic.end())
		}
		drops, tries = append(drops, took), tries+n
		b.say("dropped %s in %s, tries: %d", month.Format("2006-01"), took.Round(time.Millisecond), n)
	}
	if err := errors.Join(traffic.end(), locked.end()); err != nil {
		return nil, err
	}
	if len(drops) == 0 {
		return nil, errors.New("no month is old enough to go")
	}
	return []result{
		planned.result("planning a prune of all tenants", 0),
		drops.longest("dropping a month while writers run, and the longest", 0),
		locked.held.longest("of which the table is locked, and the longest", lockGoal),
		traffic.writes.longest("commits of 100 events meanwhile, and the longest", dropGoal),
		traffic.reads.longest("first pages meanwhile, and the longest", dropGoal),
	}, nil
}

// longest is a result whose last number is the longest of all.
func (t timings) longest(name string, goal float64) result {
	r := t.result(name, goal)
	r.P99 = float64(slices.Max(t).Microseconds()) / 1000
	return r
}

// wholeMonths are those of which everything goes.
func wholeMonths(plan []store.PruneSlice) []time.Time {
	whole := make(map[time.Time]bool)
	var order []time.Time
	for _, s := range plan {
		if _, known := whole[s.Month]; !known {
			whole[s.Month] = true
			order = append(order, s.Month)
		}
		whole[s.Month] = whole[s.Month] && s.Size == s.Until
	}
	slices.SortFunc(order, time.Time.Compare)
	return slices.DeleteFunc(order, func(m time.Time) bool { return !whole[m] })
}

func dropMonth(ctx context.Context, pruner *store.Pruner, month time.Time, plan []store.PruneSlice) (took time.Duration, tries int, err error) {
	var announced []store.PruneAnnouncement
	for _, s := range plan {
		if s.Month.Equal(month) {
			announced = append(announced, store.PruneAnnouncement{Log: s.Log, Cutoff: s.Cutoff})
		}
	}
	began := time.Now()
	for tries = 1; ; tries++ {
		_, err = pruner.PruneMonth(ctx, access.Caller{Name: "readbench"}, month, announced)
		if !store.IsLockTimeout(err) || tries == 100 {
			return time.Since(began), tries, err
		}
		time.Sleep(100*time.Millisecond + rand.N(400*time.Millisecond))
	}
}

// lockWatch looks every millisecond whether the table is locked against everybody.
type lockWatch struct {
	stop context.CancelFunc
	done sync.WaitGroup
	held timings // how long it was, each time
	err  error
}

func (b *bench) watchLock(ctx context.Context) (*lockWatch, error) {
	super, err := pgx.Connect(ctx, b.db.Owner)
	if err != nil {
		return nil, err
	}
	w := &lockWatch{}
	ctx, w.stop = context.WithCancel(ctx)
	w.done.Go(func() {
		defer super.Close(context.WithoutCancel(ctx))
		var since time.Time
		for ctx.Err() == nil && w.err == nil {
			var locked bool
			looked := time.Now()
			w.err = super.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_locks
				WHERE relation = 'audit_events'::regclass AND mode = 'AccessExclusiveLock' AND granted)`).Scan(&locked)
			switch {
			case locked && since.IsZero():
				since = looked
			case !locked && !since.IsZero():
				w.held, since = append(w.held, time.Since(since)), time.Time{}
			}
			time.Sleep(time.Millisecond)
		}
	})
	return w, nil
}

// end waits for it, and forgives it that it was interrupted.
func (w *lockWatch) end() error {
	w.stop()
	w.done.Wait()
	if errors.Is(w.err, context.Canceled) {
		w.err = nil
	}
	if w.err == nil && len(w.held) == 0 {
		return errors.New("nobody was seen to lock the table")
	}
	return w.err
}

// traffic is a writer and a reader at work.
type traffic struct {
	stop          context.CancelFunc
	done          sync.WaitGroup
	writes, reads timings
	writing       error
	reading       error
}

func (b *bench) startTraffic(ctx context.Context) (*traffic, error) {
	config, err := pgurl.Parse(b.db.Writer, "readbench")
	if err != nil {
		return nil, err
	}
	reader, err := store.Connect(ctx, store.Options{URL: b.db.Reader, ApplicationName: "readbench"})
	if err != nil {
		return nil, err
	}
	writer := store.NewWriter(store.WriterOptions{Connection: &config.Config, Schema: "public", Now: time.Now})
	t := &traffic{}
	ctx, t.stop = context.WithCancel(ctx)
	t.done.Go(func() {
		defer writer.Close()
		for n := 0; ctx.Err() == nil && t.writing == nil; n++ {
			t.writing = t.write(ctx, writer, n)
		}
	})
	t.done.Go(func() {
		defer reader.Close()
		for n := 0; ctx.Err() == nil && t.reading == nil; n++ {
			began := time.Now()
			_, t.reading = reader.List(ctx, fmt.Sprintf("tenant-%d", n%b.tenants), store.Filter{})
			t.reads = append(t.reads, time.Since(began))
		}
	})
	return t, nil
}

func (t *traffic) write(ctx context.Context, writer *store.Writer, n int) error {
	var encoder store.Encoder
	events := make([]*store.Event, 100)
	for i := range events {
		event, err := encoder.Encode(&record.Record{
			TenantID: "tenant-0", EventID: fmt.Sprintf("drop-%d-%d", n, i), Action: "order.view", Outcome: record.OutcomeSuccess, TimeUnixNano: time.Now().UnixNano(),
		}, "")
		if err != nil {
			return err
		}
		events[i] = &event
	}
	outcomes := make([]store.Outcome, len(events))
	began := time.Now()
	err := writer.Write(ctx, events, outcomes)
	t.writes = append(t.writes, time.Since(began))
	if err == nil && outcomes[0].Status != store.Stored {
		err = fmt.Errorf("a commit was refused: %v", outcomes[0])
	}
	return err
}

// end waits for both, and forgives them that they were interrupted.
func (t *traffic) end() error {
	interrupted := func(err error) bool { return errors.Is(err, context.Canceled) }
	t.stop()
	t.done.Wait()
	if interrupted(t.writing) {
		t.writing = nil
	}
	if interrupted(t.reading) {
		t.reading = nil
	}
	return errors.Join(t.writing, t.reading)
}
