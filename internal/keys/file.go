package keys

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/otelaudit/otelaudit/internal/regular"
)

// maxFileBytes is far more than any key or trust file holds.
const maxFileBytes = 1 << 20

// PermissionError is a file that others may use where they must not: a secret
// they may read, or a trust file that anybody may write.
type PermissionError struct {
	Path  string
	Mode  os.FileMode // the permission bits found
	Trust bool        // a trust file, not a secret
}

// Error names the file, its mode and the command that mends it.
func (e *PermissionError) Error() string {
	if e.Trust {
		return fmt.Sprintf("%s: anybody may write this trust file (mode %04o): run chmod o-w %s", e.Path, e.Mode, e.Path)
	}
	return fmt.Sprintf("%s: others may use this secret (mode %04o): run chmod 600 %s", e.Path, e.Mode, e.Path)
}

// readSecret reads a file that holds a secret. It checks what it has opened, so
// nobody can put another file in between. Its group may read it only where it
// belongs to somebody else: so does a secret that Kubernetes mounts.
func readSecret(path string) ([]byte, error) {
	return readChecked(path, func(info os.FileInfo) error {
		allowed := os.FileMode(0o700)
		if !ownedByUs(info) {
			allowed = 0o740
		}
		if mode := info.Mode().Perm(); mode&^allowed != 0 {
			return &PermissionError{Path: path, Mode: mode}
		}
		return nil
	})
}

// readPublic reads a file that is no secret, but says whom to believe.
func readPublic(path string) ([]byte, error) {
	return readChecked(path, func(info os.FileInfo) error {
		if mode := info.Mode().Perm(); mode&0o002 != 0 && checksModes {
			return &PermissionError{Path: path, Mode: mode, Trust: true}
		}
		return nil
	})
}

func readChecked(path string, check func(os.FileInfo) error) ([]byte, error) {
	file, err := regular.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if err := check(info); err != nil {
		return nil, err
	}
	return regular.Read(file, maxFileBytes)
}

// staged is a file's new content, written and on the disk beside it under
// another name: publish makes it the content in one step.
type staged struct {
	path, temporary string
	replaces        bool
}

// stage writes the content beside path. A file that it replaces keeps its mode
// and its owner, a new one gets mode. The directory is locked: what an
// interrupted run left under the temporary name is nobody's.
func stage(path string, content []byte, mode os.FileMode) (_ *staged, err error) {
	s := &staged{path: path, temporary: filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".new")}
	old, err := os.Stat(path)
	switch {
	case err == nil:
		s.replaces, mode = true, old.Mode().Perm()
	case !errors.Is(err, os.ErrNotExist):
		return nil, err
	}
	if err := os.Remove(s.temporary); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	file, err := os.OpenFile(s.temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = file.Close()
			s.discard()
		}
	}()
	if s.replaces {
		if err := errors.Join(file.Chmod(mode), keepOwner(file, old)); err != nil {
			return nil, err
		}
	}
	if _, err := file.Write(content); err != nil {
		return nil, err
	}
	if err := file.Sync(); err != nil {
		return nil, err
	}
	return s, file.Close()
}

// publish makes the staged content that of the file, for good. A new file never
// takes the place of one that appeared meanwhile.
func (s *staged) publish() error {
	if s.replaces {
		if err := os.Rename(s.temporary, s.path); err != nil {
			return err
		}
	} else {
		if err := os.Link(s.temporary, s.path); err != nil {
			return err
		}
		if err := os.Remove(s.temporary); err != nil {
			return err
		}
	}
	return syncDirectory(filepath.Dir(s.path))
}

// discard takes back what was not published.
func (s *staged) discard() { _ = os.Remove(s.temporary) }
