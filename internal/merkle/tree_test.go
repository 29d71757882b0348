package merkle_test

import (
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/otelaudit/otelaudit/internal/merkle"
)

func TestRootsAndFrontiersAreThoseOfTheOracles(t *testing.T) {
	const size = 300
	log := newOracle(t, size)
	factory := compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
	growing := factory.NewEmptyRange(0)
	require.Equal(t, rfc6962.DefaultHasher.EmptyRoot(), func() []byte { r := merkle.EmptyRoot(); return r[:] }())
	for n := int64(0); n <= size; n++ {
		frontier := &log.frontiers[n]
		require.Equal(t, n, frontier.Size())
		require.Equal(t, log.tlogRoot(t, n), frontier.Root())
		require.Equal(t, log.other.HashAt(uint64(n)), func() []byte { r := frontier.Root(); return r[:] }())
		// A frontier is the compact range of the other implementation.
		require.Equal(t, growing.Hashes(), frontierSlices(t, frontier))
		if n < size {
			require.NoError(t, growing.Append(log.leaves[n][:], nil))
		}
		read, err := merkle.ParseFrontier(n, frontier.Bytes())
		require.NoError(t, err)
		require.Equal(t, frontier.Bytes(), read.Bytes())
		require.Equal(t, frontier.Root(), read.Root())
	}
}

func frontierSlices(t *testing.T, frontier *merkle.Frontier) [][]byte {
	b := frontier.Bytes()
	require.Zero(t, len(b)%sha256.Size)
	var slices [][]byte
	for ; len(b) > 0; b = b[sha256.Size:] {
		slices = append(slices, b[:sha256.Size])
	}
	return slices
}

func TestLargeTreesAreThoseOfTheOracles(t *testing.T) {
	random := chance()
	log := newOracle(t, 20000)
	for range 300 {
		n := random.Int64N(20001)
		require.Equal(t, log.tlogRoot(t, n), log.root(n))
		require.Equal(t, log.other.HashAt(uint64(n)), func() []byte { r := log.root(n); return r[:] }())
	}
}

func TestAFrontierThatWasReadGrowsLikeTheOneThatWasWritten(t *testing.T) {
	log := newOracle(t, 100)
	for n := range int64(100) {
		frontier, err := merkle.ParseFrontier(n, log.frontiers[n].Bytes())
		require.NoError(t, err)
		clone := frontier.Clone()
		clone.Append(merkle.LeafHash([]byte("another")))
		for m := n; m < 100; m++ {
			frontier.Append(log.leaves[m])
			require.Equal(t, log.root(m+1), frontier.Root(), "from %d to %d: the clone must not have changed it", n, m)
		}
	}
}

func TestFrontiersThatCannotBe(t *testing.T) {
	for name, c := range map[string]struct {
		size  int64
		bytes int
		want  string
	}{
		"negative":          {-1, 0, "a tree cannot have -1 entries"},
		"too large":         {merkle.MaxSize + 1, 32, "a tree cannot have 9007199254740992 entries"},
		"a hash too few":    {3, 32, "the frontier of a tree of 3 entries has 64 bytes, found 32"},
		"a hash too many":   {4, 64, "the frontier of a tree of 4 entries has 32 bytes, found 64"},
		"half a hash":       {4, 16, "the frontier of a tree of 4 entries has 32 bytes, found 16"},
		"hashes of nothing": {0, 32, "the frontier of a tree of 0 entries has 0 bytes, found 32"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := merkle.ParseFrontier(c.size, make([]byte, c.bytes))
			require.EqualError(t, err, c.want)
		})
	}
	_, err := merkle.ParseFrontier(merkle.MaxSize, make([]byte, 53*32))
	require.NoError(t, err)
}

func TestEveryBitOfAFrontierCounts(t *testing.T) {
	log := newOracle(t, 23)
	bytes := log.frontiers[23].Bytes()
	for i := range len(bytes) * 8 {
		bytes[i/8] ^= 1 << (i % 8)
		frontier, err := merkle.ParseFrontier(23, bytes)
		require.NoError(t, err)
		require.NotEqual(t, log.root(23), frontier.Root())
		bytes[i/8] ^= 1 << (i % 8)
	}
}

func TestALeafIsNoNode(t *testing.T) {
	left, right := merkle.LeafHash([]byte("a")), merkle.LeafHash([]byte("b"))
	require.NotEqual(t, merkle.NodeHash(&left, &right), merkle.LeafHash(append(left[:], right[:]...)))
	require.NotEqual(t, merkle.NodeHash(&left, &right), merkle.NodeHash(&right, &left))
}

func TestAppendAllocatesNothing(t *testing.T) {
	frontier, err := merkle.ParseFrontier(0, nil)
	require.NoError(t, err)
	leaf := merkle.LeafHash(nil)
	require.Zero(t, testing.AllocsPerRun(1000, func() { frontier.Append(leaf) }))
}

func BenchmarkAppend(b *testing.B) {
	frontier, err := merkle.ParseFrontier(0, nil)
	require.NoError(b, err)
	leaf := merkle.LeafHash(nil)
	b.ReportAllocs()
	for b.Loop() {
		frontier.Append(leaf)
	}
}

func BenchmarkLeafHash(b *testing.B) {
	entry := make([]byte, 900)
	b.ReportAllocs()
	for b.Loop() {
		merkle.LeafHash(entry)
	}
}

func BenchmarkRoot(b *testing.B) {
	frontier, err := merkle.ParseFrontier(1<<20-1, make([]byte, 20*32))
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		frontier.Root()
	}
}
