package seal

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/store"
)

// Options configure a Sealer. Ring and Now are required.
type Options struct {
	Ring *keys.Ring
	// Anchors keep what was written across restarts. Nil: only this process
	// remembers, and only of the MaxKnown tenants written to last.
	Anchors  *anchor.File
	Observer Observer
	Now      func() time.Time // the clock; only measures how old an unanchored commit is
	// MaxKnown bounds how many tenants are remembered in memory, 100 bytes each;
	// the others are looked up in the anchor file. Default 262,144.
	MaxKnown int
	// CollectChanges keeps the newest checkpoints for Changes.
	CollectChanges bool
}

// Observer is told what a Sealer meets. Its methods must be safe for concurrent
// use and return soon: tenants are locked meanwhile.
type Observer interface {
	// Refused tells of a head that nothing is appended to, each time.
	Refused(err error)
	// Unacknowledged tells of a new epoch whose statement does not speak of all
	// that this log had written. Writing goes on.
	Unacknowledged(err error)
	// Sealed tells of commits that are in the store for good, and how many events
	// the largest of their logs has.
	Sealed(commits int, largest int64)
	// AnchorFailed tells of checkpoints that could not be written to the anchor
	// file. They are tried again.
	AnchorFailed(err error)
}

type silent struct{}

func (silent) Refused(error)        {}
func (silent) Unacknowledged(error) {}
func (silent) Sealed(int, int64)    {}
func (silent) AnchorFailed(error)   {}

// Sealer implements store.Sealer for the log of one key file. It is safe for
// concurrent use: all writers of a process share one.
type Sealer struct {
	opts Options
	log  string

	mu      sync.Mutex // guards the rest
	known   map[tenantKey]position
	behind  map[string][]byte // notes that the anchor file does not have yet, by origin
	changed map[string][]byte // notes for Changes, by origin
	since   time.Time         // when the oldest commit without an anchor was made; zero: none
}

// tenantKey is the beginning of SHA-256 of a tenant's name, as in its origin.
type tenantKey [16]byte

// position is the newest commit of a tenant that was seen to be in the store.
type position struct {
	store.Position
	// digest is SHA-256 of the commit's row: what was checked once, or was made
	// here, is not checked again. Zero where the commit was not seen itself.
	digest [sha256.Size]byte
}

// defaultKnown is about 25 MB.
const defaultKnown = 1 << 18

// maxBehind bounds the notes that wait for an anchor file that cannot be
// written: the tenants over it are anchored with their next commit.
const maxBehind = 1 << 16

// New returns a Sealer. It knows what the anchor file says.
func New(opts Options) *Sealer {
	if opts.Observer == nil {
		opts.Observer = silent{}
	}
	if opts.MaxKnown == 0 {
		opts.MaxKnown = defaultKnown
	}
	return &Sealer{
		opts: opts, log: opts.Ring.LogName(), known: make(map[tenantKey]position),
		behind: make(map[string][]byte), changed: make(map[string][]byte),
	}
}

func keyOf(tenantID string) tenantKey {
	sum := sha256.Sum256([]byte(tenantID))
	return tenantKey(sum[:16])
}

// Known implements store.Sealer. Where the anchor file cannot be read it knows
// nothing; Check says so.
func (s *Sealer) Known(tenantID string) store.Position {
	p, err := s.recall(tenantID)
	if err != nil {
		return store.Position{}
	}
	return p.Position
}

// recall returns what is known of a tenant, in memory or in the anchor file.
func (s *Sealer) recall(tenantID string) (position, error) {
	k := keyOf(tenantID)
	s.mu.Lock()
	p, ok := s.known[k]
	s.mu.Unlock()
	if ok || s.opts.Anchors == nil {
		return p, nil
	}
	first := merkle.TenantOrigin(s.log, tenantID, 0)
	note, epoch, err := s.opts.Anchors.LatestEpoch(first)
	if err != nil || note == nil {
		return p, err
	}
	c, err := s.opts.Ring.Checkpoint(note, merkle.TenantOrigin(s.log, tenantID, epoch))
	if err != nil {
		return p, fmt.Errorf("the anchor file has a checkpoint of this log that is not ours: %w", err)
	}
	p.Position = store.Position{Epoch: epoch, Size: c.Size, Root: c.Root}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remember(k, p)
	return p, nil
}

// remember keeps a position unless a newer one is known, and says whether it
// did. The caller holds mu.
func (s *Sealer) remember(k tenantKey, p position) bool {
	before, ok := s.known[k]
	if ok && (before.Epoch > p.Epoch || before.Epoch == p.Epoch && before.Size > p.Size) {
		return false
	}
	for other := range s.known {
		if ok || len(s.known) < s.opts.MaxKnown {
			break
		}
		delete(s.known, other) // any: the order of a map is none
	}
	s.known[k] = p
	return true
}

// Check implements store.Sealer. Errors are *RollbackError, *ForkError or
// *HeadError.
func (s *Sealer) Check(head *store.Head) error {
	err := s.check(head)
	if err != nil {
		s.opts.Observer.Refused(err)
	}
	return err
}

func (s *Sealer) check(head *store.Head) error {
	last, err := s.recall(head.TenantID)
	if err != nil {
		return headError(head, ReasonAnchor, err)
	}
	if err := compare(head); err != nil {
		return err
	}
	digest := digestOf(head.RecordedAt, head.PrevSize, head.Root, head.Frontier, head.Note)
	if last.Epoch == head.Epoch && last.Size == head.Size && last.digest == digest {
		return nil // checked before, or made here
	}
	if err := s.verify(head); err != nil {
		return err
	}
	s.seen(head, digest)
	return nil
}

// compare holds the head against what was known before the tenant was locked.
// It believes the store's word for roots: verify checks the head itself, and a
// root that fits what was written is no lie.
func compare(head *store.Head) error {
	known := head.Known
	switch {
	case known.Size == 0:
		return nil
	case head.Epoch < known.Epoch || head.Epoch == known.Epoch && head.Size < known.Size:
		return &RollbackError{TenantID: head.TenantID, Epoch: head.Epoch, Found: head.Size, KnownEpoch: known.Epoch, Known: known.Size}
	case head.Epoch > known.Epoch:
		return nil // a new epoch speaks of the old one in its statement
	}
	root := head.KnownRoot
	if head.Size == known.Size {
		root = head.Root
		if root == nil {
			return headError(head, ReasonUnsealed, errUnsealed)
		}
	}
	if !bytes.Equal(root, known.Root[:]) {
		return &ForkError{TenantID: head.TenantID, Epoch: known.Epoch, Size: known.Size, Missing: root == nil}
	}
	return nil
}

var errUnsealed = errors.New("its newest commit has no signature")

func headError(head *store.Head, reason string, err error) *HeadError {
	return &HeadError{Reason: reason, TenantID: head.TenantID, Epoch: head.Epoch, Size: head.Size, Err: err}
}

func digestOf(recordedAt time.Time, prevSize int64, root, frontier, note []byte) (digest [sha256.Size]byte) {
	h := sha256.New()
	var at [8]byte
	binary.BigEndian.PutUint64(at[:], uint64(recordedAt.UnixMicro()))
	h.Write(at[:])
	binary.BigEndian.PutUint64(at[:], uint64(prevSize)) //nolint:gosec // only hashed
	h.Write(at[:])
	for _, field := range [][]byte{root, frontier, note} {
		binary.BigEndian.PutUint64(at[:], uint64(len(field)))
		h.Write(at[:])
		h.Write(field)
	}
	h.Sum(digest[:0])
	return digest
}

// verify checks that a key of ours signed the head as it stands in the store.
func (s *Sealer) verify(head *store.Head) error {
	if head.Known.Size > 0 && head.Epoch > head.Known.Epoch {
		if err := s.verifyClosing(head); err != nil {
			return headError(head, ReasonForgedEpoch, err)
		}
	}
	switch {
	case head.Size == 0 && head.Epoch == 0:
		return nil
	case head.Size == 0:
		if err := s.verifyOpening(head); err != nil {
			return headError(head, ReasonForgedEpoch, err)
		}
		return nil
	case head.Note == nil:
		return headError(head, ReasonUnsealed, errUnsealed)
	}
	if err := s.verifyCommit(head); err != nil {
		return headError(head, ReasonForgedHead, err)
	}
	return nil
}

func (s *Sealer) verifyCommit(head *store.Head) error {
	signed, err := s.opts.Ring.Checkpoint(head.Note, merkle.TenantOrigin(s.log, head.TenantID, head.Epoch))
	if err != nil {
		return err
	}
	switch {
	case signed.Size != head.Size:
		return fmt.Errorf("the signature is for %d events", signed.Size)
	case !bytes.Equal(signed.Root[:], head.Root):
		return errors.New("the signature is for another root")
	case !signed.RecordedAt.Equal(head.RecordedAt):
		return fmt.Errorf("the signature is for the time %s, the commit says %s",
			signed.RecordedAt.UTC().Format(time.RFC3339Nano), head.RecordedAt.UTC().Format(time.RFC3339Nano))
	case signed.PrevSize != head.PrevSize:
		return fmt.Errorf("the signature is for the events from %d on, the commit says from %d", signed.PrevSize, head.PrevSize)
	}
	frontier, err := merkle.ParseFrontier(head.Size, head.Frontier)
	if err != nil {
		return err
	}
	if frontier.Root() != signed.Root {
		return errors.New("the frontier does not fold to the root")
	}
	return nil
}

// verifyOpening checks the statement that opened the head's epoch.
func (s *Sealer) verifyOpening(head *store.Head) error {
	statement, err := s.statement(head.TenantID, head.Opening)
	if err != nil {
		return err
	}
	if origin := merkle.TenantOrigin(s.log, head.TenantID, head.Epoch); statement.Origin != origin {
		return fmt.Errorf("the statement opens %s, not %s", statement.Origin, origin)
	}
	if !statement.RecordedAt.Equal(head.RecordedAt) {
		return errors.New("the statement was made at another time than its row says")
	}
	return nil
}

// verifyClosing checks the statement that ended the known epoch, and tells where
// it does not speak of all that was written.
func (s *Sealer) verifyClosing(head *store.Head) error {
	known := head.Known
	statement, err := s.statement(head.TenantID, head.KnownClosed)
	if err != nil {
		return err
	}
	opened, err := merkle.ParseOrigin(statement.Origin)
	if err != nil {
		return err
	}
	if opened.Epoch <= known.Epoch || opened.Epoch > head.Epoch {
		return fmt.Errorf("the statement opens epoch %d", opened.Epoch)
	}
	kept := bytes.Equal(head.KnownRoot, known.Root[:])
	ended := statement.PreviousOrigin == merkle.TenantOrigin(s.log, head.TenantID, known.Epoch)
	lost := ended && (statement.LostSize > known.Size || statement.LostSize == known.Size && statement.LostRoot == known.Root)
	if !kept && !lost {
		s.opts.Observer.Unacknowledged(fmt.Errorf("tenant %q: the statement that opened epoch %d speaks of %d events of %s that are lost; "+
			"this log had %d events in epoch %d that are not in the store as they were, and otelaudit verify with this collector's anchors reports them",
			head.TenantID, opened.Epoch, statement.LostSize, statement.PreviousOrigin, known.Size, known.Epoch))
	}
	return nil
}

// statement opens a statement about an epoch of this tenant.
func (s *Sealer) statement(tenantID string, signed []byte) (merkle.EpochStatement, error) {
	if signed == nil {
		return merkle.EpochStatement{}, errors.New("no statement opened the epoch")
	}
	text, err := s.opts.Ring.Open(signed)
	if err != nil {
		return merkle.EpochStatement{}, err
	}
	statement, err := merkle.ParseEpochStatement(text)
	if err != nil {
		return merkle.EpochStatement{}, err
	}
	origin, err := merkle.ParseOrigin(statement.Origin)
	if err != nil {
		return merkle.EpochStatement{}, err
	}
	if statement.Origin != merkle.TenantOrigin(s.log, tenantID, origin.Epoch) {
		return merkle.EpochStatement{}, fmt.Errorf("the statement is about %s", statement.Origin)
	}
	return statement, nil
}

// Seal implements store.Sealer.
func (s *Sealer) Seal(head *store.Head, recordedAt time.Time, leaves [][32]byte) (store.Seal, error) {
	frontier, err := merkle.ParseFrontier(head.Size, head.Frontier)
	if err != nil {
		return store.Seal{}, headError(head, ReasonForgedHead, err)
	}
	for i := range leaves {
		frontier.Append(leaves[i])
	}
	checkpoint := merkle.Checkpoint{
		Origin: merkle.TenantOrigin(s.log, head.TenantID, head.Epoch), Size: frontier.Size(), Root: frontier.Root(), RecordedAt: recordedAt, PrevSize: head.Size,
	}
	note, err := s.opts.Ring.Sign(checkpoint.Text())
	if err != nil {
		return store.Seal{}, headError(head, ReasonOther, err)
	}
	return store.Seal{Root: checkpoint.Root[:], Frontier: frontier.Bytes(), Note: note}, nil
}
