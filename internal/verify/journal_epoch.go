package verify

import (
	"encoding/hex"
	"fmt"

	"github.com/otelaudit/otelaudit/internal/journal"
	"github.com/otelaudit/otelaudit/internal/merkle"
)

// epochsSeen is what is known of the epochs of a journal.
type epochsSeen struct {
	there map[int32]bool
	lost  map[int32]int64 // size that a signed statement gives up
	first int32
}

func (e *epochsSeen) begin(epoch int32) {
	if e.there == nil {
		e.there, e.lost, e.first = make(map[int32]bool), make(map[int32]int64), epoch
	}
	e.there[epoch] = true
}

// newEpoch ends the log in front and begins the next.
func (j *journalCheck) newEpoch(h *journal.Header, origin merkle.Origin) {
	statement, err := openStatement(j.Trust, []byte(h.Epoch))
	previous, _ := merkle.ParseOrigin(statement.PreviousOrigin) // where it is none it is of no log
	switch {
	case err != nil:
		j.find(EpochForged, 1, -1, -1, "the statement that opens epoch %d does not count: %v", origin.Epoch, err)
	case statement.Origin != h.Origin:
		j.find(EpochForged, 1, -1, -1, "epoch %d is opened by a statement about %s", origin.Epoch, statement.Origin)
	case previous.Log != j.origin.Log, previous.Stream != j.origin.Stream, previous.Epoch < j.origin.Epoch, previous.Epoch >= origin.Epoch:
		j.find(EpochForged, 1, -1, -1, "the statement of epoch %d continues %s, not %s", origin.Epoch, statement.PreviousOrigin, j.origin)
	default:
		j.close(h, &statement, previous.Epoch)
	}
	j.endLog()
	j.begin(origin)
}

// close holds the log that ends, and its last file, against the first header of
// the next epoch.
func (j *journalCheck) close(h *journal.Header, s *merkle.EpochStatement, epoch int32) {
	acknowledged := j.lastFile(h, s)
	if s.LostSize > 0 {
		j.notice(LossAcknowledged, "%s says that the checkpoint of %d entries of %s is lost: %s", s.Origin, s.LostSize, s.PreviousOrigin, s.Reason)
	}
	j.epochs.lose(epoch, s.LostSize)
	if epoch != j.origin.Epoch {
		// A copy from before that epoch was continued.
		if s.PreviousSize > 0 {
			j.find(LogMissing, 0, 0, s.PreviousSize, "the statement of the next epoch says that %s has %d entries; nothing of it is there", s.PreviousOrigin, s.PreviousSize)
		}
		return
	}
	switch {
	case j.trusted.size < s.PreviousSize:
		j.find(TailMissing, 0, j.trusted.size, s.PreviousSize, "the statement of the next epoch says that this one has %d entries; there are %d", s.PreviousSize, j.trusted.size)
	case j.trusted.size == s.PreviousSize && j.trusted.root != s.PreviousRoot && s.PreviousSize > 0:
		j.find(Fork, 0, 0, s.PreviousSize, "the statement of the next epoch knows another tree of this size")
	case j.trusted.size > s.PreviousSize && (!acknowledged || j.base > s.PreviousSize):
		j.find(EpochForged, 0, s.PreviousSize, j.trusted.size, "the statement of the next epoch says that this one ended with %d entries; it has %d", s.PreviousSize, j.trusted.size)
	}
	for j.next < len(j.own) && j.own[j.next].Size <= s.LostSize {
		j.next++
	}
	j.reportForks(s)
}

func (e *epochsSeen) lose(epoch int32, size int64) {
	if e.lost == nil {
		e.lost = make(map[int32]int64)
	}
	e.lost[epoch] = max(e.lost[epoch], size)
}

// lastFile holds the last file of an epoch against the header behind it, which
// has its SHA-256 whether it was sealed or damaged. Damage that was there when
// the statement was signed, in entries for which the statement does not vouch,
// is acknowledged and no finding. It reports whether there was such damage.
func (j *journalCheck) lastFile(h *journal.Header, s *merkle.EpochStatement) (acknowledged bool) {
	if h.Segment != j.number+1 {
		return false // reported as a gap
	}
	if h.Previous == nil || h.Previous.File != j.name || h.Previous.SHA256 != j.digest {
		j.report.find(Finding{
			Kind: JournalChanged, Epoch: j.origin.Epoch, Origin: j.originText(), Seq: -1, Until: -1, File: j.name,
			Detail: fmt.Sprintf("the file is not the one behind which %s opened the next epoch: its SHA-256 is another", j.file),
		})
		return false
	}
	kept := j.report.Findings[:0]
	count, first := 0, ""
	for _, f := range j.report.Findings {
		if f.File != j.name || !f.Kind.isDamageOfFile() || f.Seq >= 0 && f.Seq < s.PreviousSize {
			kept = append(kept, f)
			continue
		}
		count++
		if count == 1 {
			first = fmt.Sprintf("line %d: %s", f.Line, f.Detail)
		}
	}
	j.report.Findings = kept
	if count > 0 {
		j.notice(LossAcknowledged, "%s is damaged from entry %d on (%s), and was when the next epoch was opened, %s: %s",
			j.name, s.PreviousSize, first, timeText(s.RecordedAt), s.Reason)
	}
	return count > 0
}

// isDamageOfFile reports whether a kind is about the lines of one file.
func (k Kind) isDamageOfFile() bool {
	switch k {
	case JournalLineChanged, JournalChanged, JournalForged, JournalUnsigned, CommitTime:
		return true
	default:
		return false
	}
}

func (j *journalCheck) notice(kind NoticeKind, format string, args ...any) {
	j.report.Notices = append(j.report.Notices, Notice{Kind: kind, Detail: fmt.Sprintf(format, args...)})
}

func (j *journalCheck) begin(origin merkle.Origin) {
	j.origin, j.known = origin, true
	j.epochs.begin(origin.Epoch)
	j.tree, j.broken = merkle.Frontier{}, false
	j.trusted = point{root: merkle.EmptyRoot()}
	j.log = Log{Epoch: origin.Epoch, Origin: origin.String()}
	j.own, j.next, j.reached, j.forks = nil, 0, nil, nil
	for _, anchor := range j.anchors.of(origin.Stream, origin.Epoch) {
		if anchor.Origin == origin.String() {
			j.own = append(j.own, anchor)
		}
	}
}

// adopt begins the log of a checkpoint where no header counted so far.
func (j *journalCheck) adopt(c *merkle.Checkpoint) bool {
	origin, err := merkle.ParseOrigin(c.Origin)
	if err != nil || j.ours(origin) != nil {
		return false
	}
	j.begin(origin)
	j.trusted.size, j.log.From = c.PrevSize, c.PrevSize
	j.lapse()
	return true
}

// endLog writes what was verified into the report.
func (j *journalCheck) endLog() {
	if j.log.Origin == "" {
		return
	}
	if !j.alone {
		j.unsignedTail()
		j.missingTail()
	}
	j.reportForks(nil)
	if j.broken && j.trusted.size > j.lapsed {
		j.notice(NotLocated, "from entry %d of %s on nothing can be proven one by one; it was signed up to %d", j.lapsed, j.origin, j.trusted.size)
	}
	j.log.Size, j.log.RecordedAt = j.trusted.size, j.trusted.recordedAt
	j.log.Root = hex.EncodeToString(j.trusted.root[:])
	j.report.Logs = append(j.report.Logs, j.log)
	j.report.Coverage.Logs++
	j.log = Log{}
}

// missingTail looks for anchors ahead of everything that is signed here.
func (j *journalCheck) missingTail() {
	var largest merkle.Checkpoint
	for _, anchor := range j.own[j.next:] {
		if anchor.Size > j.trusted.size && (j.broken || anchor.Size > j.tree.Size()) {
			largest = anchor
		}
	}
	if largest.Size > 0 {
		j.report.Coverage.Anchors++
		j.find(TailMissing, 0, j.trusted.size, largest.Size, "an anchor of %s knows %d entries; the journal has %d", timeText(largest.RecordedAt), largest.Size, j.trusted.size)
	}
}

// fork is an anchor that knows another tree.
type fork struct {
	merkle.Checkpoint
	file string
}

// reportForks reports them, but for those that a statement acknowledges.
func (j *journalCheck) reportForks(s *merkle.EpochStatement) {
	for _, f := range j.forks {
		if s != nil && s.LostSize > 0 && s.LostSize <= s.PreviousSize && f.Size <= s.LostSize {
			continue // other entries than these were signed up to there: a notice says so
		}
		j.report.find(Finding{
			Kind: Fork, Epoch: j.origin.Epoch, Origin: j.originText(), Seq: 0, Until: f.Size, File: f.file,
			Detail: fmt.Sprintf("an anchor of %s knows another tree of %d entries: history was written anew", timeText(f.RecordedAt), f.Size),
		})
	}
	j.forks = nil
}
