package auditexporter

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/otelaudit/otelaudit/internal/store"
)

// part is what one caller has for one shard: events, or entries of the
// quarantine. The shard fills outcomes and err and closes done.
type part struct {
	shard       int
	events      []store.Event
	origins     []origin
	labels      []label
	outcomes    []store.Outcome
	quarantined []store.Quarantined
	size        int64
	queued      time.Time

	state atomic.Int32 // partWaiting, then one of the others for ever
	done  chan struct{}
	err   error // read after done is closed
}

const (
	partWaiting = iota
	partAnswered
	partAbandoned
)

func newPart(shard int, now time.Time) *part {
	return &part{shard: shard, queued: now, done: make(chan struct{})}
}

// takes reports whether another record of some size fits into the part's
// transaction.
func (p *part) takes(size int, limit BatchConfig) bool {
	return len(p.events)+len(p.quarantined) < limit.MaxRecords && p.size+int64(size) <= limit.MaxBytes
}

func (p *part) add(event store.Event, from origin, l label) {
	p.events = append(p.events, event)
	p.origins = append(p.origins, from)
	p.labels = append(p.labels, l)
	p.outcomes = append(p.outcomes, store.Outcome{})
	p.size += int64(event.Size())
}

func (p *part) addQuarantined(q store.Quarantined) {
	p.quarantined = append(p.quarantined, q)
	p.size += int64(q.Size())
}

// abandon is the caller leaving. It fails when the answer is there.
func (p *part) abandon() bool { return p.state.CompareAndSwap(partWaiting, partAbandoned) }

func (p *part) abandoned() bool { return p.state.Load() == partAbandoned }

// refusal is the reason why events of the part are held back with their tenant.
func (p *part) refusal() error {
	for i := range p.outcomes {
		if o := &p.outcomes[i]; o.Status == store.Refused {
			cause := o.Cause
			if !errors.Is(cause, store.ErrClockAhead) && !errors.Is(cause, store.ErrSealed) {
				cause = errLogRefused // the client need not know what the store has
			}
			return fmt.Errorf("audit records of tenant %q are not stored yet: %w", p.events[i].TenantID, cause)
		}
	}
	return nil
}

// shard writes the events of its tenants, one transaction after the other.
// What waits while a transaction runs is the next one: a group commit without a
// timer.
type shard struct {
	exporter *auditExporter
	writer   *store.Writer
	source   source        // as health knows it
	wake     chan struct{} // of capacity 1
	callers  atomic.Int64  // parts whose callers wait

	mu       sync.Mutex // guards the rest
	waiting  []*part
	writing  []*part   // what next returned last, the answered ones among them
	inFlight time.Time // when the oldest part being written was queued
	closed   bool
}

func newShard(e *auditExporter, w *store.Writer, from source) *shard {
	return &shard{exporter: e, writer: w, source: from, wake: make(chan struct{}, 1)}
}

// away reports whether a part would only wait in vain: this shard's database has
// been away for longer than a request may wait. One caller at a time, of which
// others is the number, still tries it.
func (s *shard) away(others int64) bool {
	return others > 0 && s.exporter.health.away(s.source, s.exporter.cfg.Timeout)
}

// enqueue hands a part over. After close, and while the database is away, the
// answer is an error.
func (s *shard) enqueue(p *part) {
	if s.away(s.callers.Add(1) - 1) {
		s.answer(p, errUnavailable)
		return
	}
	s.mu.Lock()
	closed := s.closed
	if !closed {
		s.waiting = append(s.waiting, p)
	}
	s.mu.Unlock()
	if closed {
		s.answer(p, errStopping)
		return
	}
	s.signal()
}

func (s *shard) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// close lets run return when nothing waits any more.
func (s *shard) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.signal()
}

// run writes until the shard is closed and empty, or ctx ends: then what waits
// is answered with an error.
func (s *shard) run(ctx context.Context) {
	defer s.writer.Close()
	for {
		parts, closed := s.next()
		switch {
		case len(parts) > 0:
			s.write(ctx, parts)
		case closed:
			return
		default:
			<-s.wake
		}
	}
}

// next takes what waits, as far as it fits one transaction.
func (s *shard) next() (parts []*part, closed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	limit := s.exporter.cfg.Batch
	records, size, n := 0, int64(0), 0
	for _, p := range s.waiting {
		more := len(p.events) + len(p.quarantined)
		if n > 0 && (records+more > limit.MaxRecords || size+p.size > limit.MaxBytes) {
			break
		}
		records += more
		size += p.size
		n++
	}
	parts = s.waiting[:n:n]
	s.waiting = s.waiting[n:]
	if len(s.waiting) == 0 {
		s.waiting = nil
	}
	s.writing, s.inFlight = parts, time.Time{}
	if n > 0 {
		s.inFlight = parts[0].queued
	}
	return parts, s.closed
}

func (s *shard) oldest() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inFlight.IsZero() && len(s.waiting) > 0 {
		return s.waiting[0].queued
	}
	return s.inFlight
}

// unanswered is how many records of the shard wait or are being written.
func (s *shard) unanswered() (records int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, parts := range [][]*part{s.waiting, s.writing} {
		for _, p := range parts {
			select {
			case <-p.done:
			default:
				records += int64(len(p.events) + len(p.quarantined))
			}
		}
	}
	return records
}

const (
	// transactionTime bounds one attempt, which ends the statements before.
	transactionTime = 45 * time.Second
	firstPause      = 20 * time.Millisecond
	longestPause    = time.Second
)

// write tries a batch until every part is answered: its callers leave when
// their time is over, so it ends with them.
func (s *shard) write(ctx context.Context, parts []*part) {
	s.exporter.health.trying(s.source, true)
	defer s.exporter.health.trying(s.source, false)
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		parts = s.dropAbandoned(parts)
		if len(parts) == 0 {
			return
		}
		err := s.attempt(ctx, parts)
		switch {
		case err == nil:
			s.exporter.health.succeeded(s.source)
		case ctx.Err() == nil:
			s.exporter.health.failed(s.source, err)
		}
		parts = s.answerDecided(parts)
		if len(parts) == 0 {
			return
		}
		select {
		case <-ctx.Done():
			for _, p := range parts {
				s.answer(p, errStopping)
			}
			return
		case <-time.After(pause):
		}
	}
}

// leave takes note of a caller who gave up. What waited longest and has no caller
// any more leaves memory at once, whatever the transaction under way does; the
// rest follows when what stands before it is answered.
func (s *shard) leave() {
	s.callers.Add(-1)
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.waiting) > 0 && s.waiting[0].abandoned() {
		s.answer(s.waiting[0], errUnavailable)
		s.waiting[0] = nil
		s.waiting = s.waiting[1:]
	}
}

// attempt writes what is undecided in one transaction, and the quarantine in
// another.
func (s *shard) attempt(ctx context.Context, parts []*part) error {
	ctx, cancel := context.WithTimeout(ctx, transactionTime)
	defer cancel()
	var (
		events      []*store.Event
		outcomes    []store.Outcome
		places      []*store.Outcome
		quarantined []store.Quarantined
	)
	for _, p := range parts {
		for i := range p.events {
			if p.outcomes[i].Status == store.Pending {
				events = append(events, &p.events[i])
				places = append(places, &p.outcomes[i])
			}
		}
		quarantined = append(quarantined, p.quarantined...)
	}
	outcomes = make([]store.Outcome, len(events))
	err := s.writer.Write(ctx, events, outcomes)
	for i := range outcomes {
		*places[i] = outcomes[i]
	}
	if err != nil && store.Unreachable(err) {
		return err
	}
	if quarantineErr := s.writer.Quarantine(ctx, quarantined); quarantineErr != nil {
		return cmp.Or(err, quarantineErr)
	}
	for _, p := range parts {
		if len(p.quarantined) > 0 {
			s.answer(p, nil)
		}
	}
	return err
}

// answerDecided answers every part without pending events and returns the
// others.
func (s *shard) answerDecided(parts []*part) (rest []*part) {
	for _, p := range parts {
		if p.decided() {
			s.answer(p, nil)
			continue
		}
		rest = append(rest, p)
	}
	return rest
}

func (p *part) decided() bool {
	if len(p.quarantined) > 0 {
		select {
		case <-p.done:
			return true
		default:
			return false
		}
	}
	for i := range p.outcomes {
		if p.outcomes[i].Status == store.Pending {
			return false
		}
	}
	return true
}

// dropAbandoned takes out the parts whose callers left.
func (s *shard) dropAbandoned(parts []*part) (rest []*part) {
	for _, p := range parts {
		if p.abandoned() {
			s.answer(p, errUnavailable)
			continue
		}
		rest = append(rest, p)
	}
	return rest
}

// answer ends a part, once, and counts what became of it.
func (s *shard) answer(p *part, err error) {
	select {
	case <-p.done:
		return
	default:
	}
	left := !p.state.CompareAndSwap(partWaiting, partAnswered)
	if !left {
		s.callers.Add(-1)
	}
	s.exporter.counts.part(p, err, left)
	s.exporter.waiting.Add(-p.size)
	p.err = err
	close(p.done)
}
