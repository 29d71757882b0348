package keys_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
)

func TestParseTrustRefuses(t *testing.T) {
	private, public := vectorKey(t)
	line := public + " " + logName
	_, badVerifier, err := note.GenerateKey(rand.Reader, "ä")
	require.NoError(t, err)
	for name, c := range map[string]struct{ text, want string }{
		"nothing":               {"", "it holds no key"},
		"only a header":         {"otelaudit trust v1\n", "it holds no key"},
		"no header":             {line + " - -", `line 1: want "otelaudit trust v1" first`},
		"another version":       {"otelaudit trust v2\n" + line + " - -", `line 1: want "otelaudit trust v1" first`},
		"header twice":          {"otelaudit trust v1\notelaudit trust v1", "line 2: want 4 fields (key, log name, from, until), found 3"},
		"garbage":               {"otelaudit trust v1\n\x7fELF", "line 2: a control character, or not UTF-8"},
		"a private key":         {"otelaudit trust v1\n" + private + " a - -", "line 2: a private key: it belongs into a key file and nowhere else"},
		"a key file":            {private, `line 1: want "otelaudit trust v1" first`},
		"three fields":          {"otelaudit trust v1\n" + line + " -", "line 2: want 4 fields (key, log name, from, until), found 3"},
		"five fields":           {"otelaudit trust v1\n" + line + " - - -", "line 2: want 4 fields (key, log name, from, until), found 5"},
		"a damaged key":         {"otelaudit trust v1\n" + strings.Replace(line, "AfIq", "AfIr", 1) + " - -", "line 2: the public key is damaged"},
		"another algorithm":     {"otelaudit trust v1\n" + strings.Replace(line, "+Af", "+Bf", 1) + " - -", "line 2: the public key is damaged"},
		"upper case hash":       {"otelaudit trust v1\n" + strings.Replace(line, "d3cc6907", "D3CC6907", 1) + " - -", "line 2: the public key is damaged"},
		"a name that is none":   {"otelaudit trust v1\n" + badVerifier + " ä - -", `line 2: log name "ä" has a character other than letters, digits, '.', '_', '~', '-' and '/'`},
		"another log":           {"otelaudit trust v1\n" + public + " audit.example.com/staging - -", "line 2: the key is of log audit.example.com/prod, the line of audit.example.com/staging"},
		"a wider log":           {"otelaudit trust v1\n" + public + " audit.example.com - -", "line 2: the key is of log audit.example.com/prod, the line of audit.example.com"},
		"no time":               {"otelaudit trust v1\n" + line + " yesterday -", "line 2: times are RFC 3339 or -"},
		"a year of five digits": {"otelaudit trust v1\n" + line + " 9999-12-31T23:59:59-01:00 -", "line 2: times are RFC 3339 or -"},
		"a date":                {"otelaudit trust v1\n" + line + " 2026-01-01 -", "line 2: times are RFC 3339 or -"},
		"ends before":           {"otelaudit trust v1\n" + line + " 2026-01-02T00:00:00Z 2026-01-01T00:00:00Z", "line 2: the validity ends before it begins"},
		"ends at once":          {"otelaudit trust v1\n" + line + " 2026-01-01T00:00:00Z 2026-01-01T01:00:00+01:00", "line 2: the validity ends before it begins"},
		"twice":                 {"otelaudit trust v1\n" + line + " - -\n" + line + " - -", "line 3: key audit.example.com/prod+d3cc6907 stands twice for the same time"},
		"overlapping":           {"otelaudit trust v1\n" + line + " - 2026-01-02T00:00:00Z\n" + line + " 2026-01-01T00:00:00Z -", "line 3: key audit.example.com/prod+d3cc6907 stands twice for the same time"},
		"CRLF":                  {"otelaudit trust v1\r\n" + line + " - -\r\n", "line 1: a carriage return: save it with the line ends of Unix"},
		"byte order mark":       {"\ufeffotelaudit trust v1\n" + line + " - -\n", "it begins with a byte order mark: save it as UTF-8 without one"},
		"endless line":          {"otelaudit trust v1\n" + line + strings.Repeat(" ", 5000) + "- -", "line 2: the line has more than 4096 bytes"},
		"endless file":          {"otelaudit trust v1\n" + strings.Repeat("#\n", 1<<20), "larger than 1048576 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := keys.ParseTrust([]byte(c.text))
			require.ErrorIs(t, err, keys.ErrTrust)
			require.EqualError(t, err, "not a trust file: "+c.want)
			require.NotContains(t, err.Error(), "PRIVATE")
		})
	}
}

// TestKeysThatShareAnIDAreRefused: 32 bits name a key, so two that share them
// are made in a moment, and a signature would not say of which it is.
func TestKeysThatShareAnIDAreRefused(t *testing.T) {
	seen := make(map[uint32][]byte)
	var first, second string
	for i := uint64(0); first == ""; i++ {
		key := sha256.Sum256(binary.BigEndian.AppendUint64(nil, i))
		public := append([]byte{1}, key[:]...)
		sum := sha256.Sum256(append([]byte(logName+"\n"), public...))
		id := binary.BigEndian.Uint32(sum[:])
		if other := seen[id]; other != nil {
			var err error
			first, err = note.NewEd25519VerifierKey(logName, other[1:])
			require.NoError(t, err)
			second, err = note.NewEd25519VerifierKey(logName, public[1:])
			require.NoError(t, err)
		}
		seen[id] = public
	}
	require.Equal(t, keyID(first), keyID(second))
	_, err := keys.ParseTrust([]byte(trustOf(first, second)))
	require.EqualError(t, err, "not a trust file: line 3: another key has the id "+keyID(first)+" already: make a new one")
	private, _ := newKey(t, logName)
	_, err = keys.ParseRing([]byte(private + "\n" + first + "\n" + second))
	require.ErrorIs(t, err, keys.ErrKey)
}

func TestTrustHoldsAKeyToItsLogAndItsTime(t *testing.T) {
	private, public := newKey(t, logName)
	nested, nestedPublic := newKey(t, "audit.example.com")
	day := func(d int) time.Time { return time.Date(2026, 1, d, 0, 0, 0, 0, time.UTC) }
	trust, err := keys.ParseTrust([]byte("# a\n" + keys.TrustHeader + "\n" +
		public + " " + logName + " 2026-01-10T00:00:00Z 2026-01-20T01:00:00+01:00\n" +
		public + "\t" + logName + "   2026-01-25T00:00:00Z -\n" +
		nestedPublic + " audit.example.com - -\n"))
	require.NoError(t, err)
	require.Len(t, trust.Keys(), 3)
	require.Equal(t, day(20), trust.Keys()[0].Until)

	sign := func(private, origin string, at time.Time) []byte {
		c := merkle.Checkpoint{Origin: origin, Size: 1, Root: merkle.LeafHash(nil), RecordedAt: at}
		signed, err := newRing(t, private).Sign(c.Text())
		require.NoError(t, err)
		return signed
	}
	acme := merkle.TenantOrigin(logName, "acme", 0)
	for name, c := range map[string]struct {
		signed []byte
		good   bool
	}{
		"within":                 {sign(private, acme, day(15)), true},
		"at the begin":           {sign(private, acme, day(10)), true},
		"before the begin":       {sign(private, acme, day(10).Add(-time.Microsecond)), false},
		"just before the end":    {sign(private, acme, day(20).Add(-time.Microsecond)), true},
		"at the end":             {sign(private, acme, day(20)), false},
		"between two lines":      {sign(private, acme, day(22)), false},
		"in the second line":     {sign(private, acme, day(30)), true},
		"without a time":         {sign(private, acme, time.Time{}), false},
		"a later epoch":          {sign(private, merkle.TenantOrigin(logName, "acme", 4), day(15)), true},
		"a journal":              {sign(private, merkle.JournalOrigin(logName, "journal", 0), day(15)), true},
		"the log itself":         {sign(private, logName, day(15)), true},
		"another log":            {sign(private, merkle.TenantOrigin("audit.example.com/staging", "acme", 0), day(15)), false},
		"a log that begins so":   {sign(private, merkle.TenantOrigin(logName+"uction", "acme", 0), day(15)), false},
		"a log below":            {sign(nested, acme, day(15)), false},
		"a name below":           {sign(nested, "audit.example.com/prod", day(15)), false},
		"its own":                {sign(nested, merkle.TenantOrigin("audit.example.com", "acme", 0), day(15)), true},
		"its own without a time": {sign(nested, merkle.TenantOrigin("audit.example.com", "acme", 0), time.Time{}), true},
	} {
		t.Run(name, func(t *testing.T) {
			read, err := trust.Checkpoint(c.signed)
			if c.good {
				require.NoError(t, err)
				require.Equal(t, int64(1), read.Size)
				return
			}
			require.ErrorIs(t, err, keys.ErrNotTrusted)
			require.Zero(t, read)
		})
	}
	_, err = trust.Checkpoint(sign(private, acme, day(22)))
	require.EqualError(t, err, "signed by a key that is not trusted for it: origin "+acme+" at 2026-01-22T00:00:00Z (signed by "+keyID(public)+")")
	_, err = trust.Checkpoint(sign(private, acme, time.Time{}))
	require.ErrorContains(t, err, "without a time")
}

func TestOneTrustedSignatureIsEnough(t *testing.T) {
	oldPrivate, oldPublic := newKey(t, logName)
	newPrivate, newPublic := newKey(t, logName)
	both := newRing(t, newPrivate, oldPrivate)
	trust, err := keys.ParseTrust([]byte(keys.TrustHeader + "\n" +
		oldPublic + " " + logName + " - 2026-01-01T00:00:00Z\n" + newPublic + " " + logName + " 2026-01-01T00:00:00Z -\n"))
	require.NoError(t, err)
	for _, at := range []time.Time{noonUTC.AddDate(0, 0, -1), noonUTC} {
		signed, err := both.Sign(checkpointOf(at))
		require.NoError(t, err)
		_, err = trust.Checkpoint(signed)
		require.NoError(t, err)
	}
	// The retired key alone, after its end.
	signed, err := newRing(t, oldPrivate).Sign(checkpointOf(noonUTC))
	require.NoError(t, err)
	_, err = trust.Checkpoint(signed)
	require.ErrorIs(t, err, keys.ErrNotTrusted)
}

func TestTrustOpensStatements(t *testing.T) {
	private, public := newKey(t, logName)
	ring := newRing(t, private)
	trust, err := keys.ParseTrust([]byte(trustOf(public)))
	require.NoError(t, err)
	statement := merkle.EpochStatement{
		Origin: merkle.TenantOrigin(logName, "acme", 1), PreviousOrigin: merkle.TenantOrigin(logName, "acme", 0),
		PreviousRoot: merkle.EmptyRoot(), RecordedAt: noonUTC, Reason: "test",
	}
	signed, err := ring.Sign(statement.Text())
	require.NoError(t, err)
	read := func(text string) (string, time.Time, error) {
		s, err := merkle.ParseEpochStatement(text)
		return s.Origin, s.RecordedAt, err
	}
	require.NoError(t, trust.Statement(signed, read))
	require.ErrorIs(t, trust.Statement(signed[1:], read), keys.ErrSignature)
	_, err = trust.Checkpoint(signed)
	require.ErrorIs(t, err, merkle.ErrCheckpoint, "a statement is no checkpoint")
	broken := errors.New("not mine")
	require.ErrorIs(t, trust.Statement(signed, func(string) (string, time.Time, error) { return "", time.Time{}, broken }), broken)
	require.ErrorIs(t, trust.Statement(signed, func(string) (string, time.Time, error) { return "audit.example.com", noonUTC, nil }), keys.ErrNotTrusted)
}

func TestTrustRoundTrip(t *testing.T) {
	_, public := vectorKey(t)
	text := keys.TrustHeader + "\n" +
		public + " " + logName + " - 2026-01-01T00:00:00.5Z\n" +
		public + " " + logName + " 2026-01-01T00:00:00.5Z -\n"
	trust, err := keys.ParseTrust([]byte(text))
	require.NoError(t, err)
	require.Equal(t, text, string(trust.Text()))
	require.Equal(t, "audit.example.com/prod+d3cc6907", (&trust.Keys()[0]).ID())
}

func TestLoadTrustChecksTheFile(t *testing.T) {
	_, public := vectorKey(t)
	path := filepath.Join(t.TempDir(), "trust")
	require.NoError(t, os.WriteFile(path, []byte(trustOf(public)), 0o600))
	for _, mode := range []os.FileMode{0o444, 0o644, 0o664, 0o600} {
		require.NoError(t, os.Chmod(path, mode))
		_, err := keys.LoadTrust(path)
		require.NoError(t, err)
	}
	require.NoError(t, os.Chmod(path, 0o646))
	_, err := keys.LoadTrust(path)
	require.EqualError(t, err, path+": anybody may write this trust file (mode 0646): run chmod o-w "+path)
	_, err = keys.LoadTrust(filepath.Dir(path))
	require.ErrorContains(t, err, "not a regular file")
	_, err = keys.LoadTrust(path + "2")
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, os.WriteFile(path+"3", []byte("x"), 0o600))
	_, err = keys.LoadTrust(path + "3")
	require.EqualError(t, err, path+`3: not a trust file: line 1: want "otelaudit trust v1" first`)
}

func FuzzTrust(f *testing.F) {
	const public = "audit.example.com/prod+d3cc6907+AfIqQE31CHLr8Hs+g00pYNcZBnrdB2/9Mb+2qiqb8c5N"
	f.Add(trustOf(public))
	f.Add(keys.TrustHeader + "\n# x\n" + public + " audit.example.com/prod 2026-01-01T00:00:00.000000001+01:00 2027-01-01T00:00:00Z\n")
	f.Fuzz(func(t *testing.T, text string) {
		trust, err := keys.ParseTrust([]byte(text))
		if err != nil {
			require.ErrorIs(t, err, keys.ErrTrust)
			return
		}
		again, err := keys.ParseTrust(trust.Text())
		require.NoError(t, err)
		require.Equal(t, trust.Keys(), again.Keys())
		require.Equal(t, trust.Text(), again.Text())
	})
}
