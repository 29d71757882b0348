package verify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"path/filepath"
	"strings"
	"time"

	"github.com/otelaudit/otelaudit/internal/journal"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
)

// JournalOptions say which journal to verify and against what. Trust is
// required, and Directory or Segment.
type JournalOptions struct {
	Directory string
	Segment   string // one segment's file, alone
	Log       string // the log that is meant, "" the only one of Trust
	Name      string // of the journal; "" takes whichever is there
	Trust     *keys.Trust
	Anchors   [][]byte // those of tenants are passed over
	MACs      *keys.MACRing
	Progress  func(Progress)
}

// Journal verifies a journal's directory, or one of its segments alone. The
// directory may be written meanwhile: what stands behind the last checkpoint of
// the newest segment is not acknowledged and not judged. The error wraps
// keys.ErrSeveralLogs or keys.ErrNoSuchLog where the log is not clear.
func Journal(ctx context.Context, o JournalOptions) (*Report, error) {
	var err error
	if o.Trust, err = o.Trust.Pin(o.Log); err != nil {
		return nil, err
	}
	anchors, err := newAnchorSet(o.Trust, o.Anchors)
	if err != nil {
		return nil, err
	}
	j := &journalCheck{JournalOptions: o, anchors: anchors, alone: o.Segment != "", report: newReport()}
	var segments []journal.Segment
	if j.alone {
		number, _ := journal.ParseSegmentName(filepath.Base(o.Segment))
		segments = []journal.Segment{{Number: number, Path: o.Segment}}
	} else {
		directory, err := journal.ReadDirectory(o.Directory)
		if err != nil {
			return nil, err
		}
		j.listed(directory)
		if segments, err = j.afterPrunes(directory); err != nil {
			return nil, err
		}
	}
	for i := range segments {
		if err := j.segment(ctx, &segments[i], i == len(segments)-1); err != nil {
			if ctx.Err() == nil {
				return nil, err
			}
			j.unchecked("interrupted in " + segments[i].Name())
			break
		}
	}
	j.end(ctx.Err() == nil)
	j.report.finish()
	return j.report, nil
}

func newReport() *Report {
	return &Report{Findings: []Finding{}, Unchecked: []Unchecked{}, Notices: []Notice{}, Logs: []Log{}}
}

// journalCheck verifies segments one after the other.
type journalCheck struct {
	JournalOptions
	anchors *anchorSet
	alone   bool
	report  *Report

	// What the segment in front left.
	number int64
	name   string
	digest string // hexadecimal, of its file
	base   int64  // signed entries in front of it
	sealed bool
	known  bool // a header was read: what follows has a place

	origin  merkle.Origin
	tree    merkle.Frontier
	broken  bool  // the tree is not the signed one
	lapsed  int64 // the size from which on it is not
	trusted point // the largest checkpoint that is signed, proven or not
	log     Log
	own     []merkle.Checkpoint // anchors of this epoch, by size
	next    int
	reached []reachedAnchor
	forks   []fork
	epochs  epochsSeen

	removal *journal.PruneStatement // the newest that counts, nil where there is none

	// Of the segment that is read.
	from    int64 // trusted.size where it begins
	file    string
	sum     hash.Hash
	batch   []merkle.Hash
	opening int // line of the batch's first entry
	odd     *journal.Damage
	// claimed is the size that the checkpoint line in front says, whoever signed it.
	claimed int64
}

// listed notes what stands beside the segments.
func (j *journalCheck) listed(d *journal.Directory) {
	if len(d.Torn) > 0 {
		j.report.Notices = append(j.report.Notices, Notice{Kind: TornSetAside, Detail: "tails that a crash left and that were never acknowledged: " + strings.Join(d.Torn, ", ")})
	}
	for _, name := range d.Irregular {
		j.report.find(Finding{
			Kind: JournalSegmentMissing, Seq: -1, Until: -1, File: name,
			Detail: "it is not a regular file: a link, a pipe or a directory is no part of a journal",
		})
	}
}

func (j *journalCheck) find(kind Kind, line int, from, until int64, format string, args ...any) {
	j.report.find(Finding{
		Kind: kind, Epoch: j.origin.Epoch, Origin: j.originText(), Seq: from, Until: until, File: j.file, Line: int64(line),
		Detail: fmt.Sprintf(format, args...),
	})
}

func (j *journalCheck) originText() string {
	if !j.known {
		return ""
	}
	return j.origin.String()
}

// segment verifies one file.
func (j *journalCheck) segment(ctx context.Context, s *journal.Segment, newest bool) error {
	j.file, j.from, j.sum, j.batch, j.odd, j.claimed = s.Name(), j.trusted.size, sha256.New(), j.batch[:0], nil, -1
	j.report.Coverage.Segments++
	sealed, lines := false, 0
	for line, err := range s.Lines() {
		if err != nil {
			return err
		}
		lines++
		if lines%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if line.Number == 1 {
			if j.header(s, line) {
				j.from = j.trusted.size
			}
		} else {
			sealed = j.line(line, newest) || sealed
		}
		if line.Damage == nil || line.Damage.Kind != journal.DamageTorn {
			j.sum.Write(line.Raw)
			j.sum.Write([]byte{'\n'})
		} else {
			j.sum.Write(line.Raw)
		}
	}
	if lines == 0 {
		j.find(JournalChanged, 0, -1, -1, "the file is empty")
	}
	j.tail(newest, sealed, lines)
	j.number, j.name, j.digest, j.base, j.sealed = s.Number, s.Name(), hex.EncodeToString(j.sum.Sum(nil)), j.from, sealed
	if j.Progress != nil {
		j.Progress(Progress{Events: j.report.Coverage.Events})
	}
	return nil
}

// header holds the first line against the segment in front, and reports whether
// it counts.
func (j *journalCheck) header(s *journal.Segment, line *journal.Line) bool {
	h := line.Header
	origin, tree, checkpoint, err := j.judgeHeader(line)
	if err != nil {
		kind, at := JournalForged, j.trusted.size
		if h == nil {
			kind, at = JournalChanged, -1
		}
		j.find(kind, 1, at, at, "header: %v", err)
		j.first(s)
		j.gap(s.Number, -1)
		j.lapse()
		return false
	}
	fresh := !j.known
	switch {
	case fresh, j.alone:
		j.begins(h, origin, tree)
	case origin.Epoch != j.origin.Epoch || origin.Stream != j.origin.Stream || origin.Log != j.origin.Log:
		j.gap(h.Segment, -1)
		j.newEpoch(h, origin)
	default:
		j.gap(h.Segment, h.Size)
		j.continues(h, tree)
	}
	j.resume(tree)
	if h.Size > 0 {
		j.trusted = point{size: h.Size, frontier: tree.Bytes(), root: checkpoint.Root, recordedAt: checkpoint.RecordedAt, note: []byte(h.Checkpoint)}
	}
	if fresh {
		j.log.From = h.Size
	}
	j.skipAnchors(h.Size)
	return true
}

// begins takes the first header that counts.
func (j *journalCheck) begins(h *journal.Header, origin merkle.Origin, tree merkle.Frontier) {
	switch {
	case j.alone, h.Segment == 1:
		j.begin(origin)
	case j.name == "": // no file in front
		j.begin(origin)
		j.pruned(h, tree)
	case h.Epoch != "": // behind files of which nothing could be told
		j.gap(h.Segment, -1)
		j.origin = origin
		j.origin.Epoch = -1
		j.newEpoch(h, origin)
	default:
		j.gap(h.Segment, h.Size)
		j.begin(origin)
	}
}

// first reports that nothing says why the first file is not segment 1. Where its
// header counts, pruned does, and looks closer.
func (j *journalCheck) first(s *journal.Segment) {
	if j.name != "" || j.alone || s.Number <= 1 || j.removal != nil && s.Number == j.removal.Last+1 {
		return
	}
	j.find(JournalSegmentMissing, 1, -1, -1, "the journal begins with segment %d: nothing says that those in front of it were removed by retention", s.Number)
}

// judgeHeader says why a header does not count.
func (j *journalCheck) judgeHeader(line *journal.Line) (origin merkle.Origin, tree merkle.Frontier, checkpoint merkle.Checkpoint, err error) {
	if line.Kind != journal.HeaderLine {
		return origin, tree, checkpoint, errors.New(line.Damage.Detail)
	}
	h := line.Header
	err = j.Trust.Statement(h.Note(), func(string) (string, time.Time, error) { return h.Origin, h.CreatedAt.Time, nil })
	if err != nil {
		return origin, tree, checkpoint, err
	}
	if origin, err = merkle.ParseOrigin(h.Origin); err != nil {
		return origin, tree, checkpoint, err
	}
	if err = j.ours(origin); err != nil {
		return origin, tree, checkpoint, err
	}
	if tree, err = h.Tree(); err != nil {
		return origin, tree, checkpoint, err
	}
	checkpoint.Root = merkle.EmptyRoot()
	if h.Size > 0 {
		if checkpoint, err = j.Trust.Checkpoint([]byte(h.Checkpoint)); err != nil {
			return origin, tree, checkpoint, fmt.Errorf("checkpoint: %w", err)
		}
		if checkpoint.Origin != h.Origin || checkpoint.Size != h.Size || checkpoint.Root != tree.Root() {
			return origin, tree, checkpoint, errors.New("its checkpoint is not that of its frontier")
		}
	}
	if h.Size == 0 && origin.Epoch > 0 && h.Epoch == "" {
		return origin, tree, checkpoint, errors.New("it opens an epoch without a statement")
	}
	return origin, tree, checkpoint, nil
}

// ours says why an origin is not that of the journal that is meant.
func (j *journalCheck) ours(origin merkle.Origin) error {
	switch {
	case !origin.IsJournal():
		return fmt.Errorf("%s is no journal", origin)
	case j.Name != "" && origin.Stream != merkle.JournalStream(j.Name):
		return fmt.Errorf("it is of %s, not of the journal %s", origin, j.Name)
	}
	return nil
}

// gap reports segments that are not there. until is -1 where it is not known
// how many entries they held.
func (j *journalCheck) gap(number, until int64) {
	if j.name == "" || number <= j.number+1 {
		return
	}
	from := j.trusted.size
	if until < 0 {
		from = -1
	}
	j.find(JournalSegmentMissing, 1, from, until, "segments %d to %d are not there", j.number+1, number-1)
}

// continues holds a header against the end of the segment in front.
func (j *journalCheck) continues(h *journal.Header, tree merkle.Frontier) {
	follows := h.Segment == j.number+1
	if !follows {
		return // reported
	}
	detail := ""
	switch {
	case !j.sealed:
		detail = "it is not the newest segment, and not sealed"
	case h.Previous == nil || h.Previous.File != j.name || h.Previous.SHA256 != j.digest:
		detail = fmt.Sprintf("the file is not the one that %s was written behind: its SHA-256 is another", j.file)
	}
	if detail != "" && !j.hasFinding(j.name) {
		j.report.find(Finding{Kind: JournalChanged, Epoch: j.origin.Epoch, Origin: j.originText(), Seq: -1, Until: -1, File: j.name, Detail: detail})
	}
	switch {
	case !j.broken && (h.Size != j.tree.Size() || tree.Root() != j.tree.Root()):
		j.find(JournalChanged, 1, j.trusted.size, h.Size, "its header begins with %d entries, those in front of it are %d", h.Size, j.tree.Size())
	case j.broken && (h.Size < j.trusted.size || h.Size == j.trusted.size && h.Size > 0 && tree.Root() != j.trusted.root):
		j.find(JournalChanged, 1, h.Size, j.trusted.size, "its header begins with %d entries; those in front of it were signed up to %d", h.Size, j.trusted.size)
	}
}

// hasFinding reports whether a file is known to be changed already.
func (j *journalCheck) hasFinding(file string) bool {
	for i := range j.report.Findings {
		if j.report.Findings[i].File == file {
			return true
		}
	}
	return false
}

// unsignedTail looks at anchors of entries behind the last checkpoint: such an
// anchor was written when the checkpoint was durable.
func (j *journalCheck) unsignedTail() {
	if len(j.reached) == 0 || j.broken {
		return
	}
	last := j.reached[len(j.reached)-1]
	j.reached = j.reached[:0]
	j.report.Coverage.Anchors++
	if last.Root != last.computed {
		j.find(Fork, 0, j.trusted.size, last.Size, "an anchor of %s knows other entries behind the last checkpoint", timeText(last.RecordedAt))
		return
	}
	j.find(JournalUnsigned, j.opening, j.trusted.size, last.Size, "an anchor of %s proves these entries, and the checkpoint behind them is not there", timeText(last.RecordedAt))
}

// line takes any line but the first, and reports whether it seals the segment.
func (j *journalCheck) line(line *journal.Line, newest bool) (sealed bool) {
	switch line.Kind {
	case journal.RecordEntry, journal.QuarantineEntry:
		j.entry(line)
	case journal.CheckpointEnd:
		j.checkpoint(line)
	case journal.SealLine:
		j.seal(line)
		return true
	default:
		if line.Damage.Kind == journal.DamageTorn && newest {
			return false // the batch that is being written, or was when it crashed
		}
		if j.odd == nil {
			j.odd = line.Damage
		}
		if line.Damage.Kind == journal.DamageControl || line.Damage.Kind == journal.DamageOrder || line.Damage.Kind == journal.DamageTorn {
			j.find(JournalChanged, line.Number, -1, -1, "%s", line.Damage.Detail)
		} else {
			// It may have been an entry: the next checkpoint says how many there were.
			at := j.tree.Size()
			if j.broken {
				at = j.trusted.size // at least
			}
			j.find(JournalLineChanged, line.Number, at, at+1, "%s", line.Damage.Detail)
			j.lapse()
		}
	}
	return false
}

// maxBatch bounds the leaves that are kept to check MACs.
const maxBatch = 1 << 20

func (j *journalCheck) entry(line *journal.Line) {
	if len(j.batch) == 0 {
		j.opening = line.Number
	}
	leaf := line.Leaf()
	if len(j.batch) < maxBatch {
		j.batch = append(j.batch, leaf)
	}
	if j.broken {
		return
	}
	j.report.Coverage.Events++
	j.log.Events++
	j.tree.Append(leaf)
	j.reach()
}

func (j *journalCheck) reach() {
	for j.next < len(j.own) && j.own[j.next].Size <= j.tree.Size() {
		anchor := j.own[j.next]
		j.next++
		if anchor.Size == j.tree.Size() {
			j.reached = append(j.reached, reachedAnchor{anchor, j.tree.Root()})
		}
	}
}

// skipAnchors passes the anchors in front of a segment; one of exactly its
// beginning is held against it.
func (j *journalCheck) skipAnchors(size int64) {
	j.reached = j.reached[:0]
	for j.next < len(j.own) && j.own[j.next].Size <= size {
		if anchor := j.own[j.next]; anchor.Size == size && size > 0 {
			j.holdAnchor(anchor, j.trusted.root)
		}
		j.next++
	}
}

func (j *journalCheck) holdAnchor(anchor merkle.Checkpoint, root merkle.Hash) {
	j.report.Coverage.Anchors++
	if anchor.Root == root {
		j.log.Anchored = max(j.log.Anchored, anchor.Size)
		return
	}
	j.forks = append(j.forks, fork{anchor, j.file})
}

// checkpoint ends a batch.
func (j *journalCheck) checkpoint(line *journal.Line) {
	j.log.Commits++
	j.report.Coverage.Commits++
	claimed := line.Checkpoint.Parsed.Size
	defer func() { j.batch, j.odd, j.claimed = j.batch[:0], nil, claimed }()
	checkpoint, err := j.Trust.Checkpoint(line.Checkpoint.Note)
	if err != nil {
		j.find(JournalForged, line.Number, j.trusted.size, max(j.trusted.size, claimed), "checkpoint: %v", err)
		return
	}
	if !j.known && !j.adopt(&checkpoint) {
		return // as the header in front of it
	}
	if checkpoint.Origin != j.origin.String() {
		j.find(JournalForged, line.Number, j.trusted.size, max(j.trusted.size, j.tree.Size()), "a checkpoint of another log, %s", checkpoint.Origin)
		return
	}
	if checkpoint.RecordedAt.Before(j.trusted.recordedAt) {
		j.find(CommitTime, line.Number, j.trusted.size, checkpoint.Size, "its time, %s, is before that of the one in front of it, %s",
			timeText(checkpoint.RecordedAt), timeText(j.trusted.recordedAt))
	}
	switch {
	case j.broken:
		j.follows(line, checkpoint.PrevSize)
		j.signed(line, &checkpoint)
	case checkpoint.Size != j.tree.Size() || checkpoint.Root != j.tree.Root():
		j.changed(line, &checkpoint)
	default:
		j.follows(line, checkpoint.PrevSize)
		j.proven(line, &checkpoint)
	}
}

// proven takes a checkpoint whose entries are there.
func (j *journalCheck) proven(line *journal.Line, checkpoint *merkle.Checkpoint) {
	j.trusted = point{size: checkpoint.Size, root: checkpoint.Root, recordedAt: checkpoint.RecordedAt, note: line.Checkpoint.Note}
	if j.report.Coverage.FirstTime.IsZero() {
		j.report.Coverage.FirstTime = checkpoint.RecordedAt
	}
	j.report.Coverage.LastTime = checkpoint.RecordedAt
	for _, anchor := range j.reached {
		j.holdAnchor(anchor.Checkpoint, anchor.computed)
	}
	j.reached = j.reached[:0]
	j.checkMACs(line)
}

// signed takes a checkpoint whose entries cannot be proven, because something in
// front of it is not what was signed.
func (j *journalCheck) signed(line *journal.Line, checkpoint *merkle.Checkpoint) {
	if checkpoint.Size < j.trusted.size {
		return
	}
	j.trusted = point{size: checkpoint.Size, root: checkpoint.Root, recordedAt: checkpoint.RecordedAt, note: line.Checkpoint.Note}
	for j.next < len(j.own) && j.own[j.next].Size <= checkpoint.Size {
		if anchor := j.own[j.next]; anchor.Size == checkpoint.Size {
			j.holdAnchor(anchor, checkpoint.Root)
		}
		j.next++
	}
	if line.Checkpoint.Frontier != nil {
		if tree, err := line.Checkpoint.Tree(); err == nil { // the reader saw that it folds to the root
			j.resume(tree)
		}
	}
}

// lapse says that nothing is proven from here on.
func (j *journalCheck) lapse() {
	if !j.broken {
		j.broken, j.lapsed = true, j.trusted.size
	}
}

// resume goes on from a tree that is signed.
func (j *journalCheck) resume(tree merkle.Frontier) {
	if j.broken && tree.Size() > j.lapsed {
		j.notice(NotLocated, "entries %d to %d of %s cannot be proven one by one", j.lapsed, tree.Size()-1, j.origin)
	}
	j.tree, j.broken = tree, false
}

// follows checks that a batch begins where the one in front of it ended. What is
// wrong with a checkpoint line that stands there was reported.
func (j *journalCheck) follows(line *journal.Line, prevSize int64) {
	switch {
	case prevSize == j.trusted.size, prevSize == j.claimed, j.odd != nil:
	case prevSize > j.trusted.size:
		j.find(JournalLineChanged, line.Number, j.trusted.size, prevSize, "the checkpoint of %d entries, which this one follows, is not there", prevSize)
	default:
		j.find(JournalLineChanged, line.Number, prevSize, j.tree.Size(), "this checkpoint says that it follows %d entries, and it follows %d", prevSize, j.trusted.size)
	}
}

// changed reports the entries in front of a checkpoint that does not fit them.
func (j *journalCheck) changed(line *journal.Line, checkpoint *merkle.Checkpoint) {
	found := j.tree.Size() - j.trusted.size
	signed := checkpoint.Size - j.trusted.size
	detail := fmt.Sprintf("lines %d to %d: at least one of these %d entries is not what was signed", j.opening, line.Number-1, found)
	switch {
	case found < signed:
		detail = fmt.Sprintf("lines %d to %d: %d entries were signed, %d are there", j.opening, line.Number-1, signed, found)
	case found > signed:
		detail = fmt.Sprintf("lines %d to %d: %d entries were signed, and %d are there", j.opening, line.Number-1, signed, found)
	}
	j.find(JournalLineChanged, j.opening, j.trusted.size, max(checkpoint.Size, j.trusted.size), "%s", detail)
	for _, anchor := range j.reached {
		if anchor.Size == checkpoint.Size {
			j.holdAnchor(anchor.Checkpoint, checkpoint.Root)
		}
	}
	j.reached = j.reached[:0]
	j.lapse()
	j.lapsed = checkpoint.Size
	j.signed(line, checkpoint)
}

func (j *journalCheck) checkMACs(line *journal.Line) {
	start := line.Checkpoint.Parsed.Size - int64(len(j.batch))
	counts := &j.report.Coverage.MACs
	counts.Absent += int64(len(j.batch)) - int64(len(line.Checkpoint.MACs))
	for index, mac := range line.Checkpoint.MACs {
		at := index - start
		if at < 0 || at >= int64(len(j.batch)) {
			j.find(JournalChanged, line.Number, index, index+1, "a MAC of an entry that is not in front of this checkpoint")
			continue
		}
		if j.MACs == nil {
			counts.UnknownKey++
			continue
		}
		err := j.MACs.Verify(j.batch[at], mac)
		switch {
		case err == nil:
			counts.Valid++
		case errors.Is(err, keys.ErrMACKeyID):
			counts.UnknownKey++
		default:
			counts.Invalid++
			j.find(MACInvalid, j.opening+int(at), index, index+1, "%v", err)
		}
	}
}

// seal holds the last line of a segment against what is in front of it.
func (j *journalCheck) seal(line *journal.Line) {
	s := line.Seal
	if !j.known {
		return // nothing in front of it counts, which was reported
	}
	err := j.Trust.Statement(s.Note(), func(string) (string, time.Time, error) { return s.Origin, s.SealedAt.Time, nil })
	switch {
	case err != nil:
		j.find(JournalForged, line.Number, -1, -1, "seal: %v", err)
	case s.Origin != j.origin.String():
		j.find(JournalForged, line.Number, -1, -1, "the seal of another log, %s", s.Origin)
	case s.SHA256 != hex.EncodeToString(j.sum.Sum(nil)):
		if !j.hasFinding(j.file) {
			j.find(JournalChanged, line.Number, -1, -1, "the lines in front of it are not those that were sealed")
		}
	case len(j.batch) > 0 || s.Size != j.trusted.size:
		if !j.broken {
			j.find(JournalChanged, line.Number, -1, -1, "the seal is of %d entries, %d are in front of it", s.Size, j.tree.Size())
		}
	}
}

// tail looks at what stands behind the last checkpoint.
func (j *journalCheck) tail(newest, sealed bool, lines int) {
	if len(j.batch) == 0 {
		return
	}
	if newest && !sealed && j.odd == nil {
		if !j.broken {
			j.report.Coverage.Events -= int64(len(j.batch))
			j.log.Events -= int64(len(j.batch))
		}
		j.report.Notices = append(j.report.Notices, Notice{Kind: TornSetAside, Detail: fmt.Sprintf(
			"%s: %d entries behind the last checkpoint are not acknowledged: being written, or left by a crash", j.file, len(j.batch))})
		return
	}
	if !j.broken {
		j.find(JournalUnsigned, j.opening, j.trusted.size, j.tree.Size(), "lines %d to %d: no checkpoint stands behind these entries", j.opening, lines)
		j.lapse()
	}
}
