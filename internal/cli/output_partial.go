package cli

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// partialSuffix ends the names of files that are being written.
const partialSuffix = ".partial"

// partialPrefix begins the names of files that will get the name of path.
func partialPrefix(path string) string { return "." + filepath.Base(path) + "." }

// createPartial makes an empty file beside path for this process to write to. It
// is locked until it is closed: the kernel gives the lock back however the
// process ends, so a file without one is nobody's.
func createPartial(path string) (*os.File, error) {
	const tries = 100
	for range tries {
		file, err := os.CreateTemp(filepath.Dir(path), partialPrefix(path)+"*"+partialSuffix)
		if err != nil {
			return nil, err
		}
		// Where nothing can be locked, nothing is taken for a leftover either.
		_ = syscall.Flock(int(file.Fd()), syscall.LOCK_EX)
		// Another process may have taken it for a leftover before it was locked.
		if isStill(file.Name(), file) {
			return file, nil
		}
		_ = file.Close()
	}
	return nil, fmt.Errorf("%s: others remove what is written for it", path)
}

// isStill reports whether a name is that of an open file.
func isStill(name string, file *os.File) bool {
	there, err := os.Lstat(name) //nolint:gosec // beside the path that the user names
	if err != nil {
		return false
	}
	open, err := file.Stat()
	return err == nil && os.SameFile(there, open)
}

// removeLeftovers removes the files of createPartial for the same path that no
// process writes any more. It is no error where it cannot: they are in nobody's
// way.
func removeLeftovers(path string) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return
	}
	for _, entry := range entries {
		if isPartial(entry, path) {
			removeLeftover(filepath.Join(filepath.Dir(path), entry.Name()))
		}
	}
}

func isPartial(entry fs.DirEntry, path string) bool {
	random, begins := strings.CutPrefix(entry.Name(), partialPrefix(path))
	random, ends := strings.CutSuffix(random, partialSuffix)
	return begins && ends && entry.Type().IsRegular() && random != "" && strings.Trim(random, "0123456789") == ""
}

func removeLeftover(name string) {
	// Neither what a link leads to nor what has no end is opened.
	file, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0) //nolint:gosec // beside the path that the user names
	if err != nil {
		return
	}
	defer file.Close()
	if syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil && isStill(name, file) {
		_ = os.Remove(name) //nolint:gosec // beside the path that the user names
	}
}
