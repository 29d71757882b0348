package keys

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// Files are the key file of a log and the trust file that goes with it. Their
// changes leave no key signing that the trust file does not know, whenever they
// are interrupted: a key gets into the trust file before it gets into the key
// file, and out of the key file before its validity ends in the trust file.
// Each may be run again after an interruption.
type Files struct {
	Key, Trust string

	step func(name string) // called after each step, by tests that interrupt there
}

// What stands in the way of a change. Nothing was written then.
var (
	ErrExists  = errors.New("the file exists already and a key is never overwritten")
	ErrPending = errors.New("two keys sign already: retire one first")
	ErrLastKey = errors.New("it is the only key that signs: rotate first")
	ErrNoKey   = errors.New("no such key")
	ErrRetired = errors.New("the key is retired already")
	// ErrUnknown is a key that signs and that the trust file does not know.
	ErrUnknown = errors.New("the trust file does not trust this key now")
)

// Create makes the first key of a log: the key file, which must not exist, and
// a line of the trust file, which may. It returns that line. The first key of a
// log is trusted from ever. Where the trust file knows keys of the log already,
// the new one is trusted from a minute before at, and the key file accepts what
// those signed: so a log goes on whose private key was lost.
func (f *Files) Create(rand io.Reader, logName string, at time.Time) (TrustedKey, error) {
	private, public, err := Generate(rand, logName)
	if err != nil {
		return TrustedKey{}, err
	}
	keyPath, trustPath, unlock, err := f.lock()
	if err != nil {
		return TrustedKey{}, err
	}
	defer unlock()
	if _, err := os.Lstat(keyPath); !errors.Is(err, os.ErrNotExist) {
		return TrustedKey{}, errors.Join(err, fmt.Errorf("%s: %w", f.Key, ErrExists))
	}
	text, trust, err := loadOrBegin(trustPath)
	if err != nil {
		return TrustedKey{}, err
	}
	key := TrustedKey{Verifier: public, Log: logName}
	known := trust.of(logName)
	if len(known) > 0 {
		key.From = begin(at.Add(-slowClock))
	}
	lines := append([]string{"# Private key of the log " + logName + ". Whoever reads it can forge the log.", private}, known...)
	secret := strings.Join(lines, "\n") + "\n"
	if text, err = appendLine(text, key.Line()); err != nil {
		return TrustedKey{}, fmt.Errorf("%s: %w", f.Trust, err)
	}
	return key, f.write(keyPath, trustPath, []byte(secret), text, true)
}

// Rotate makes a new key of the log. It signs beside the old one from the next
// start of the collectors on, and is trusted from at.
func (f *Files) Rotate(rand io.Reader, at time.Time) (TrustedKey, error) {
	keyPath, trustPath, unlock, err := f.lock()
	if err != nil {
		return TrustedKey{}, err
	}
	defer unlock()
	e, err := f.load(keyPath, trustPath)
	if err != nil {
		return TrustedKey{}, err
	}
	if len(e.ring.signers) > 1 {
		return TrustedKey{}, fmt.Errorf("%s: %w", f.Key, ErrPending)
	}
	if err := e.requireTrusted(f, e.ring.public, at); err != nil {
		return TrustedKey{}, err
	}
	private, public, err := Generate(rand, e.ring.log)
	if err != nil {
		return TrustedKey{}, err
	}
	key := TrustedKey{Verifier: public, Log: e.ring.log, From: begin(at)}
	if e.trustText, err = appendLine(e.trustText, key.Line()); err != nil {
		return TrustedKey{}, fmt.Errorf("%s: %w", f.Trust, err)
	}
	e.keyText = editLine(e.keyText, isPrivate, private+"\n", false)
	return key, f.write(keyPath, trustPath, e.keyText, e.trustText, true)
}

// Retire takes a key, named by its hash or its name and hash, out of service:
// its private half is replaced by the public one, with which collectors still
// accept what it signed, and its validity ends in the trust file, at. Every
// collector must sign with another key already: what only this key signs after
// at is not trusted.
func (f *Files) Retire(id string, at time.Time) (TrustedKey, error) {
	keyPath, trustPath, unlock, err := f.lock()
	if err != nil {
		return TrustedKey{}, err
	}
	defer unlock()
	e, err := f.load(keyPath, trustPath)
	if err != nil {
		return TrustedKey{}, err
	}
	public, signs := e.find(id)
	if public == "" {
		return TrustedKey{}, fmt.Errorf("%s: %w: %s (it has %s)", f.Key, ErrNoKey, cut(id), e.list())
	}
	rest := slices.DeleteFunc(e.ring.Public(), func(other string) bool { return other == public })
	if len(rest) == 0 {
		return TrustedKey{}, fmt.Errorf("%s: key %s: %w", f.Key, shortID(public), ErrLastKey)
	}
	if err := e.requireTrusted(f, rest, at); err != nil {
		return TrustedKey{}, err
	}
	key, found := e.trust.openLine(public)
	switch {
	case !found && !e.trust.has(public):
		return TrustedKey{}, fmt.Errorf("%s: key %s: %w", f.Trust, shortID(public), ErrUnknown)
	case !found && !signs:
		return TrustedKey{}, fmt.Errorf("%s: key %s: %w", f.Key, shortID(public), ErrRetired)
	}
	if found {
		open := key.Line()
		key.Until = end(at)
		if !key.From.IsZero() && !key.From.Before(key.Until) {
			return TrustedKey{}, fmt.Errorf("%s: key %s is valid only from %s on", f.Trust, shortID(public), endText(key.From))
		}
		e.trustText = editLine(e.trustText, func(line string) bool { return isLine(line, open) }, key.Line()+"\n", true)
	}
	if signs {
		e.keyText = editLine(e.keyText, func(line string) bool { return isPrivateOf(line, public) }, public+"\n", true)
	}
	return key, f.write(keyPath, trustPath, e.keyText, e.trustText, false)
}

// slowClock is how far the clock that stamps commits may be behind ours: no other
// key signs beside this one, and what it signs too early would never be trusted.
const slowClock = time.Minute

// begin and end widen a validity to whole seconds, so that a signature in the
// same second is within.
func begin(at time.Time) time.Time { return at.UTC().Truncate(time.Second) }

func end(at time.Time) time.Time { return at.UTC().Truncate(time.Second).Add(time.Second) }

// find returns the verifier key that an id means, and whether it signs.
func (e *loaded) find(id string) (public string, signs bool) {
	for _, key := range e.ring.public {
		if matches(key, id) {
			return key, true
		}
	}
	for _, key := range e.ring.retired {
		if matches(key, id) {
			return key, false
		}
	}
	return "", false
}

func (e *loaded) list() string {
	var ids []string
	for _, key := range e.ring.public {
		ids = append(ids, shortID(key))
	}
	for _, key := range e.ring.retired {
		ids = append(ids, shortID(key)+" (retired)")
	}
	return strings.Join(ids, ", ")
}

// shortID is the name and hash of a verifier key.
func shortID(public string) string { return (&TrustedKey{Verifier: public}).ID() }

func matches(public, id string) bool {
	full := shortID(public)
	return id == full || id == full[strings.LastIndexByte(full, '+')+1:]
}

// of are the keys of a log, each once.
func (t *Trust) of(logName string) []string {
	var known []string
	for i := range t.keys {
		if key := &t.keys[i]; key.Log == logName && !slices.Contains(known, key.Verifier) {
			known = append(known, key.Verifier)
		}
	}
	return known
}

func (t *Trust) has(public string) bool {
	return slices.ContainsFunc(t.keys, func(k TrustedKey) bool { return k.Verifier == public })
}

// openLine is the line of a key that has no end.
func (t *Trust) openLine(public string) (TrustedKey, bool) {
	i := slices.IndexFunc(t.keys, func(k TrustedKey) bool { return k.Verifier == public && k.Until.IsZero() })
	if i < 0 {
		return TrustedKey{}, false
	}
	return t.keys[i], true
}
