package bundle

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/prove"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/verify"
)

// Removal is the evidence that events were meant to go: the event of the log of
// _system that announced it, with its proof, and, of a prune, the signed
// checkpoint of exactly the events that it removed.
type Removal struct {
	Record string `json:"record"` // the canonical record of the announcement
	Proof  string `json:"proof"`  // C2SP tlog-proof of it
	Note   string `json:"note,omitempty"`
}

// errRemoval is wrapped where what is gone is not proven to have been meant to go.
var errRemoval = errors.New("a removal is not proven")

// setRemovals holds what an epoch says was removed against its evidence.
func (h *Header) setRemovals(trust opener, t *tree, epoch *Epoch) error {
	prunes := 0
	for i := range epoch.Removals {
		r := &epoch.Removals[i]
		said, err := r.open(trust, h.Log, store.LogName{Tenant: h.TenantID, Epoch: epoch.Epoch})
		if err != nil {
			return fmt.Errorf("%w: %w", errRemoval, err)
		}
		if r.Note == "" {
			t.announced = append(t.announced, said.Seqs...)
			continue
		}
		c, err := trust.Checkpoint([]byte(r.Note))
		switch {
		case err != nil:
			return fmt.Errorf("%w: its checkpoint: %w", errRemoval, err)
		case c.Origin != t.origin || c.Size != epoch.Pruned || said.Size < epoch.Pruned:
			return fmt.Errorf("%w: %d events were pruned, announced were %d, and the checkpoint is of %d of %s", errRemoval, epoch.Pruned, said.Size, c.Size, c.Origin)
		}
		t.prunedRoot = c.Root
		prunes++
	}
	if wanted := min(epoch.Pruned, 1); int64(prunes) != wanted {
		return fmt.Errorf("%w: %d events were pruned, and %d announcements stand for it", errRemoval, epoch.Pruned, prunes)
	}
	slices.SortFunc(t.announced, func(a, b [2]int64) int { return cmp.Compare(a[0], b[0]) })
	return nil
}

// open verifies that the announcement is in the log of _system.
func (r *Removal) open(trust opener, log string, of store.LogName) (verify.Announcement, error) {
	proven, err := prove.VerifyInclusion(trust, []byte(r.Proof), []byte(r.Record))
	if err != nil {
		return verify.Announcement{}, err
	}
	if proven.Origin.Log != log || merkle.TenantOrigin(log, proven.Record.TenantID, proven.Origin.Epoch) != proven.Checkpoint.Origin {
		return verify.Announcement{}, fmt.Errorf("it is in the log %s", proven.Checkpoint.Origin)
	}
	return verify.ReadAnnouncement(proven.Record, of)
}

// isAnnounced reports whether every one of the entries from from to to-1 is
// announced to have been removed by itself.
func (t *tree) isAnnounced(from, to int64) bool {
	for _, r := range t.announced {
		if r[0] <= from && from < r[1] {
			from = r[1]
		}
	}
	return from >= to
}

// announcedWithin is how many entries of a range are announced.
func (t *tree) announcedWithin(from, to int64) (count int64) {
	at := from
	for _, r := range t.announced {
		begin, end := max(r[0], at), min(r[1], to)
		if begin < end {
			count += end - begin
			at = end
		}
	}
	return count
}
