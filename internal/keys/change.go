package keys

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

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
