package keys

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/otelaudit/otelaudit/internal/merkle"
)

// Trust is the content of a trust file: the public keys a verifier believes,
// for which logs, and from when to when. Safe for concurrent use.
type Trust struct {
	keys  []TrustedKey
	known verifiers
	lines map[keyID][]int // indexes into keys
}

// TrustedKey is one line of a trust file.
type TrustedKey struct {
	Verifier string // <log name>+<hash>+<base64>
	Log      string // the log's name, which the key bears, too
	From     time.Time
	Until    time.Time // exclusive; zero times are open
}

// ID is the name and hash of the key, as in a signature line.
func (k *TrustedKey) ID() string {
	name, rest, _ := strings.Cut(k.Verifier, "+")
	hash, _, _ := strings.Cut(rest, "+")
	return name + "+" + hash
}

// Line is the key as a line of a trust file, without the newline.
func (k *TrustedKey) Line() string {
	return k.Verifier + " " + k.Log + " " + endText(k.From) + " " + endText(k.Until)
}

// openEnd stands for a time that is open.
const openEnd = "-"

func endText(t time.Time) string {
	if t.IsZero() {
		return openEnd
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// covers says whether the key is trusted at a time. A statement without a time
// may be of any, so it needs a key without ends.
func (k *TrustedKey) covers(at time.Time) bool {
	if at.IsZero() {
		return k.From.IsZero() && k.Until.IsZero()
	}
	return (k.From.IsZero() || !at.Before(k.From)) && (k.Until.IsZero() || at.Before(k.Until))
}

// TrustHeader is the first line of a trust file.
const TrustHeader = "otelaudit trust v1"

// ErrTrust is wrapped by every error about the content of a trust file.
var ErrTrust = errors.New("not a trust file")

// LoadTrust reads a trust file.
func LoadTrust(path string) (*Trust, error) {
	text, err := readPublic(path)
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
// open end. Empty lines and lines that begin with # are ignored. A key speaks
// for the log whose name it bears; it may have several lines when their times
// do not overlap. Keys are never taken out: what they signed stays to be
// verified.
func ParseTrust(text []byte) (*Trust, error) {
	trust := &Trust{known: make(verifiers), lines: make(map[keyID][]int)}
	header := false
	err := eachLine(text, func(line string) error {
		if header {
			return trust.add(line)
		}
		if line != TrustHeader {
			return fmt.Errorf("want %q first", TrustHeader)
		}
		header = true
		return nil
	})
	if err == nil && len(trust.keys) == 0 {
		err = errors.New("it holds no key")
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTrust, err)
	}
	return trust, nil
}

func (t *Trust) add(line string) error {
	key, verifier, err := parseTrusted(line)
	if err != nil {
		return err
	}
	id := idOf(verifier)
	for _, i := range t.lines[id] {
		switch other := &t.keys[i]; {
		case other.Verifier != key.Verifier: // 32 bits name a key, and these two share them
			return fmt.Errorf("another key has the id %s already: make a new one", id)
		case other.overlaps(&key):
			return fmt.Errorf("key %s stands twice for the same time", id)
		}
	}
	t.known[id] = verifier
	t.lines[id] = append(t.lines[id], len(t.keys))
	t.keys = append(t.keys, key)
	return nil
}

func (k *TrustedKey) overlaps(other *TrustedKey) bool {
	before := func(until, from time.Time) bool {
		return !until.IsZero() && !from.IsZero() && !until.After(from)
	}
	return !before(k.Until, other.From) && !before(other.Until, k.From)
}

func parseTrusted(line string) (TrustedKey, note.Verifier, error) {
	fields := strings.Fields(line)
	if strings.HasPrefix(line, privatePrefix) {
		return TrustedKey{}, nil, errors.New("a private key: it belongs into a key file and nowhere else")
	}
	if len(fields) != 4 {
		return TrustedKey{}, nil, fmt.Errorf("want 4 fields (key, log name, from, until), found %d", len(fields))
	}
	verifier, err := newVerifier(fields[0])
	if err != nil {
		return TrustedKey{}, nil, err
	}
	key := TrustedKey{Verifier: fields[0], Log: fields[1]}
	if err := merkle.CheckLogName(key.Log); err != nil {
		return TrustedKey{}, nil, err
	}
	if key.Log != verifier.Name() {
		return TrustedKey{}, nil, fmt.Errorf("the key is of log %s, the line of %s", verifier.Name(), key.Log)
	}
	for i, end := range []*time.Time{&key.From, &key.Until} {
		if *end, err = parseEnd(fields[2+i]); err != nil {
			return TrustedKey{}, nil, err
		}
	}
	if !key.From.IsZero() && !key.Until.IsZero() && !key.From.Before(key.Until) {
		return TrustedKey{}, nil, errors.New("the validity ends before it begins")
	}
	return key, verifier, nil
}

func parseEnd(text string) (time.Time, error) {
	if text == openEnd {
		return time.Time{}, nil
	}
	end, err := time.Parse(time.RFC3339Nano, text)
	end = end.UTC()
	if err != nil || end.IsZero() || end.Year() < 1 || end.Year() > 9999 {
		return time.Time{}, errors.New("times are RFC 3339 or -")
	}
	return end, nil
}

// Keys are the lines of the file.
func (t *Trust) Keys() []TrustedKey { return slices.Clone(t.keys) }

// Text is the file without comments: header and lines. ParseTrust reads it.
func (t *Trust) Text() []byte {
	b := []byte(TrustHeader + "\n")
	for i := range t.keys {
		b = append(b, t.keys[i].Line()+"\n"...)
	}
	return b
}

// Checkpoint opens a signed checkpoint. One of its signatures must be of a key
// that is trusted for the origin at the time under the signature; a checkpoint
// without a time needs a key without ends.
func (t *Trust) Checkpoint(signed []byte) (merkle.Checkpoint, error) {
	opened, err := open(signed, t.known)
	if err != nil {
		return merkle.Checkpoint{}, err
	}
	checkpoint, err := merkle.ParseCheckpoint(opened.Text)
	if err != nil {
		return merkle.Checkpoint{}, err
	}
	if err := t.admit(opened, checkpoint.Origin, checkpoint.RecordedAt); err != nil {
		return merkle.Checkpoint{}, err
	}
	return checkpoint, nil
}

// Statement opens any other signed text about an origin and a time, such as the
// opening of an epoch: read gets both out of the text. The origin is that of a
// tree (see merkle.ParseOrigin) or the name of a log.
func (t *Trust) Statement(signed []byte, read func(text string) (origin string, at time.Time, err error)) error {
	opened, err := open(signed, t.known)
	if err != nil {
		return err
	}
	origin, at, err := read(opened.Text)
	if err != nil {
		return err
	}
	return t.admit(opened, origin, at)
}

// ErrNotTrusted is wrapped where a known key signed what it is not trusted for.
var ErrNotTrusted = errors.New("signed by a key that is not trusted for it")

func (t *Trust) admit(opened *note.Note, origin string, at time.Time) error {
	for i := range opened.Sigs {
		for _, line := range t.lines[keyID{opened.Sigs[i].Name, opened.Sigs[i].Hash}] {
			if key := &t.keys[line]; key.Log == logOf(origin) && key.covers(at) {
				return nil
			}
		}
	}
	when := "without a time"
	if !at.IsZero() {
		when = "at " + at.UTC().Format(time.RFC3339Nano)
	}
	return fmt.Errorf("%w: origin %s %s (signed by %s)", ErrNotTrusted, origin, when, signedBy(opened.Sigs))
}

// logOf is the log that an origin belongs to. The names are compared whole: the
// key of the log a must not speak for the log a/b.
func logOf(origin string) string {
	if parsed, err := merkle.ParseOrigin(origin); err == nil {
		return parsed.Log
	}
	return origin
}
