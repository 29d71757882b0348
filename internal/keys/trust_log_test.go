package keys_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
)

// A trust file of two logs, pinned to one of them, believes nothing of the other.
func TestATrustFileIsPinnedToOneLog(t *testing.T) {
	text := keys.TrustHeader + "\n"
	rings := make(map[string]*keys.Ring)
	for i, log := range []string{"a.example/log", "b.example/log"} {
		private, public, err := keys.Generate(bytes.NewReader(bytes.Repeat([]byte{byte(i)}, 64)), log)
		require.NoError(t, err)
		rings[log], err = keys.ParseRing([]byte(private + "\n"))
		require.NoError(t, err)
		text += public + " " + log + " - -\n"
	}
	trust, err := keys.ParseTrust([]byte(text))
	require.NoError(t, err)
	require.Equal(t, []string{"a.example/log", "b.example/log"}, trust.Logs())
	signed := func(log string) []byte {
		c := merkle.Checkpoint{Origin: merkle.TenantOrigin(log, "acme", 0), Root: merkle.EmptyRoot()}
		note, err := rings[log].Sign(c.Text())
		require.NoError(t, err)
		return note
	}
	for log := range rings {
		_, err := trust.Checkpoint(signed(log))
		require.NoError(t, err)
	}
	_, err = trust.Pin("")
	require.ErrorIs(t, err, keys.ErrSeveralLogs)
	_, err = trust.Pin("c.example/log")
	require.ErrorIs(t, err, keys.ErrNoSuchLog)
	pinned, err := trust.Pin("b.example/log")
	require.NoError(t, err)
	_, err = pinned.Checkpoint(signed("b.example/log"))
	require.NoError(t, err)
	_, err = pinned.Checkpoint(signed("a.example/log"))
	require.ErrorIs(t, err, keys.ErrSignature)
	again, err := pinned.Pin("")
	require.NoError(t, err)
	require.Equal(t, []string{"b.example/log"}, again.Logs())
}
