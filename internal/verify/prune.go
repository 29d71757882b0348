package verify

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
)

// pruneAction is the action of the events that announce a removal.
const pruneAction = "audit.prune"

// intent is an event with that action in the tenant _system, and what its
// payload says.
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
	if payload, err := record.ParseStored(row.Payload()); err == nil {
		i.readPayload(payload)
	}
	return i
}

// readPayload reads what an announcement says.
func (i *intent) readPayload(payload record.Value) {
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
}

// provenIntents are those that stand where the tree is the signed one.
func (l *logCheck) provenIntents() []intent {
	var proven []intent
	for _, i := range l.ownIntents {
		if i.Seq < l.trusted.size && !l.inFailedRange(i.Seq) {
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

// proveRemovals looks in _system for the events that announce the removals of
// this log.
func (l *logCheck) proveRemovals() {
	if unread := l.run.announcementsUnread; unread != "" && l.tenant != record.SystemTenant && len(l.pruned)+len(l.removed) > 0 {
		l.report.Unchecked = append(l.report.Unchecked, Unchecked{
			Tenant: l.tenant, Epoch: l.name.Epoch, Seq: 0, Until: max(l.prunedSize(), lastOf(l.removed)),
			Reason: fmt.Sprintf("epoch %d: events were removed, and whether tenant %s announces it could not be checked: %s", l.name.Epoch, record.SystemTenant, unread),
		})
		return
	}
	proven := l.provenPrune()
	for _, p := range l.pruned {
		// What a proven prune of more covers needs no announcement of its own: a
		// removal goes in batches, and the announcement of an earlier one may have
		// left with the older events of _system.
		if proven != nil && p.Size <= proven.Size {
			continue
		}
		l.find(Finding{Kind: PruneUnproven, Seq: 0, Until: p.Size, EventID: p.IntentEventID, Detail: fmt.Sprintf(
			"audit_prunes says that events before %d were removed, and no verified event %q of action %s in tenant %s announces it",
			p.Size, p.IntentEventID, pruneAction, record.SystemTenant)})
	}
	if proven != nil {
		l.report.Coverage.Pruned += proven.Size
		l.notice(Pruned, fmt.Sprintf("epoch %d: events before %d left by retention, announced by event %s of tenant %s",
			l.name.Epoch, proven.Size, proven.IntentEventID, record.SystemTenant))
	}
	l.proveSelected()
}

// provenPrune is the row of audit_prunes that removed the most and was announced,
// nil where there is none.
func (l *logCheck) provenPrune() (largest *store.PruneRow) {
	for i := range l.pruned {
		if p := &l.pruned[i]; (largest == nil || p.Size > largest.Size) && l.announces(*p) {
			largest = p
		}
	}
	return largest
}

func lastOf(ranges [][2]int64) int64 {
	if len(ranges) == 0 {
		return 0
	}
	return ranges[len(ranges)-1][1]
}

// covers reports whether the announcement is the one that a row of audit_prunes
// names, and of as much: a removal that is announced once goes in batches.
func (i *intent) covers(p *store.PruneRow) bool {
	return i.EventID == p.IntentEventID && i.Size >= p.Size
}

// announces reports whether a row of audit_prunes was announced. A prune of
// _system itself must have left its announcement there.
func (l *logCheck) announces(p store.PruneRow) bool {
	return slices.ContainsFunc(l.announced(), func(i intent) bool {
		return i.covers(&p) && (l.tenant != record.SystemTenant || i.InEpoch > l.name.Epoch || i.Seq >= p.Size)
	})
}

// announced are the announcements about this log.
func (l *logCheck) announced() []intent {
	all := l.announcements
	if l.tenant == record.SystemTenant {
		all = l.intents
	}
	var about []intent
	for _, i := range all {
		if i.Tenant == l.tenant && i.Epoch == l.name.Epoch {
			about = append(about, i)
		}
	}
	return about
}

// proveSelected looks for the announcements of events that were removed one by
// one.
func (l *logCheck) proveSelected() {
	if len(l.removed) == 0 {
		return
	}
	var said [][2]int64
	for _, i := range l.announced() {
		for _, r := range i.Seqs {
			if l.tenant == record.SystemTenant && i.InEpoch == l.name.Epoch {
				r[1] = min(r[1], i.Seq) // nothing announces what comes after it
			}
			if r[0] < r[1] {
				said = append(said, r)
			}
		}
	}
	unproven := subtract(l.removed, joined(said))
	for _, r := range unproven {
		l.find(Finding{Kind: PruneUnproven, Seq: r[0], Until: r[1], Detail: fmt.Sprintf(
			"%s removed, leaving the leaf, and no verified event of action %s in tenant %s announces it", rangesText([][2]int64{r}), pruneAction, record.SystemTenant)})
	}
	proven := subtract(l.removed, unproven)
	if n := lengthOf(proven); n > 0 {
		l.report.Coverage.Removed += n
		l.notice(Removed, fmt.Sprintf("epoch %d: %s removed one by one, each leaving its leaf, announced in tenant %s: %s",
			l.name.Epoch, counted(n, "event"), record.SystemTenant, rangesText(proven)))
	}
}

// joined are the ranges in order, those that touch made one.
func joined(ranges [][2]int64) [][2]int64 {
	ranges = slices.Clone(ranges)
	slices.SortFunc(ranges, func(a, b [2]int64) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	var result [][2]int64
	for _, r := range ranges {
		if n := len(result); n > 0 && r[0] <= result[n-1][1] {
			result[n-1][1] = max(result[n-1][1], r[1])
			continue
		}
		result = append(result, r)
	}
	return result
}

// subtract returns what is in the first and not in the second ranges; both are
// in order.
func subtract(ranges, without [][2]int64) [][2]int64 {
	var rest [][2]int64
	for _, r := range ranges {
		for len(without) > 0 && without[0][1] <= r[0] {
			without = without[1:]
		}
		at := r[0]
		for _, w := range without {
			if w[0] >= r[1] {
				break
			}
			if at < w[0] {
				rest = append(rest, [2]int64{at, w[0]})
			}
			at = max(at, w[1])
		}
		if at < r[1] {
			rest = append(rest, [2]int64{at, r[1]})
		}
	}
	return rest
}

func lengthOf(ranges [][2]int64) (n int64) {
	for _, r := range ranges {
		n += r[1] - r[0]
	}
	return n
}

// rangesText names seqs, the first of many: "event 3", "events 3, 7 to 8".
func rangesText(ranges [][2]int64) string {
	const named = 20
	var parts []string
	for i, r := range ranges {
		if i == named {
			parts = append(parts, fmt.Sprintf("and %d more", lengthOf(ranges[i:])))
			break
		}
		text := strconv.FormatInt(r[0], 10)
		if r[1] > r[0]+1 {
			text += " to " + strconv.FormatInt(r[1]-1, 10)
		}
		parts = append(parts, text)
	}
	if lengthOf(ranges) == 1 {
		return "event " + parts[0]
	}
	return "events " + strings.Join(parts, ", ")
}
