package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Writer appends to a journal. It is the only one of its directory and safe for
// concurrent use. What waits while a write runs is the next batch: a group
// commit without a timer.
type Writer struct {
	opts  Options
	lock  *os.File
	wake  chan struct{} // of capacity 1
	ended chan struct{}

	mu           sync.Mutex // guards the queue
	waiting      []*call
	waitingBytes int64
	closed       bool

	io     sync.Mutex // guards the end of the journal, below
	at     state
	file   diskFile // nil where it is not open, or its tail is not known
	recent *recent
	buffer []byte

	anchoring    sync.Mutex // guards the anchors and anchoredSize
	anchoredSize int64      // of the head in the anchors, -1 none
}

// call is one caller's entries.
type call struct {
	entries []Entry
	size    int64
	queued  time.Time
	state   atomic.Int32
	done    chan struct{}
	result  Result // read after done is closed
	err     error
}

const (
	callWaiting = iota
	callTaken
	callAbandoned
)

// Result is what became of a call's entries. All of them are durable.
type Result struct {
	Written    int
	Duplicates int // leaves that were written before
}

// The errors of Append besides those of the file system. All may be retried.
var (
	ErrClosed   = errors.New("the journal is closed")
	ErrOverload = errors.New("the journal has more entries waiting than it may hold")
)

// Open takes the directory, which it makes where it is missing, finds where the
// journal ends and returns a Writer. It fails with *InUseError where another
// process writes it, with *DamagedError and *BehindError where the journal is
// not what was written: then nothing was touched.
func Open(opts Options) (*Writer, error) {
	if err := opts.fill(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(opts.Directory, directoryMode); err != nil {
		return nil, err
	}
	if err := checkDirectory(opts.Directory); err != nil {
		return nil, err
	}
	held, err := lock(opts.Directory, lockName)
	if err != nil {
		return nil, err
	}
	w := &Writer{
		opts: opts, lock: held, wake: make(chan struct{}, 1), ended: make(chan struct{}),
		recent: newRecent(opts.DedupEntries), anchoredSize: -1,
	}
	if err := w.recover(); err != nil {
		return nil, errors.Join(err, held.Close())
	}
	go w.run()
	return w, nil
}

// Append returns when all entries are durable under a signed checkpoint, or
// with an error when that is not known: then the caller sends them again, and
// those that are durable after all are duplicates. The lines must not be changed
// after the call, even when ctx ended it.
func (w *Writer) Append(ctx context.Context, entries []Entry) (Result, error) {
	if len(entries) == 0 {
		return Result{}, ctx.Err()
	}
	c := &call{entries: entries, done: make(chan struct{}), queued: w.opts.Now()}
	for i := range entries {
		c.size += entries[i].size()
	}
	if err := w.enqueue(c); err != nil {
		return Result{}, err
	}
	select {
	case <-c.done:
		return c.result, c.err
	case <-ctx.Done():
	}
	if c.state.CompareAndSwap(callWaiting, callAbandoned) {
		w.forget(c)
	}
	return Result{}, ctx.Err()
}

func (w *Writer) enqueue(c *call) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.closed:
		return ErrClosed
	case w.waitingBytes+c.size > w.opts.MaxWaitingBytes && w.waitingBytes > 0:
		return ErrOverload
	}
	w.waitingBytes += c.size
	w.waiting = append(w.waiting, c)
	w.signal()
	return nil
}

func (w *Writer) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// forget takes a call that nobody waits for out of the queue.
func (w *Writer) forget(c *call) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.waiting {
		if w.waiting[i] == c {
			w.waiting = append(w.waiting[:i], w.waiting[i+1:]...)
			w.waitingBytes -= c.size
			return
		}
	}
}

// run writes until the journal is closed and nothing waits.
func (w *Writer) run() {
	defer close(w.ended)
	for {
		calls, closed := w.next()
		switch {
		case len(calls) > 0:
			w.write(calls)
		case closed:
			return
		default:
			<-w.wake
		}
	}
}

// next takes what waits, as far as it fits one write.
func (w *Writer) next() (calls []*call, closed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var size int64
	n := 0
	for _, c := range w.waiting {
		if n > 0 && size+c.size > w.opts.MaxBatchBytes {
			break
		}
		n++
		if !c.state.CompareAndSwap(callWaiting, callTaken) {
			w.waitingBytes -= c.size // it is about to be forgotten
			continue
		}
		size += c.size
		calls = append(calls, c)
	}
	w.waiting = append(w.waiting[:0:0], w.waiting[n:]...)
	return calls, w.closed
}

// write makes a batch durable and answers it.
func (w *Writer) write(calls []*call) {
	err := w.commit(calls)
	if err != nil {
		w.opts.Observer.Failed(err)
		err = fmt.Errorf("not written to the journal: %w", err)
	}
	w.mu.Lock()
	for _, c := range calls {
		w.waitingBytes -= c.size
	}
	w.mu.Unlock()
	for _, c := range calls {
		if err != nil {
			c.result, c.err = Result{}, err
		}
		close(c.done)
	}
}

// Oldest is since when the oldest entry waits, zero where none does.
func (w *Writer) Oldest() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.waiting) == 0 {
		return time.Time{}
	}
	return w.waiting[0].queued
}

// Close answers what waits, anchors the head and gives the directory back.
func (w *Writer) Close() error {
	w.mu.Lock()
	closed := w.closed
	w.closed = true
	w.mu.Unlock()
	if closed {
		return nil
	}
	w.signal()
	<-w.ended
	err := w.anchor()
	w.io.Lock()
	defer w.io.Unlock()
	if w.file != nil {
		err = errors.Join(err, w.file.Close())
		w.file = nil
	}
	return errors.Join(err, w.lock.Close())
}
