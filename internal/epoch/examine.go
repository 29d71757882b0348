package epoch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
)

// State is what the store says of a tenant's log and what is wrong with it.
type State struct {
	Tenant     string
	Epoch      int32
	Size       int64 // events of the epoch, as its newest commit says
	RecordedAt time.Time
	Root       merkle.Hash // as the newest commit says; believe it only of a sealed head

	// Unsealed is a head without any signature: it was written with integrity
	// off.
	Unsealed bool
	// Forged is why the head's signature, or the statement that opened the
	// epoch, does not count; nil where it does.
	Forged error
	// Lost is, per epoch from Epoch on, the newest checkpoint that the store
	// contradicts: it holds fewer events, or others.
	Lost map[int32]merkle.Checkpoint
}

// Intact reports whether there is nothing to recover from.
func (s *State) Intact() bool { return !s.Unsealed && s.Forged == nil && len(s.Lost) == 0 }

// sealed reports whether size and root are those that our key signed.
func (s *State) sealed() bool { return !s.Unsealed && s.Forged == nil }

// lastEpoch is the newest epoch that the store or a checkpoint knows.
func (s *State) lastEpoch() int32 {
	last := s.Epoch
	for epoch := range s.Lost {
		last = max(last, epoch)
	}
	return last
}

// querier is a connection or a transaction.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// examine reads a tenant's head and holds it against the ring and what is known.
func (s *Store) examine(ctx context.Context, q querier, tenant string) (State, error) {
	head, err := s.readHead(ctx, q, tenant)
	if err != nil {
		return State{}, err
	}
	state := State{Tenant: tenant, Epoch: head.epoch, Size: head.size, RecordedAt: head.recordedAt}
	if err := head.check(s.ring, tenant, &state.Root); errors.Is(err, errUnsealed) {
		state.Unsealed = true
	} else {
		state.Forged = err
	}
	err = s.findLost(ctx, q, &state)
	return state, err
}

// findLost compares the known checkpoints with the store's commits.
func (s *Store) findLost(ctx context.Context, q querier, state *State) error {
	for _, checkpoint := range s.known.of(s.ring.LogName(), state.Tenant) {
		origin, err := merkle.ParseOrigin(checkpoint.Origin)
		if err != nil {
			return err
		}
		if origin.Epoch < state.Epoch || checkpoint.Size == 0 {
			continue // an epoch that is over is verify's business
		}
		if origin.Epoch == state.Epoch && checkpoint.Size <= state.Size {
			same, err := s.sameRoot(ctx, q, state.Tenant, &checkpoint, origin.Epoch)
			if err != nil {
				return err
			}
			if same {
				continue
			}
		}
		state.lose(origin.Epoch, &checkpoint)
	}
	return nil
}

// lose notes a checkpoint that the store contradicts.
func (s *State) lose(epoch int32, checkpoint *merkle.Checkpoint) {
	if s.Lost == nil {
		s.Lost = make(map[int32]merkle.Checkpoint)
	}
	if newest, found := s.Lost[epoch]; !found || checkpoint.Size > newest.Size {
		s.Lost[epoch] = *checkpoint
	}
}

func (s *Store) sameRoot(ctx context.Context, q querier, tenant string, checkpoint *merkle.Checkpoint, epoch int32) (bool, error) {
	var root []byte
	err := q.QueryRow(ctx, s.sql.commit, tenant, epoch, checkpoint.Size).Scan(&root)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return slices.Equal(root, checkpoint.Root[:]), err
}

// head is a tenant's newest commit, or the newest epoch where nothing was
// committed in it yet.
type head struct {
	epoch      int32
	size       int64
	prevSize   int64
	recordedAt time.Time
	root       []byte
	frontier   []byte
	note       *string
	opened     bool // the note is that of an epoch
}

func (s *Store) readHead(ctx context.Context, q querier, tenant string) (head, error) {
	var commitEpoch, openedEpoch *int32
	var size, prevSize *int64
	var committedAt, openedAt *time.Time
	var h head
	var commitNote, openedNote *string
	err := q.QueryRow(ctx, s.sql.head, tenant).Scan(
		&commitEpoch, &size, &prevSize, &committedAt, &h.root, &h.frontier, &commitNote, &openedEpoch, &openedAt, &openedNote)
	switch {
	case err != nil:
		return head{}, err
	case openedEpoch != nil && (commitEpoch == nil || *openedEpoch > *commitEpoch):
		return head{epoch: *openedEpoch, recordedAt: openedAt.UTC(), note: openedNote, opened: true}, nil
	case commitEpoch == nil:
		return head{}, nil
	}
	h.epoch, h.size, h.prevSize, h.recordedAt, h.note = *commitEpoch, *size, *prevSize, committedAt.UTC(), commitNote
	return h, nil
}

var errUnsealed = errors.New("the newest commit carries no signature")

// check says why a head does not count, or sets the root that it is signed for.
func (h *head) check(ring *keys.Ring, tenant string, root *merkle.Hash) error {
	*root = merkle.EmptyRoot()
	if h.recordedAt.IsZero() {
		return nil // the tenant has no log yet
	}
	if h.opened {
		return h.checkStatement(ring, tenant)
	}
	copy(root[:], h.root)
	if h.note == nil || *h.note == "" {
		return errUnsealed
	}
	text, err := ring.Open([]byte(*h.note))
	if err != nil {
		return err
	}
	checkpoint, err := merkle.ParseCheckpoint(text)
	if err != nil {
		return err
	}
	want := merkle.TenantOrigin(ring.LogName(), tenant, h.epoch)
	frontier, err := merkle.ParseFrontier(h.size, h.frontier)
	switch {
	case err != nil:
		return err
	case checkpoint.Origin != want:
		return fmt.Errorf("the newest commit is signed for the log %s instead of %s", checkpoint.Origin, want)
	case checkpoint.Size != h.size || checkpoint.PrevSize != h.prevSize || !slices.Equal(checkpoint.Root[:], h.root) || !checkpoint.RecordedAt.Equal(h.recordedAt):
		return errors.New("the newest commit differs from what was signed")
	case frontier.Root() != checkpoint.Root:
		return errors.New("the frontier of the newest commit does not belong to its root")
	}
	return nil
}

func (h *head) checkStatement(ring *keys.Ring, tenant string) error {
	text, err := ring.Open([]byte(*h.note))
	if err != nil {
		return fmt.Errorf("the statement that opened epoch %d: %w", h.epoch, err)
	}
	statement, err := merkle.ParseEpochStatement(text)
	switch {
	case err != nil:
		return fmt.Errorf("the statement that opened epoch %d: %w", h.epoch, err)
	case statement.Origin != merkle.TenantOrigin(ring.LogName(), tenant, h.epoch):
		return fmt.Errorf("the statement that opened epoch %d is of another log (%s)", h.epoch, statement.Origin)
	case !statement.RecordedAt.Equal(h.recordedAt):
		return fmt.Errorf("epoch %d was opened at another time than signed", h.epoch)
	}
	return nil
}
