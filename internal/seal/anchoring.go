package seal

import (
	"crypto/sha256"
	"maps"
	"slices"
	"time"

	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/store"
)

// Committed implements store.Sealer: the commits are known from now on, and when
// it returns they, and the heads that were checked before, are in the anchor file
// as far as that can be written to.
func (s *Sealer) Committed(commits []store.Commit) {
	now := s.opts.Now()
	largest := int64(0)
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range commits {
		c := &commits[i]
		largest = max(largest, c.Size)
		digest := digestOf(c.RecordedAt, c.PrevSize, c.Seal.Root, c.Seal.Frontier, c.Seal.Note)
		s.take(c.TenantID, c.Epoch, c.Size, c.Seal.Root, c.Seal.Note, digest, now)
	}
	if len(commits) > 0 {
		s.opts.Observer.Sealed(len(commits), largest)
	}
	if err := s.anchor(); err != nil {
		s.opts.Observer.AnchorFailed(err)
	}
}

// seen takes note of a head that another process committed, or this one without
// knowing.
func (s *Sealer) seen(head *store.Head, digest [sha256.Size]byte) {
	if head.Size == 0 {
		return
	}
	now := s.opts.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.take(head.TenantID, head.Epoch, head.Size, head.Root, head.Note, digest, now)
}

// take remembers a commit that is in the store. The caller holds mu.
func (s *Sealer) take(tenantID string, epoch int32, size int64, root, note []byte, digest [sha256.Size]byte, now time.Time) {
	newer := s.remember(keyOf(tenantID), position{
		Position: store.Position{Epoch: epoch, Size: size, Root: merkle.Hash(root)}, digest: digest,
	})
	if !newer {
		return
	}
	if s.since.IsZero() {
		s.since = now
	}
	origin := merkle.TenantOrigin(s.log, tenantID, epoch)
	if s.opts.Anchors != nil {
		put(s.behind, origin, note)
	}
	if s.opts.CollectChanges {
		put(s.changed, origin, note)
	}
}

// put keeps the newest note of a log, of a bounded number of logs.
func put(notes map[string][]byte, origin string, note []byte) {
	if _, ok := notes[origin]; ok || len(notes) < maxBehind {
		notes[origin] = note
	}
}

// anchor writes what the anchor file does not have. The caller holds mu.
func (s *Sealer) anchor() error {
	if s.opts.Anchors == nil || len(s.behind) == 0 {
		return nil
	}
	if err := s.opts.Anchors.Add(slices.Collect(maps.Values(s.behind))...); err != nil {
		return err
	}
	clear(s.behind)
	s.since = time.Time{}
	return nil
}

// Flush writes what the anchor file does not have yet and makes it durable. Call
// it once a second, and at the end.
func (s *Sealer) Flush() error {
	if s.opts.Anchors == nil {
		return nil
	}
	s.mu.Lock()
	err := s.anchor()
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return s.opts.Anchors.Sync()
}

// Changes returns up to limit checkpoints of logs that were written to since it
// returned them last, newest of each log, in no order. Whoever writes them where
// they are kept has anchored them.
func (s *Sealer) Changes(limit int) [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	var notes [][]byte
	for origin, note := range s.changed {
		if len(notes) == limit {
			return notes
		}
		notes = append(notes, note)
		delete(s.changed, origin)
	}
	if s.opts.Anchors == nil {
		s.since = time.Time{}
	}
	return notes
}

// Unanchored is the age of the oldest commit that no anchor covers: neither the
// file nor, without a file, what Changes returned. 0 where all are covered.
func (s *Sealer) Unanchored() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.since.IsZero() {
		return 0
	}
	return s.opts.Now().Sub(s.since)
}
