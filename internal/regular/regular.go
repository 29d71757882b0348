// Package regular opens files that are named as evidence. A pipe, a device or a
// directory under such a name would block the command, or never end.
package regular

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// ErrNotRegular is wrapped where a name leads to something else than a file of
// bytes.
var ErrNotRegular = errors.New("not a regular file")

// Open opens a regular file, or what a link to one names. Errors name the path.
func Open(path string) (*os.File, error) {
	// Opening a device may already do something, so it is looked at first; one
	// that takes the file's place in between must not block either.
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: %w", path, ErrNotRegular)
	}
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err = file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: %w", path, ErrNotRegular)
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}

// ReadFile reads a regular file of at most limit bytes. Errors name the path.
func ReadFile(path string, limit int64) ([]byte, error) {
	file, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return Read(file, limit)
}

// Read reads what is left of a file that Open opened, at most limit bytes.
// Errors name its path.
func Read(file *os.File, limit int64) ([]byte, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	size := info.Size() // so that a file that is too large is never in memory
	var text []byte
	if size <= limit {
		// One byte more than allowed tells that it has grown meanwhile.
		text, err = io.ReadAll(io.LimitReader(file, limit+1))
		size = int64(len(text))
	}
	if err == nil && size > limit {
		return nil, fmt.Errorf("%s: larger than %d bytes", file.Name(), limit)
	}
	return text, err
}
