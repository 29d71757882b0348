package keys

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
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
// log is trusted from ever, any other from at.
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
	if slices.ContainsFunc(trust.keys, func(k TrustedKey) bool { return k.Log == logName }) {
		key.From = begin(at)
	}
	if text, err = appendLine(text, key.Line()); err != nil {
		return TrustedKey{}, fmt.Errorf("%s: %w", f.Trust, err)
	}
	secret := "# Private key of the log " + logName + ". Whoever reads it can forge the log.\n" + private + "\n"
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

// begin and end widen a validity to whole seconds, so that a signature in the
// same second is within.
func begin(at time.Time) time.Time { return at.UTC().Truncate(time.Second) }

func end(at time.Time) time.Time { return at.UTC().Truncate(time.Second).Add(time.Second) }

// write puts both files on the disk and then in place, in the order asked for.
func (f *Files) write(keyPath, trustPath string, key, trust []byte, trustFirst bool) error {
	// What cannot be read must never take the place of what can.
	if _, err := ParseRing(key); err != nil {
		return fmt.Errorf("%s: %w", f.Key, err)
	}
	if _, err := ParseTrust(trust); err != nil {
		return fmt.Errorf("%s: %w", f.Trust, err)
	}
	f.at("begin")
	secret, err := stage(keyPath, key, 0o600)
	if err != nil {
		return err
	}
	defer secret.discard()
	f.at("key staged")
	public, err := stage(trustPath, trust, 0o644)
	if err != nil {
		return err
	}
	defer public.discard()
	f.at("trust staged")
	first, second := public, secret
	if !trustFirst {
		first, second = secret, public
	}
	if err := first.publish(); err != nil {
		return err
	}
	f.at("first published")
	if err := second.publish(); err != nil {
		return fmt.Errorf("%s is changed, %s is not; run the command again: %w", first.path, second.path, err)
	}
	f.at("second published")
	return nil
}

func (f *Files) at(step string) {
	if f.step != nil {
		f.step(step)
	}
}

// lock returns what the paths lead to: a link stays a link.
func (f *Files) lock() (key, trust string, unlock func(), err error) {
	if key, err = resolve(f.Key); err != nil {
		return "", "", nil, err
	}
	if trust, err = resolve(f.Trust); err != nil {
		return "", "", nil, err
	}
	if key == trust {
		return "", "", nil, fmt.Errorf("%s: the key file and the trust file are the same", f.Key)
	}
	unlock, err = lockDirectories(filepath.Dir(key), filepath.Dir(trust))
	return key, trust, unlock, err
}

// resolve follows links of a file that exists, and of the directory of one that
// does not.
func resolve(path string) (string, error) {
	found, err := filepath.EvalSymlinks(path)
	if err == nil {
		return filepath.Abs(found)
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	if _, err := os.Lstat(path); err == nil {
		return "", fmt.Errorf("%s: a link to nothing", path)
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return "", err
	}
	return filepath.Abs(filepath.Join(dir, filepath.Base(path)))
}

// loaded is what both files hold before a change.
type loaded struct {
	ring      *Ring
	trust     *Trust
	keyText   []byte
	trustText []byte
}

func (f *Files) load(keyPath, trustPath string) (*loaded, error) {
	var e loaded
	var err error
	if e.keyText, err = readSecret(keyPath); err != nil {
		return nil, err
	}
	if e.ring, err = ParseRing(e.keyText); err != nil {
		return nil, fmt.Errorf("%s: %w", f.Key, err)
	}
	if e.trustText, err = readPublic(trustPath); err != nil {
		return nil, err
	}
	if e.trust, err = ParseTrust(e.trustText); err != nil {
		return nil, fmt.Errorf("%s: %w", f.Trust, err)
	}
	return &e, nil
}

func loadOrBegin(trustPath string) (text []byte, trust *Trust, err error) {
	text, err = readPublic(trustPath)
	if errors.Is(err, os.ErrNotExist) {
		return []byte(TrustHeader + "\n# key, log name, valid from, valid until\n"), &Trust{}, nil
	}
	if err != nil {
		return nil, nil, err
	}
	if trust, err = ParseTrust(text); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", trustPath, err)
	}
	return text, trust, nil
}

// requireTrusted refuses to go on with a trust file of another log, or an older
// one.
func (e *loaded) requireTrusted(f *Files, public []string, at time.Time) error {
	for _, key := range public {
		trusted := func(k TrustedKey) bool { return k.Verifier == key && k.covers(at) }
		if !slices.ContainsFunc(e.trust.keys, trusted) {
			return fmt.Errorf("%s: key %s signs: %w", f.Trust, shortID(key), ErrUnknown)
		}
	}
	return nil
}

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

// appendLine adds a line to a trust file and keeps every byte before it.
func appendLine(text []byte, line string) ([]byte, error) {
	text = slices.Clone(text)
	if !bytes.HasSuffix(text, []byte("\n")) {
		text = append(text, '\n')
	}
	text = append(text, line+"\n"...)
	_, err := ParseTrust(text)
	return text, err
}

// editLine puts a line before the first one that is meant, or in its place, and
// keeps every other byte.
func editLine(text []byte, meant func(line string) bool, with string, replace bool) []byte {
	var edited []byte
	done := false
	for line := range bytes.Lines(text) {
		if !done && meant(strings.Trim(string(line), " \t\n")) {
			done = true
			edited = append(edited, with...)
			if replace {
				continue
			}
		}
		edited = append(edited, line...)
	}
	return edited
}

func isPrivate(line string) bool { return strings.HasPrefix(line, privatePrefix) }

func isPrivateOf(line, public string) bool {
	_, found, err := newSigner(line)
	return err == nil && found == public
}

// isLine says whether a line of a trust file says the same as another.
func isLine(line, other string) bool {
	if line == "" || line[0] == '#' {
		return false
	}
	key, _, err := parseTrusted(line)
	return err == nil && key.Line() == other
}

// CreateMAC makes a MAC key file with one key. The file must not exist.
func CreateMAC(path string, rand io.Reader, keyID string) error {
	return editMAC(path, func(target string) ([]byte, error) {
		if _, err := os.Lstat(target); !errors.Is(err, os.ErrNotExist) {
			return nil, errors.Join(err, fmt.Errorf("%s: %w", path, ErrExists))
		}
		line, err := GenerateMAC(rand, keyID)
		return []byte("# MAC keys: the first one is active, the others only verify.\n" + line + "\n"), err
	})
}

// RotateMAC puts a new key in front of a MAC key file: it is the active one from
// the next start on, the others verify what they made.
func RotateMAC(path string, rand io.Reader, keyID string) error {
	return editMAC(path, func(target string) ([]byte, error) {
		text, err := readSecret(target)
		if err != nil {
			return nil, err
		}
		if _, err := ParseMACRing(text); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		line, err := GenerateMAC(rand, keyID)
		first := func(line string) bool { return line != "" && line[0] != '#' }
		return editLine(text, first, line+"\n", false), err
	})
}

func editMAC(path string, edit func(target string) ([]byte, error)) error {
	target, err := resolve(path)
	if err != nil {
		return err
	}
	unlock, err := lockDirectories(filepath.Dir(target))
	if err != nil {
		return err
	}
	defer unlock()
	text, err := edit(target)
	if err != nil {
		return err
	}
	if _, err := ParseMACRing(text); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	file, err := stage(target, text, 0o600)
	if err != nil {
		return err
	}
	defer file.discard()
	return file.publish()
}
