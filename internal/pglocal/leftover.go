//go:build unix

package pglocal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// endLeftover deals with postmaster.pid of an earlier run. We hold the lock of
// the directory, so a server that still runs here was left behind by a process
// that was killed; it is stopped. If the process id belongs to somebody else by
// now (after a reboot, in a new container), PostgreSQL would refuse to start, so
// the file is removed.
func (c *Cluster) endLeftover(ctx context.Context) error {
	file := filepath.Join(c.DataDir, "postmaster.pid")
	raw, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	line, _, _ := strings.Cut(string(raw), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil || pid <= 1 {
		return nil // PostgreSQL judges a broken file itself
	}
	ours, known := worksIn(pid, c.DataDir)
	switch {
	case !known:
		return nil
	case !ours:
		return os.Remove(file)
	}
	c.say("stopping a server that an earlier run left behind (process %d)", pid)
	if err := syscall.Kill(pid, syscall.SIGINT); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if ours, _ := worksIn(pid, c.DataDir); !ours {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("the server left behind (process %d) does not stop: %w", pid, ctx.Err())
		}
	}
}

// worksIn reports whether the process's working directory is dir, which is so
// for every PostgreSQL server and its data. known is false where the system does
// not tell.
func worksIn(pid int, dir string) (ours, known bool) {
	if runtime.GOOS != "linux" {
		return false, false
	}
	cwd, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid))
	if errors.Is(err, os.ErrNotExist) {
		return false, true
	}
	if err != nil {
		return false, false
	}
	resolved, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return false, false
	}
	return cwd == resolved, true
}

func onOwnThread(f func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	f()
}
