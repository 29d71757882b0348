package store

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// FuzzCursor: a text is a cursor of one list only if the store gave it out, down
// to its last character, and then it is none of another list.
func FuzzCursor(f *testing.F) {
	filter := &Filter{Action: "a.b", Since: time.Unix(5, 0)}
	given := position{eventTime: time.Unix(7, 8000).UTC(), seq: 3, epoch: 1, since: time.Unix(5, 0).UTC()}.encode("acme", filter)
	f.Add(given, "acme", "a.b")
	f.Add(given, "globex", "a.b")
	f.Add(given[:len(given)-1], "acme", "a.b")
	f.Add(given+"=", "acme", "a.b")
	f.Add("", "", "")
	f.Fuzz(func(t *testing.T, cursor, tenant, action string) {
		asked := &Filter{Action: action, Since: time.Unix(5, 0)}
		at, err := decodeCursor(cursor, tenant, asked)
		if err != nil {
			require.ErrorIs(t, err, ErrCursor)
			return
		}
		require.Equal(t, cursor, at.encode(tenant, asked))
		_, err = decodeCursor(cursor, tenant+"x", asked)
		require.ErrorIs(t, err, ErrCursor)
		_, err = decodeCursor(cursor, tenant, &Filter{Action: action, Since: time.Unix(5, 0), OldestFirst: true})
		require.ErrorIs(t, err, ErrCursor)
	})
}

func TestACursorWithAnyBitChangedIsNone(t *testing.T) {
	filter := &Filter{OldestFirst: true}
	given := position{eventTime: time.Unix(7, 8000).UTC(), seq: 3, epoch: 1}.encode("acme", filter)
	raw, err := base64.RawURLEncoding.DecodeString(given)
	require.NoError(t, err)
	for bit := range 8 * len(raw) {
		raw[bit/8] ^= 1 << (bit % 8)
		_, err := decodeCursor(base64.RawURLEncoding.EncodeToString(raw), "acme", filter)
		require.ErrorIs(t, err, ErrCursor, "bit %d", bit)
		raw[bit/8] ^= 1 << (bit % 8)
	}
	_, err = decodeCursor(base64.RawURLEncoding.EncodeToString(raw), "acme", filter)
	require.NoError(t, err)
}
