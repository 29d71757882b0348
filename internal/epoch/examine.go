package epoch

import (
	"context"
	"errors"
	"fmt"
	"math"
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
	// Lost is, per epoch from Epoch on, the largest checkpoint that the store
	// contradicts: it holds fewer events, or others.
	Lost map[int32]merkle.Checkpoint
	// Differs is the size of the smallest checkpoint of Epoch that the store
	// contradicts although it holds that many events; 0 where there is none.
	Differs int64
	// Vouched is the size of the largest checkpoint of Epoch that the store
	// agrees with, among those smaller than all that it contradicts.
	Vouched int64
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
	current, err := s.current(state)
	if err != nil {
		return err
	}
	commits, err := s.commitsOf(ctx, q, state, current)
	if err != nil {
		return err
	}
	state.compare(current, commits)
	return nil
}

// current notes what is known of epochs that the store has not, and returns the
// checkpoints of the one in which it is. An epoch that is over is verify's
// business.
func (s *Store) current(state *State) ([]merkle.Checkpoint, error) {
	var current []merkle.Checkpoint
	for _, checkpoint := range s.known.of(s.ring.LogName(), state.Tenant) {
		origin, err := merkle.ParseOrigin(checkpoint.Origin)
		switch {
		case err != nil:
			return nil, err
		case checkpoint.Size == 0:
		case origin.Epoch == state.Epoch:
			current = append(current, checkpoint)
		case origin.Epoch > state.Epoch:
			state.lose(origin.Epoch, &checkpoint)
		}
	}
	return current, nil
}

// trees are the roots of an epoch by size. Those of sizes below from were pruned
// and are not there to compare with.
type trees struct {
	from, size int64
	roots      map[int64]merkle.Hash
}

// compare holds the checkpoints of the current epoch, largest first, against the
// trees of the store. A size of which the store has no tree is contradicted:
// each checkpoint was a commit once. Of what was pruned only the largest
// checkpoint is judged, as collectors do.
func (s *State) compare(current []merkle.Checkpoint, stored trees) {
	s.Differs, s.Vouched = 0, 0
	contradicted := int64(math.MaxInt64) // the smallest
	for i := range current {
		checkpoint := &current[i]
		root, found := stored.roots[checkpoint.Size]
		switch {
		case found && root == checkpoint.Root:
			if checkpoint.Size < contradicted {
				s.Vouched = max(s.Vouched, checkpoint.Size)
			}
		case !found && checkpoint.Size <= stored.from && i > 0:
		default:
			s.lose(s.Epoch, checkpoint)
			s.Vouched, contradicted = 0, checkpoint.Size
			if checkpoint.Size <= stored.size {
				s.Differs = checkpoint.Size
			}
		}
	}
}

// commitsOf are the roots of the commits that end where a checkpoint does.
func (s *Store) commitsOf(ctx context.Context, q querier, state *State, checkpoints []merkle.Checkpoint) (trees, error) {
	found := trees{size: state.Size, roots: make(map[int64]merkle.Hash, len(checkpoints))}
	if len(checkpoints) == 0 || state.Size == 0 {
		return found, nil
	}
	if err := q.QueryRow(ctx, s.sql.first, state.Tenant, state.Epoch).Scan(&found.from); err != nil {
		return found, err
	}
	for part := range slices.Chunk(checkpoints, maxSizes) {
		rows, err := q.Query(ctx, s.sql.commits, state.Tenant, state.Epoch, sizesOf(part))
		if err != nil {
			return found, err
		}
		var size int64
		var root []byte
		if _, err := pgx.ForEachRow(rows, []any{&size, &root}, func() error {
			if len(root) == len(merkle.Hash{}) {
				found.roots[size] = merkle.Hash(root)
			}
			return nil
		}); err != nil {
			return found, err
		}
	}
	return found, nil
}

// maxSizes bounds one query.
const maxSizes = 10_000

func sizesOf(checkpoints []merkle.Checkpoint) []int64 {
	sizes := make([]int64, len(checkpoints))
	for i := range checkpoints {
		sizes[i] = checkpoints[i].Size
	}
	return sizes
}

// lose notes a checkpoint that the store contradicts.
func (s *State) lose(epoch int32, checkpoint *merkle.Checkpoint) {
	if s.Lost == nil {
		s.Lost = make(map[int32]merkle.Checkpoint)
	}
	if largest, found := s.Lost[epoch]; !found || checkpoint.Size > largest.Size {
		s.Lost[epoch] = *checkpoint
	}
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
	checkpoint, err := ring.Checkpoint([]byte(*h.note), merkle.TenantOrigin(ring.LogName(), tenant, h.epoch))
	if err != nil {
		return fmt.Errorf("the newest commit: %w", err)
	}
	frontier, err := merkle.ParseFrontier(h.size, h.frontier)
	switch {
	case err != nil:
		return err
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
