package keys_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
)

// newKey makes a key pair of a log.
func newKey(t testing.TB, log string) (private, public string) {
	private, public, err := keys.Generate(rand.Reader, log)
	require.NoError(t, err)
	return private, public
}

func newRing(t testing.TB, lines ...string) *keys.Ring {
	ring, err := keys.ParseRing([]byte(strings.Join(lines, "\n") + "\n"))
	require.NoError(t, err)
	return ring
}

func checkpointOf(at time.Time) string {
	c := merkle.Checkpoint{Origin: merkle.TenantOrigin(logName, "acme", 0), Size: 3, Root: merkle.LeafHash([]byte("root")), RecordedAt: at}
	return c.Text()
}

func TestParseRingRefuses(t *testing.T) {
	private, public := vectorKey(t)
	secret := private[strings.LastIndex(private, "+")+1:]
	other, otherPublic := newKey(t, "audit.example.com/staging")
	bad, _, err := note.GenerateKey(rand.Reader, "bad//name")
	require.NoError(t, err)
	many := private
	for range 8 {
		more, _ := newKey(t, logName)
		many += "\n" + more
	}
	for name, c := range map[string]struct{ text, want string }{
		"nothing":               {"", "it holds no private key"},
		"only a public key":     {public, "it holds no private key"},
		"garbage":               {"hello", "line 1: neither a private nor a public key"},
		"a secret without form": {"# x\n" + secret, "line 2: neither a private nor a public key"},
		"a damaged key":         {strings.Replace(private, "d3cc6907", "d3cc6908", 1), "line 1: the private key is damaged"},
		"a cut key":             {private[:len(private)-4], "line 1: the private key is damaged"},
		"upper case hash":       {strings.Replace(private, "d3cc6907", "D3CC6907", 1), "line 1: the private key is damaged"},
		"public upper case":     {private + "\n" + strings.Replace(public, "d3cc6907", "D3CC6907", 1), "line 2: neither a private nor a public key"},
		"another log":           {private + "\n" + other, "line 2: a key of another log (audit.example.com/staging, the first is of audit.example.com/prod)"},
		"another log's public":  {private + "\n" + otherPublic, "line 2: a key of another log (audit.example.com/staging, the first is of audit.example.com/prod)"},
		"twice":                 {private + "\n" + private, "line 2: key audit.example.com/prod+d3cc6907 stands twice"},
		"retired and signing":   {private + "\n\n" + public, "line 3: key audit.example.com/prod+d3cc6907 stands twice"},
		"a name that is none":   {bad, `line 1: log name "bad//name" has an empty part`},
		"too many":              {many, "line 9: more than 8 private keys"},
		"CRLF":                  {private + "\r\n", "line 1: a carriage return: save it with the line ends of Unix"},
		"byte order mark":       {"\ufeff" + private, "it begins with a byte order mark: save it as UTF-8 without one"},
		"UTF-16":                {strings.Join(strings.Split(private, ""), "\x00"), "line 1: a control character, or not UTF-8"},
		"endless line":          {"#" + strings.Repeat("a", 5000), "line 1: the line has more than 4096 bytes"},
		"endless file":          {strings.Repeat("#\n", 1<<20), "larger than 1048576 bytes"},
		"two on a line":         {private + " " + private, "line 1: the private key is damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := keys.ParseRing([]byte(c.text))
			require.ErrorIs(t, err, keys.ErrKey)
			require.EqualError(t, err, "not a key file: "+c.want)
			require.NotContains(t, err.Error(), secret)
		})
	}
}

func TestEveryKeySignsAndRetiredOnesAreAccepted(t *testing.T) {
	oldPrivate, oldPublic := newKey(t, logName)
	newPrivate, newPublic := newKey(t, logName)
	before := newRing(t, oldPrivate)
	both := newRing(t, "# both", newPrivate, "\t "+oldPrivate+" ")
	after := newRing(t, newPrivate, oldPublic)
	require.Equal(t, []string{newPublic, oldPublic}, both.Public())
	require.Equal(t, []string{oldPublic}, after.Retired())
	require.Equal(t, logName, after.LogName())

	text := checkpointOf(noonUTC)
	for _, signer := range []*keys.Ring{before, both, after} {
		signed, err := signer.Sign(text)
		require.NoError(t, err)
		opened, err := after.Open(signed)
		require.NoError(t, err)
		require.Equal(t, text, opened)
	}
	signed, err := after.Sign(text)
	require.NoError(t, err)
	_, err = before.Open(signed)
	require.ErrorIs(t, err, keys.ErrSignature)
	require.EqualError(t, err, "no valid signature of a known key (signed by "+keyID(newPublic)+")")
	// Signed by both, it is known to who knows one of them.
	signed, err = both.Sign(text)
	require.NoError(t, err)
	_, err = before.Open(signed)
	require.NoError(t, err)
}

func keyID(public string) string { return (&keys.TrustedKey{Verifier: public}).ID() }

var noonUTC = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func TestRingOpensCheckpointsOfOneOrigin(t *testing.T) {
	private, _ := newKey(t, logName)
	ring := newRing(t, private)
	signed, err := ring.Sign(checkpointOf(noonUTC))
	require.NoError(t, err)
	c, err := ring.Checkpoint(signed, merkle.TenantOrigin(logName, "acme", 0))
	require.NoError(t, err)
	require.Equal(t, int64(3), c.Size)
	_, err = ring.Checkpoint(signed, merkle.TenantOrigin(logName, "globex", 0))
	require.ErrorIs(t, err, keys.ErrOrigin)
	signed, err = ring.Sign("something else\n")
	require.NoError(t, err)
	_, err = ring.Checkpoint(signed, "something else")
	require.ErrorIs(t, err, merkle.ErrCheckpoint)
}

// TestEveryBitOfANoteCounts: neither ring nor trust opens a note with one bit
// changed, of one signature or of two.
func TestEveryBitOfANoteCounts(t *testing.T) {
	a, publicA := newKey(t, logName)
	b, publicB := newKey(t, logName)
	for _, private := range []string{a, a + "\n" + b} {
		ring := newRing(t, private)
		trust, err := keys.ParseTrust([]byte(trustOf(publicA, publicB)))
		require.NoError(t, err)
		signed, err := ring.Sign(checkpointOf(noonUTC))
		require.NoError(t, err)
		text, err := ring.Open(signed)
		require.NoError(t, err)
		second := len(signed) // where the second signature's name and hash are
		if i := bytes.LastIndex(signed, []byte("\n— ")); ring.Public()[len(ring.Public())-1] == publicB {
			second = i
		}
		for i := range len(signed) * 8 {
			changed := bytes.Clone(signed)
			changed[i/8] ^= 1 << (i % 8)
			opened, err := ring.Open(changed)
			_, trustErr := trust.Checkpoint(changed)
			if i/8 > second && err == nil {
				// The second signature now is of a key that nobody knows, and the
				// first one holds: the text is the same.
				require.NoError(t, trustErr)
				require.Equal(t, text, opened)
				continue
			}
			if i/8 < second && len(ring.Public()) == 2 && err == nil {
				require.Equal(t, text, opened) // the other way round
				require.Greater(t, i/8, bytes.Index(signed, []byte("\n\n")))
				continue
			}
			require.Error(t, err, "bit %d of byte %d", i%8, i/8)
			require.Error(t, trustErr)
		}
		for i := range signed {
			_, err := ring.Open(signed[:i])
			if err == nil { // cut behind the first signature
				require.Equal(t, second+1, i)
			}
		}
	}
}

func trustOf(publics ...string) string {
	text := keys.TrustHeader + "\n"
	for _, public := range publics {
		text += public + " " + strings.SplitN(public, "+", 2)[0] + " - -\n"
	}
	return text
}

// TestASignatureHasOneForm: what note.Open of golang.org/x/mod lets pass.
func TestASignatureHasOneForm(t *testing.T) {
	private, public := newKey(t, logName)
	stranger, _ := newKey(t, logName)
	ring := newRing(t, private)
	signed, err := ring.Sign(checkpointOf(noonUTC))
	require.NoError(t, err)
	line := string(signed[bytes.LastIndex(signed, []byte("— ")):])
	foreign, err := newRing(t, stranger).Sign(checkpointOf(noonUTC))
	require.NoError(t, err)
	foreignLine := string(foreign[bytes.LastIndex(foreign, []byte("— ")):])
	verifier, err := note.NewVerifier(public)
	require.NoError(t, err)
	loose := []byte(line)
	loose[len(loose)-3]++ // the last letter's low bits are of no byte
	zeros := base64.StdEncoding.EncodeToString(append(mustDecode(t, line)[:4], make([]byte, 64)...))

	for name, c := range map[string]struct {
		note  string
		goLet bool // note.Open opens it
		want  string
	}{
		"loose base64":          {string(signed[:len(signed)-len(line)]) + string(loose), true, "a signature is not strict base64"},
		"a second, false line":  {string(signed) + "— " + logName + " " + zeros + "\n", true, "a key has signed twice"},
		"the same line again":   {string(signed) + line, true, "a key has signed twice"},
		"a false line first":    {string(signed[:len(signed)-len(line)]) + "— " + logName + " " + zeros + "\n" + line, false, "does not fit the text"},
		"an unknown line twice": {string(signed) + foreignLine + foreignLine, true, "a key has signed twice"},
		"only an unknown line":  {string(foreign), false, "no valid signature of a known key (signed by "},
		"no signature":          {string(signed[:len(signed)-len(line)]), false, "not a signed note"},
		"no text":               {"\n" + line, false, "not a signed note"},
		"empty":                 {"", false, "not a signed note"},
		"CRLF":                  {strings.ReplaceAll(string(signed), "\n", "\r\n"), false, "not a signed note"},
		"not UTF-8":             {"\xff" + string(signed), false, "not a signed note"},
		"endless":               {strings.Repeat("a\n", 1<<20) + string(signed), false, "larger than 1048576 bytes"},
		"endless signatures":    {string(signed) + manyLines(t, 101), false, "not a signed note"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.goLet {
				_, err := note.Open([]byte(c.note), note.VerifierList(verifier))
				require.NoError(t, err, "this case shows nothing")
			}
			_, err := ring.Open([]byte(c.note))
			require.ErrorIs(t, err, keys.ErrSignature)
			require.ErrorContains(t, err, c.want)
			require.Less(t, len(err.Error()), 500)
		})
	}
	// An unknown signature beside a known one says nothing: keys rotate so.
	for _, both := range []string{string(signed) + foreignLine, string(signed[:len(signed)-len(line)]) + foreignLine + line} {
		_, err := ring.Open([]byte(both))
		require.NoError(t, err)
	}
}

func mustDecode(t *testing.T, line string) []byte {
	b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(line[strings.LastIndex(line, " "):]))
	require.NoError(t, err)
	return b
}

// manyLines are signature lines of as many keys that nobody knows.
func manyLines(t *testing.T, count int) string {
	var b strings.Builder
	for i := range count {
		fmt.Fprintf(&b, "— %s %s\n", logName, base64.StdEncoding.EncodeToString([]byte{1, 2, 3, byte(i), 5, 6}))
	}
	require.NotEmpty(t, b.String())
	return b.String()
}

func TestAStrangersNamesAreCut(t *testing.T) {
	private, _ := newKey(t, logName)
	ring := newRing(t, private)
	_, err := ring.Open([]byte("text\n\n" + manyLines(t, 50)))
	require.EqualError(t, err, "no valid signature of a known key (signed by audit.example.com/prod+01020300, audit.example.com/prod+01020301, audit.example.com/prod+01020302, audit.example.com/prod+01020303, 46 more)")
	_, err = ring.Open([]byte("text\n\n— " + strings.Repeat("a", 1000) + " AAAAAAAA\n"))
	require.Less(t, len(err.Error()), 200)
}

func TestRingPrintsNoSecret(t *testing.T) {
	private, public := vectorKey(t)
	ring := newRing(t, private)
	secret := private[strings.LastIndex(private, "+")+1:]
	raw, err := base64.StdEncoding.DecodeString(secret)
	require.NoError(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		for _, value := range []any{ring, struct{ R *keys.Ring }{ring}} {
			text := fmt.Sprintf(verb, value)
			require.NotContains(t, text, secret)
			require.NotContains(t, text, hex.EncodeToString(raw[1:8]))
			require.NotContains(t, text, fmt.Sprintf("%d %d %d %d", raw[1], raw[2], raw[3], raw[4]))
		}
	}
	require.Equal(t, "keys "+keyID(public), fmt.Sprintf("%v", ring))
}

func TestLoadRingChecksTheFile(t *testing.T) {
	private, _ := newKey(t, logName)
	dir := t.TempDir()
	write := func(name string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(private+"\n"), 0o600))
		require.NoError(t, os.Chmod(path, mode))
		return path
	}
	for _, mode := range []os.FileMode{0o600, 0o400, 0o700} {
		_, err := keys.LoadRing(write(fmt.Sprintf("good%o", mode), mode))
		require.NoError(t, err)
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o660, 0o622, 0o601, 0o777} {
		path := write(fmt.Sprintf("bad%o", mode), mode)
		_, err := keys.LoadRing(path)
		var permission *keys.PermissionError
		require.ErrorAs(t, err, &permission)
		require.EqualError(t, err, fmt.Sprintf("%s: others may use this secret (mode %04o): run chmod 600 %s", path, mode, path))
	}
	_, err := keys.LoadRing(dir)
	require.EqualError(t, err, dir+": not a regular file")
	pipe := filepath.Join(dir, "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	_, err = keys.LoadRing(pipe)
	require.EqualError(t, err, pipe+": not a regular file", "a pipe must not block the start")
	_, err = keys.LoadRing("/dev/zero")
	require.EqualError(t, err, "/dev/zero: not a regular file")
	_, err = keys.LoadRing(filepath.Join(dir, "nothing"))
	require.ErrorIs(t, err, os.ErrNotExist)
	endless := filepath.Join(dir, "endless")
	require.NoError(t, os.WriteFile(endless, make([]byte, 2<<20), 0o600))
	_, err = keys.LoadRing(endless)
	require.EqualError(t, err, endless+": larger than 1048576 bytes")
	garbage := filepath.Join(dir, "garbage")
	require.NoError(t, os.WriteFile(garbage, []byte("x"), 0o600))
	_, err = keys.LoadRing(garbage)
	require.EqualError(t, err, garbage+": not a key file: line 1: neither a private nor a public key")
	// A link, as Kubernetes makes them, leads to the file that is checked.
	require.NoError(t, os.Symlink(filepath.Join(dir, "bad640"), filepath.Join(dir, "link")))
	_, err = keys.LoadRing(filepath.Join(dir, "link"))
	require.ErrorContains(t, err, "mode 0640")
}

func FuzzRing(f *testing.F) {
	seed := bytes.Repeat([]byte{5}, 32)
	private, public, err := keys.Generate(bytes.NewReader(seed), logName)
	require.NoError(f, err)
	second, _, err := keys.Generate(bytes.NewReader(bytes.Repeat([]byte{6}, 32)), logName)
	require.NoError(f, err)
	f.Add(private + "\n")
	f.Add("# x\n" + second + "\n" + public + "\n")
	f.Fuzz(func(t *testing.T, text string) {
		ring, err := keys.ParseRing([]byte(text))
		if err != nil {
			require.ErrorIs(t, err, keys.ErrKey)
			return
		}
		// A key that is accepted has one text: it stands in the file as it is.
		for _, key := range ring.Retired() {
			require.Contains(t, text, key)
		}
		for _, key := range ring.Public() {
			require.Contains(t, text, "PRIVATE+KEY+"+keyID(key)+"+")
		}
		signed, err := ring.Sign("text\n")
		require.NoError(t, err)
		_, err = ring.Open(signed)
		require.NoError(t, err)
	})
}

func FuzzOpen(f *testing.F) {
	private, public, err := keys.Generate(bytes.NewReader(bytes.Repeat([]byte{5}, 32)), logName)
	require.NoError(f, err)
	ring, err := keys.ParseRing([]byte(private))
	require.NoError(f, err)
	trust, err := keys.ParseTrust([]byte(trustOf(public)))
	require.NoError(f, err)
	text := checkpointOf(noonUTC)
	signed, err := ring.Sign(text)
	require.NoError(f, err)
	f.Add(signed)
	f.Fuzz(func(t *testing.T, b []byte) {
		// Ed25519 signs one text here: whatever opens says it.
		if opened, err := ring.Open(b); err == nil {
			require.Equal(t, text, opened)
			require.True(t, bytes.HasPrefix(b, signed[:len(text)+1]))
		}
		c, err := trust.Checkpoint(b)
		if err == nil {
			require.Equal(t, text, c.Text())
		}
	})
}

func BenchmarkSign(b *testing.B) {
	private, _ := newKey(b, logName)
	ring := newRing(b, private)
	text := checkpointOf(noonUTC)
	b.ReportAllocs()
	for b.Loop() {
		_, err := ring.Sign(text)
		require.NoError(b, err)
	}
}

func BenchmarkOpen(b *testing.B) {
	private, public := newKey(b, logName)
	ring := newRing(b, private)
	lines := []string{public}
	for range 20 {
		_, more := newKey(b, logName)
		lines = append(lines, more)
	}
	trust, err := keys.ParseTrust([]byte(trustOf(lines...)))
	require.NoError(b, err)
	signed, err := ring.Sign(checkpointOf(noonUTC))
	require.NoError(b, err)
	verifier, err := note.NewVerifier(public)
	require.NoError(b, err)
	text, sig := []byte(checkpointOf(noonUTC)), mustDecodeBytes(b, signed)
	b.Run("ed25519 alone", func(b *testing.B) {
		for b.Loop() {
			require.True(b, verifier.Verify(text, sig))
		}
	})
	b.Run("ring", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, err := ring.Open(signed)
			require.NoError(b, err)
		}
	})
	b.Run("trust of 21 keys", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, err := trust.Checkpoint(signed)
			require.NoError(b, err)
		}
	})
}

func mustDecodeBytes(b *testing.B, signed []byte) []byte {
	line := strings.TrimSpace(string(signed[bytes.LastIndexByte(signed, ' '):]))
	sig, err := base64.StdEncoding.DecodeString(line)
	require.NoError(b, err)
	return sig[4:]
}
