//go:build unix

package storageextension

import (
	"fmt"
	"os"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"golang.org/x/sys/unix"
)

// disk is the file system that holds the queues.
type disk struct {
	directory string
	reserve   uint64 // bytes
}

// roomy returns an error when no more than the reserve is left. What the queues'
// files have free inside counts: they never shrink. held is the sum of the values in
// them, in bytes.
func (d *disk) roomy(held int64) error {
	var s unix.Statfs_t
	if err := unix.Statfs(d.directory, &s); err != nil {
		return fmt.Errorf("look at the disk of the queue in %s: %w", d.directory, err)
	}
	free := uint64(s.Bavail) * uint64(s.Bsize) //nolint:gosec,unconvert // types differ between systems
	if free > d.reserve {
		return nil
	}
	inside, err := d.freeInside(held)
	if err != nil {
		return err
	}
	if free += inside; free > d.reserve {
		return nil
	}
	return fmt.Errorf("%w: the disk of the queue in %s has %d MiB left, and reserve_mib keeps %d to empty the queue with: free some space there",
		storage.ErrStorageFull, d.directory, free>>20, d.reserve>>20)
}

// freeInside is about how many bytes of the queues' files are free. A quarter more
// than the values is taken as used, for keys, page headers and the rests of pages.
func (d *disk) freeInside(held int64) (uint64, error) {
	entries, err := os.ReadDir(d.directory)
	if err != nil {
		return 0, fmt.Errorf("look at the files of the queue: %w", err)
	}
	var size int64
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() {
			size += info.Size()
		}
	}
	return uint64(max(0, size-held-held/4)), nil
}
