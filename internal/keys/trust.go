package keys

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/otelaudit/otelaudit/internal/merkle"
)

// Trust is the content of a trust file: the public keys a verifier believes,
// for which logs, and from when to when. Safe for concurrent use.
type Trust struct {
	keys []TrustedKey
}

// TrustedKey is one line of a trust file.
type TrustedKey struct {
	Verifier string // <log name>+<hash>+<base64>
	Log      string // origins are this name or begin with it and a slash
	From     time.Time
	Until    time.Time // exclusive; zero times are open

	verifier note.Verifier
}

// ID is the name and hash of the key, as in a signature line.
func (k *TrustedKey) ID() string {
	return fmt.Sprintf("%s+%08x", k.verifier.Name(), k.verifier.KeyHash())
}

func (k *TrustedKey) covers(origin string, at time.Time) bool {
	if origin != k.Log && !strings.HasPrefix(origin, k.Log+"/") {
		return false
	}
	return (k.From.IsZero() || !at.Before(k.From)) && (k.Until.IsZero() || at.Before(k.Until))
}

// TrustHeader is the first line of a trust file.
const TrustHeader = "otelaudit trust v1"

// ErrTrust is wrapped by every error about the content of a trust file.
var ErrTrust = errors.New("not a trust file")

// LoadTrust reads a trust file.
func LoadTrust(path string) (*Trust, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // only read
	text, err := readLimited(file, path)
	if err != nil {
		return nil, err
	}
	trust, err := ParseTrust(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return trust, nil
}

// ParseTrust reads a trust file: the header, then one key per line as
// <verifier key> <log name> <from> <until>, the times in RFC 3339 or "-" for an
// open end. Empty lines and lines that begin with # are ignored. Keys are never
// taken out: what they signed stays to be verified.
func ParseTrust(text []byte) (*Trust, error) {
	trust := &Trust{}
	scanner := bufio.NewScanner(strings.NewReader(string(text)))
	header := false
	for number := 1; scanner.Scan(); number++ {
		line := strings.TrimSpace(scanner.Text())
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
			continue
		case !header:
			if line != TrustHeader {
				return nil, fmt.Errorf("%w: line %d: want %q first", ErrTrust, number, TrustHeader)
			}
			header = true
			continue
		}
		key, err := parseTrusted(line)
		if err != nil {
			return nil, fmt.Errorf("%w: line %d: %w", ErrTrust, number, err)
		}
		trust.keys = append(trust.keys, key)
	}
	if err := scanner.Err(); err != nil {
		return nil, fmt.Errorf("%w: a line is too long", ErrTrust)
	}
	if len(trust.keys) == 0 {
		return nil, fmt.Errorf("%w: it holds no key", ErrTrust)
	}
	return trust, nil
}

func parseTrusted(line string) (TrustedKey, error) {
	fields := strings.Fields(line)
	if len(fields) != 4 {
		return TrustedKey{}, fmt.Errorf("want 4 fields (key, log name, from, until), found %d", len(fields))
	}
	if strings.HasPrefix(fields[0], privatePrefix) {
		return TrustedKey{}, errors.New("a private key: it belongs into a key file and nowhere else")
	}
	verifier, err := note.NewVerifier(fields[0])
	if err != nil {
		return TrustedKey{}, errors.New("the public key is damaged")
	}
	key := TrustedKey{Verifier: fields[0], Log: fields[1], verifier: verifier}
	if err := merkle.CheckLogName(key.Log); err != nil {
		return TrustedKey{}, err
	}
	for i, end := range []*time.Time{&key.From, &key.Until} {
		if fields[2+i] == "-" {
			continue
		}
		if *end, err = time.Parse(time.RFC3339Nano, fields[2+i]); err != nil {
			return TrustedKey{}, errors.New("times are RFC 3339 or -")
		}
	}
	if !key.From.IsZero() && !key.Until.IsZero() && !key.From.Before(key.Until) {
		return TrustedKey{}, errors.New("the validity ends before it begins")
	}
	return key, nil
}

// Keys are the lines of the file.
func (t *Trust) Keys() []TrustedKey { return append([]TrustedKey(nil), t.keys...) }

// Line is the key as a line of a trust file, without the newline.
func (k *TrustedKey) Line() string {
	at := func(t time.Time) string {
		if t.IsZero() {
			return "-"
		}
		return t.UTC().Format(time.RFC3339Nano)
	}
	return k.Verifier + " " + k.Log + " " + at(k.From) + " " + at(k.Until)
}

// Checkpoint opens a signed checkpoint. One of its signatures must be of a key
// that is trusted for the origin at the time under the signature; a checkpoint
// without a time is held against the open ends only.
func (t *Trust) Checkpoint(signed []byte) (merkle.Checkpoint, error) {
	text, ids, err := t.open(signed)
	if err != nil {
		return merkle.Checkpoint{}, err
	}
	checkpoint, err := merkle.ParseCheckpoint(text)
	if err != nil {
		return merkle.Checkpoint{}, err
	}
	return checkpoint, t.admits(ids, checkpoint.Origin, checkpoint.RecordedAt)
}

// Statement opens any other signed text about an origin and a time, such as the
// opening of an epoch: read gets both out of the text.
func (t *Trust) Statement(signed []byte, read func(text string) (origin string, at time.Time, err error)) error {
	text, ids, err := t.open(signed)
	if err != nil {
		return err
	}
	origin, at, err := read(text)
	if err != nil {
		return err
	}
	return t.admits(ids, origin, at)
}

// open returns a note's text and which keys signed it.
func (t *Trust) open(signed []byte) (text string, ids map[string]bool, err error) {
	// The same key may stand on several lines, for several logs or times.
	verifiers := make([]note.Verifier, 0, len(t.keys))
	known := make(map[string]bool, len(t.keys))
	for i := range t.keys {
		if id := t.keys[i].ID(); !known[id] {
			known[id] = true
			verifiers = append(verifiers, t.keys[i].verifier)
		}
	}
	opened, err := note.Open(signed, note.VerifierList(verifiers...))
	if err != nil {
		return "", nil, openError(err)
	}
	ids = make(map[string]bool, len(opened.Sigs))
	for _, sig := range opened.Sigs {
		ids[fmt.Sprintf("%s+%08x", sig.Name, sig.Hash)] = true
	}
	return opened.Text, ids, nil
}

// ErrNotTrusted is wrapped where a known key signed what it is not trusted for.
var ErrNotTrusted = errors.New("signed by a key that is not trusted for it")

func (t *Trust) admits(ids map[string]bool, origin string, at time.Time) error {
	for i := range t.keys {
		if key := &t.keys[i]; ids[key.ID()] && key.covers(origin, at) {
			return nil
		}
	}
	when := "without a time"
	if !at.IsZero() {
		when = "at " + at.UTC().Format(time.RFC3339Nano)
	}
	return fmt.Errorf("%w: origin %s %s", ErrNotTrusted, origin, when)
}
