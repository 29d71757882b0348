package store

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// The range of a prefix holds exactly the texts that begin with it.
func TestPrefixEndBoundsThePrefix(t *testing.T) {
	alphabet := []rune("ab\x00\x7f\u0080\u07ff\u0800\ud7ff\ue000\ufffe\uffff\U00010000\U0010fffe\U0010ffff")
	random := rand.New(rand.NewPCG(5, 6))
	text := func(longest int) string {
		var b strings.Builder
		for range random.IntN(longest + 1) {
			b.WriteRune(alphabet[random.IntN(len(alphabet))])
		}
		return b.String()
	}
	opened := 0
	for range 200_000 {
		prefix, other := text(3), text(5)
		end, open := prefixEnd(prefix)
		if open {
			opened++
			require.Empty(t, strings.Trim(prefix, "\U0010ffff"))
		}
		inRange := other >= prefix && (open || other < end)
		require.Equal(t, strings.HasPrefix(other, prefix), inRange, "%q %q", prefix, other)
		require.True(t, utf8.ValidString(end))
	}
	require.NotZero(t, opened)
}
