package merkle_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/otelaudit/otelaudit/internal/merkle"
)

func TestProofsOfTheOraclesHold(t *testing.T) {
	const size = 300
	log := newOracle(t, size)
	for n := int64(1); n <= size; n++ {
		root := log.root(n)
		for i := range n {
			other, err := log.other.InclusionProof(uint64(i), uint64(n))
			require.NoError(t, err)
			require.NoError(t, merkle.VerifyInclusion(i, n, log.leaves[i], root, ofSlices(other)), "entry %d of %d", i, n)
			other, err = log.other.ConsistencyProof(uint64(i), uint64(n))
			require.NoError(t, err)
			require.NoError(t, merkle.VerifyConsistency(i, n, log.root(i), root, ofSlices(other)), "%d to %d", i, n)
		}
		require.NoError(t, merkle.VerifyConsistency(n, n, root, root, nil))
	}
}

func TestProofsOfLargeTlogTreesHold(t *testing.T) {
	random := chance()
	log := newOracle(t, 30000)
	for range 500 {
		n := 1 + random.Int64N(30000)
		i := random.Int64N(n)
		record, err := tlog.ProveRecord(n, i, log)
		require.NoError(t, err)
		require.NoError(t, merkle.VerifyInclusion(i, n, log.leaves[i], log.root(n), ofTlog(record)))
		if i == 0 {
			continue
		}
		tree, err := tlog.ProveTree(n, i, log)
		require.NoError(t, err)
		require.NoError(t, merkle.VerifyConsistency(i, n, log.root(i), log.root(n), ofTlog(tree)))
	}
}

// damages are all the ways to change a proof by a bit or a hash.
func damages(proof []merkle.Hash, do func(damaged []merkle.Hash)) {
	for i := range proof {
		for bit := range len(proof[i]) * 8 {
			proof[i][bit/8] ^= 1 << (bit % 8)
			do(proof)
			proof[i][bit/8] ^= 1 << (bit % 8)
		}
	}
	for i := range proof {
		without := append(append([]merkle.Hash{}, proof[:i]...), proof[i+1:]...)
		do(without)
		if i > 0 && proof[i] != proof[i-1] {
			swapped := append([]merkle.Hash{}, proof...)
			swapped[i], swapped[i-1] = swapped[i-1], swapped[i]
			do(swapped)
		}
	}
	do(append(append([]merkle.Hash{}, proof...), merkle.Hash{}))
	do(append([]merkle.Hash{{}}, proof...))
}

func TestADamagedProofHoldsForNothing(t *testing.T) {
	log := newOracle(t, 40)
	for _, n := range []int64{1, 2, 3, 7, 8, 31, 33, 40} {
		root := log.root(n)
		for i := range n {
			other, err := log.other.InclusionProof(uint64(i), uint64(n))
			require.NoError(t, err)
			proof := ofSlices(other)
			damages(proof, func(damaged []merkle.Hash) {
				require.ErrorIs(t, merkle.VerifyInclusion(i, n, log.leaves[i], root, damaged), merkle.ErrProof)
			})
			for j := range n {
				if j != i { // an index is under the proof as well
					require.ErrorIs(t, merkle.VerifyInclusion(j, n, log.leaves[i], root, proof), merkle.ErrProof)
				}
			}
			leaf := log.leaves[i]
			for bit := range len(leaf) * 8 {
				leaf[bit/8] ^= 1 << (bit % 8)
				require.ErrorIs(t, merkle.VerifyInclusion(i, n, leaf, root, proof), merkle.ErrProof)
				leaf[bit/8] ^= 1 << (bit % 8)
			}
			if i == 0 {
				continue // from the empty tree nothing is to be proven
			}
			other, err = log.other.ConsistencyProof(uint64(i), uint64(n))
			require.NoError(t, err)
			proof = ofSlices(other)
			damages(proof, func(damaged []merkle.Hash) {
				require.ErrorIs(t, merkle.VerifyConsistency(i, n, log.root(i), root, damaged), merkle.ErrProof)
			})
			older := log.root(i)
			for bit := range len(older) * 8 {
				older[bit/8] ^= 1 << (bit % 8)
				require.ErrorIs(t, merkle.VerifyConsistency(i, n, older, root, proof), merkle.ErrProof)
				older[bit/8] ^= 1 << (bit % 8)
			}
		}
	}
}

func TestProofsOfNothingAreRefused(t *testing.T) {
	empty, one := merkle.EmptyRoot(), merkle.LeafHash([]byte("one"))
	for name, err := range map[string]error{
		"entry of the empty tree": merkle.VerifyInclusion(0, 0, one, empty, nil),
		"entry behind the end":    merkle.VerifyInclusion(1, 1, one, one, nil),
		"entry before the begin":  merkle.VerifyInclusion(-1, 1, one, one, nil),
		"hashes for one entry":    merkle.VerifyInclusion(0, 1, one, one, []merkle.Hash{one}),
		"a tree that shrinks":     merkle.VerifyConsistency(2, 1, one, one, nil),
		"a negative tree":         merkle.VerifyConsistency(-1, 1, empty, one, nil),
		"an empty tree's root":    merkle.VerifyConsistency(0, 1, one, one, nil),
		"hashes from nothing":     merkle.VerifyConsistency(0, 1, empty, one, []merkle.Hash{one}),
		"hashes for no growth":    merkle.VerifyConsistency(1, 1, one, one, []merkle.Hash{one}),
		"two roots of one size":   merkle.VerifyConsistency(1, 1, one, empty, nil),
		"no hashes for growth":    merkle.VerifyConsistency(3, 4, one, empty, nil),
	} {
		require.ErrorIs(t, err, merkle.ErrProof, name)
	}
	require.NoError(t, merkle.VerifyConsistency(0, 1, empty, one, nil))
	require.NoError(t, merkle.VerifyConsistency(0, 0, empty, empty, nil))
	// Endless proofs end.
	require.ErrorIs(t, merkle.VerifyInclusion(0, merkle.MaxSize, one, one, make([]merkle.Hash, 1000)), merkle.ErrProof)
	require.ErrorIs(t, merkle.VerifyConsistency(1, merkle.MaxSize, one, one, make([]merkle.Hash, 1000)), merkle.ErrProof)
}

const proofText = `c2sp.org/tlog-proof@v1
index 1
u8xolRrVSQUPdeWuLYmGr39/mJG0uBzDcmmo3UTEha4=
wLA86kFmZvSOpPjvZ7htFD8x6Jk5w7DOIo5kG+ZAkIY=

audit.example.com/prod/t-822b33ad87c148a0a20a5ba7cd5ebcaa
3
0nKpDTwYPYK+Q7yYCDIGX2TGi58xvgMMyqwlq5KNF2I=

— audit.example.com/prod 08xpB4SpLx93mmNA9gDx6bp433qQOjMhPC/zVAt2GpxfAYte00FK+Oy4xuycZUdTXtBQnv3c3x0nt/DwVFQzne22Ew8=
`

func TestParseProofRefuses(t *testing.T) {
	replace := func(old, with string) string { return strings.Replace(proofText, old, with, 1) }
	for name, c := range map[string]struct{ text, want string }{
		"nothing":          {"", "no empty line before the checkpoint"},
		"another version":  {replace("@v1", "@v2"), "the first line is not c2sp.org/tlog-proof@v1"},
		"no index":         {replace("index 1\n", ""), `"u8xolRrVSQUPdeWuLYmGr39/mJG0uBzDcmmo3UTEha4=" is not an index`},
		"extra line":       {replace("index 1", "extra AA==\nindex 1"), `"extra AA==" is not an index`},
		"leading zero":     {replace("index 1", "index 01"), `"index 01" is not an index`},
		"plus sign":        {replace("index 1", "index +1"), `"index +1" is not an index`},
		"negative":         {replace("index 1", "index -1"), `"index -1" is not an index`},
		"too large":        {replace("index 1", "index 9007199254740992"), "is not an index"},
		"short hash":       {replace("u8xo", ""), "is not base64 of 32 bytes"},
		"loose bits":       {replace("ha4=", "ha5="), "is not base64 of 32 bytes"},
		"no padding":       {replace("ha4=", "ha4"), "is not base64 of 32 bytes"},
		"carriage returns": {strings.ReplaceAll(proofText, "\n", "\r\n"), "no empty line before the checkpoint"},
		"only a header":    {"c2sp.org/tlog-proof@v1\n\nnote", "want an index and at most 63 hashes"},
		"too many hashes":  {replace("index 1\n", "index 1\n"+strings.Repeat("wLA86kFmZvSOpPjvZ7htFD8x6Jk5w7DOIo5kG+ZAkIY=\n", 62)), "at most 63 hashes"},
		"no checkpoint":    {proofText[:strings.Index(proofText, "\n\n")+2], "no checkpoint"},
		"too large a text": {proofText + strings.Repeat("x", 1<<20), "larger than"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := merkle.ParseProof([]byte(c.text))
			require.ErrorIs(t, err, merkle.ErrProofFormat)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestProofRoundTrip(t *testing.T) {
	p, err := merkle.ParseProof([]byte(proofText))
	require.NoError(t, err)
	require.Equal(t, int64(1), p.Index)
	require.Len(t, p.Hashes, 2)
	require.Equal(t, proofText, string(p.Marshal()))
}

func FuzzProof(f *testing.F) {
	f.Add(proofText)
	f.Add("c2sp.org/tlog-proof@v1\nindex 0\n\nx\n")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := merkle.ParseProof([]byte(text))
		if err != nil {
			require.ErrorIs(t, err, merkle.ErrProofFormat)
			return
		}
		require.Equal(t, text, string(p.Marshal()))
		_, err = merkle.ParseProof(p.Marshal())
		require.NoError(t, err)
	})
}

// FuzzVerify: what verifies under our code verifies under another's.
func FuzzVerify(f *testing.F) {
	log := newOracle(f, 9)
	proof, err := tlog.ProveRecord(9, 4, log)
	require.NoError(f, err)
	var bytes []byte
	for _, hash := range proof {
		bytes = append(bytes, hash[:]...)
	}
	f.Add(int64(4), int64(9), bytes)
	f.Fuzz(func(t *testing.T, index, size int64, bytes []byte) {
		hashes := []merkle.Hash{}
		for ; len(bytes) >= 32; bytes = bytes[32:] {
			hashes = append(hashes, merkle.Hash(bytes[:32]))
		}
		leaf, root := log.leaves[4], log.root(9)
		ours := merkle.VerifyInclusion(index, size, leaf, root, hashes)
		if index >= 0 && index < size {
			theirs := tlog.CheckRecord(toTlog(hashes), size, tlog.Hash(root), index, tlog.Hash(leaf))
			require.Equal(t, theirs == nil, ours == nil, "ours: %v, theirs: %v", ours, theirs)
		} else {
			require.Error(t, ours)
		}
		ours = merkle.VerifyConsistency(index, size, leaf, root, hashes)
		if index > 0 && index <= size {
			theirs := tlog.CheckTree(toTlog(hashes), size, tlog.Hash(root), index, tlog.Hash(leaf))
			require.Equal(t, theirs == nil, ours == nil, "ours: %v, theirs: %v", ours, theirs)
		}
	})
}

func BenchmarkVerifyInclusion(b *testing.B) {
	log := newOracle(b, 1<<16)
	proof, err := tlog.ProveRecord(1<<16, 12345, log)
	require.NoError(b, err)
	hashes, root := ofTlog(proof), log.root(1<<16)
	b.ReportMetric(float64(len(hashes)), "hashes")
	for b.Loop() {
		require.NoError(b, merkle.VerifyInclusion(12345, 1<<16, log.leaves[12345], root, hashes), strconv.Itoa(len(hashes)))
	}
}
