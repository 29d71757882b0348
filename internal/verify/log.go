package verify

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/store"
)

// logCheck verifies one epoch of a tenant, in the order of its tree.
type logCheck struct {
	*tenantCheck
	name   store.LogName
	head   int64 // size of the newest commit when the check began
	from   int64 // events before it are not read: pruned, or verified by an earlier run
	origin string

	// The tree of the leaves as they were recomputed, from the last place where a
	// signature vouched for it. Broken, it waits for a signed frontier.
	frontier merkle.Frontier
	broken   bool
	next     int64 // seq that the next event must have
	// trusted is the last place where the tree was the signed one.
	trusted point

	// signedBy says what shows that this log was signed, "" where nothing does:
	// then it was written with integrity off, or looks like it.
	signedBy   string
	unsigned   int64      // events under commits that nobody signed, from the start
	stripped   [][2]int64 // events of commits without a signature
	rowsEnd    int64      // size of the row that was read last
	last       commit
	claimed    int64                 // where commits that do not stand say that the log goes on
	closing    merkle.EpochStatement // of the epoch after this one
	closed     bool
	anchors    []merkle.Checkpoint // larger than from, by size
	nextAnchor int
	reached    []reachedAnchor // behind trusted, waiting for a signature
	matched    point           // the largest anchor behind trusted that has the root of the tree
	forked     bool            // an anchor knows another tree
	differing  []int64         // sizes of anchors that do, and that the statement acknowledges
	continued  bool            // the commit that an earlier run ended with is there
	fallen     []int64         // since the last signed row that stands, sizes of rows that an anchor has, too

	leaves  []store.PrunedLeaf // of events removed one by one, not yet passed
	more    bool               // there are more of them
	removed [][2]int64         // ranges of them that the tree used
	pruned  []store.PruneRow   // whose note counts
	// unsignedPrune is the largest row of audit_prunes without a note, in a log
	// that nothing shows to have been signed.
	unsignedPrune store.PruneRow

	failed     []failedRange // by their end; no two overlap but where they begin at one place
	uncounted  [2]int64      // events of failed ranges beyond those that are kept
	doubtful   [][2]int64    // failed and missing, joined, once the tree is done
	missing    [][2]int64
	doubts     []doubt    // about events behind trusted
	ownIntents []intent   // announcements of removals, in _system only
	withoutMAC [][2]int64 // events that should have a valid MAC and have none
	strays     []string   // ids of events that were inserted
	uncovered  []uncovered
	tooMany    bool                       // uncovered events, more than are kept
	places     map[int64][]store.Identity // what identities say of doubtful seqs
	explained  [][2]int64                 // events whose identities may differ, see explains
	twice      map[int64]struct{}         // events with an identity that another has
	readings   int64                      // hashes that locating may still take
	firstAt    int64
	lastAt     int64
	log        Log
}

// point is a size of the tree, its frontier and its root.
type point struct {
	size       int64
	frontier   []byte
	root       merkle.Hash
	recordedAt time.Time
	prevSize   int64 // size before the commit that ends here
	note       []byte
}

// reachedAnchor is an anchor and the root that the tree had at its size.
type reachedAnchor struct {
	merkle.Checkpoint
	computed merkle.Hash
}

// failedRange is a run of events whose leaves do not lead to the signed root.
type failedRange struct {
	from, to int64
	before   []byte // frontier at from, authentic
	root     merkle.Hash
	after    []byte // frontier at to, authentic where not nil
}

func newLogCheck(t *tenantCheck, epoch int32) *logCheck {
	return &logCheck{tenantCheck: t, name: store.LogName{Tenant: t.tenant, Epoch: epoch}, log: Log{Tenant: t.tenant, Epoch: epoch}, places: make(map[int64][]store.Identity)}
}

func (l *logCheck) find(f Finding) {
	f.Epoch, f.Origin = l.name.Epoch, l.origin
	l.tenantCheck.find(f)
}

func (l *logCheck) check(ctx context.Context) error {
	if err := l.readHead(ctx); err != nil {
		return err
	}
	l.closing, l.closed = l.tenantCheck.closing(l.name.Epoch)
	l.anchors = l.run.anchors.of(l.stream, l.name.Epoch)
	l.checkOpening()
	l.wasSigned()
	if err := l.begin(ctx); err != nil {
		return err
	}
	if err := l.tree(ctx); err != nil {
		return err
	}
	if err := l.readUncovered(ctx); err != nil {
		return err
	}
	l.checkEnd()
	return nil
}

// checkOpening demands a statement for every epoch but the first.
func (l *logCheck) checkOpening() {
	if l.name.Epoch == 0 {
		return
	}
	for _, row := range l.epochRows {
		if row.Epoch == l.name.Epoch {
			return // judged already
		}
	}
	if l.head > 0 || l.name.Epoch < 0 {
		l.find(Finding{Kind: EpochForged, Seq: -1, Until: -1, Detail: fmt.Sprintf("no statement opens epoch %d", l.name.Epoch)})
	}
}

// wasSigned looks for what shows from outside that this log was signed: then
// commits without a signature were stripped of it.
func (l *logCheck) wasSigned() {
	if _, ok := l.statements[l.name.Epoch]; ok {
		l.signedBy = "the statement that opens the epoch"
	}
	for _, anchor := range l.anchors {
		acknowledged := l.closed && anchor.Size > l.closing.PreviousSize && anchor.Size <= l.closing.LostSize
		if anchor.Size > 0 && !acknowledged {
			l.signedBy = "an anchor"
			return
		}
	}
}

// begin decides where reading begins: behind what was pruned, or behind what an
// earlier run verified.
func (l *logCheck) begin(ctx context.Context) error {
	for _, p := range l.prunes {
		if p.Epoch != l.name.Epoch {
			continue
		}
		if unsigned, err := l.unsignedRow(ctx, &p); err != nil {
			return err
		} else if unsigned {
			continue
		}
		if l.coveredRow(&p) {
			l.beginCovered(&p)
			continue
		}
		frontier, checkpoint, err := l.judgePrune(p)
		if err != nil {
			l.find(Finding{Kind: PruneUnproven, Seq: 0, Until: p.Size, Detail: fmt.Sprintf("the row of audit_prunes for events before %d does not count: %v", p.Size, err)})
			continue
		}
		l.pruned = append(l.pruned, p)
		l.signedBy = cmp.Or(l.signedBy, "the checkpoint of a prune")
		if p.Size > l.from {
			l.from, l.frontier = p.Size, frontier
			l.continueFrom(checkpoint, p.Note)
		}
	}
	l.log.From = l.from
	saved, ok := l.run.State.of(l.stream, l.name.Epoch)
	if ok = ok && !l.run.Full && saved.checkpoint.Size > l.from && saved.checkpoint.Size <= l.head; ok {
		lost, err := l.lost(ctx, saved.checkpoint)
		if err != nil {
			return err
		}
		ok = !lost
	}
	if ok {
		l.report.Coverage.Skipped += saved.checkpoint.Size - l.from
		l.report.continued++
		l.from, l.frontier = saved.checkpoint.Size, saved.frontier.Clone()
		l.ownIntents = append(l.ownIntents, saved.intents...)
		l.continueFrom(saved.checkpoint, saved.note)
		l.signedBy = cmp.Or(l.signedBy, "an earlier run")
		l.log.From = l.from
	}
	l.beginUnsigned()
	l.next = l.from
	leaves, err := l.firstLeaves(ctx, l.from-1)
	l.leaves, l.more = leaves, len(leaves) == prunedLeavesPerPage
	return err
}

const prunedLeavesPerPage = 1024

// acknowledges reports whether the statement that closed the epoch says that what
// was signed of this size is not, or not all, what the store holds. It names the
// largest tree that is lost, and smaller ones of the same history are lost with
// it. What the store holds in their place is under its own signatures.
func (l *logCheck) acknowledges(size int64) bool {
	return l.closed && size <= l.closing.LostSize
}

// lost reports whether a tree of an earlier run is one of those that were lost,
// so that there is nothing to go on from.
func (l *logCheck) lost(ctx context.Context, tree merkle.Checkpoint) (bool, error) {
	if !l.acknowledges(tree.Size) {
		return false, nil
	}
	rows, err := l.scanner.Commits(ctx, l.name, tree.Size-1, tree.Size, 1)
	if err != nil || len(rows) == 0 {
		return true, err
	}
	c := judgeCommit(l.trust, l.stream, l.name.Epoch, rows[0])
	return !c.sealed || c.checkpoint.Root != tree.Root, nil
}

// continueFrom makes a checkpoint the place from which the tree goes on.
func (l *logCheck) continueFrom(checkpoint merkle.Checkpoint, note []byte) {
	l.trusted = point{size: checkpoint.Size, frontier: l.frontier.Bytes(), root: checkpoint.Root, recordedAt: checkpoint.RecordedAt, prevSize: checkpoint.PrevSize, note: note}
	l.setOrigin(checkpoint.Origin)
}

func (l *logCheck) setOrigin(origin string) {
	if l.origin == "" {
		l.origin = origin
	}
}

// tree walks over the commits and their events.
func (l *logCheck) tree(ctx context.Context) error {
	if l.trusted.frontier == nil && l.trusted.size == 0 {
		l.trusted.root = merkle.EmptyRoot()
	}
	l.nextAnchor = firstOf(l.anchors, l.from)
	after := int64(math.MinInt64)
	if l.from > l.prunedSize() {
		after = l.from - 1 // the commit that the earlier run ended with is looked at again
		l.rowsEnd = after
		if err := l.compareSkipped(ctx); err != nil {
			return err
		}
	}
	commits := l.streamCommits(ctx, l.name, after, l.head)
	defer commits.close()
	events := newEventReader(l, l.streamEvents(ctx, l.name, store.BeforeSeq(l.eventsFrom()), l.head))
	defer events.stream.close()
	l.reachAnchors()
	for {
		page, ok, err := commits.next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		for _, c := range page {
			l.log.Commits++
			l.continued = l.continued || c.Size == l.from
			if !l.judgeRow(&c) {
				continue
			}
			if !c.sealed || !l.countsAsBase(&c) {
				l.fall(c.Size)
			}
			if !l.countsAsBase(&c) {
				if c.begin() == l.claimed {
					l.claimed = c.Size
				}
				continue
			}
			if err := l.commit(ctx, &c, events); err != nil {
				return err
			}
			if c.sealed {
				l.fallen = l.fallen[:0]
			}
		}
	}
	if l.from > l.prunedSize() && !l.continued {
		l.find(Finding{Kind: CommitMissing, Seq: l.from - 1, Until: l.from, Detail: fmt.Sprintf(
			"the commit of %d events, with which an earlier run ended, is not there", l.from)})
	}
	return l.behindCommits(ctx, events)
}

// fall remembers a row that does not count, where an anchor may ask for it.
func (l *logCheck) fall(size int64) {
	if i := firstOf(l.anchors, size); i < len(l.anchors) && l.anchors[i].Size == size {
		l.fallen = append(l.fallen, size)
	}
}

// maxSkippedAnchors is how many anchors of what an earlier run verified are held
// against their commits, the newest ones: each is a query.
const maxSkippedAnchors = 64

// compareSkipped holds anchors of what an earlier run verified, and of which this
// one reads no commit, against the commits of their size.
func (l *logCheck) compareSkipped(ctx context.Context) error {
	skipped := l.anchors[firstOf(l.anchors, l.prunedSize()):firstOf(l.anchors, l.from)]
	if n := len(skipped) - maxSkippedAnchors; n > 0 {
		l.report.unusedAnchors += int64(n)
		skipped = skipped[n:]
	}
	for i := range skipped {
		anchor := &skipped[i]
		if anchor.Size == 0 {
			continue
		}
		rows, err := l.scanner.Commits(ctx, l.name, anchor.Size-1, anchor.Size, 1)
		if err != nil {
			return err
		}
		switch {
		case len(rows) == 0 && anchor.Size <= l.prunedSize():
			l.report.unusedAnchors++ // its commit may have left with its events
		case len(rows) == 0 && l.acknowledges(anchor.Size):
			l.differing = append(l.differing, anchor.Size)
		case len(rows) == 0:
			l.find(Finding{Kind: CommitMissing, Seq: anchor.Size - 1, Until: anchor.Size, Detail: fmt.Sprintf(
				"the commit of %d events, of which there is an anchor, is not there", anchor.Size)})
		default:
			c := judgeCommit(l.trust, l.stream, l.name.Epoch, rows[0])
			if !c.sealed {
				l.find(Finding{Kind: CommitForged, Seq: max(c.begin(), 0), Until: c.Size, Detail: fmt.Sprintf(
					"commit %d, of which there is an anchor, has no signature that counts", c.Size)})
				continue
			}
			l.holdAnchor(*anchor, c.checkpoint.Root, c.checkpoint.RecordedAt, c.checkpoint.PrevSize)
		}
	}
	return nil
}

// eventsFrom is where the events are read from: in an incremental run behind
// those verified, else from the very first, so that none stands where events
// were removed.
func (l *logCheck) eventsFrom() int64 {
	if l.from > l.prunedSize() {
		return l.from
	}
	return 0
}

func (l *logCheck) prunedSize() (size int64) {
	size = l.unsignedPrune.Size
	for _, p := range l.pruned {
		size = max(size, p.Size)
	}
	return size
}

// judgeRow reports what is wrong with a commit by itself, and whether there is
// more to look at. Rows come by size.
func (l *logCheck) judgeRow(c *commit) bool {
	events := Finding{Seq: max(c.begin(), 0), Until: c.Size}
	switch {
	case c.Size <= l.rowsEnd:
		l.find(Finding{Kind: CommitChanged, Seq: max(min(c.begin(), c.Size-1), 0), Until: max(c.Size, 0), Detail: fmt.Sprintf(
			"a second commit of %d events, or one of none", c.Size)})
		return false
	case c.forged != nil:
		events.Kind = CommitForged
		events.Detail = fmt.Sprintf("commit %d: %v", c.Size, c.forged)
		l.find(events)
	case c.sealed && c.differs != "":
		events.Kind = CommitChanged
		events.Detail = fmt.Sprintf("commit %d: not what its note says: %s", c.Size, c.differs)
		l.find(events)
	case c.unsigned:
		l.stripped = addRange(l.stripped, l.rowsEnd, c.Size)
	}
	l.rowsEnd = c.Size
	if c.sealed {
		l.setOrigin(c.checkpoint.Origin)
		if l.signedBy == "" {
			l.signedBy = fmt.Sprintf("commit %d", c.Size)
		}
	}
	return true
}

// countsAsBase reports whether the tree may be held against this commit: it is
// signed, for the size that its row says, or nothing of the log is.
func (l *logCheck) countsAsBase(c *commit) bool {
	if c.sealed {
		return c.checkpoint.Size == c.Size
	}
	return c.unsigned && l.signedBy == ""
}

// commit takes the events of a commit into the tree and holds it against the
// signed root.
func (l *logCheck) commit(ctx context.Context, c *commit, events *eventReader) error {
	at := c.RecordedAt
	if c.sealed {
		at = c.checkpoint.RecordedAt
	}
	if at.Before(l.last.RecordedAt) {
		l.find(Finding{Kind: CommitTime, Seq: c.begin(), Until: c.Size, Detail: fmt.Sprintf(
			"commit %d was recorded at %s, before the one it follows, at %s", c.Size, timeText(at), timeText(l.last.RecordedAt))})
	}
	if c.Size <= l.from {
		l.compareUnread(c)
		l.last, l.claimed = *c, c.Size
		l.last.RecordedAt = at
		return nil
	}
	expected := max(l.last.Size, l.from)
	err := events.take(ctx, c, expected, at.UnixMicro())
	if err != nil {
		return err
	}
	if l.next < c.Size {
		if err := l.gap(ctx, c.Size); err != nil {
			return err
		}
	}
	l.chain(c, expected, events)
	l.last, l.claimed = *c, c.Size
	l.last.RecordedAt = at
	l.compareWithSigned(c)
	return nil
}

// chain checks that a commit follows the one before it. Of an unsigned one only
// its row says which that was: where the events agree with the row less than with
// the log, the row was edited.
func (l *logCheck) chain(c *commit, expected int64, events *eventReader) {
	begin := c.begin()
	switch {
	case begin == expected, begin == l.claimed:
	case begin > expected && (c.sealed || !events.foreignOwn):
		detail := fmt.Sprintf("commit %d follows one of size %d, which is not there; the newest before it has %d", c.Size, begin, expected)
		if events.foreignOwn {
			detail += "; its events were given the time of the one behind it"
		}
		l.find(Finding{Kind: CommitMissing, Seq: expected, Until: begin, Detail: detail})
	default:
		l.find(Finding{Kind: CommitChanged, Seq: min(expected, max(begin, 0)), Until: c.Size, Detail: fmt.Sprintf(
			"commit %d says that it follows size %d, and it follows %d", c.Size, begin, expected)})
	}
}

// compareUnread holds a commit whose events are not read against anchors.
func (l *logCheck) compareUnread(c *commit) {
	if !c.sealed {
		return
	}
	if c.Size == l.trusted.size && c.checkpoint.Root != l.trusted.root {
		l.find(Finding{Kind: Fork, Seq: 0, Until: c.Size, Detail: fmt.Sprintf(
			"commit %d is signed with another root than what was pruned or verified before", c.Size)})
	}
	for i := firstOf(l.anchors, c.Size); i < len(l.anchors) && l.anchors[i].Size == c.Size && c.Size < l.from; i++ {
		l.holdAnchor(l.anchors[i], c.checkpoint.Root, c.checkpoint.RecordedAt, c.checkpoint.PrevSize)
	}
}

// compareWithSigned holds the tree against what was signed for its size.
func (l *logCheck) compareWithSigned(c *commit) {
	root, note, recordedAt, prevSize := c.checkpoint.Root, c.Note, c.checkpoint.RecordedAt, c.checkpoint.PrevSize
	if !c.sealed {
		l.unsigned = c.Size
		if !l.closed || l.closing.PreviousSize != c.Size {
			return
		}
		root, note, recordedAt = l.closing.PreviousRoot, nil, c.RecordedAt
		prevSize = c.PrevSize
	}
	if !l.broken && l.frontier.Root() == root {
		from := l.trusted.size
		l.trusted.frontier = l.frontier.AppendBytes(l.trusted.frontier[:0])
		l.trusted.size, l.trusted.root, l.trusted.note, l.trusted.recordedAt, l.trusted.prevSize = c.Size, root, note, recordedAt, prevSize
		l.unsigned = 0
		l.reportDoubts()
		for _, anchor := range l.reached {
			if anchor.Size == c.Size {
				l.holdAnchor(anchor.Checkpoint, anchor.computed, recordedAt, prevSize)
				continue
			}
			l.holdAnchor(anchor.Checkpoint, anchor.computed, time.Time{}, 0)
			l.merged(anchor, from, c)
			from = anchor.Size
		}
		l.reached = l.reached[:0]
		return
	}
	l.doubts = l.doubts[:0] // located when the range is
	failed := failedRange{from: l.trusted.size, to: c.Size, before: append([]byte{}, l.trusted.frontier...), root: root}
	authentic := c.sealed && c.frontierFolds()
	if authentic {
		failed.after = c.Frontier
	}
	l.fail(failed)
	for _, anchor := range l.reached {
		if anchor.Size == c.Size {
			l.holdAnchor(anchor.Checkpoint, root, recordedAt, prevSize)
		}
	}
	l.reached = l.reached[:0]
	l.broken = !authentic
	if authentic {
		l.frontier, _ = merkle.ParseFrontier(c.Size, c.Frontier) // it folds
		l.trusted = point{size: c.Size, frontier: append([]byte{}, c.Frontier...), root: root, recordedAt: recordedAt, prevSize: prevSize, note: note}
	}
}

// fail remembers a range to locate what was changed in. Where the frontier was
// made to fit, no later commit leads anywhere either, and every range begins at
// the same place: the first, which is the smallest, and the last are enough, and
// thousands would each be read again.
func (l *logCheck) fail(failed failedRange) {
	if n := len(l.failed); n > 1 && l.failed[n-1].from == failed.from && l.failed[n-2].from == failed.from {
		l.failed[n-1] = failed
		return
	}
	if len(l.failed) >= MaxFindings {
		if l.uncounted[1] == 0 {
			l.uncounted[0] = failed.from
		}
		l.uncounted[1] = failed.to
		return
	}
	l.failed = append(l.failed, failed)
}

// merged reports an anchor within a commit: it was a commit of its own, and the
// later one was signed anew by somebody with the key, from an earlier beginning.
func (l *logCheck) merged(anchor reachedAnchor, from int64, c *commit) {
	if anchor.Root != anchor.computed {
		return // a fork
	}
	if anchor.Size <= c.begin() || slices.Contains(l.fallen, anchor.Size) {
		return // reported as a gap between commits, or as a row whose signature does not count
	}
	l.find(Finding{Kind: CommitMissing, Seq: from, Until: anchor.Size, Detail: fmt.Sprintf(
		"an anchor knows a commit of %d events, of %s, which is not there: its events are dated as those of a later one", anchor.Size, timeText(anchor.RecordedAt))})
}

// holdAnchor compares an anchor with the root of its size, and with the time and
// the beginning of that commit; the zero time is none.
func (l *logCheck) holdAnchor(anchor merkle.Checkpoint, root merkle.Hash, at time.Time, prevSize int64) {
	l.report.Coverage.Anchors++
	if anchor.Root == root {
		switch {
		case at.IsZero() || anchor.RecordedAt.IsZero():
		case !at.Equal(anchor.RecordedAt):
			l.find(Finding{Kind: Fork, Seq: l.log.Anchored, Until: anchor.Size, Detail: fmt.Sprintf(
				"an anchor knows the commit of %d events as of %s, the store as of %s: it was signed anew", anchor.Size, timeText(anchor.RecordedAt), timeText(at))})
		case prevSize != anchor.PrevSize:
			l.find(Finding{Kind: Fork, Seq: l.log.Anchored, Until: anchor.Size, Detail: fmt.Sprintf(
				"an anchor knows the commit of %d events as one that follows %d, the store says %d: it was signed anew", anchor.Size, anchor.PrevSize, prevSize)})
		}
		l.log.Anchored = max(l.log.Anchored, anchor.Size)
		return
	}
	if l.acknowledges(anchor.Size) {
		l.differing = append(l.differing, anchor.Size)
		return
	}
	if l.forked {
		return // every later anchor says the same
	}
	l.forked = true
	l.find(Finding{Kind: Fork, Seq: l.log.Anchored, Until: anchor.Size, Detail: fmt.Sprintf(
		"an anchor of %s knows another tree of %d events: history was written anew", timeText(anchor.RecordedAt), anchor.Size)})
}

// append takes one leaf into the tree.
func (l *logCheck) append(leaf merkle.Hash) {
	if !l.broken {
		l.frontier.Append(leaf)
	}
	l.next++
	if l.nextAnchor < len(l.anchors) && l.anchors[l.nextAnchor].Size == l.next {
		l.reachAnchors()
	}
}

// reachAnchors takes the anchors of the size that the tree has now.
func (l *logCheck) reachAnchors() {
	for l.nextAnchor < len(l.anchors) && l.anchors[l.nextAnchor].Size <= l.next {
		anchor := l.anchors[l.nextAnchor]
		l.nextAnchor++
		switch {
		case anchor.Size < l.next || l.broken && anchor.Size > 0:
		case anchor.Size == l.trusted.size:
			l.holdAnchor(anchor, l.frontier.Root(), l.trusted.recordedAt, l.trusted.prevSize)
		default:
			root := l.frontier.Root()
			l.reached = append(l.reached, reachedAnchor{anchor, root})
			if root == anchor.Root {
				l.matched.frontier = l.frontier.AppendBytes(l.matched.frontier[:0])
				l.matched.size, l.matched.root, l.matched.recordedAt, l.matched.prevSize = anchor.Size, root, anchor.RecordedAt, anchor.PrevSize
			}
		}
	}
}

// gap passes seqs without an event: removed by themselves, or missing.
func (l *logCheck) gap(ctx context.Context, until int64) error {
	for l.next < until {
		if len(l.leaves) == 0 && l.more {
			leaves, err := l.scanner.PrunedLeaves(ctx, l.name, l.next-1, prunedLeavesPerPage)
			if err != nil {
				return err
			}
			l.leaves, l.more = leaves, len(leaves) == prunedLeavesPerPage
		}
		for len(l.leaves) > 0 && l.leaves[0].Seq < l.next {
			l.stray(l.leaves[0])
			l.leaves = l.leaves[1:]
		}
		if len(l.leaves) == 0 && l.more {
			continue
		}
		if len(l.leaves) > 0 && l.leaves[0].Seq == l.next {
			l.removed = addRange(l.removed, l.next, l.next+1)
			leaf := l.leaves[0].Leaf
			l.leaves = l.leaves[1:]
			l.append(leaf)
			continue
		}
		end := until
		if len(l.leaves) > 0 {
			end = min(end, l.leaves[0].Seq)
		}
		l.missing = addRange(l.missing, l.next, end)
		l.broken = true
		l.next = end
		l.skipAnchors()
	}
	return nil
}

// skipAnchors passes anchors within a gap; those at its end may still be held
// against a signed root.
func (l *logCheck) skipAnchors() {
	for l.nextAnchor < len(l.anchors) && l.anchors[l.nextAnchor].Size <= l.next {
		if anchor := l.anchors[l.nextAnchor]; anchor.Size == l.next {
			l.reached = append(l.reached, reachedAnchor{Checkpoint: anchor})
		}
		l.nextAnchor++
	}
}

// stray is the leaf of a removed event whose event is there.
func (l *logCheck) stray(leaf store.PrunedLeaf) {
	l.find(Finding{Kind: PruneUnproven, Seq: leaf.Seq, Until: leaf.Seq + 1, Detail: fmt.Sprintf(
		"audit_pruned_leaves says that event %d was removed, and it is there", leaf.Seq)})
}

func addRange(ranges [][2]int64, from, to int64) [][2]int64 {
	if n := len(ranges); n > 0 && ranges[n-1][1] == from {
		ranges[n-1][1] = to
		return ranges
	}
	return append(ranges, [2]int64{from, to})
}

// behindCommits reads what lies behind the last commit that counts, and holds it
// against anchors and the statement that closed the epoch.
func (l *logCheck) behindCommits(ctx context.Context, events *eventReader) error {
	if err := events.take(ctx, nil, l.head, 0); err != nil {
		return err
	}
	if l.next < l.head {
		if err := l.gap(ctx, l.head); err != nil {
			return err
		}
	}
	l.compareTail()
	l.reportDoubts()
	for len(l.leaves) > 0 {
		for _, leaf := range l.leaves {
			l.stray(leaf)
		}
		last := l.leaves[len(l.leaves)-1].Seq
		l.leaves = nil
		if l.more {
			var err error
			if l.leaves, err = l.scanner.PrunedLeaves(ctx, l.name, last, prunedLeavesPerPage); err != nil {
				return err
			}
			l.more = len(l.leaves) == prunedLeavesPerPage
		}
	}
	return nil
}

// compareTail proves events behind the last signed commit by anchors and by the
// statement that closed the epoch: both are signed, too.
func (l *logCheck) compareTail() {
	if l.matched.size > l.trusted.size {
		l.trusted = l.matched
	}
	for _, anchor := range l.reached {
		if anchor.Size <= l.trusted.size && anchor.Size <= l.next && anchor.Root == anchor.computed {
			l.holdAnchor(anchor.Checkpoint, anchor.computed, time.Time{}, 0)
		}
	}
	l.reached = l.reached[:0]
	var unmet []merkle.Checkpoint
	for _, anchor := range l.anchors[firstBehind(l.anchors, l.trusted.size):firstBehind(l.anchors, l.head)] {
		if l.acknowledges(anchor.Size) {
			l.differing = append(l.differing, anchor.Size)
		} else {
			unmet = append(unmet, anchor)
		}
	}
	for i, anchor := range unmet {
		l.report.Coverage.Anchors++
		if i == 0 || i == len(unmet)-1 {
			l.fail(failedRange{from: l.trusted.size, to: anchor.Size, before: bytes.Clone(l.trusted.frontier), root: anchor.Root})
		}
	}
	if s := &l.closing; l.closed && len(unmet) == 0 && l.trusted.size < s.PreviousSize && s.PreviousSize == l.next {
		if l.broken || l.frontier.Root() != s.PreviousRoot {
			l.fail(failedRange{from: l.trusted.size, to: s.PreviousSize, before: bytes.Clone(l.trusted.frontier), root: s.PreviousRoot})
			return
		}
		l.trusted = point{size: s.PreviousSize, frontier: l.frontier.Bytes(), root: s.PreviousRoot, recordedAt: s.RecordedAt}
	}
}

// checkEnd holds the size of the log against anchors and statements.
func (l *logCheck) checkEnd() {
	switch {
	case l.signedBy != "":
		for _, r := range l.stripped {
			l.find(Finding{Kind: CommitForged, Seq: r[0], Until: r[1], Detail: fmt.Sprintf(
				"the commits of these events have no signature, and %s shows that this log was signed", l.signedBy)})
		}
		l.refuseUnsignedPrune()
	case l.unsigned > 0:
		l.noticeUnsignedPrune()
		l.report.Unchecked = append(l.report.Unchecked, Unchecked{
			Tenant: l.tenant, Epoch: l.name.Epoch, Seq: 0, Until: l.unsigned,
			Reason: fmt.Sprintf("epoch %d: %s under no signature: written with integrity off, or stripped of the signatures, which an anchor (--anchors) tells. "+
				"Where it is certain that they were never signed, otelaudit recover --new-epoch takes them under one", l.name.Epoch, isOrAre(l.unsigned, "event")),
		})
	}
	l.reportWithoutMAC()
	if l.closed {
		l.checkClosing()
		l.reportDiffering()
	}
	l.checkTail()
}

// reportDiffering says how far the acknowledgment reaches.
func (l *logCheck) reportDiffering() {
	if len(l.differing) == 0 {
		return
	}
	l.notice(LossAcknowledged, fmt.Sprintf("of epoch %d, %s of %d to %d events know another tree than the store holds, as the next epoch says: %s",
		l.name.Epoch, counted(int64(len(l.differing)), "anchor"), slices.Min(l.differing), slices.Max(l.differing), l.closing.Reason))
}

// checkClosing holds the log against the statement that closed it.
func (l *logCheck) checkClosing() {
	s := &l.closing
	switch {
	case l.head < s.PreviousSize:
		l.find(Finding{Kind: TailMissing, Seq: l.head, Until: s.PreviousSize, Detail: fmt.Sprintf(
			"the statement of the next epoch, of %s, says that this one has %d events; there are %d", timeText(s.RecordedAt), s.PreviousSize, l.head)})
	case l.head > s.PreviousSize:
		l.find(Finding{Kind: EpochForged, Seq: s.PreviousSize, Until: l.head, Detail: fmt.Sprintf(
			"the statement of the next epoch says that this one ended with %d events; it has %d", s.PreviousSize, l.head)})
	case l.signedBy != "" && l.trusted.size == s.PreviousSize && l.trusted.root != s.PreviousRoot:
		l.find(Finding{Kind: Fork, Seq: 0, Until: s.PreviousSize, Detail: "the statement of the next epoch knows another tree of this size"})
	}
}

// checkTail looks for anchors that know more events than there are.
func (l *logCheck) checkTail() {
	var largest merkle.Checkpoint
	for _, anchor := range l.anchors {
		acknowledged := l.closed && anchor.Size <= l.closing.LostSize
		if anchor.Size > l.head && !acknowledged {
			largest = anchor
		}
	}
	proven := l.commitsMissing()
	if largest.Size <= proven {
		return
	}
	l.report.Coverage.Anchors++
	if proven == 0 {
		l.origin = largest.Origin
		l.find(Finding{Kind: LogMissing, Seq: 0, Until: largest.Size, Detail: fmt.Sprintf(
			"an anchor of %s knows %d events of this log; the store has no commit of it", timeText(largest.RecordedAt), largest.Size)})
		return
	}
	l.find(Finding{Kind: TailMissing, Seq: proven, Until: largest.Size, Detail: fmt.Sprintf(
		"an anchor of %s knows %d events; the store has %d", timeText(largest.RecordedAt), largest.Size, proven)})
}

// cover writes what was verified into the report.
func (l *logCheck) cover() {
	l.log.Origin, l.log.Size, l.log.proven = l.origin, l.head, l.trusted.size
	if l.trusted.size == l.head {
		l.log.Root, l.log.RecordedAt = hex.EncodeToString(l.trusted.root[:]), l.trusted.recordedAt
	}
	l.report.Logs = append(l.report.Logs, l.log)
	l.report.Coverage.Logs++
	l.report.Coverage.Commits += l.log.Commits
	l.report.Coverage.Events += l.log.Events
	if l.log.Events > 0 {
		first, last := time.UnixMicro(l.firstAt).UTC(), time.UnixMicro(l.lastAt).UTC()
		l.report.merge(&Report{Coverage: Coverage{FirstTime: first, LastTime: last}})
	}
}

// finish locates what did not lead to a signed root, and proves removals.
func (l *logCheck) finish(ctx context.Context) error {
	defer l.cover()
	l.proveRemovals()
	if err := l.locate(ctx); err != nil {
		return err
	}
	if l.signedBy != "" && l.trusted.size == l.head && len(l.failed) == 0 && len(l.missing) == 0 && l.head > 0 {
		l.log.note, l.log.frontier = l.trusted.note, l.trusted.frontier
		l.log.intents = l.ownIntents
		if l.closed {
			l.log.lost = l.closing.LostSize
		}
	}
	return nil
}
