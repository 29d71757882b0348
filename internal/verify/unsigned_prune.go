package verify

import (
	"context"
	"fmt"

	"github.com/otelaudit/otelaudit/internal/store"
)

// unsignedRow reports whether a row of audit_prunes is that of a log which was
// written with integrity off, and remembers it: there was no checkpoint to put
// into it. Where the newest commit is signed, or anything else shows that the
// log was, a row without a note is a forged one.
func (l *logCheck) unsignedRow(ctx context.Context, p *store.PruneRow) (bool, error) {
	if len(p.Note) > 0 || l.signedBy != "" || l.closed || l.head == 0 {
		return false, nil
	}
	newest, err := l.scanner.Commits(ctx, l.name, l.head-1, l.head, 1)
	if err != nil || len(newest) == 0 || len(newest[0].Note) > 0 {
		return false, err
	}
	if p.Size > l.unsignedPrune.Size {
		l.unsignedPrune = *p
	}
	return true, nil
}

// coveredRow reports whether a row of audit_prunes is that of an epoch which was
// not signed when it was written and is under the statement of the next one, all
// of it: that has the root, and nothing is left that would need the frontier.
func (l *logCheck) coveredRow(p *store.PruneRow) bool {
	return len(p.Note) == 0 && l.signedBy == "" && l.closed && p.Size == l.closing.PreviousSize && p.Size == l.head
}

func (l *logCheck) beginCovered(p *store.PruneRow) {
	s := &l.closing
	l.pruned = append(l.pruned, *p)
	l.from, l.broken = p.Size, true
	l.trusted = point{size: s.PreviousSize, root: s.PreviousRoot, recordedAt: s.RecordedAt}
}

// beginUnsigned begins behind what left an unsigned log. Nothing says what the
// tree of that was, so the rest cannot be held against any root.
func (l *logCheck) beginUnsigned() {
	if l.unsignedPrune.Size > l.from {
		l.from, l.broken = l.unsignedPrune.Size, true
		l.unsigned = l.from
		l.log.From = l.from
	}
}

// refuseUnsignedPrune reports a prune without a checkpoint in a log of which a
// later commit shows that it was signed.
func (l *logCheck) refuseUnsignedPrune() {
	if p := &l.unsignedPrune; p.Size > 0 {
		l.find(Finding{Kind: PruneUnproven, Seq: 0, Until: p.Size, EventID: p.IntentEventID, Detail: fmt.Sprintf(
			"the row of audit_prunes for events before %d has no checkpoint, and %s shows that this log was signed", p.Size, l.signedBy)})
	}
}

func (l *logCheck) noticeUnsignedPrune() {
	if p := &l.unsignedPrune; p.Size > 0 {
		l.notice(Pruned, fmt.Sprintf("epoch %d: events before %d left by retention, as the store says: the log is under no signature", l.name.Epoch, p.Size))
	}
}
