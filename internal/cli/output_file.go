package cli

import (
	"bufio"
	"errors"
	"io"
	"os"

	"github.com/otelaudit/otelaudit/internal/regular"
)

// writeFileWhole puts a file in its place when write has succeeded and it is on
// the disk; otherwise there is none, and what had the name stays. Only this user
// may read it.
//
// What a run for the same name left behind that was killed is removed.
func writeFileWhole(path string, write func(w io.Writer) error) (err error) {
	removeLeftovers(path)
	file, err := createPartial(path)
	if err != nil {
		return environmentError("", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name()) //nolint:gosec // beside the path that the user names
		}
		_ = file.Close() // after the name is gone, for it gives back the lock
	}()
	out := bufio.NewWriterSize(file, 1<<16)
	if err := write(out); err != nil {
		return err
	}
	if err := errors.Join(out.Flush(), file.Sync()); err != nil {
		return environmentError("", err)
	}
	if err := os.Rename(file.Name(), path); err != nil { //nolint:gosec // beside the path that the user names
		return environmentError("", err)
	}
	return nil
}

// writeBytes writes a small result to a file, or to standard output where none
// is named.
func writeBytes(sys *System, path string, content []byte) error {
	write := func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	}
	if path == "" {
		return write(sys.Stdout)
	}
	return writeFileWhole(path, write)
}

// openRegular opens a file that is named as evidence.
func openRegular(path string) (*os.File, error) {
	file, err := regular.Open(path)
	if err != nil {
		return nil, environmentError("", err)
	}
	return file, nil
}
