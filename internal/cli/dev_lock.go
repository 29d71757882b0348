package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// lockDirectory makes this process the only `dev` on dir until the returned
// file is closed. The kernel gives the lock back however the process ends.
func lockDirectory(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "dev.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		defer f.Close()
		owner := make([]byte, 32)
		n, _ := f.Read(owner)
		return nil, environmentError("stop that one, or give another directory with --data and other ports with --http and --grpc",
			fmt.Errorf("%s is in use by another 'otelaudit dev' (process %s)", dir, strings.TrimSpace(string(owner[:n]))))
	}
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = fmt.Fprintf(f, "%d\n", os.Getpid())
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	return f, nil
}
