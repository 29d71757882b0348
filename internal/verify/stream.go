package verify

import (
	"bytes"
	"context"
	"errors"
	"sync"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
)

// pool runs what takes CPU, on as many goroutines as there are workers. Tasks
// wait for nothing.
type pool struct {
	tasks chan func()
	wg    sync.WaitGroup
}

func newPool(workers int) *pool {
	p := &pool{tasks: make(chan func())}
	for range workers {
		p.wg.Go(func() {
			for task := range p.tasks {
				task()
			}
		})
	}
	return p
}

func (p *pool) close() {
	close(p.tasks)
	p.wg.Wait()
}

// page is one page of a stream: read by the stream's goroutine, worked on in
// the pool, consumed in order.
type page[T any] struct {
	content T
	err     error
	done    chan struct{} // closed when content has been worked on
}

// stream reads pages ahead of its consumer. The transaction of a page is over
// before anybody waits for another.
type stream[T any] struct {
	pages  chan *page[T]
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

// pagesAhead is how many pages wait for the consumer; two more are being worked
// on. A page of events has at most 4 MiB.
const pagesAhead = 2

// newStream starts a stream. read returns a page and whether there is another;
// work is run on it in the pool.
func newStream[T any](ctx context.Context, p *pool, read func(context.Context) (content T, more bool, err error), work func(T)) *stream[T] {
	ctx, cancel := context.WithCancel(ctx) //nolint:gosec // close calls it
	s := &stream[T]{pages: make(chan *page[T], pagesAhead), cancel: cancel}
	s.wg.Go(func() {
		defer close(s.pages)
		for more := true; more; {
			next := &page[T]{done: make(chan struct{})}
			next.content, more, next.err = guardedRead(ctx, read)
			if next.err != nil {
				more = false
				close(next.done)
			} else {
				select {
				case p.tasks <- func() { defer close(next.done); defer guard(&next.err); work(next.content) }:
				case <-ctx.Done():
					return
				}
			}
			select {
			case s.pages <- next:
			case <-ctx.Done():
				<-next.done
				return
			}
		}
	})
	return s
}

func guardedRead[T any](ctx context.Context, read func(context.Context) (T, bool, error)) (content T, more bool, err error) {
	defer guard(&err)
	return read(ctx)
}

// next returns the next page, false behind the last one.
func (s *stream[T]) next() (content T, ok bool, err error) {
	next, ok := <-s.pages
	if !ok {
		return content, false, nil
	}
	<-next.done
	return next.content, next.err == nil, next.err
}

func (s *stream[T]) close() {
	s.cancel()
	for range s.pages {
		continue // drained, so that the goroutine ends
	}
	s.wg.Wait()
}

// commit is a row of audit_commits and what its note says.
type commit struct {
	store.CommitRow
	checkpoint merkle.Checkpoint // of a note that a trusted key signed for this place
	sealed     bool              // the checkpoint counts
	unsigned   bool              // root, frontier and note are absent
	forged     error             // why the note does not count, though there is one
	differs    string            // the columns that are not what the note says
}

// judgeCommit holds a row against its note.
func judgeCommit(trust *keys.Trust, stream string, epoch int32, row store.CommitRow) commit {
	c := commit{CommitRow: row}
	if row.Note == nil && row.Root == nil && row.Frontier == nil {
		c.unsigned = true
		return c
	}
	if row.Note == nil {
		c.forged = errors.New("it has no note")
		return c
	}
	checkpoint, err := trust.Checkpoint(row.Note)
	if err != nil {
		c.forged = err
		return c
	}
	origin, err := merkle.ParseOrigin(checkpoint.Origin)
	switch {
	case err != nil:
		c.forged = err
		return c
	case origin.Stream != stream || origin.Epoch != epoch:
		c.forged = errors.New("its note is that of another log, " + checkpoint.Origin)
		return c
	case checkpoint.RecordedAt.IsZero():
		c.forged = errors.New("its note says no time")
		return c
	}
	c.checkpoint, c.sealed = checkpoint, true
	for _, column := range []struct {
		name string
		same bool
	}{
		{"size", checkpoint.Size == row.Size},
		{"prev_size", checkpoint.PrevSize == row.PrevSize},
		{"recorded_at", checkpoint.RecordedAt.Equal(row.RecordedAt)},
		{"root", bytes.Equal(checkpoint.Root[:], row.Root)},
		{"frontier", c.frontierFolds()},
	} {
		if !column.same {
			c.differs += ", " + column.name
		}
	}
	if c.differs != "" {
		c.differs = c.differs[2:]
	}
	return c
}

// begin is the size of the log in front of the commit: as signed, or else as the
// row says.
func (c *commit) begin() int64 {
	if c.sealed && c.checkpoint.Size == c.Size {
		return c.checkpoint.PrevSize
	}
	return c.PrevSize
}

// frontierFolds reports whether the frontier is that of the signed tree.
func (c *commit) frontierFolds() bool {
	frontier, err := merkle.ParseFrontier(c.checkpoint.Size, c.Frontier)
	return err == nil && frontier.Root() == c.checkpoint.Root
}

const commitsPerPage = 512

// streamCommits reads the commits of a log. Each page begins with the size that
// the one in front ended with: where the primary key was dropped, another row of
// it may follow.
func (t *tenantCheck) streamCommits(ctx context.Context, name store.LogName, after, until int64) *stream[[]commit] {
	seen := 0 // rows of size after+1 that the page in front had
	read := func(ctx context.Context) ([]commit, bool, error) {
		if until <= after {
			return nil, false, nil
		}
		rows, err := t.readCommits(ctx, name, after, until)
		if err != nil {
			return nil, false, err
		}
		more, fresh := len(rows) == commitsPerPage, rows[min(seen, len(rows)):]
		if more {
			last, same := rows[len(rows)-1].Size, 1
			for same < len(rows) && rows[len(rows)-1-same].Size == last {
				same++
			}
			after, seen = last-1, same
			if same == len(rows) {
				after, seen = last, 0 // a whole page of one size: what else there is of it is like these
			}
		}
		commits := make([]commit, len(fresh))
		for i, row := range fresh {
			commits[i].CommitRow = row
		}
		return commits, more, nil
	}
	return newStream(ctx, t.pool, read, func(commits []commit) {
		for i := range commits {
			commits[i] = judgeCommit(t.trust, t.stream, name.Epoch, commits[i].CommitRow)
		}
	})
}

// row is what a row of audit_events came to.
type row struct {
	seq, recordedAt int64
	leaf            merkle.Hash
	sum             [2]uint64 // of its identities, see identitySums
	otherLeaf       bool      // leaf_hash says something else
	unreadable      error     // why the columns are no record
	odd             string    // how columns repeat it wrongly, see store.Hashes
	mac             macResult
}

// rows is a page of events.
type rows struct {
	page    *store.EventPage
	rows    []row
	intents []intent
}

var rowPages = sync.Pool{New: func() any { return &rows{page: &store.EventPage{}} }}

// streamEvents reads a log's events behind a key and below a seq.
func (t *tenantCheck) streamEvents(ctx context.Context, name store.LogName, after store.EventKey, until int64) *stream[*rows] {
	limit := int32(store.FirstLimit)
	read := func(ctx context.Context) (*rows, bool, error) {
		content, _ := rowPages.Get().(*rows)
		if err := t.readEvents(ctx, name, after, until, limit, content); err != nil {
			return nil, false, err
		}
		n := content.page.Len()
		if n > 0 {
			last := content.page.Row(n - 1)
			after = store.EventKey{Seq: last.Seq(), RecordedAt: last.RecordedAt()}
		}
		limit = content.page.NextLimit()
		return content, content.page.More, nil
	}
	return newStream(ctx, t.pool, read, func(content *rows) { t.hashRows(name, content) })
}

var hashers = sync.Pool{New: func() any { return &store.RowHasher{} }}

// hashRows fills rows from the page.
func (t *tenantCheck) hashRows(name store.LogName, content *rows) {
	hasher, _ := hashers.Get().(*store.RowHasher)
	defer hashers.Put(hasher)
	content.rows, content.intents = content.rows[:0], content.intents[:0]
	for i := range content.page.Len() {
		stored := content.page.Row(i)
		r := row{seq: stored.Seq(), recordedAt: stored.RecordedAt()}
		hashes, err := hasher.Hash(stored)
		if err != nil {
			r.unreadable = err
		} else {
			r.leaf, r.odd = hashes.Leaf, hashes.Odd
			r.mac = t.checkMAC(hashes.Leaf, stored)
			r.sum = t.sums.ofEvent(name.Epoch, &r, stored, &hashes)
		}
		r.otherLeaf = stored.StoredLeaf() != r.leaf
		if t.tenant == record.SystemTenant && stored.IsAction(pruneAction) && err == nil {
			found := readIntent(stored)
			found.row = i
			content.intents = append(content.intents, found)
		}
		content.rows = append(content.rows, r)
	}
}

type macResult uint8

const (
	macAbsent macResult = iota
	macValid
	macUnknownKey
	macWrong
)

func (t *tenantCheck) checkMAC(leaf merkle.Hash, stored store.EventRow) macResult {
	mac := stored.MAC()
	if mac == "" {
		return macAbsent
	}
	if t.macs == nil {
		return macUnknownKey
	}
	err := t.macs.Verify(leaf, mac)
	switch {
	case err == nil:
		return macValid
	case errors.Is(err, keys.ErrMACKeyID):
		return macUnknownKey
	default:
		return macWrong
	}
}
