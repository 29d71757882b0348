package keys

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

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
