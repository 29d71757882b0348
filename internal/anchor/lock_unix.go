//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package anchor

import (
	"errors"
	"os"
	"syscall"
)

// lock takes the file for this process until it is closed, or fails at once.
func lock(file *os.File) error {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return ErrInUse
	}
	return err
}

// unlock gives the file back at once. Closing it would do so only when a child
// that is just being started has closed its copy.
func unlock(file *os.File) {
	if file != nil {
		_ = syscall.Flock(int(file.Fd()), syscall.LOCK_UN) // closing does it, a moment later
	}
}
