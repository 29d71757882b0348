//go:build !race

package keys_test

import (
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/keys"
)

// Not under the race detector, which makes a sync.Pool forget at random.
func TestMACSignAllocatesOnlyItsText(t *testing.T) {
	ring, err := keys.ParseMACRing([]byte(macLine("edge-1", 1)))
	require.NoError(t, err)
	leaf := sha256.Sum256(nil)
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() { ring.Sign(leaf) }), 1.5)
}
