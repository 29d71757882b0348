package merkle_test

import (
	"encoding/base64"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/merkle/testonly"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/otelaudit/otelaudit/internal/merkle"
)

func base64Of(h merkle.Hash) string { return base64.StdEncoding.EncodeToString(h[:]) }

// oracle is one log as two independent implementations have it, beside ours.
type oracle struct {
	leaves    []merkle.Hash
	frontiers []merkle.Frontier // by size
	stored    []tlog.Hash
	other     *testonly.Tree
}

func (o *oracle) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		hashes[i] = o.stored[index]
	}
	return hashes, nil
}

// newOracle makes a log of size entries.
func newOracle(t testing.TB, size int64) *oracle {
	o := &oracle{other: testonly.New(rfc6962.DefaultHasher), frontiers: make([]merkle.Frontier, 1, size+1)}
	var frontier merkle.Frontier
	for i := range size {
		entry := []byte("entry " + strconv.FormatInt(i, 10))
		leaf := merkle.LeafHash(entry)
		require.Equal(t, merkle.Hash(tlog.RecordHash(entry)), leaf)
		hashes, err := tlog.StoredHashesForRecordHash(i, tlog.Hash(leaf), o)
		require.NoError(t, err)
		o.stored = append(o.stored, hashes...)
		o.other.AppendData(entry)
		o.leaves = append(o.leaves, leaf)
		frontier.Append(leaf)
		o.frontiers = append(o.frontiers, frontier.Clone())
	}
	return o
}

func (o *oracle) root(size int64) merkle.Hash { return o.frontiers[size].Root() }

func (o *oracle) tlogRoot(t testing.TB, size int64) merkle.Hash {
	root, err := tlog.TreeHash(size, o)
	require.NoError(t, err)
	return merkle.Hash(root)
}

func ofTlog(hashes []tlog.Hash) []merkle.Hash {
	converted := make([]merkle.Hash, len(hashes))
	for i := range hashes {
		converted[i] = merkle.Hash(hashes[i])
	}
	return converted
}

func toTlog(hashes []merkle.Hash) []tlog.Hash {
	converted := make([]tlog.Hash, len(hashes))
	for i := range hashes {
		converted[i] = tlog.Hash(hashes[i])
	}
	return converted
}

func ofSlices(hashes [][]byte) []merkle.Hash {
	converted := make([]merkle.Hash, len(hashes))
	for i := range hashes {
		converted[i] = merkle.Hash(hashes[i])
	}
	return converted
}

func toSlices(hashes []merkle.Hash) [][]byte {
	converted := make([][]byte, len(hashes))
	for i := range hashes {
		converted[i] = hashes[i][:]
	}
	return converted
}

// source of chance with a fixed seed: a failure comes back.
func chance() *rand.Rand { return rand.New(rand.NewPCG(3, 1962)) }
