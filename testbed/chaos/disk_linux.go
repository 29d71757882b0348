package chaos

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/otelaudit/otelaudit/testbed/database"
)

// mountDisk makes a file system of so many bytes, in memory.
func mountDisk(dir string, bytes int64) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0755", bytes)); err != nil {
		if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) {
			err = database.ErrNoMount
		}
		return fmt.Errorf("mount a small disk (this fault needs root): %w", err)
	}
	return nil
}

func unmountDisk(dir string) error { return syscall.Unmount(dir, 0) }
