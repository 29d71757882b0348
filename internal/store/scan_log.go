package store

import (
	"context"
	"math"
	"time"
)

// CommitRow is a row of audit_commits as it is stored.
type CommitRow struct {
	Size, PrevSize int64
	RecordedAt     time.Time
	Root           []byte // nil where the log is not signed
	Frontier       []byte
	Note           []byte
}

// Head is the size of a log's newest commit, 0 where it has none.
func (s *Scanner) Head(ctx context.Context, name LogName) (size int64, err error) {
	err = s.rows(ctx, s.sql.head, []param{textOf(name.Tenant), int4Of(name.Epoch)}, func(columns [][]byte) error {
		size, err = asInt64(columns[0])
		return err
	})
	return size, err
}

// Commits returns at most limit commits with after < size <= until, by size. The
// smallest integer stands before all of them, that of this impossible size
// included.
func (s *Scanner) Commits(ctx context.Context, name LogName, after, until int64, limit int32) ([]CommitRow, error) {
	first := after
	if after > math.MinInt64 && after < math.MaxInt64 {
		first++
	}
	return s.commits(ctx, s.sql.commits, limit, textOf(name.Tenant), int4Of(name.Epoch), int8Of(first), int8Of(until), int4Of(limit))
}

// NewestCommit returns a log's newest commit, or none.
func (s *Scanner) NewestCommit(ctx context.Context, name LogName) ([]CommitRow, error) {
	return s.commits(ctx, s.sql.newest, 1, textOf(name.Tenant), int4Of(name.Epoch))
}

func (s *Scanner) commits(ctx context.Context, sql string, limit int32, params ...param) ([]CommitRow, error) {
	commits := make([]CommitRow, 0, min(limit, firstRows))
	err := s.rows(ctx, sql, params, func(columns [][]byte) error {
		c, err := asCommit(columns)
		commits = append(commits, c)
		return err
	})
	return commits, err
}

// firstRows is for how many rows there is room at first: most logs are small.
const firstRows = 8

func asCommit(columns [][]byte) (c CommitRow, err error) {
	if c.Size, err = asInt64(columns[0]); err != nil {
		return c, err
	}
	if c.PrevSize, err = asInt64(columns[1]); err != nil {
		return c, err
	}
	c.RecordedAt, err = asTime(columns[2])
	c.Root, c.Frontier, c.Note = cloneBytes(columns[3]), cloneBytes(columns[4]), cloneBytes(columns[5])
	return c, err
}

// EpochRow is a row of audit_epochs: where a log began anew.
type EpochRow struct {
	Epoch      int32
	PrevSize   int64
	RecordedAt time.Time
	Reason     string
	Note       []byte
}

// Epochs returns the rows of a tenant, by epoch.
func (s *Scanner) Epochs(ctx context.Context, tenant string) ([]EpochRow, error) {
	var epochs []EpochRow
	err := s.rows(ctx, s.sql.epochs, []param{textOf(tenant)}, func(columns [][]byte) error {
		o, err := asEpoch(columns)
		epochs = append(epochs, o)
		return err
	})
	return epochs, err
}

func asEpoch(columns [][]byte) (o EpochRow, err error) {
	o.Reason, o.Note = string(columns[3]), cloneBytes(columns[4])
	if o.Epoch, err = asInt32(columns[0]); err != nil {
		return o, err
	}
	if o.PrevSize, err = asInt64(columns[1]); err != nil {
		return o, err
	}
	o.RecordedAt, err = asTime(columns[2])
	return o, err
}

// PruneRow is a row of audit_prunes: what retention has removed.
type PruneRow struct {
	ID                   int64
	Epoch                int32
	Size                 int64 // events before this seq are gone
	Cutoff               time.Time
	Deleted              int64
	Root, Frontier, Note []byte
	IntentEventID        string
	CompletionEventID    string
}

// Prunes returns the rows of a tenant, by epoch and size.
func (s *Scanner) Prunes(ctx context.Context, tenant string) ([]PruneRow, error) {
	var prunes []PruneRow
	err := s.rows(ctx, s.sql.prunes, []param{textOf(tenant)}, func(columns [][]byte) error {
		p, err := asPrune(columns)
		prunes = append(prunes, p)
		return err
	})
	return prunes, err
}

func asPrune(columns [][]byte) (p PruneRow, err error) {
	p.Root, p.Frontier, p.Note = cloneBytes(columns[5]), cloneBytes(columns[6]), cloneBytes(columns[7])
	p.IntentEventID, p.CompletionEventID = string(columns[8]), string(columns[9])
	if p.ID, err = asInt64(columns[0]); err != nil {
		return p, err
	}
	if p.Epoch, err = asInt32(columns[1]); err != nil {
		return p, err
	}
	if p.Size, err = asInt64(columns[2]); err != nil {
		return p, err
	}
	if p.Cutoff, err = asTime(columns[3]); err != nil {
		return p, err
	}
	p.Deleted, err = asInt64(columns[4])
	return p, err
}

// PrunedLeaf is what is left of an event that was removed by itself.
type PrunedLeaf struct {
	Seq        int64
	RecordedAt time.Time
	Leaf       [32]byte
}

// PrunedLeaves returns at most limit leaves of a log behind a seq, by seq.
func (s *Scanner) PrunedLeaves(ctx context.Context, name LogName, after int64, limit int32) ([]PrunedLeaf, error) {
	var leaves []PrunedLeaf
	params := []param{textOf(name.Tenant), int4Of(name.Epoch), int8Of(after), int4Of(limit)}
	err := s.rows(ctx, s.sql.prunedLeaves, params, func(columns [][]byte) error {
		l, err := asPrunedLeaf(columns)
		leaves = append(leaves, l)
		return err
	})
	return leaves, err
}

func asPrunedLeaf(columns [][]byte) (l PrunedLeaf, err error) {
	if l.Seq, err = asInt64(columns[0]); err != nil {
		return l, err
	}
	copy(l.Leaf[:], columns[2])
	l.RecordedAt, err = asTime(columns[1])
	return l, err
}

// Identity is a row of audit_event_ids.
type Identity struct {
	IdentityKey
	Fingerprint [32]byte
	Epoch       int32
	Seq         int64
	RecordedAt  int64 // microseconds since 1970
}

// IdentityKey names an identity of a tenant: kind 'e' is an event id, 'k' an
// idempotency key. The zero key stands before all others.
type IdentityKey struct {
	Kind byte
	ID   string
}

// Identities returns at most limit identities of a tenant behind a key.
func (s *Scanner) Identities(ctx context.Context, tenant string, after IdentityKey, limit int32) ([]Identity, error) {
	identities := make([]Identity, 0, min(limit, firstRows))
	kind := []byte{after.Kind}
	params := []param{textOf(tenant), {oidChar, kind}, textOf(after.ID), int4Of(limit)}
	err := s.rows(ctx, s.sql.identities, params, func(columns [][]byte) error {
		i, err := asIdentity(columns)
		identities = append(identities, i)
		return err
	})
	return identities, err
}

func asIdentity(columns [][]byte) (i Identity, err error) {
	if len(columns[0]) != 1 {
		return i, errShape
	}
	i.IdentityKey = IdentityKey{Kind: columns[0][0], ID: string(columns[1])}
	copy(i.Fingerprint[:], columns[2])
	if i.Epoch, err = asInt32(columns[3]); err != nil {
		return i, err
	}
	if i.Seq, err = asInt64(columns[4]); err != nil {
		return i, err
	}
	micros, err := asInt64(columns[5])
	i.RecordedAt = micros + postgresEpoch
	return i, err
}
