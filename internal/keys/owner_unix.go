//go:build unix

package keys

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
)

// checksModes says that the permission bits of a file mean something here.
const checksModes = true

func ownedByUs(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return !ok || int(stat.Uid) == os.Geteuid()
}

// keepOwner gives a file the owner and group of the one that it replaces: root
// must not take a collector's key away from it.
func keepOwner(file *os.File, old os.FileInfo) error {
	stat, ok := old.Sys().(*syscall.Stat_t)
	info, err := file.Stat()
	if !ok || err != nil {
		return err
	}
	if now, ok := info.Sys().(*syscall.Stat_t); ok && now.Uid == stat.Uid && now.Gid == stat.Gid {
		return nil
	}
	return file.Chown(int(stat.Uid), int(stat.Gid))
}

// errBusy is two commands on the same files.
var errBusy = errors.New("another command is changing the keys in this directory")

// lockDirectories keeps other commands from changing the same files until
// unlock. The kernel gives the locks back however the process ends.
func lockDirectories(dirs ...string) (unlock func(), err error) {
	slices.SortFunc(dirs, cmp.Compare)
	var open []*os.File
	unlock = func() {
		for _, dir := range open {
			_ = dir.Close()
		}
	}
	for _, path := range slices.Compact(dirs) {
		dir, err := os.Open(path)
		if err == nil {
			open = append(open, dir)
			err = syscall.Flock(int(dir.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		}
		switch {
		case errors.Is(err, syscall.EWOULDBLOCK):
			err = fmt.Errorf("%s: %w", path, errBusy)
		case errors.Is(err, syscall.EBADF), errors.Is(err, syscall.ENOLCK), errors.Is(err, syscall.ENOTSUP):
			err = nil // a file system without locks on directories, such as some NFS
		}
		if err != nil {
			unlock()
			return nil, err
		}
	}
	return unlock, nil
}

func syncDirectory(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	err = dir.Sync()
	if errors.Is(err, syscall.EINVAL) { // a file system that cannot
		err = nil
	}
	return errors.Join(err, dir.Close())
}
