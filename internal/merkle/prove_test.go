package merkle_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/otelaudit/otelaudit/internal/merkle"
)

// reader is a log with commit boundaries, as a store has it. It counts.
type reader struct {
	log        *oracle
	boundaries []int64 // ascending

	calls, frontiers, leaves int
}

func (r *reader) Frontiers(_ context.Context, sizes []int64) ([]merkle.Frontier, error) {
	r.calls++
	r.frontiers += len(sizes)
	found := make([]merkle.Frontier, len(sizes))
	for i, size := range sizes {
		if n := sort.Search(len(r.boundaries), func(i int) bool { return r.boundaries[i] > size }); n > 0 {
			found[i] = r.log.frontiers[r.boundaries[n-1]]
		}
	}
	return found, nil
}

func (r *reader) Leaves(_ context.Context, ranges []merkle.Range, do func(leaf merkle.Hash) error) error {
	r.calls++
	end := int64(-1)
	for _, part := range ranges {
		if part.From <= end || part.From >= part.To {
			return fmt.Errorf("range %v after %d", part, end)
		}
		end = part.To
		for _, leaf := range r.log.leaves[part.From:part.To] {
			r.leaves++
			if err := do(leaf); err != nil {
				return err
			}
		}
	}
	return nil
}

func everySize(n int64) []int64 {
	all := make([]int64, n)
	for i := range all {
		all[i] = int64(i) + 1
	}
	return all
}

func TestProofsFromCommitBoundariesAreThoseOfTheOracles(t *testing.T) {
	const size = 70
	log := newOracle(t, size)
	random := chance()
	layouts := [][]int64{nil, everySize(size), {1}, {32}, {32, 64}, {31, 33, 63, 65}, {size}}
	for range 6 {
		var boundaries []int64
		for at := 1 + random.Int64N(20); at <= size; at += 1 + random.Int64N(20) {
			boundaries = append(boundaries, at)
		}
		layouts = append(layouts, boundaries)
	}
	for _, boundaries := range layouts {
		for n := int64(1); n <= size; n++ {
			root := log.root(n)
			for i := range n {
				// The oracles are asked below for each size once; here every entry
				// is proven, and a proof has exactly one form.
				hashes, err := merkle.ProveInclusion(t.Context(), &reader{log: log, boundaries: boundaries}, i, n, log.leaves[i], root)
				require.NoError(t, err, "entry %d of %d, commits at %v", i, n, boundaries)
				if random.IntN(8) == 0 {
					requireInclusion(t, log, i, n, hashes)
				}
				hashes, err = merkle.ProveConsistency(t.Context(), &reader{log: log, boundaries: boundaries}, i, n, log.root(i), root)
				require.NoError(t, err, "%d to %d, commits at %v", i, n, boundaries)
				if random.IntN(8) == 0 {
					requireConsistency(t, log, i, n, hashes)
				}
			}
			frontier, err := merkle.FrontierAt(t.Context(), &reader{log: log, boundaries: boundaries}, n)
			require.NoError(t, err)
			require.Equal(t, log.frontiers[n].Bytes(), frontier.Bytes())
		}
	}
}

// requireInclusion holds a proof of ours against both oracles.
func requireInclusion(t *testing.T, log *oracle, i, n int64, hashes []merkle.Hash) {
	record, err := tlog.ProveRecord(n, i, log)
	require.NoError(t, err)
	require.Equal(t, ofTlog(record), slices.Clip(append([]merkle.Hash{}, hashes...)))
	require.NoError(t, tlog.CheckRecord(toTlog(hashes), n, tlog.Hash(log.root(n)), i, tlog.Hash(log.leaves[i])))
	other, err := log.other.InclusionProof(uint64(i), uint64(n))
	require.NoError(t, err)
	require.Equal(t, ofSlices(other), append([]merkle.Hash{}, hashes...))
	root := log.root(n)
	require.NoError(t, proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(i), uint64(n), log.leaves[i][:], toSlices(hashes), root[:]))
}

// requireConsistency holds a proof of ours against both oracles.
func requireConsistency(t *testing.T, log *oracle, m, n int64, hashes []merkle.Hash) {
	if m > 0 { // tlog proves nothing about the empty tree
		tree, err := tlog.ProveTree(n, m, log)
		require.NoError(t, err)
		require.Equal(t, ofTlog(tree), append([]merkle.Hash{}, hashes...))
		require.NoError(t, tlog.CheckTree(toTlog(hashes), n, tlog.Hash(log.root(n)), m, tlog.Hash(log.root(m))))
	}
	other, err := log.other.ConsistencyProof(uint64(m), uint64(n))
	require.NoError(t, err)
	require.Equal(t, ofSlices(other), append([]merkle.Hash{}, hashes...))
	older, newer := log.root(m), log.root(n)
	require.NoError(t, proof.VerifyConsistency(rfc6962.DefaultHasher, uint64(m), uint64(n), toSlices(hashes), older[:], newer[:]))
}

func TestProofsOfALargeLogReadLittle(t *testing.T) {
	const size, levels = 1 << 15, 15
	log := newOracle(t, size)
	random := chance()
	for _, commit := range []int64{1, 7, 100, 1000} {
		r := &reader{log: log}
		for at := commit; at <= size; at += commit {
			r.boundaries = append(r.boundaries, at)
		}
		larger := int64(0) // levels whose subtrees are larger than a commit
		for width := commit; width < size; width *= 2 {
			larger++
		}
		for range 200 {
			n := 1 + random.Int64N(size)
			i := random.Int64N(n)
			*r = reader{log: log, boundaries: r.boundaries}
			hashes, err := merkle.ProveInclusion(t.Context(), r, i, n, log.leaves[i], log.root(n))
			require.NoError(t, err)
			requireInclusion(t, log, i, n, hashes)
			require.LessOrEqual(t, r.calls, 2)
			require.LessOrEqual(t, r.frontiers, levels+1)
			require.LessOrEqual(t, int64(r.leaves), 3*commit+larger*commit, "commits of %d", commit)
			*r = reader{log: log, boundaries: r.boundaries}
			hashes, err = merkle.ProveConsistency(t.Context(), r, i, n, log.root(i), log.root(n))
			require.NoError(t, err)
			requireConsistency(t, log, i, n, hashes)
			require.LessOrEqual(t, int64(r.leaves), 3*commit+larger*commit, "commits of %d", commit)
		}
	}
}

func TestNoProofOfWhatIsNotThere(t *testing.T) {
	log := newOracle(t, 20)
	other := newOracle(t, 20)
	r := &reader{log: log, boundaries: []int64{8, 20}}
	for name, prove := range map[string]func() ([]merkle.Hash, error){
		"another entry": func() ([]merkle.Hash, error) {
			return merkle.ProveInclusion(t.Context(), r, 3, 20, log.leaves[4], log.root(20))
		},
		"another root": func() ([]merkle.Hash, error) {
			return merkle.ProveInclusion(t.Context(), r, 3, 20, log.leaves[3], log.root(19))
		},
		"entry behind the end": func() ([]merkle.Hash, error) {
			return merkle.ProveInclusion(t.Context(), r, 20, 20, log.leaves[3], log.root(20))
		},
		"negative entry": func() ([]merkle.Hash, error) {
			return merkle.ProveInclusion(t.Context(), r, -1, 20, log.leaves[3], log.root(20))
		},
		"empty tree": func() ([]merkle.Hash, error) {
			return merkle.ProveInclusion(t.Context(), r, 0, 0, log.leaves[3], log.root(0))
		},
		"grown from another tree": func() ([]merkle.Hash, error) {
			return merkle.ProveConsistency(t.Context(), r, 5, 20, log.root(6), log.root(20))
		},
		"grown to another tree": func() ([]merkle.Hash, error) {
			return merkle.ProveConsistency(t.Context(), r, 5, 20, log.root(5), log.root(19))
		},
		"shrunk": func() ([]merkle.Hash, error) {
			return merkle.ProveConsistency(t.Context(), r, 20, 5, log.root(20), log.root(5))
		},
		"two roots of a size": func() ([]merkle.Hash, error) {
			return merkle.ProveConsistency(t.Context(), r, 20, 20, log.root(20), log.root(19))
		},
		"negative size": func() ([]merkle.Hash, error) {
			return merkle.ProveConsistency(t.Context(), r, -1, 20, log.root(0), log.root(20))
		},
		"a leaf was changed": func() ([]merkle.Hash, error) {
			other.leaves[14][0] ^= 1
			return merkle.ProveInclusion(t.Context(), &reader{log: other, boundaries: []int64{8}}, 3, 20, log.leaves[3], log.root(20))
		},
		"a frontier was changed": func() ([]merkle.Hash, error) {
			frontier, err := merkle.ParseFrontier(8, log.frontiers[1].Bytes())
			require.NoError(t, err)
			other.frontiers[8] = frontier
			return merkle.ProveInclusion(t.Context(), &reader{log: other, boundaries: []int64{8}}, 13, 20, log.leaves[13], log.root(20))
		},
	} {
		t.Run(name, func(t *testing.T) {
			hashes, err := prove()
			require.ErrorIs(t, err, merkle.ErrProof)
			require.Empty(t, hashes)
		})
	}
}

// lying is a reader that does not do what it is asked.
type lying struct {
	reader
	frontiersOf func([]merkle.Frontier) ([]merkle.Frontier, error)
	leavesOf    func([]merkle.Range) ([]merkle.Range, error)
}

func (l *lying) Frontiers(ctx context.Context, sizes []int64) ([]merkle.Frontier, error) {
	found, err := l.reader.Frontiers(ctx, sizes)
	if err == nil && l.frontiersOf != nil {
		return l.frontiersOf(found)
	}
	return found, err
}

func (l *lying) Leaves(ctx context.Context, ranges []merkle.Range, do func(leaf merkle.Hash) error) error {
	if l.leavesOf != nil {
		var err error
		if ranges, err = l.leavesOf(ranges); err != nil {
			return err
		}
	}
	return l.reader.Leaves(ctx, ranges, do)
}

func TestAReaderThatFailsOrLies(t *testing.T) {
	log := newOracle(t, 20)
	broken := errors.New("connection lost")
	for name, c := range map[string]struct {
		reader lying
		want   error
		text   string
	}{
		"frontiers fail":  {lying{frontiersOf: func([]merkle.Frontier) ([]merkle.Frontier, error) { return nil, broken }}, broken, ""},
		"leaves fail":     {lying{leavesOf: func([]merkle.Range) ([]merkle.Range, error) { return nil, broken }}, broken, ""},
		"too few answers": {lying{frontiersOf: func(f []merkle.Frontier) ([]merkle.Frontier, error) { return f[1:], nil }}, merkle.ErrReader, "frontiers for"},
		"frontier too large": {lying{frontiersOf: func(f []merkle.Frontier) ([]merkle.Frontier, error) {
			f[0] = log.frontiers[20]
			return f, nil
		}}, merkle.ErrReader, "a frontier of 20 entries where at most 5 are wanted"},
		"a leaf too few": {lying{leavesOf: func(r []merkle.Range) ([]merkle.Range, error) {
			r[len(r)-1].To--
			return r, nil
		}}, merkle.ErrReader, "is not there"},
		"a leaf too many": {lying{leavesOf: func(r []merkle.Range) ([]merkle.Range, error) {
			r[len(r)-1].To++
			return r, nil
		}}, merkle.ErrReader, "more leaves than there are"},
	} {
		t.Run(name, func(t *testing.T) {
			c.reader.reader = reader{log: log, boundaries: []int64{3, 9}}
			hashes, err := merkle.ProveInclusion(t.Context(), &c.reader, 5, 17, log.leaves[5], log.root(17))
			require.ErrorIs(t, err, c.want)
			require.ErrorContains(t, err, c.text)
			require.Empty(t, hashes)
		})
	}
}
