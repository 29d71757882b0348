package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// InUseError is a directory that another process writes.
type InUseError struct {
	Directory string
	PID       int // 0 where it is not known
}

// Error names the directory and the process.
func (e *InUseError) Error() string {
	holder := "another process"
	if e.PID != 0 {
		holder = fmt.Sprintf("process %d", e.PID)
	}
	return fmt.Sprintf("%s: %s holds this journal; a journal has one writer, give each its own directory", e.Directory, holder)
}

// lock takes a lock file until the returned file is closed. The kernel gives it
// back however the process ends.
func lock(dir, name string) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_RDWR, fileMode)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		holder := make([]byte, 32)
		n, _ := file.ReadAt(holder, 0)
		pid, err := strconv.Atoi(strings.TrimSpace(string(holder[:n])))
		if err != nil {
			pid = 0
		}
		return nil, errors.Join(&InUseError{Directory: dir, PID: pid}, file.Close())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", dir, err), file.Close())
	}
	// The process id is for messages; the lock holds without it, as on a full disk.
	if err := file.Truncate(0); err == nil {
		_, _ = file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	return file, nil
}

// lockExisting is lock, but makes no file: nil where there is none, and so
// nobody who holds it.
func lockExisting(dir, name string) (*os.File, error) {
	if _, err := os.Lstat(filepath.Join(dir, name)); errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return lock(dir, name)
}

// checkDirectory refuses a directory that others may enter.
func checkDirectory(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s: not a directory", dir)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("%s: others may read or write this journal (mode %04o): run chmod 700 %s", dir, mode, dir)
	}
	return nil
}
