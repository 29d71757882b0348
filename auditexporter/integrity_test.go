package auditexporter

import (
	"bytes"
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/keys"
)

const testLog = "audit.example.com/test"

// testKey is a key file made from a word.
func testKey(t testing.TB, word string) string {
	t.Helper()
	seed := sha256.Sum256([]byte(word))
	private, _, err := keys.Generate(bytes.NewReader(seed[:]), testLog)
	require.NoError(t, err)
	return private + "\n"
}
