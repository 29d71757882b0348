//go:build linux || darwin || freebsd

package database

import "syscall"

// diskSpace returns the free bytes and the size of the file system of a path.
func diskSpace(path string) (free, size uint64, err error) {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(path, &stat); err != nil {
		return 0, 0, err
	}
	block := uint64(stat.Bsize)                                          //nolint:gosec // a block has a positive size
	return uint64(stat.Bavail) * block, uint64(stat.Blocks) * block, nil //nolint:unconvert // another type on FreeBSD
}
