package epoch

import (
	"time"

	"github.com/otelaudit/otelaudit/internal/merkle"
)

// state makes and signs the statements that lead from where the store is to the
// epoch in which the log goes on. There is more than one where whole epochs are
// lost: each of them ended too, and says where.
func (s *Store) state(opening *Opening, reason string, now time.Time) error {
	state := &opening.State
	size, root := state.Size, state.Root
	if !state.sealed() && state.Size > 0 {
		size, root = opening.Tree.Size, opening.Tree.Root
		if err := s.compareTree(state, &opening.Tree); err != nil {
			return err
		}
	}
	at := notBefore(now, state)
	last := state.lastEpoch()
	for epoch := state.Epoch; epoch <= last; epoch++ {
		statement := merkle.EpochStatement{
			Origin:         merkle.TenantOrigin(s.ring.LogName(), state.Tenant, epoch+1),
			PreviousOrigin: merkle.TenantOrigin(s.ring.LogName(), state.Tenant, epoch),
			PreviousSize:   size, PreviousRoot: root, RecordedAt: at, Reason: reason,
		}
		if lost, found := state.Lost[epoch]; found {
			statement.LostSize, statement.LostRoot = lost.Size, lost.Root
		}
		if err := statement.Check(); err != nil {
			return err
		}
		note, err := s.ring.Sign(statement.Text())
		if err != nil {
			return err
		}
		opening.Statements, opening.Notes = append(opening.Statements, statement), append(opening.Notes, note)
		size, root = 0, merkle.EmptyRoot()
	}
	opening.Epoch = last + 1
	return nil
}

// compareTree holds the events themselves against the known checkpoints: the
// commits of a head that cannot be believed may say anything.
func (s *Store) compareTree(state *State, tree *Tree) error {
	current, err := s.current(state)
	if err != nil {
		return err
	}
	delete(state.Lost, state.Epoch)
	state.compare(current, trees{from: tree.From, size: tree.Size, roots: tree.Roots})
	return nil
}

// maxAhead is how far in the future writers accept a head, so that a lost
// checkpoint beyond it must not set the time of the epoch.
const maxAhead = 24 * time.Hour

// notBefore is the time of the statements: that of a log never goes back, not
// even from a commit that is lost.
func notBefore(now time.Time, state *State) time.Time {
	at := now.Truncate(time.Microsecond)
	if state.RecordedAt.After(at) {
		at = state.RecordedAt
	}
	for _, lost := range state.Lost {
		if lost.RecordedAt.After(at) && lost.RecordedAt.Sub(now) < maxAhead {
			at = lost.RecordedAt
		}
	}
	return at
}
