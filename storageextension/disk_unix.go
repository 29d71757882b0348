//go:build unix

package storageextension

import (
	"fmt"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"golang.org/x/sys/unix"
)

// disk is the file system that holds the queues.
type disk struct {
	directory string
	reserve   uint64 // bytes
}

// roomy returns an error when no more than the reserve is free for this process.
func (d *disk) roomy() error {
	var s unix.Statfs_t
	if err := unix.Statfs(d.directory, &s); err != nil {
		return fmt.Errorf("look at the disk of the queue in %s: %w", d.directory, err)
	}
	free := uint64(s.Bavail) * uint64(s.Bsize) //nolint:gosec,unconvert // types differ between systems
	if free > d.reserve {
		return nil
	}
	return fmt.Errorf("%w: the disk of the queue in %s has %d MiB free, and reserve_mib keeps %d to empty the queue with: free some space there",
		storage.ErrStorageFull, d.directory, free>>20, d.reserve>>20)
}
