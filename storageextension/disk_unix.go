//go:build unix

package storageextension

import (
	"fmt"
	"os"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"golang.org/x/sys/unix"
)

// disk is the file system that holds the queues.
type disk struct {
	directory string
	reserve   uint64 // bytes
}

// roomy returns an error when no more than the reserve is left. What the queues'
// files have free inside counts: they never shrink. held, which is asked only where
// that matters, returns the sum of the values in each of them by path, in bytes.
func (d *disk) roomy(held func() map[string]int64) error {
	var s unix.Statfs_t
	if err := unix.Statfs(d.directory, &s); err != nil {
		return fmt.Errorf("look at the disk of the queue in %s: %w", d.directory, err)
	}
	free := uint64(s.Bavail) * uint64(s.Bsize) //nolint:gosec,unconvert // types differ between systems
	if free > d.reserve {
		return nil
	}
	if free += freeInside(held()); free > d.reserve {
		return nil
	}
	return fmt.Errorf("%w: the disk of the queue in %s has %d MiB left, and reserve_mib keeps %d to empty the queue with: free some space there",
		storage.ErrStorageFull, d.directory, free>>20, d.reserve>>20)
}

// freeInside is about how many bytes of the files are free. A quarter more than the
// values is taken as used, for keys, page headers and the rests of pages. A file
// that cannot be looked at counts as full.
func freeInside(held map[string]int64) (free uint64) {
	for path, bytes := range held {
		if info, err := os.Stat(path); err == nil {
			free += uint64(max(0, info.Size()-bytes-bytes/4))
		}
	}
	return free
}

// fileName is contrib's name for the file of an exporter's queue, where no
// character has to be replaced in it.
func fileName(id component.ID, name string) string {
	return strings.TrimSuffix(fmt.Sprintf("exporter_%s_%s_%s", id.Type(), id.Name(), name), "_")
}
