package keys_test

import (
	"bytes"
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/keys"
)

// FuzzFlippedCheckpoint: of a signed checkpoint in which bits were flipped,
// nothing verifies: neither another text, nor another signature under the same.
func FuzzFlippedCheckpoint(f *testing.F) {
	private, public, err := keys.Generate(bytes.NewReader(bytes.Repeat([]byte{5}, 32)), logName)
	require.NoError(f, err)
	ring, err := keys.ParseRing([]byte(private))
	require.NoError(f, err)
	trust, err := keys.ParseTrust([]byte(trustOf(public)))
	require.NoError(f, err)
	signed, err := ring.Sign(checkpointOf(noonUTC))
	require.NoError(f, err)
	_, err = trust.Checkpoint(signed)
	require.NoError(f, err)
	for at := range len(signed) {
		f.Add(uint16(at), byte(1))
	}
	f.Fuzz(func(t *testing.T, at uint16, flip byte) {
		i := int(at) % len(signed)
		changed := bytes.Clone(signed)
		changed[i] ^= flip
		if bytes.Equal(changed, signed) || sameSignature(changed, signed) {
			return
		}
		_, err := trust.Checkpoint(changed)
		require.Error(t, err, "byte %d with %08b: %q", i, flip, changed)
		_, err = ring.Open(changed)
		require.Error(t, err, "byte %d with %08b: %q", i, flip, changed)
	})
}

// sameSignature reports whether two notes say the same in other letters: base64
// ends in two bits that no signature has.
func sameSignature(a, b []byte) bool {
	cut := bytes.LastIndexByte(bytes.TrimSuffix(b, []byte("\n")), ' ') + 1
	if cut > len(a) || !bytes.Equal(a[:cut], b[:cut]) || a[len(a)-1] != '\n' {
		return false
	}
	first, err := base64.StdEncoding.DecodeString(string(bytes.TrimSuffix(a[cut:], []byte("\n"))))
	second, errB := base64.StdEncoding.DecodeString(string(bytes.TrimSuffix(b[cut:], []byte("\n"))))
	return err == nil && errB == nil && bytes.Equal(first, second)
}
