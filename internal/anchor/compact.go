package anchor

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// A file is written anew when it is over minCompact and at most one byte in
// compactRatio belongs to the newest checkpoint of its log.
const (
	minCompact   = 4 << 20
	compactRatio = 4
)

// Sync makes what was added durable. It also writes the file anew, with the
// newest checkpoint of each log, when it has become large, when its name is gone
// from the directory (which is an error as well, once) and after a sync that
// failed. Adding goes on meanwhile.
func (f *File) Sync() error {
	f.syncing.Lock()
	defer f.syncing.Unlock()
	if err := f.sync(); err != nil {
		return fmt.Errorf("anchor file %s: %w", f.path, err)
	}
	return nil
}

func (f *File) sync() error {
	f.mu.Lock()
	file, dirty, unsafe := f.file, f.dirty, f.unsafe
	large := f.end > max(minCompact, compactRatio*f.live, f.shrunk)
	f.dirty = false
	f.mu.Unlock()
	if file == nil {
		return os.ErrClosed
	}
	gone, err := f.lostName(file)
	switch {
	case err != nil:
	case gone || unsafe:
		if err = f.compact(); err == nil && gone {
			return errRemoved
		}
	case large && f.compact() == nil:
		return nil
	case dirty || large:
		f.at("before sync")
		err = pathless(file.Sync())
		unsafe = err != nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		f.dirty, f.unsafe = true, unsafe
	}
	if large { // there was no room: not again before it has doubled
		f.shrunk = 2 * f.end
	}
	return err
}

var errRemoved = errors.New("it was removed while in use, and was written again from what was known")

// lostName reports whether the file was removed from its directory.
func (f *File) lostName(file *os.File) (gone bool, err error) {
	named, err := os.Stat(f.path) //nolint:gosec // G703: whoever runs this names the file
	if errors.Is(err, os.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, pathless(err)
	}
	ours, err := file.Stat()
	if err != nil {
		return false, pathless(err)
	}
	if !os.SameFile(ours, named) {
		return false, ErrChanged
	}
	return false, nil
}

// moved is a line on its way into the new file.
type moved struct {
	key key
	old place
	new int64
}

// compact writes the newest lines into a new file and puts it in the place of
// the old one. The new file is locked before it has the name, so there is no
// moment at which another process could have either.
func (f *File) compact() error {
	f.mu.Lock()
	old, end := f.file, f.end
	lines := make([]moved, 0, len(f.newest))
	for k, at := range f.newest {
		lines = append(lines, moved{key: k, old: at})
	}
	f.mu.Unlock()
	slices.SortFunc(lines, func(a, b moved) int { return cmp.Compare(a.old.offset, b.old.offset) })

	temporary := f.path + ".new"
	file, err := os.OpenFile(temporary, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o640) //nolint:gosec // G302: as the file itself
	if err != nil {
		return pathless(err)
	}
	defer func() {
		if f.file != file { // it did not take the old one's place
			_ = file.Close()
			_ = os.Remove(temporary)
		}
	}()
	if err := lock(file); err != nil {
		return err
	}
	f.at("new file made")
	written, err := copyLines(file, old, lines)
	if err != nil {
		return err
	}
	f.at("new file written")
	if err := file.Sync(); err != nil {
		return pathless(err)
	}
	f.at("new file synced")

	f.mu.Lock()
	defer f.mu.Unlock()
	// What was added meanwhile.
	if _, err := io.Copy(io.NewOffsetWriter(file, written), io.NewSectionReader(old, end, f.end-end)); err != nil {
		return pathless(err)
	}
	if err := file.Sync(); err != nil {
		return pathless(err)
	}
	f.at("before rename")
	if err := os.Rename(temporary, f.path); err != nil {
		return err
	}
	f.at("renamed")
	f.moveTo(file, lines, end, written)
	_ = old.Close()
	// From here on the new file counts, whatever becomes of its name in a crash:
	// the old one is as good.
	f.unsafe, f.torn, f.shrunk = false, false, 0
	return syncDir(f.path)
}

// copyLines writes lines of the old file one behind the other and returns how
// many bytes they are.
func copyLines(to, from *os.File, lines []moved) (written int64, err error) {
	writer := bufio.NewWriterSize(to, 1<<20)
	line := make([]byte, 0, 1024)
	for i := range lines {
		at := lines[i].old
		line = slices.Grow(line[:0], int(at.length))[:at.length]
		if _, err := from.ReadAt(line, at.offset); err != nil {
			return 0, fmt.Errorf("%w: %w", ErrChanged, pathless(err))
		}
		if _, err := parseLine(line[:len(line)-1]); err != nil || line[len(line)-1] != '\n' {
			return 0, ErrChanged
		}
		lines[i].new = written
		written += int64(at.length)
		if _, err := writer.Write(line); err != nil {
			return 0, pathless(err)
		}
	}
	return written, pathless(writer.Flush())
}

// moveTo goes on with the new file, whose lines up to end of the old one were
// written anew and whose others follow from written on.
func (f *File) moveTo(file *os.File, lines []moved, end, written int64) {
	for k, at := range f.newest {
		if at.offset >= end {
			at.offset += written - end
			f.newest[k] = at
		}
	}
	for i := range lines {
		if at := f.newest[lines[i].key]; at.size == lines[i].old.size {
			at.offset = lines[i].new
			f.newest[lines[i].key] = at
		}
	}
	f.file = file
	f.end += written - end
}
