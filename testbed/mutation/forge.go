package mutation

import (
	"cmp"
	"slices"
	"time"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
)

func compare[T cmp.Ordered](a, b T) int { return cmp.Compare(a, b) }

// start is where the leaves of a log begin: after what retention removed.
func (im *image) start(log logID) (size int64, frontier string) {
	for _, p := range im.prunes {
		if p.tenant == log.tenant && p.epoch == log.epoch && p.size > size {
			size, frontier = p.size, p.frontier
		}
	}
	return size, frontier
}

// leaves are a log's leaves by seq: those of its events as leaf tells, and those
// that outlived their events.
func (im *image) leaves(log logID, leaf func(*eventRow) string) map[int64]string {
	leaves := map[int64]string{}
	for _, l := range im.survived {
		if l.tenant == log.tenant && l.epoch == log.epoch {
			leaves[l.seq] = l.leaf
		}
	}
	for i := range im.events {
		if e := &im.events[i]; e.tenant == log.tenant && e.epoch == log.epoch {
			leaves[e.seq] = leaf(e)
		}
	}
	return leaves
}

// fitUnkeyed makes everything of a log fit that takes no key: leaves,
// identities, roots and frontiers. storedLeaves keeps the leaf_hash columns as
// they are.
func (im *image) fitUnkeyed(log logID, storedLeaves bool) {
	for i := range im.events {
		if e := &im.events[i]; !storedLeaves && e.tenant == log.tenant && e.epoch == log.epoch {
			e.leaf = e.leafNow()
		}
	}
	im.fitIdentities(log)
	im.fitRoots(log)
}

func (im *image) fitIdentities(log logID) {
	start, _ := im.start(log)
	taken := map[[3]string]bool{}
	kept := im.ids[:0:0]
	survived := im.leaves(log, func(*eventRow) string { return "" })
	for i := range im.events {
		if e := &im.events[i]; e.tenant == log.tenant && e.epoch == log.epoch {
			delete(survived, e.seq)
		}
	}
	for _, id := range im.ids {
		_, outlived := survived[id.seq]
		if id.tenant != log.tenant || id.epoch != log.epoch || id.seq < start || outlived {
			kept = append(kept, id)
			taken[[3]string{id.tenant, id.kind, id.id}] = true
		}
	}
	for i := range im.events {
		if e := &im.events[i]; e.tenant == log.tenant && e.epoch == log.epoch {
			for _, id := range e.identities() {
				if !taken[[3]string{id.tenant, id.kind, id.id}] {
					taken[[3]string{id.tenant, id.kind, id.id}] = true
					kept = append(kept, id)
				}
			}
		}
	}
	im.ids = kept
}

// identities are the rows that the writer would make for an event.
func (e *eventRow) identities() []idRow {
	rec := e.record()
	fingerprint := rec.Fingerprint()
	rows := []idRow{{e.tenant, "e", rec.EventID, string(fingerprint[:]), e.epoch, e.seq, e.at}}
	if rec.BindsKey() {
		rows = append(rows, idRow{e.tenant, "k", rec.IdempotencyKey, string(fingerprint[:]), e.epoch, e.seq, e.at})
	}
	return rows
}

// fitRoots recomputes roots and frontiers from the leaf_hash columns, as far as
// there are leaves.
func (im *image) fitRoots(log logID) {
	leaves := im.leaves(log, func(e *eventRow) string { return e.leaf })
	size, bytes := im.start(log)
	frontier, err := merkle.ParseFrontier(size, []byte(bytes))
	if err != nil {
		return // a prune that was forged badly
	}
	for _, c := range im.commitsOf(log) {
		if c.size <= size {
			continue
		}
		for frontier.Size() < c.size {
			leaf, there := leaves[frontier.Size()]
			if !there {
				return
			}
			frontier.Append(merkle.Hash([]byte(leaf)))
		}
		root := frontier.Root()
		c.root, c.frontier = string(root[:]), string(frontier.Bytes())
	}
}

// commitsOf are the commits of a log in order, to be changed in place.
func (im *image) commitsOf(log logID) []*commitRow {
	var commits []*commitRow
	for i := range im.commits {
		if c := &im.commits[i]; c.tenant == log.tenant && c.epoch == log.epoch {
			commits = append(commits, c)
		}
	}
	slices.SortFunc(commits, func(a, b *commitRow) int { return compare(a.size, b.size) })
	return commits
}

// eventsOf are the events of a log in order, to be changed in place.
func (im *image) eventsOf(log logID) []*eventRow {
	var events []*eventRow
	for i := range im.events {
		if e := &im.events[i]; e.tenant == log.tenant && e.epoch == log.epoch {
			events = append(events, e)
		}
	}
	slices.SortFunc(events, func(a, b *eventRow) int { return compare(a.seq, b.seq) })
	return events
}

// sign makes a commit's note fit its columns.
func (c *commitRow) sign(ring *keys.Ring) {
	checkpoint := merkle.Checkpoint{
		Origin: merkle.TenantOrigin(ring.LogName(), c.tenant, c.epoch), Size: c.size, Root: merkle.Hash([]byte(c.root)), RecordedAt: c.at, PrevSize: c.prevSize,
	}
	c.note = signed(ring, checkpoint.Text())
}

func signed(ring *keys.Ring, text string) string {
	note, err := ring.Sign(text)
	if err != nil {
		panic("mutation: " + err.Error())
	}
	return string(note)
}

// closeGaps numbers a log's events anew, from where it starts, and cuts its
// commits to the events that are left; what no event is left of goes.
func (im *image) closeGaps(log logID) {
	start, _ := im.start(log)
	moved := map[int64]int64{} // old seq -> new seq
	next := start
	for _, e := range im.eventsOf(log) {
		moved[e.seq] = next
		e.seq = next
		next++
	}
	covered := func(size int64) int64 { // events left before an old size
		n := start
		for old := range moved {
			if old < size {
				n++
			}
		}
		return n
	}
	kept := im.commits[:0:0]
	for _, c := range im.commits {
		if (logID{c.tenant, c.epoch}) == log && c.size > start {
			c.prevSize, c.size = max(start, covered(c.prevSize)), covered(c.size)
			if c.prevSize >= c.size {
				continue
			}
		}
		kept = append(kept, c)
	}
	im.commits = kept
}

// remove takes the events out that are chosen, and nothing else.
func (im *image) remove(chosen func(*eventRow) bool) {
	im.events = slices.DeleteFunc(im.events, func(e eventRow) bool { return chosen(&e) })
}

// cut takes a log back to a size, consistently: what came after it is gone.
func (im *image) cut(log logID, size int64) {
	in := func(tenant string, epoch int32, seq int64) bool {
		return tenant == log.tenant && epoch == log.epoch && seq >= size
	}
	im.remove(func(e *eventRow) bool { return in(e.tenant, e.epoch, e.seq) })
	im.ids = slices.DeleteFunc(im.ids, func(i idRow) bool { return in(i.tenant, i.epoch, i.seq) })
	im.commits = slices.DeleteFunc(im.commits, func(c commitRow) bool { return in(c.tenant, c.epoch, c.size-1) })
	im.survived = slices.DeleteFunc(im.survived, func(l leafRow) bool { return in(l.tenant, l.epoch, l.seq) })
}

// drop takes a whole tenant out.
func (im *image) drop(tenant string) {
	im.remove(func(e *eventRow) bool { return e.tenant == tenant })
	im.ids = slices.DeleteFunc(im.ids, func(r idRow) bool { return r.tenant == tenant })
	im.commits = slices.DeleteFunc(im.commits, func(r commitRow) bool { return r.tenant == tenant })
	im.epochs = slices.DeleteFunc(im.epochs, func(r epochRow) bool { return r.tenant == tenant })
	im.prunes = slices.DeleteFunc(im.prunes, func(r pruneRow) bool { return r.tenant == tenant })
	im.survived = slices.DeleteFunc(im.survived, func(r leafRow) bool { return r.tenant == tenant })
}

// grow appends a commit with these events to a log, as the writer would have
// done but without a signature.
func (im *image) grow(log logID, at time.Time, canonical ...string) {
	size, _ := im.start(log)
	for _, c := range im.commitsOf(log) {
		size = max(size, c.size)
	}
	prev := size
	for _, text := range canonical {
		e := eventRow{tenant: log.tenant, epoch: log.epoch, seq: size, at: at, canonical: text}
		e.leaf = e.leafNow()
		im.events = append(im.events, e)
		im.ids = append(im.ids, e.identities()...)
		size++
	}
	im.commits = append(im.commits, commitRow{tenant: log.tenant, epoch: log.epoch, prevSize: prev, size: size, at: at})
	im.fitRoots(log)
}
