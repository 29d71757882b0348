package verify

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/otelaudit/otelaudit/internal/journal"
	"github.com/otelaudit/otelaudit/internal/merkle"
)

// afterPrunes reads the statements about removed segments and returns the
// segments that they left. What a prune had no time to delete is passed over:
// the statement was durable first.
func (j *journalCheck) afterPrunes(d *journal.Directory) ([]journal.Segment, error) {
	lines, err := journal.ReadPruned(d.Path)
	if err != nil {
		return nil, err
	}
	for i := range lines {
		if err := j.judgePrune(&lines[i]); err != nil {
			j.report.find(Finding{
				Kind: PruneUnproven, Seq: -1, Until: -1, File: journal.PrunedName, Line: int64(lines[i].Number),
				Detail: fmt.Sprintf("the statement about removed segments does not count: %v", err),
			})
			continue
		}
		j.removal = lines[i].Statement
	}
	if j.removal == nil {
		return d.Segments, nil
	}
	segments := d.Segments
	for len(segments) > 0 && segments[0].Number <= j.removal.Last {
		segments = segments[1:]
	}
	if len(segments) == 0 {
		j.report.find(Finding{
			Kind: JournalSegmentMissing, Origin: j.removal.Origin, Seq: j.removal.Size, Until: -1, File: filepath.Base(d.Path),
			Detail: fmt.Sprintf("segments up to %d were removed by retention; %d, which stayed, is not there", j.removal.Last, j.removal.Last+1),
		})
	}
	return segments, nil
}

func (j *journalCheck) judgePrune(line *journal.PruneLine) error {
	s := line.Statement
	if line.Err != nil {
		return line.Err
	}
	err := j.Trust.Statement(s.Note(), func(string) (string, time.Time, error) { return s.Origin, s.PrunedAt.Time, nil })
	switch {
	case err != nil:
		return err
	case j.removal == nil && s.First != 1, j.removal != nil && s.First != j.removal.Last+1:
		return errors.New("it does not begin where the one in front of it ends")
	}
	return nil
}

// pruned holds the first segment that is there against the statement that says
// why it is not segment 1.
func (j *journalCheck) pruned(h *journal.Header, tree merkle.Frontier) {
	s := j.removal
	root := tree.Root()
	switch {
	case s == nil:
		j.find(JournalSegmentMissing, 1, 0, h.Size, "the journal begins with segment %d: nothing says that segments 1 to %d were removed by retention", h.Segment, h.Segment-1)
	case h.Segment != s.Last+1:
		j.find(JournalSegmentMissing, 1, s.Size, h.Size, "the journal begins with segment %d; retention removed segments up to %d", h.Segment, s.Last)
	case s.Origin != h.Origin || s.Size != h.Size || !bytes.Equal(s.Root, root[:]):
		j.find(PruneUnproven, 1, 0, h.Size, "its header is not the one that the statement about removed segments says")
	case h.Previous == nil || h.Previous.SHA256 != s.Segments[len(s.Segments)-1].SHA256:
		j.find(PruneUnproven, 1, 0, h.Size, "the statement about removed segments has another SHA-256 of the one in front of it")
	default:
		j.report.Coverage.Pruned += h.Size
		j.report.Notices = append(j.report.Notices, Notice{Kind: Pruned, Detail: fmt.Sprintf(
			"segments up to %d left by retention: entries recorded before %s", s.Last, timeText(s.Cutoff.Time))})
	}
}
