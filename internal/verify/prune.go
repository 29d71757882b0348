package verify

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
)

// pruneAction is the action of the events that say a removal is meant.
const pruneAction = "audit.prune"

// intent is an event with that action, and what its payload says.
type intent struct {
	EventID string     `json:"event_id"`
	Seq     int64      `json:"seq"`
	InEpoch int32      `json:"in_epoch"` // the epoch of the event itself
	Tenant  string     `json:"tenant,omitempty"`
	Epoch   int32      `json:"epoch"`
	Size    int64      `json:"size"`           // -1 where it says none
	Seqs    [][2]int64 `json:"seqs,omitempty"` // from, until

	row int // of the page it was read from
}

// readIntent reads the payload as far as it is one.
func readIntent(row store.EventRow) intent {
	i := intent{EventID: row.EventID(), Seq: row.Seq(), Epoch: -1, Size: -1}
	payload, err := record.ParseStored(row.Payload())
	if err != nil {
		return i
	}
	i.Tenant = payload.Get("tenant").Text()
	if v := payload.Get("epoch"); v.Kind() == record.Number {
		i.Epoch = int32(v.Number())
	}
	if v := payload.Get("size"); v.Kind() == record.Number {
		i.Size = int64(v.Number())
	}
	for _, m := range payload.Get("seqs").Members() {
		switch m.Value.Kind() {
		case record.Number:
			at := int64(m.Value.Number())
			i.Seqs = append(i.Seqs, [2]int64{at, at + 1})
		case record.Array:
			if ends := m.Value.Members(); len(ends) == 2 {
				i.Seqs = append(i.Seqs, [2]int64{int64(ends[0].Value.Number()), int64(ends[1].Value.Number())})
			}
		default:
		}
	}
	return i
}

// provenIntents are those that stand where the tree is the signed one.
func (l *logCheck) provenIntents() []intent {
	var proven []intent
	for _, i := range l.ownIntents {
		failed := i.Seq >= l.trusted.size
		for _, f := range l.failed {
			failed = failed || f.from <= i.Seq && i.Seq < f.to
		}
		if !failed {
			proven = append(proven, i)
		}
	}
	return proven
}

// judgePrune holds a row of audit_prunes against its note and returns the tree
// that begins the rest.
func (l *logCheck) judgePrune(row store.PruneRow) (merkle.Frontier, merkle.Checkpoint, error) {
	checkpoint, err := l.trust.Checkpoint(row.Note)
	if err != nil {
		return merkle.Frontier{}, checkpoint, err
	}
	origin, err := merkle.ParseOrigin(checkpoint.Origin)
	switch {
	case err != nil:
		return merkle.Frontier{}, checkpoint, err
	case origin.Stream != l.stream || origin.Epoch != l.name.Epoch:
		return merkle.Frontier{}, checkpoint, fmt.Errorf("its note is that of another log, %s", checkpoint.Origin)
	case checkpoint.Size != row.Size:
		return merkle.Frontier{}, checkpoint, fmt.Errorf("its note is of %d events, not of %d", checkpoint.Size, row.Size)
	case !bytes.Equal(checkpoint.Root[:], row.Root):
		return merkle.Frontier{}, checkpoint, errors.New("its root is not that of its note")
	}
	frontier, err := merkle.ParseFrontier(row.Size, row.Frontier)
	if err == nil && frontier.Root() != checkpoint.Root {
		err = errors.New("its frontier does not fold to the root of its note")
	}
	return frontier, checkpoint, err
}

// provePrunes looks for the events that say the removals of this log were meant.
func (l *logCheck) provePrunes() {
	for _, p := range l.pruned {
		if !l.hasIntent(func(i intent) bool { return i.EventID == p.IntentEventID && i.Size == p.Size }, p.Size) {
			l.find(Finding{Kind: PruneUnproven, Seq: 0, Until: p.Size, EventID: p.IntentEventID, Detail: fmt.Sprintf(
				"audit_prunes says that events before %d were removed, and no verified event %q of action %s announces it", p.Size, p.IntentEventID, pruneAction)})
			continue
		}
		l.report.Notices = append(l.report.Notices, Notice{Kind: Pruned, Tenant: l.tenant, Detail: fmt.Sprintf(
			"epoch %d: events before %d left by retention, announced by event %s", l.name.Epoch, p.Size, p.IntentEventID)})
	}
	for _, r := range l.removed {
		for at := r[0]; at < r[1]; at++ {
			if !l.hasIntent(func(i intent) bool { return covers(i.Seqs, at) }, at+1) {
				l.find(Finding{Kind: PruneUnproven, Seq: at, Until: at + 1, Detail: fmt.Sprintf(
					"event %d was removed by itself, and no verified event of action %s announces it", at, pruneAction)})
			}
		}
	}
}

func covers(ranges [][2]int64, at int64) bool {
	for _, r := range ranges {
		if r[0] <= at && at < r[1] {
			return true
		}
	}
	return false
}

// hasIntent looks for an announcement in the tenant's own trees, at a seq that a
// prune left there, and in that of _system.
func (l *logCheck) hasIntent(fits func(intent) bool, size int64) bool {
	for _, i := range l.intents {
		if i.Epoch == l.name.Epoch && fits(i) && (i.InEpoch > l.name.Epoch || i.InEpoch == l.name.Epoch && i.Seq >= size) {
			return true
		}
	}
	for _, i := range l.run.systemIntents {
		if i.Tenant == l.tenant && i.Epoch == l.name.Epoch && fits(i) {
			return true
		}
	}
	return false
}
