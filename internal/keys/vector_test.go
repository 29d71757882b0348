package keys

import (
	"crypto/ed25519"
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/require"

	"bytes"
)

func TestGeneratedKeysSignAndOpen(t *testing.T) {
	seed := sha256.Sum256([]byte("audit test vector v1: ed25519 seed"))
	private, public, err := Generate(bytes.NewReader(seed[:]), "audit.example.com/prod")
	require.NoError(t, err)
	require.Equal(t, "audit.example.com/prod+d3cc6907+AfIqQE31CHLr8Hs+g00pYNcZBnrdB2/9Mb+2qiqb8c5N", public)
	ring, err := ParseRing([]byte("# test\n" + private + "\n"))
	require.NoError(t, err)
	require.Equal(t, []string{public}, ring.Public())
	signed, err := ring.Sign("text\n")
	require.NoError(t, err)
	text, err := ring.Open(signed)
	require.NoError(t, err)
	require.Equal(t, "text\n", text)
	_ = ed25519.SeedSize
}
