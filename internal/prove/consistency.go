package prove

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/store"
)

// Consistency is the proof that a log has only grown since an old checkpoint. As
// a file it is the request body of C2SP tlog-witness:
//
//	old <size of the old checkpoint>
//	<hash in base64>          one per line
//
//	<signed new checkpoint>
//
// The old checkpoint is not in it: it is worth something because the verifier
// has kept it.
type Consistency struct {
	OldSize int64
	Hashes  []merkle.Hash
	Note    []byte // the signed new checkpoint
}

const oldName = "old "

// maxHashes is what tlog-witness allows, and more than any tree needs.
const maxHashes = 63

// Marshal writes the proof.
func (c *Consistency) Marshal() []byte {
	b := append([]byte(oldName), strconv.FormatInt(c.OldSize, 10)...)
	b = append(b, '\n')
	for i := range c.Hashes {
		b = base64.StdEncoding.AppendEncode(b, c.Hashes[i][:])
		b = append(b, '\n')
	}
	return append(append(b, '\n'), c.Note...)
}

// ErrConsistencyFormat is wrapped by every error of ParseConsistency.
var ErrConsistencyFormat = errors.New("not a consistency proof")

// IsConsistency tells a consistency proof from one of inclusion.
func IsConsistency(file []byte) bool { return bytes.HasPrefix(file, []byte(oldName)) }

// ParseConsistency reads what Marshal writes and nothing else.
func ParseConsistency(file []byte) (Consistency, error) {
	var c Consistency
	head, note, found := strings.Cut(string(file), "\n\n")
	if !found {
		return c, fmt.Errorf("%w: no empty line before the checkpoint", ErrConsistencyFormat)
	}
	lines := strings.Split(head, "\n")
	digits, named := strings.CutPrefix(lines[0], oldName)
	size, err := strconv.ParseInt(digits, 10, 64)
	if !named || err != nil || size < 0 || size > merkle.MaxSize || strconv.FormatInt(size, 10) != digits {
		return c, fmt.Errorf("%w: the first line is not %q and a size", ErrConsistencyFormat, oldName)
	}
	if len(lines) > 1+maxHashes {
		return c, fmt.Errorf("%w: more than %d hashes", ErrConsistencyFormat, maxHashes)
	}
	c.OldSize = size
	for _, line := range lines[1:] {
		hash, err := base64.StdEncoding.Strict().DecodeString(line)
		if err != nil || len(hash) != len(merkle.Hash{}) || len(line) != base64.StdEncoding.EncodedLen(len(hash)) {
			return Consistency{}, fmt.Errorf("%w: a line is not base64 of 32 bytes", ErrConsistencyFormat)
		}
		c.Hashes = append(c.Hashes, merkle.Hash(hash))
	}
	c.Note = []byte(note)
	return c, nil
}

// ErrBehind is wrapped where a store has less than an old checkpoint says, and
// ErrFork where it has something else.
var (
	ErrBehind = errors.New("the log has gone back behind the checkpoint")
	ErrFork   = errors.New("the log is not the one of the checkpoint")
)

// Growth proves that the tenant's log has only grown since an old
// checkpoint, up to its newest commit. The proof is verified; whose signatures
// the checkpoints carry is for the caller to check. The errors wrap ErrBehind,
// ErrFork, ErrNoCommit, ErrUnsigned and ErrEvidence. The store is read in one
// transaction.
func Growth(ctx context.Context, s *store.Scanner, tenant string, old merkle.Checkpoint) (proof Consistency, now merkle.Checkpoint, err error) {
	err = s.Snapshot(ctx, func(s *store.Scanner) error {
		proof, now, err = proveGrowth(ctx, s, tenant, old)
		return err
	})
	return proof, now, err
}

func proveGrowth(ctx context.Context, s *store.Scanner, tenant string, old merkle.Checkpoint) (Consistency, merkle.Checkpoint, error) {
	origin, err := merkle.ParseOrigin(old.Origin)
	if err != nil {
		return Consistency{}, merkle.Checkpoint{}, err
	}
	if merkle.TenantOrigin(origin.Log, tenant, origin.Epoch) != old.Origin {
		return Consistency{}, merkle.Checkpoint{}, fmt.Errorf("%w: %s is not a log of tenant %q", ErrFork, old.Origin, tenant)
	}
	name := store.LogName{Tenant: tenant, Epoch: origin.Epoch}
	note, now, err := commitNote(ctx, s, name, 0)
	switch {
	case errors.Is(err, ErrNoCommit) && old.Size > 0:
		return Consistency{}, merkle.Checkpoint{}, fmt.Errorf("%w: %s has no entry, the checkpoint %d", ErrBehind, old.Origin, old.Size)
	case err != nil:
		return Consistency{}, merkle.Checkpoint{}, err
	case now.Origin != old.Origin:
		return Consistency{}, now, fmt.Errorf("%w: it is %s, the checkpoint is of %s", ErrFork, now.Origin, old.Origin)
	case now.Size < old.Size:
		return Consistency{}, now, fmt.Errorf("%w: %s has %d entries, the checkpoint %d", ErrBehind, old.Origin, now.Size, old.Size)
	}
	hashes, err := merkle.ProveConsistency(ctx, s.Log(name), old.Size, now.Size, old.Root, now.Root)
	if errors.Is(err, merkle.ErrProof) {
		return Consistency{}, now, fmt.Errorf("%w: %s: %w", ErrFork, old.Origin, err)
	}
	return Consistency{OldSize: old.Size, Hashes: hashes, Note: note}, now, contradiction(err)
}

// VerifyConsistency verifies a proof file against the old checkpoint that the
// verifier has kept, and returns both.
func VerifyConsistency(trust Trust, file, oldNote []byte) (old, now merkle.Checkpoint, err error) {
	parsed, err := ParseConsistency(file)
	if err != nil {
		return old, now, err
	}
	if old, err = trust.Checkpoint(oldNote); err != nil {
		return old, now, fmt.Errorf("old checkpoint: %w", err)
	}
	if now, err = trust.Checkpoint(parsed.Note); err != nil {
		return old, now, fmt.Errorf("new checkpoint: %w", err)
	}
	switch {
	case old.Origin != now.Origin:
		err = fmt.Errorf("%w: the old checkpoint is of %s, the new one of %s", merkle.ErrProof, old.Origin, now.Origin)
	case old.Size != parsed.OldSize:
		err = fmt.Errorf("%w: it begins at size %d, the old checkpoint has size %d", merkle.ErrProof, parsed.OldSize, old.Size)
	case now.RecordedAt.Before(old.RecordedAt):
		err = fmt.Errorf("%w: the new checkpoint is older than the old one", merkle.ErrProof)
	default:
		err = merkle.VerifyConsistency(old.Size, now.Size, old.Root, now.Root, parsed.Hashes)
	}
	return old, now, err
}
