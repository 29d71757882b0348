package prove

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
)

// ErrNoCommit is wrapped where a log has no commit to prove anything against.
var ErrNoCommit = errors.New("no such commit")

// ErrUnsigned is wrapped where a commit carries no checkpoint.
var ErrUnsigned = errors.New("the log was written without signatures")

// ErrEvidence is wrapped where the store contradicts what the log's key signed.
var ErrEvidence = errors.New("the store contradicts its own log")

// Inclusion is the proof that an event is in a tenant's log.
type Inclusion struct {
	Tenant     string
	Epoch      int32
	Canonical  []byte // the record, whose leaf is proven
	Checkpoint merkle.Checkpoint
	Proof      merkle.Proof
}

// Event proves that a tenant's event is in the tree of the commit of
// this size, 0 for the newest. The record is recomputed from the columns and the
// proof verified; whether a trusted key signed the checkpoint is for the caller
// to check. It returns errors that wrap store.ErrNotFound, ErrNoCommit,
// ErrUnsigned and ErrEvidence. The store is read in one transaction. The Scanner
// may have been opened for any tenant whose login sees this one.
func Event(ctx context.Context, s *store.Scanner, tenant, eventID string, size int64) (proven Inclusion, err error) {
	err = s.For(tenant).Snapshot(ctx, func(s *store.Scanner) error {
		proven, err = proveEvent(ctx, s, tenant, eventID, size)
		return err
	})
	return proven, err
}

func proveEvent(ctx context.Context, s *store.Scanner, tenant, eventID string, size int64) (Inclusion, error) {
	name, seq, err := s.Locate(ctx, tenant, eventID)
	if err != nil {
		return Inclusion{}, err
	}
	proven := Inclusion{Tenant: tenant, Epoch: name.Epoch, Proof: merkle.Proof{Index: seq}}
	if proven.Canonical, err = readRecord(ctx, s, name, seq, eventID); err != nil {
		return Inclusion{}, err
	}
	if proven.Proof.Note, proven.Checkpoint, err = commitNote(ctx, s, name, size); err != nil {
		return Inclusion{}, err
	}
	c := &proven.Checkpoint
	if c.Size <= seq {
		return Inclusion{}, fmt.Errorf("%w: the event is number %d, not among the first %d", ErrNoCommit, seq+1, c.Size)
	}
	leaf := merkle.LeafHash(proven.Canonical)
	proven.Proof.Hashes, err = merkle.ProveInclusion(ctx, s.Log(name), seq, c.Size, leaf, c.Root)
	return proven, contradiction(err)
}

// contradiction tells a store that holds something else from one that cannot be
// read.
func contradiction(err error) error {
	if errors.Is(err, merkle.ErrProof) || errors.Is(err, store.ErrLeafMissing) {
		return fmt.Errorf("%w: %w", ErrEvidence, err)
	}
	return err
}

// readRecord returns the canonical bytes of an event as its columns have it.
func readRecord(ctx context.Context, s *store.Scanner, name store.LogName, seq int64, eventID string) ([]byte, error) {
	var page store.EventPage
	if err := s.Events(ctx, name, store.BeforeSeq(seq), seq+1, 2, &page); err != nil {
		return nil, err
	}
	switch page.Len() {
	case 0:
		return nil, fmt.Errorf("event %q of tenant %q, seq %d, was pruned or deleted: %w", eventID, name.Tenant, seq, store.ErrNotFound)
	case 1:
	default:
		return nil, fmt.Errorf("%w: two events of tenant %q claim seq %d", ErrEvidence, name.Tenant, seq)
	}
	var hasher store.RowHasher
	if _, err := hasher.Hash(page.Row(0)); err != nil {
		return nil, fmt.Errorf("%w: event %q of tenant %q: %w", ErrEvidence, eventID, name.Tenant, err)
	}
	if found := page.Row(0).EventID(); found != eventID {
		return nil, fmt.Errorf("%w: at the place of event %q of tenant %q stands %q", ErrEvidence, eventID, name.Tenant, found)
	}
	return bytes.Clone(hasher.Canonical()), nil
}

// commitNote returns the signed checkpoint of the commit of this size, 0 for the
// newest, without a look at its signatures.
func commitNote(ctx context.Context, s *store.Scanner, name store.LogName, size int64) ([]byte, merkle.Checkpoint, error) {
	c, err := Commit(ctx, s, name, size)
	if err != nil {
		return nil, merkle.Checkpoint{}, err
	}
	checkpoint, err := anchor.Unverified(c.Note)
	if err != nil {
		return nil, merkle.Checkpoint{}, fmt.Errorf("%w: tenant %q, epoch %d, size %d: %w", ErrEvidence, name.Tenant, name.Epoch, c.Size, err)
	}
	origin, err := merkle.ParseOrigin(checkpoint.Origin)
	if err != nil || merkle.TenantOrigin(origin.Log, name.Tenant, name.Epoch) != checkpoint.Origin || checkpoint.Size != c.Size {
		return nil, merkle.Checkpoint{}, fmt.Errorf("%w: the commit of tenant %q, epoch %d, size %d has a checkpoint of %s, size %d",
			ErrEvidence, name.Tenant, name.Epoch, c.Size, checkpoint.Origin, checkpoint.Size)
	}
	return c.Note, checkpoint, nil
}

// Commit returns the commit of a log that has exactly this size, 0 for the
// newest. It wraps ErrNoCommit, and ErrUnsigned where it has no checkpoint.
func Commit(ctx context.Context, s *store.Scanner, name store.LogName, size int64) (store.CommitRow, error) {
	var commits []store.CommitRow
	var err error
	if size == 0 {
		commits, err = s.NewestCommit(ctx, name)
	} else {
		commits, err = s.Commits(ctx, name, size-1, size, 1)
	}
	switch {
	case err != nil:
		return store.CommitRow{}, err
	case len(commits) == 0 && size == 0:
		return store.CommitRow{}, fmt.Errorf("%w: tenant %q has none in epoch %d", ErrNoCommit, name.Tenant, name.Epoch)
	case len(commits) == 0:
		return store.CommitRow{}, fmt.Errorf("%w: no commit of tenant %q, epoch %d, ends at size %d", ErrNoCommit, name.Tenant, name.Epoch, size)
	case commits[0].Note == nil:
		return commits[0], fmt.Errorf("%w: tenant %q, epoch %d, size %d", ErrUnsigned, name.Tenant, name.Epoch, commits[0].Size)
	}
	return commits[0], nil
}

// Trust says which notes are believed: a keys.Trust.
type Trust interface {
	Checkpoint(signed []byte) (merkle.Checkpoint, error)
}

// Proven is what an inclusion proof shows.
type Proven struct {
	Record     *record.Record
	Leaf       merkle.Hash
	Origin     merkle.Origin
	Checkpoint merkle.Checkpoint
	Index      int64
}

// SignedAt is when the tree was signed that the event is in: it was recorded then
// or before. Zero where the checkpoint does not say.
func (p *Proven) SignedAt() time.Time { return p.Checkpoint.RecordedAt }

// VerifyInclusion verifies a proof file against the canonical record that it is
// about. One newline behind the record is not looked at: a line that was copied
// has one. A journal's log is no tenant's; its record may be of any.
func VerifyInclusion(trust Trust, proof, canonical []byte) (Proven, error) {
	parsed, err := merkle.ParseProof(proof)
	if err != nil {
		return Proven{}, err
	}
	canonical = bytes.TrimSuffix(canonical, []byte("\n"))
	rec, err := record.ParseCanonical(canonical)
	if err != nil {
		return Proven{}, fmt.Errorf("the record is %w", err)
	}
	proven := Proven{Record: rec, Leaf: merkle.LeafHash(canonical), Index: parsed.Index}
	if proven.Checkpoint, err = trust.Checkpoint(parsed.Note); err != nil {
		return Proven{}, err
	}
	c := &proven.Checkpoint
	if proven.Origin, err = merkle.ParseOrigin(c.Origin); err != nil {
		return Proven{}, err
	}
	if strings.HasPrefix(proven.Origin.Stream, "t-") && merkle.TenantOrigin(proven.Origin.Log, rec.TenantID, proven.Origin.Epoch) != c.Origin {
		return Proven{}, fmt.Errorf("%w: the record is of tenant %q, whose log is not %s", merkle.ErrProof, rec.TenantID, c.Origin)
	}
	return proven, merkle.VerifyInclusion(parsed.Index, c.Size, proven.Leaf, c.Root, parsed.Hashes)
}
