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
	keeperInterval    = time.Hour
	keeperFirstWait   = time.Second
	keeperLongestWait = 5 * time.Second
	keeperTime        = 15 * time.Second
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
	pause := keeperFirstWait
	for ctx.Err() == nil {
		err := k.look(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			k.health.failed(sourcePartitions, err)
		} else if k.health.reached() {
			pause = keeperFirstWait
			select {
			case <-ctx.Done():
			case <-time.After(keeperInterval):
			case <-k.health.suspect:
				// A write failed: look soon, so that health recovers without traffic.
				sleep(ctx, keeperFirstWait)
			}
			continue
		}
		sleep(ctx, pause)
		pause = min(2*pause, keeperLongestWait)
	}
}

// sleep waits, or returns early when ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
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

// horizonLeft is how long the months that have partitions will do, less than 0
// once they have ended.
func (k *keeper) horizonLeft() (left time.Duration, known bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.horizon.IsZero() {
		return 0, false
	}
	return k.horizon.Sub(k.health.now()), true
}
