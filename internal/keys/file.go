package keys

import (
	"fmt"
	"io"
	"os"
)

// maxFileBytes is far more than any key or trust file holds.
const maxFileBytes = 1 << 20

// PermissionError is a file with secrets that others may read or write.
type PermissionError struct {
	Path string
	Mode os.FileMode // the permission bits found
}

// Error names the file, its mode and the command that mends it.
func (e *PermissionError) Error() string {
	return fmt.Sprintf("%s: others may use this secret (mode %04o): run chmod 600 %s", e.Path, e.Mode, e.Path)
}

// readSecret reads a file that holds a secret. It checks what it has opened, so
// nobody can put another file in between. Its group may read it only where it
// belongs to somebody else: so does a secret that Kubernetes mounts.
func readSecret(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // only read
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file", path)
	}
	allowed := os.FileMode(0o700)
	if !ownedByUs(info) {
		allowed = 0o740
	}
	if mode := info.Mode().Perm(); mode&^allowed != 0 {
		return nil, &PermissionError{Path: path, Mode: mode}
	}
	return readLimited(file, path)
}

func readLimited(file io.Reader, path string) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(file, maxFileBytes+1))
	if err == nil && len(text) > maxFileBytes {
		err = fmt.Errorf("%s: larger than %d bytes", path, maxFileBytes)
	}
	return text, err
}
