package verify

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/otelaudit/otelaudit/internal/merkle"
)

// end closes the last log and looks for journals that are gone.
func (j *journalCheck) end(complete bool) {
	if complete {
		j.endLog()
	} else {
		j.reportForks(nil)
	}
	j.anchors.reportForeign(j.report, func(stream string) bool { return merkle.Origin{Stream: stream}.IsJournal() })
	fits, others := 0, 0
	keys := slices.SortedFunc(maps.Keys(j.anchors.byStream), func(a, b streamKey) int {
		return cmp.Or(cmp.Compare(a.stream, b.stream), cmp.Compare(a.epoch, b.epoch))
	})
	for _, key := range keys {
		anchors := j.anchors.byStream[key]
		switch {
		case !(merkle.Origin{Stream: key.stream}).IsJournal():
		case j.Name != "" && key.stream != merkle.JournalStream(j.Name), j.known && key.stream != j.origin.Stream:
			others++
			if j.Name == "" {
				j.notice(AnchorUnused, "the anchor of %s is of another journal", anchors[len(anchors)-1].Origin)
			}
		default:
			fits++
			j.anchorsOf(key, anchors, complete)
		}
	}
	switch {
	case j.alone:
		j.notice(NoAnchors, "a segment alone: that it belongs where its header says was believed of the key holder, and the segments beside it were not looked at")
	case fits > 0:
	case others > 0:
		j.unchecked("anchors of other journals were given, and none of this one: is it the journal that was meant?")
	default:
		j.notice(NoAnchors, "no anchors of this journal were given: that its end was cut off, or that an older copy was put in its place, cannot be seen")
	}
	if !j.known && len(j.report.Findings) == 0 && !j.alone {
		j.unchecked("the directory holds no segment of a journal")
	}
}

// anchorsOf looks for epochs of this journal that are gone.
func (j *journalCheck) anchorsOf(key streamKey, anchors []merkle.Checkpoint, complete bool) {
	if !complete || j.alone || j.epochs.there[key.epoch] {
		return
	}
	largest := anchors[len(anchors)-1]
	switch {
	case j.known && key.epoch < j.epochs.first:
		return // in front of what is there: what is not there was judged
	case j.known && largest.Size <= j.epochs.lost[key.epoch] && key.epoch < j.origin.Epoch:
		return // a statement says so
	case !j.known && largest.Size == 0:
		return
	}
	j.report.find(Finding{Kind: LogMissing, Epoch: key.epoch, Origin: largest.Origin, Seq: 0, Until: largest.Size, Detail: fmt.Sprintf(
		"an anchor of %s knows %d entries of this journal; the directory has nothing of it", timeText(largest.RecordedAt), largest.Size)})
}

func (j *journalCheck) unchecked(reason string) {
	j.report.Unchecked = append(j.report.Unchecked, Unchecked{Seq: -1, Until: -1, Reason: reason})
}
