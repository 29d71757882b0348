package keys_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/keys"
)

func macLine(id string, fill byte) string {
	return id + " " + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{fill}, 32))
}

// TestVectorMACIsReproduced: the MAC of the vector is that of its first record,
// over a domain and the 32 bytes of the leaf.
func TestVectorMACIsReproduced(t *testing.T) {
	v := readVector(t)
	key, err := hex.DecodeString(v.MACKey)
	require.NoError(t, err)
	ring, err := keys.ParseMACRing([]byte("edge-2026-01 " + base64.StdEncoding.EncodeToString(key) + "\n"))
	require.NoError(t, err)
	leaf := vectorLeaves(t)[0]
	require.Equal(t, v.MAC, ring.Sign(leaf))
	require.NoError(t, ring.Verify(leaf, v.MAC))

	h := hmac.New(sha256.New, key)
	h.Write(append([]byte("audit-mac/v1\x00"), leaf[:]...))
	require.Equal(t, v.MAC, "hmac-sha256:edge-2026-01:"+base64.RawURLEncoding.EncodeToString(h.Sum(nil)))
}

func TestMACRingKeepsOldKeysToVerify(t *testing.T) {
	old, err := keys.ParseMACRing([]byte(macLine("edge-1", 1)))
	require.NoError(t, err)
	both, err := keys.ParseMACRing([]byte("# rotated\n\n" + macLine("edge-2", 2) + "\n\t" + macLine("edge-1", 1) + " \n"))
	require.NoError(t, err)
	require.Equal(t, []string{"edge-2", "edge-1"}, both.KeyIDs())
	leaf := sha256.Sum256([]byte("leaf"))
	require.NoError(t, both.Verify(leaf, old.Sign(leaf)))
	require.Contains(t, both.Sign(leaf), "hmac-sha256:edge-2:")
	err = old.Verify(leaf, both.Sign(leaf))
	require.ErrorIs(t, err, keys.ErrMACKeyID)
	require.EqualError(t, err, "the MAC names a key that is not in the ring (edge-2)")
}

func TestMACVerifySaysWhatIsWrong(t *testing.T) {
	ring, err := keys.ParseMACRing([]byte(macLine("edge-1", 1)))
	require.NoError(t, err)
	leaf := sha256.Sum256([]byte("leaf"))
	good := ring.Sign(leaf)
	loose := []byte(good)
	loose[len(loose)-1]++ // the last letter's low bits are of no byte
	for name, c := range map[string]struct {
		mac  string
		want error
	}{
		"empty":           {"", keys.ErrMACFormat},
		"no prefix":       {strings.TrimPrefix(good, "hmac-"), keys.ErrMACFormat},
		"other algorithm": {strings.Replace(good, "sha256", "sha512", 1), keys.ErrMACFormat},
		"no key id":       {strings.Replace(good, "edge-1", "", 1), keys.ErrMACFormat},
		"odd key id":      {strings.Replace(good, "edge-1", "edge 1", 1), keys.ErrMACFormat},
		"unknown key id":  {strings.Replace(good, "edge-1", "edge-9", 1), keys.ErrMACKeyID},
		"loose base64":    {string(loose), keys.ErrMACFormat},
		"padded":          {good + "=", keys.ErrMACFormat},
		"cut":             {good[:len(good)-1], keys.ErrMACFormat},
		"line end inside": {good[:len(good)-2] + "\n" + good[len(good)-1:], keys.ErrMACFormat},
		"hex":             {"hmac-sha256:edge-1:" + hex.EncodeToString(leaf[:]), keys.ErrMACFormat},
		"of another leaf": {ring.Sign(sha256.Sum256(nil)), keys.ErrMACInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorIs(t, ring.Verify(leaf, c.mac), c.want)
		})
	}
	for i := range len(good) * 8 {
		changed := []byte(good)
		changed[i/8] ^= 1 << (i % 8)
		require.Error(t, ring.Verify(leaf, string(changed)), "bit %d", i)
	}
}

func TestParseMACRingRefuses(t *testing.T) {
	secret := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))
	for name, c := range map[string]struct{ text, want string }{
		"nothing":          {"", "not a MAC key file: it holds no key"},
		"only comments":    {"# a\n\n", "not a MAC key file: it holds no key"},
		"no id":            {secret, "not a MAC key file: line 1: want <key id> <key in base64>"},
		"bad id":           {"a:b " + secret, "not a MAC key file: line 1: the key id has other characters than letters, digits, '.', '_', '~' and '-', or not 1 to 64"},
		"not base64":       {"a " + secret[1:], "not a MAC key file: line 1: the key is not standard base64"},
		"short":            {"# x\na " + base64.StdEncoding.EncodeToString(make([]byte, 31)), "not a MAC key file: line 2: the key has 31 bytes, want 32 to 128"},
		"long":             {"a " + base64.StdEncoding.EncodeToString(make([]byte, 129)), "not a MAC key file: line 1: the key has 129 bytes, want 32 to 128"},
		"id twice":         {macLine("a", 1) + "\n" + macLine("a", 2), "not a MAC key file: line 2: key id a stands twice"},
		"key twice":        {macLine("a", 1) + "\n" + macLine("b", 1), "not a MAC key file: line 2: the key of a stands here a second time, as b"},
		"CRLF":             {macLine("a", 1) + "\r\n", "not a MAC key file: line 1: a carriage return: save it with the line ends of Unix"},
		"byte order mark":  {"\ufeff" + macLine("a", 1), "not a MAC key file: it begins with a byte order mark: save it as UTF-8 without one"},
		"NUL":              {"a\x00 " + secret, "not a MAC key file: line 1: a control character, or not UTF-8"},
		"endless line":     {strings.Repeat("a", 5000), "not a MAC key file: line 1: the line has more than 4096 bytes"},
		"endless file":     {strings.Repeat("#\n", 1<<20), "not a MAC key file: larger than 1048576 bytes"},
		"not strict":       {"a " + secret[:42] + "d=", "not a MAC key file: line 1: the key is not standard base64"},
		"more than a line": {"a " + secret + " x", "not a MAC key file: line 1: the key is not standard base64"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := keys.ParseMACRing([]byte(c.text))
			require.ErrorIs(t, err, keys.ErrMACKeys)
			require.EqualError(t, err, c.want)
			require.NotContains(t, err.Error(), secret[:20])
		})
	}
}

func TestMACRingPrintsNoSecret(t *testing.T) {
	ring, err := keys.ParseMACRing([]byte(macLine("edge-1", 'S')))
	require.NoError(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		for _, value := range []any{ring, struct{ R *keys.MACRing }{ring}} {
			text := fmt.Sprintf(verb, value)
			require.NotContains(t, text, "SSSS", verb)
			require.NotContains(t, text, "83 83", verb)
			require.NotContains(t, text, "0x53", verb)
			require.NotContains(t, text, "535353", verb)
		}
	}
}

func TestGeneratedMACKeysAreRead(t *testing.T) {
	line, err := keys.GenerateMAC(bytes.NewReader(bytes.Repeat([]byte{9}, 32)), "edge-1")
	require.NoError(t, err)
	ring, err := keys.ParseMACRing([]byte(line))
	require.NoError(t, err)
	require.Equal(t, []string{"edge-1"}, ring.KeyIDs())
	_, err = keys.GenerateMAC(bytes.NewReader(nil), "edge-1")
	require.ErrorContains(t, err, "read randomness")
	_, err = keys.GenerateMAC(bytes.NewReader(make([]byte, 32)), "edge 1")
	require.ErrorContains(t, err, `key id "edge 1"`)
}

func FuzzMACRing(f *testing.F) {
	f.Add(macLine("edge-1", 1) + "\n" + macLine("edge-2", 2) + "\n")
	f.Add("# x\n")
	f.Fuzz(func(t *testing.T, text string) {
		ring, err := keys.ParseMACRing([]byte(text))
		if err != nil {
			require.ErrorIs(t, err, keys.ErrMACKeys)
			return
		}
		leaf := sha256.Sum256([]byte(text))
		require.NoError(t, ring.Verify(leaf, ring.Sign(leaf)))
	})
}

func FuzzVerifyMAC(f *testing.F) {
	ring, err := keys.ParseMACRing([]byte(macLine("edge-1", 1)))
	require.NoError(f, err)
	leaf := sha256.Sum256([]byte("leaf"))
	f.Add(ring.Sign(leaf))
	f.Add("hmac-sha256:edge-1:")
	f.Fuzz(func(t *testing.T, mac string) {
		if ring.Verify(leaf, mac) == nil { // one leaf has one MAC, to the byte
			require.Equal(t, ring.Sign(leaf), mac)
		}
		if keys.CheckMAC(mac) != nil {
			require.ErrorIs(t, ring.Verify(leaf, mac), keys.ErrMACFormat)
		}
	})
}

func BenchmarkMACSign(b *testing.B) {
	ring, err := keys.ParseMACRing([]byte(macLine("edge-1", 1)))
	require.NoError(b, err)
	leaf := sha256.Sum256(nil)
	b.ReportAllocs()
	for b.Loop() {
		ring.Sign(leaf)
	}
}
