package verify

import (
	"context"
	"fmt"
	"time"

	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
)

// eventReader hands the events of a log to its tree, one by one.
type eventReader struct {
	log    *logCheck
	stream *stream[*rows]
	page   *rows
	ahead  *rows // the page behind it, where one row had to be looked ahead
	index  int
	ended  bool

	// foreignOwn says, of the commit taken last, that the events in front of what
	// it covers, which no commit does, have its own time.
	foreignOwn bool
}

func newEventReader(l *logCheck, s *stream[*rows]) *eventReader {
	return &eventReader{log: l, stream: s, page: &rows{page: &store.EventPage{}}}
}

// load makes the row at the index the current one, and false at the end.
func (e *eventReader) load() (bool, error) {
	for e.index >= len(e.page.rows) {
		if e.ahead == nil {
			if err := e.fetch(); err != nil || e.ahead == nil {
				return false, err
			}
		}
		e.log.run.tell(int64(len(e.page.rows)))
		rowPages.Put(e.page)
		e.page, e.ahead, e.index = e.ahead, nil, 0
	}
	return true, nil
}

func (e *eventReader) fetch() error {
	if e.ended {
		return nil
	}
	page, ok, err := e.stream.next()
	if err != nil {
		return err
	}
	e.ended = !ok
	if ok {
		e.ahead = page
	}
	return nil
}

// betterFollows reports whether a later row of the same seq has the time of the
// commit, and this one has not.
func (e *eventReader) betterFollows(r *row, at int64) (bool, error) {
	if r.recordedAt == at {
		return false, nil
	}
	for i := e.index + 1; i < len(e.page.rows); i++ {
		switch other := &e.page.rows[i]; {
		case other.seq != r.seq:
			return false, nil
		case other.recordedAt == at:
			return true, nil
		}
	}
	if e.ahead == nil {
		if err := e.fetch(); err != nil {
			return false, err
		}
	}
	if e.ahead != nil {
		for i := range e.ahead.rows {
			if other := &e.ahead.rows[i]; other.seq != r.seq || other.recordedAt == at {
				return other.seq == r.seq, nil
			}
		}
	}
	return false, nil
}

// take takes the events of a commit, or those up to the head where there is
// none. expected is where the commit before it ended, at its time in
// microseconds since 1970.
func (e *eventReader) take(ctx context.Context, c *commit, expected, at int64) error {
	l := e.log
	until, own := l.head, l.head
	if c != nil {
		until, own = c.Size, max(c.begin(), expected)
	}
	foreign, foreignOwn := 0, 0
	for {
		ok, err := e.load()
		if err != nil {
			return err
		}
		if !ok || e.page.rows[e.index].seq >= until {
			break
		}
		r := &e.page.rows[e.index]
		if r.seq < l.next {
			e.inserted(r)
			e.index++
			continue
		}
		better, err := e.betterFollows(r, at)
		if err != nil {
			return err
		}
		if better && c != nil && r.seq >= own {
			e.inserted(r)
			e.index++
			continue
		}
		if r.seq > l.next {
			if err := l.gap(ctx, r.seq); err != nil {
				return err
			}
		}
		if c != nil && r.recordedAt != at && r.seq >= own {
			l.find(Finding{Kind: EventMoved, Seq: r.seq, Until: r.seq + 1, EventID: e.id(), Detail: fmt.Sprintf(
				"recorded_at is %s, its commit was recorded at %s", microsText(r.recordedAt), microsText(at))})
		}
		if c != nil && r.seq < own {
			foreign++
			if r.recordedAt == at {
				foreignOwn++
			}
		}
		e.place(r)
		e.index++
	}
	e.foreignOwn = foreign > 0 && foreign == foreignOwn
	return nil
}

func (e *eventReader) id() string { return e.page.page.Row(e.index).EventID() }

// inserted is a row whose place is taken.
func (e *eventReader) inserted(r *row) {
	detail := fmt.Sprintf("a second event with seq %d", r.seq)
	switch {
	case r.seq < 0:
		detail = fmt.Sprintf("its seq is %d", r.seq)
	case r.seq < e.log.from:
		detail = fmt.Sprintf("it stands where events were removed by retention, before %d", e.log.from)
	}
	e.log.find(Finding{Kind: EventInserted, Seq: r.seq, Until: r.seq + 1, EventID: e.id(), Detail: detail})
	e.log.strays = append(e.log.strays, e.id())
}

// doubt is what is odd about an event whose content is not yet proven.
type doubt struct {
	seq       int64
	eventID   string
	otherLeaf bool
	odd       string
	macWrong  bool
	proven    bool // its leaf is, wherever the tree stands
}

// place takes the event into the tree.
func (e *eventReader) place(r *row) {
	l := e.log
	leaf := r.leaf
	if r.unreadable != nil {
		l.find(Finding{Kind: EventChanged, Seq: r.seq, Until: r.seq + 1, EventID: e.id(), Detail: "its columns are no record: " + r.unreadable.Error()})
		leaf = e.page.page.Row(e.index).StoredLeaf() // if it is the signed one, the others are proven
	} else if r.otherLeaf || r.odd != "" || r.mac == macWrong {
		if len(l.doubts) < MaxFindings {
			l.doubts = append(l.doubts, doubt{seq: r.seq, eventID: e.id(), otherLeaf: r.otherLeaf, odd: r.odd, macWrong: r.mac == macWrong})
		} else {
			l.report.More++
		}
	}
	for _, i := range e.page.intents {
		if i.row == e.index {
			i.InEpoch = l.name.Epoch
			l.ownIntents = append(l.ownIntents, i)
		}
	}
	if l.run.RequireMACs && l.tenant != record.SystemTenant && r.mac != macValid && r.mac != macWrong {
		l.withoutMAC = addRange(l.withoutMAC, r.seq, r.seq+1)
	}
	counts := &l.report.Coverage.MACs
	switch r.mac {
	case macAbsent:
		counts.Absent++
	case macValid:
		counts.Valid++
	case macUnknownKey:
		counts.UnknownKey++
	case macWrong:
		counts.Invalid++
	}
	l.sums.addEvent(l.name.Epoch, r)
	l.log.Events++
	if l.firstAt == 0 || r.recordedAt < l.firstAt {
		l.firstAt = r.recordedAt
	}
	l.lastAt = max(l.lastAt, r.recordedAt)
	l.append(leaf)
}

// reportDoubts reports the doubts about events whose leaves are proven, and about
// those that no signature covers. Those in a failed range are located with it.
func (l *logCheck) reportDoubts() {
	for _, d := range l.doubts {
		if !l.inFailedRange(d.seq) {
			l.reportDoubt(d)
		}
	}
	l.doubts = l.doubts[:0]
}

func (l *logCheck) reportDoubt(d doubt) {
	f := Finding{Kind: ColumnEdited, Seq: d.seq, Until: d.seq + 1, EventID: d.eventID}
	switch {
	case !d.otherLeaf:
	case d.proven || d.seq < l.trusted.size:
		f.Detail = "leaf_hash is not the hash of the event, which itself is as it was signed"
		l.find(f)
	default:
		f.Kind, f.Detail = EventChanged, "its columns do not have the hash in leaf_hash: one of them was edited, and no signature covers the event"
		l.find(f)
	}
	if d.odd != "" {
		f.Kind, f.Detail = ColumnEdited, d.odd
		l.find(f)
	}
	if d.macWrong {
		f.Kind, f.Detail = MACInvalid, "the origin MAC does not fit the event"
		l.find(f)
	}
}

// reportWithoutMAC reports events without a MAC that could be verified, where
// each must have one.
func (l *logCheck) reportWithoutMAC() {
	for _, r := range l.withoutMAC {
		l.find(Finding{Kind: MACMissing, Seq: r[0], Until: r[1], Detail: counted(r[1]-r[0], "event") + " without an origin MAC of a known key, and every event must have one"})
	}
}

func microsText(micros int64) string { return timeText(time.UnixMicro(micros)) }

// readUncovered looks for events that no commit covers.
func (l *logCheck) readUncovered(ctx context.Context) error {
	page := &store.EventPage{}
	after, limit := store.BeforeSeq(0), int32(store.FirstLimit)
	for {
		var err error
		if page, err = l.readBeyond(ctx, after, limit, page); err != nil {
			return err
		}
		if page.Len() == 0 {
			return nil
		}
		content := &rows{page: page}
		l.hashRows(l.name, content)
		for i := range content.rows {
			r := &content.rows[i]
			l.uncovered = append(l.uncovered, uncovered{seq: r.seq, leaf: r.leaf, id: page.Row(i).EventID()})
			if len(l.uncovered) > maxUncovered {
				l.tooMany = true
				return nil
			}
		}
		last := page.Row(page.Len() - 1)
		after = store.EventKey{Seq: last.Seq(), RecordedAt: last.RecordedAt()}
		limit = page.NextLimit()
		if !page.More {
			return nil
		}
	}
}

// uncovered is an event behind the newest commit.
type uncovered struct {
	seq  int64
	leaf merkle.Hash
	id   string
}

// maxUncovered bounds what is kept of them.
const maxUncovered = 1 << 18

// commitsMissing tries whether events behind the newest commit are those that
// anchors know: then only the commits were removed. It reports the rest as
// inserted. largest is the largest anchor ahead of the commits, if any.
func (l *logCheck) commitsMissing() (proven int64) {
	proven = l.head
	if l.trusted.size == l.head {
		frontier, err := merkle.ParseFrontier(l.trusted.size, l.trusted.frontier)
		if err != nil {
			return proven
		}
		next := 0
		for _, anchor := range l.anchors {
			if anchor.Size <= l.head {
				continue
			}
			for next < len(l.uncovered) && l.uncovered[next].seq == frontier.Size() && frontier.Size() < anchor.Size {
				frontier.Append(l.uncovered[next].leaf)
				next++
			}
			if frontier.Size() == anchor.Size && frontier.Root() == anchor.Root {
				proven = anchor.Size
				l.setOrigin(anchor.Origin)
				l.report.Coverage.Anchors++
				l.log.Anchored = anchor.Size
			}
		}
	}
	if proven > l.head {
		l.find(Finding{Kind: CommitMissing, Seq: l.head, Until: proven, Detail: fmt.Sprintf(
			"an anchor proves events %d to %d, and their commits are not there", l.head, proven-1)})
	}
	l.reportUncovered(proven)
	return proven
}

// reportUncovered reports the events behind what is proven, in runs.
func (l *logCheck) reportUncovered(proven int64) {
	const single = 1000
	reported := 0
	for i := 0; i < len(l.uncovered); i++ {
		u := l.uncovered[i]
		if u.seq >= l.head && u.seq < proven {
			continue
		}
		reported++
		if reported <= single {
			l.find(Finding{Kind: EventInserted, Seq: u.seq, Until: u.seq + 1, EventID: u.id, Detail: "no commit covers it: it was never committed, or its commit was removed"})
			continue
		}
		last := l.uncovered[len(l.uncovered)-1].seq
		detail := "no commit covers these: they were never committed, or their commits were removed"
		if l.tooMany {
			detail += "; there are more behind them"
		}
		l.find(Finding{Kind: EventInserted, Seq: u.seq, Until: last + 1, Detail: detail})
		return
	}
}
