package auditexporter

import (
	"context"
	"sync"
	"time"

	"github.com/otelaudit/otelaudit/internal/store"
)

// keeper makes partitions ahead and finds out, without waiting for an event,
// whether the database can be written to.
type keeper struct {
	writer *store.Writer
	ahead  int
	health *health
	closed chan struct{}
	once   sync.Once

	mu      sync.Mutex // guards the rest
	horizon time.Time  // when the last month that has a partition ends
}

const (
	keeperInterval  = time.Hour
	keeperFirstWait = time.Second
	keeperLongWait  = 5 * time.Second
	keeperTime      = 15 * time.Second
)

func newKeeper(w *store.Writer, ahead int, h *health) *keeper {
	return &keeper{writer: w, ahead: ahead, health: h, closed: make(chan struct{})}
}

func (k *keeper) close() { k.once.Do(func() { close(k.closed) }) }

// run looks at once, then hourly, and more often while something is wrong.
func (k *keeper) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-k.closed:
			cancel()
		case <-ctx.Done():
		}
	}()
	retry := keeperFirstWait
	for ctx.Err() == nil {
		wait := keeperInterval
		err := k.look(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			k.health.failed(sourcePartitions, err)
			wait, retry = retry, min(2*retry, keeperLongWait)
		case k.health.reached():
			retry = keeperFirstWait
		default:
			wait = keeperFirstWait // a write failed just now: look again
		}
		select {
		case <-ctx.Done():
		case <-k.health.suspect:
			// A write failed: look soon, so that health recovers without traffic.
			select {
			case <-ctx.Done():
			case <-time.After(keeperFirstWait):
			}
		case <-time.After(wait):
		}
	}
}

// look connects for one question: an idle connection would count against the
// server's limit for an hour.
func (k *keeper) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, keeperTime)
	defer cancel()
	defer k.writer.Close()
	left, err := k.writer.EnsureMonths(ctx, k.ahead)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.horizon = k.health.now().Add(left)
	return nil
}

// horizonLeft is how long the months that have partitions will do, 0 while that
// is not known.
func (k *keeper) horizonLeft() time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.horizon.IsZero() {
		return 0
	}
	return max(0, k.horizon.Sub(k.health.now()))
}
