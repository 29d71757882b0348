package storageextension

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"
)

// inspect looks through the files of exporters' queues before anything opens them
// to write: for a damaged file their library then panics where nobody can catch it.
func (d *disk) inspect(timeout time.Duration) error {
	entries, err := os.ReadDir(d.directory)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // opening a queue says so
	}
	if err != nil {
		return fmt.Errorf("look at the files of the queues: %w", err)
	}
	var errs []error
	for _, entry := range entries {
		path := filepath.Join(d.directory, entry.Name())
		info, err := entry.Info()
		if err != nil || !info.Mode().IsRegular() || info.Size() == 0 || !strings.HasPrefix(entry.Name(), "exporter_") {
			continue
		}
		if err := look(path, timeout); err != nil {
			errs = append(errs, fmt.Errorf("the queue's file %s is damaged, and the collector does not start so that nothing in it is passed over (%w): "+
				"move the file away, keep it, and have what it held sent again", path, err))
		}
	}
	return errors.Join(errs...)
}

// look visits every key of a file.
func look(path string, timeout time.Duration) (err error) {
	// Pages beyond the end of a file that was cut off are faults, which end a process
	// that does not ask for a panic.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	if err := long(path); err != nil {
		return err
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: timeout})
	if errors.Is(err, bbolterrors.ErrTimeout) || errors.Is(err, os.ErrPermission) {
		return nil // in use, or not ours: opening it says so
	}
	if err != nil {
		return err
	}
	defer db.Close()
	return db.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(_ []byte, bucket *bbolt.Bucket) error {
			return bucket.ForEach(func(key, value []byte) error {
				if isItem(string(key)) {
					return nil // looked at when it is delivered
				}
				// Without its places the queue would begin anew over what it holds.
				if _, whole := opened(value); !whole && !strings.HasPrefix(string(key), aside) {
					return fmt.Errorf("what it says under %q is not what was written", key)
				}
				return nil
			})
		})
	})
}

// long returns an error when a file ends before the last page that it says it has.
// Layout of bbolt's two meta pages: a header of 16 bytes, then magic, version, page
// size and flags of 4 bytes each, the root bucket (16), and three numbers of 8 bytes:
// the page of the free list, the first page that was never used, the transaction.
func long(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return nil // opening it to write says so
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	const (
		magic, length = 0xED0CDAED, 80
		page          = 4096 // where the second one is, with pages of the usual size
	)
	var meta [length]byte
	var transaction, bytes uint64
	for _, at := range []int64{0, page} {
		if _, err := file.ReadAt(meta[:], at); err != nil || binary.NativeEndian.Uint32(meta[16:]) != magic {
			continue
		}
		if t := binary.NativeEndian.Uint64(meta[64:]); t >= transaction {
			transaction, bytes = t, binary.NativeEndian.Uint64(meta[56:])*uint64(binary.NativeEndian.Uint32(meta[24:]))
		}
	}
	if uint64(max(0, info.Size())) < bytes {
		return fmt.Errorf("it has %d bytes of %d", info.Size(), bytes)
	}
	return nil
}
