package guardextension

import (
	"container/list"
	"context"
	"runtime"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"
	"weak"

	"google.golang.org/grpc/mem"
)

// What a gRPC message that is not complete yet may take of time, and how long the
// next one is left alone once one was given up, whose memory comes back meanwhile.
const (
	completeWithin = time.Minute
	giveUpPause    = 20 * time.Millisecond
)

// lookEvery is how often the memory of the process is compared with its goal.
const lookEvery = 100 * time.Millisecond

// readings are the gRPC calls of which the message is not complete. It is safe for
// concurrent use.
type readings struct {
	within time.Duration
	gaveUp func()
	mu     sync.Mutex
	oldest list.List // of *reading, in the order of their beginning
	paused bool
}

// reading is one of them.
type reading struct {
	of     *readings
	at     *list.Element // nil once it is complete or given up
	cancel context.CancelFunc
	timer  *time.Timer
	seen   bool // was under way at the last look
}

type readingKey struct{}

// begin returns the context of a call, which ends when its message is given up.
// gRPC then stops reading and answers Canceled, and the client sends it again.
func (r *readings) begin(ctx context.Context) context.Context {
	one := &reading{of: r}
	ctx, one.cancel = context.WithCancel(context.WithValue(ctx, readingKey{}, one))
	r.mu.Lock()
	defer r.mu.Unlock()
	one.at = r.oldest.PushBack(one)
	one.timer = time.AfterFunc(r.within, one.giveUp)
	context.AfterFunc(ctx, func() { one.end() }) // the client went away, or nothing decodes it
	return ctx
}

// complete is told when a call's message has been read.
func (*readings) complete(ctx context.Context) {
	if one, ok := ctx.Value(readingKey{}).(*reading); ok {
		one.end()
	}
}

// end reports whether it was still being read.
func (r *reading) end() bool {
	r.of.mu.Lock()
	defer r.of.mu.Unlock()
	return r.remove()
}

func (r *reading) remove() bool {
	if r.at == nil {
		return false
	}
	r.of.oldest.Remove(r.at)
	r.at = nil
	r.timer.Stop()
	return true
}

func (r *reading) giveUp() {
	if r.end() {
		r.of.gaveUp()
		r.cancel()
	}
}

// watch looks at the memory of the whole process until ctx ends. gRPC takes memory
// for frames of up to 1 KiB without asking its pool, so nothing else sees a message
// that comes in these; in frames of one byte it holds 40 times its bytes.
func (r *readings) watch(ctx context.Context, tooLittle func() bool) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			r.look(tooLittle())
		}
	}
}

// look gives up what was under way at the last look already, if there is too little
// memory.
func (r *readings) look(tooLittle bool) {
	var slow []*reading
	r.mu.Lock()
	for at := r.oldest.Front(); at != nil; {
		one := at.Value.(*reading)
		at = at.Next()
		if tooLittle && one.seen {
			one.remove()
			slow = append(slow, one)
		}
		one.seen = true
	}
	r.mu.Unlock()
	for _, one := range slow {
		r.gaveUp()
		one.cancel()
	}
}

// beyondGoal reports whether the process holds more than the runtime was told to
// keep it to (GOMEMLIMIT), garbage not counted.
func beyondGoal() bool {
	of := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/gomemlimit:bytes"}}
	metrics.Read(of)
	return of[0].Value.Uint64() > of[1].Value.Uint64()
}

// giveUpOldest makes room, one after the other, for as long as there is too little.
func (r *readings) giveUpOldest(tooLittle func() bool) {
	r.mu.Lock()
	front := r.oldest.Front()
	if r.paused || front == nil {
		r.mu.Unlock()
		return
	}
	one := front.Value.(*reading)
	one.remove()
	r.paused = true
	r.mu.Unlock()
	time.AfterFunc(giveUpPause, func() {
		r.mu.Lock()
		r.paused = false
		r.mu.Unlock()
		if tooLittle() {
			r.giveUpOldest(tooLittle)
		}
	})
	r.gaveUp()
	one.cancel()
}

// counted is the memory that gRPC reads messages into. Where that is more than
// the limit, the oldest message that is not complete is given up.
type counted struct {
	mem.BufferPool
	limit    int64
	readings *readings
	held     atomic.Int64
	// lent has what was not given back. gRPC leaves what it has not looked at to the
	// garbage collector, so that each has a cleanup, too.
	lent sync.Map // of weak.Pointer[[]byte] to loan
}

type loan struct {
	size    int64
	cleanup runtime.Cleanup
}

// Get implements mem.BufferPool. What is smaller than gRPC gives back is not counted:
// see readings.watch.
func (c *counted) Get(length int) *[]byte {
	buffer := c.BufferPool.Get(length)
	if mem.IsBelowBufferPoolingThreshold(cap(*buffer)) {
		return buffer
	}
	key, size := weak.Make(buffer), int64(cap(*buffer))
	c.lent.Store(key, loan{size: size, cleanup: runtime.AddCleanup(buffer, c.back, key)})
	c.held.Add(size)
	if c.full() {
		c.readings.giveUpOldest(c.full)
	}
	return buffer
}

func (c *counted) full() bool { return c.held.Load() > c.limit }

// Put implements mem.BufferPool.
func (c *counted) Put(buffer *[]byte) {
	c.back(weak.Make(buffer))
	c.BufferPool.Put(buffer)
}

func (c *counted) back(key weak.Pointer[[]byte]) {
	if found, ok := c.lent.LoadAndDelete(key); ok {
		of := found.(loan)
		of.cleanup.Stop()
		c.held.Add(-of.size)
	}
}
