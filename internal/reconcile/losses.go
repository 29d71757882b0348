package reconcile

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"slices"

	"github.com/otelaudit/otelaudit/internal/verify"
)

// loss is a loss that a verified statement acknowledges, with the entries of the
// journal that are taken for what was lost. The store does not have their seqs,
// so of an entry it can only be said that it may be one of them: its time fits,
// and there are no more than were lost.
type loss struct {
	verify.Loss

	after, until int64 // microseconds: after < at <= until
	entries      entriesByTime
}

// entriesByTime is a heap with the oldest entry on top: what was lost is the end
// of a log, so where there are too many the oldest are the ones too many.
type entriesByTime []*item //nolint:recvcheck // as package heap wants them

func (e entriesByTime) Len() int { return len(e) }
func (e entriesByTime) Less(a, b int) bool {
	return cmp.Or(cmp.Compare(e[a].at, e[b].at), cmp.Compare(e[a].place, e[b].place), cmp.Compare(e[a].seq, e[b].seq), cmp.Compare(e[a].line, e[b].line)) < 0
}
func (e entriesByTime) Swap(a, b int) { e[a], e[b] = e[b], e[a] }

// Push is for package heap.
func (e *entriesByTime) Push(i any) { *e = append(*e, i.(*item)) } //nolint:forcetypeassert // of *item alone

// Pop is for package heap.
func (e *entriesByTime) Pop() any {
	last := len(*e) - 1
	i := (*e)[last]
	(*e)[last], *e = nil, (*e)[:last]
	return i
}

// happening is what entries of one event have in common, retries included.
type happening struct {
	tenant, identity string
	fingerprint      [32]byte
}

func (i *item) happening() happening {
	if i.key != "" {
		return happening{i.tenant, "k" + i.key, i.fingerprint}
	}
	return happening{i.tenant, "e" + i.eventID, i.fingerprint}
}

// readLosses reads which losses were acknowledged.
func (r *run) readLosses(ctx context.Context) error {
	r.losses, r.acknowledged = make(map[string][]*loss), make(map[happening]struct{})
	logs, err := r.Scanner.Logs(ctx)
	if err != nil {
		return err
	}
	for i, name := range logs {
		if !r.wants(name.Tenant) || i > 0 && logs[i-1].Tenant == name.Tenant {
			continue
		}
		losses, err := verify.ReadLosses(ctx, r.Scanner, r.Trust, name.Tenant)
		if err != nil {
			return err
		}
		for i := range losses {
			l := &loss{Loss: losses[i], until: losses[i].Statement.RecordedAt.UnixMicro()}
			if !l.After.IsZero() {
				// The journal may have had a lost event a while before the store.
				l.after = l.After.UnixMicro() - r.Grace.Microseconds()
			}
			r.losses[name.Tenant] = append(r.losses[name.Tenant], l)
		}
	}
	return nil
}

// acknowledge takes an entry for one of the events of an acknowledged loss, and
// returns the entry that is one too many then, or nil.
func (r *run) acknowledge(j *item) *item {
	same := j.happening()
	if _, again := r.acknowledged[same]; again {
		r.report.Counts.Retries++
		return nil
	}
	r.acknowledged[same] = struct{}{}
	for _, l := range r.losses[j.tenant] {
		if j.at <= l.after || j.at > l.until {
			continue
		}
		heap.Push(&l.entries, j)
		if int64(l.entries.Len()) <= l.Count() {
			return nil
		}
		j = heap.Pop(&l.entries).(*item) //nolint:forcetypeassert // of *item alone
	}
	delete(r.acknowledged, j.happening())
	return j
}

// lost is an entry of the journal that the store has nowhere. Its line is
// negative where its id is another event's.
func (r *run) lost(j *item) {
	if j.line < 0 {
		j.line = -j.line
		r.report.find(j.finding(r, Altered, "the store has another record under this id, and the quarantine not this one"))
		return
	}
	if j = r.acknowledge(j); j == nil {
		return
	}
	but := "no announced removal explains it"
	if len(r.losses[j.tenant]) > 0 {
		but += ", and no acknowledged loss: it is not of its time, or there are more such entries than events were lost"
	}
	r.report.find(j.finding(r, OnlyInJournal, "the store does not have it, it is not under way, no quarantined record is it, and "+but+". "+
		"Either it was never stored, and its client, who never heard that it was, never sent it again: the collector or the database was down or killed; "+
		"or it was deleted from PostgreSQL; or somebody who has the key signed it into the journal"))
}

// tellLosses counts what was taken for lost, and names it.
func (r *run) tellLosses() {
	for _, losses := range r.losses {
		for _, l := range losses {
			if l.entries.Len() == 0 {
				continue
			}
			s := &l.Statement
			detail := fmt.Sprintf("of %d events of %s that were lost", l.Count(), s.PreviousOrigin)
			if s.LostSize > s.PreviousSize {
				detail = fmt.Sprintf("of %d events that were lost, seq %d to %d of %s", l.Count(), s.PreviousSize, s.LostSize-1, s.PreviousOrigin)
			}
			notice := Notice{
				Kind: LostAcknowledged, Tenant: l.Tenant, Epoch: l.Epoch, Lost: l.Count(), Entries: int64(l.entries.Len()),
				AcknowledgedAt: timeText(l.until), Reason: s.Reason,
				Detail: fmt.Sprintf("%s, the journal has %d, or others of that time, and the store none; the holder of the log's key acknowledged it", detail, l.entries.Len()),
			}
			r.report.Notices = append(r.report.Notices, notice)
			r.report.Counts.LostAcknowledged += notice.Entries
			for _, j := range l.entries {
				r.report.Acknowledged = append(r.report.Acknowledged, j.finding(r, LostAcknowledged, fmt.Sprintf("lost before epoch %d was opened", l.Epoch)))
			}
		}
	}
	slices.SortFunc(r.report.Notices, func(a, b Notice) int {
		return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Epoch, b.Epoch))
	})
	slices.SortFunc(r.report.Acknowledged, compareFindings)
	r.report.Acknowledged = r.report.Acknowledged[:min(len(r.report.Acknowledged), MaxFindings)]
}
