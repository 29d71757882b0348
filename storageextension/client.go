package storageextension

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
)

// client stands between a persistent queue and its file. The queue calls it from
// one goroutine at a time, under its own lock.
//
// What an operation is for follows from its shape, since the queue does not say:
//
//	two or more Sets   a request is added: may fail, the sender hears of it
//	a Set and a Get    a request is taken out to be dispatched
//	a Set and a Delete a dispatched request is done
//	only Deletes       at start, requests that were under way are forgotten,
//	                   before they are added again
//
// The last three must not fail: the queue would go on without the request.
type client struct {
	storage.Client

	admit    func(context.Context) error
	damaged  func(context.Context)
	stalled  func(ctx context.Context, by int64, why error)
	stopping <-chan struct{}
	logger   *zap.Logger
	path     string // of its file

	mu       sync.Mutex           // guards what follows; never held while waiting for the disk
	starting bool                 // until the queue has added again what was under way
	forgets  []*storage.Operation // put off until then
	dead     error                // once an operation failed for good: nothing may follow it
	sizes    map[string]int64     // of the values in the file, in bytes
	held     int64                // their sum
}

// aside is the beginning of the keys under which damaged values are kept.
const aside = "damaged/"

// every is how long a failed operation waits before it is tried again.
const every = 200 * time.Millisecond

// errWaiting is what new requests hear while a queue waits.
var errWaiting = errors.New("a queue waits for its disk, which cannot be written: send the request again")

var errStopped = errors.New("the queue is being closed while its disk cannot be written: what it holds is there at the next start")

// Batch implements storage.Client.
func (c *client) Batch(ctx context.Context, ops ...*storage.Operation) error {
	sets, gets, deletes := count(ops)
	c.mu.Lock()
	dead, starting := c.dead, c.starting
	if dead == nil && starting && sets == 0 && gets == 0 && deletes > 0 {
		// A kill between this and the adding would lose them; done twice is a duplicate.
		c.forgets = append(c.forgets, ops...)
		c.mu.Unlock()
		return nil
	}
	var forgets []*storage.Operation
	if sets == 1 && gets == 1 {
		// The first request taken out: all that were under way are added again, so
		// they are forgotten in the same transaction that names none of them.
		c.starting, forgets, c.forgets = false, c.forgets, nil
	}
	c.mu.Unlock()
	if dead != nil {
		return dead
	}
	if len(forgets) > 0 {
		ops = append(slices.Clip(ops), forgets...)
	}
	if sets > 1 && !starting {
		if err := c.admit(ctx); err != nil {
			return err
		}
		return c.apply(ctx, ops)
	}
	return c.insist(ctx, func() error { return c.apply(ctx, ops) })
}

// apply carries operations out on sealed values.
func (c *client) apply(ctx context.Context, ops []*storage.Operation) error {
	inner := make([]*storage.Operation, len(ops))
	for i, op := range ops {
		inner[i] = op
		if op.Type == storage.Set {
			inner[i] = storage.SetOperation(op.Key, sealed(op.Value))
		}
	}
	if err := c.Client.Batch(ctx, inner...); err != nil {
		return err
	}
	c.account(inner)
	for _, op := range ops {
		if op.Type != storage.Get {
			continue
		}
		if err := c.open(ctx, op); err != nil {
			return err
		}
	}
	return nil
}

// open takes the checksum off what was read. A damaged value is kept aside, and
// the queue finds nothing, which it passes over.
func (c *client) open(ctx context.Context, op *storage.Operation) error {
	value, whole := opened(op.Value)
	if whole {
		op.Value = value
		return nil
	}
	if err := c.Client.Set(ctx, aside+op.Key, op.Value); err != nil {
		return err
	}
	c.damaged(ctx)
	c.logger.Error("a request came back from the disk changed, and is not delivered: look at the disk, and have its sender send that time again",
		zap.String("kept_as", aside+op.Key), zap.Int("bytes", len(op.Value)))
	op.Value = nil
	return nil
}

// account keeps the sum of what the file holds.
func (c *client) account(ops []*storage.Operation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, op := range ops {
		switch op.Type {
		case storage.Get:
		case storage.Set:
			c.held += int64(len(op.Value)) - c.sizes[op.Key]
			c.sizes[op.Key] = int64(len(op.Value))
		case storage.Delete:
			c.held -= c.sizes[op.Key]
			delete(c.sizes, op.Key)
		}
	}
}

// bytes is the sum of the values in the file.
func (c *client) bytes() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.held
}

// survey adds up what the file holds when it is opened.
func (c *client) survey(ctx context.Context) error {
	walker, ok := c.Client.(storage.Walker)
	if !ok {
		return nil
	}
	kept := 0
	err := walker.Walk(ctx, func(key string, value []byte) ([]*storage.Operation, error) {
		c.sizes[key] = int64(len(value))
		c.held += int64(len(value))
		if strings.HasPrefix(key, aside) {
			kept++
		}
		return nil, nil
	})
	if kept > 0 {
		c.logger.Warn("the file of the queue keeps requests that came back changed", zap.Int("requests", kept))
	}
	return err
}

// Get implements storage.Client.
func (c *client) Get(ctx context.Context, key string) (value []byte, err error) {
	op := storage.GetOperation(key)
	err = c.Batch(ctx, op)
	return op.Value, err
}

// Set implements storage.Client.
func (c *client) Set(ctx context.Context, key string, value []byte) error {
	return c.Batch(ctx, storage.SetOperation(key, value))
}

// Delete implements storage.Client.
func (c *client) Delete(ctx context.Context, key string) error {
	return c.Batch(ctx, storage.DeleteOperation(key))
}

// started is told when the queue has started: what was under way is added again.
func (c *client) started() error {
	c.mu.Lock()
	forgets := c.forgets
	c.starting, c.forgets = false, nil
	c.mu.Unlock()
	if len(forgets) == 0 {
		return nil
	}
	ctx := context.Background() // as long as it takes, or until the pipelines end
	return c.insist(ctx, func() error { return c.apply(ctx, forgets) })
}

// insist tries until it succeeds or the collector ends. Then nothing more is
// written: the queue goes on in memory, and the file keeps what it has.
func (c *client) insist(ctx context.Context, try func() error) error {
	c.mu.Lock()
	dead := c.dead
	c.mu.Unlock()
	if dead != nil {
		return dead
	}
	err := try()
	if err == nil {
		return nil
	}
	c.stalled(ctx, 1, err)
	defer c.stalled(ctx, -1, nil)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for tries := 0; ; tries++ {
		if tries%int(time.Minute/every) == 0 {
			c.logger.Error("the queue cannot be written and waits; nothing is lost, and nothing is taken or delivered meanwhile: "+advice(err),
				zap.String("file", c.path), zap.Error(err))
		}
		select {
		case <-c.stopping:
			c.mu.Lock()
			c.dead = errStopped
			c.mu.Unlock()
			return errStopped
		case <-tick.C:
		}
		if err = try(); err == nil {
			c.logger.Info("the queue can be written again")
			return nil
		}
	}
}

// advice is what helps against an error.
func advice(err error) string {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return "free some space on its disk"
	}
	return "look at its disk, which fails to write"
}

// isItem reports whether a key is that of a request: the queue numbers them.
func isItem(key string) bool {
	_, err := strconv.ParseUint(key, 10, 64)
	return err == nil
}

func count(ops []*storage.Operation) (sets, gets, deletes int) {
	for _, op := range ops {
		switch op.Type {
		case storage.Set:
			sets++
		case storage.Get:
			gets++
		case storage.Delete:
			deletes++
		}
	}
	return sets, gets, deletes
}
