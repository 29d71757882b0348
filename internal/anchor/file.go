package anchor

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/otelaudit/otelaudit/internal/merkle"
)

// File is an anchor file that this process appends to, and nobody else at the
// same time. It keeps no notes in memory: about 60 bytes per log say where the
// newest stands. Safe for concurrent use.
type File struct {
	path string

	syncing sync.Mutex // held by Sync, which exchanges the file; before mu

	mu     sync.Mutex // guards the rest
	file   *os.File   // nil after Close
	end    int64      // bytes of whole lines, which is all there is unless torn
	torn   bool       // a write failed half-way behind end
	live   int64      // bytes of the newest lines of all logs
	dirty  bool       // written and not synced
	unsafe bool       // a sync failed: what of the file is on the disk, nobody knows
	shrunk int64      // bytes below which it is not tried again to make the file smaller
	newest map[key]place
	epochs map[key]int32 // newest epoch of the logs that have one above 0, by the origin of epoch 0

	step func(name string) // nil, or told by a test of each step on the disk
}

// key is the beginning of SHA-256 of an origin.
type key [16]byte

// place is where the newest checkpoint of a log stands.
type place struct {
	offset int64
	size   int64 // of the tree
	length int32 // of the line
}

// ErrInUse is an anchor file that somebody else appends to, in this process or
// another.
var ErrInUse = errors.New("in use already: every exporter has an anchor file of its own")

// ErrChanged is an anchor file that somebody else has written to, cut or
// exchanged while it was in use.
var ErrChanged = errors.New("the anchor file was changed by somebody else while it was in use")

// readBuffer is more than any line has; a checkpoint with ten signatures has
// 1,500 bytes.
const readBuffer = 1 << 20

// Open opens an anchor file, or makes an empty one, for this process alone. An
// unfinished last line, left by a process or a machine that stopped in the
// middle of it, is taken off; anything else that is no checkpoint line is
// ErrDamaged with its line number. Errors name the path.
func Open(path string) (*File, error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // a new file takes the place of the old one, not of its link
	}
	f := &File{path: path, newest: make(map[key]place), epochs: make(map[key]int32)}
	if err := f.open(); err != nil {
		return nil, fmt.Errorf("anchor file %s: %w", path, err)
	}
	return f, nil
}

func (f *File) open() error {
	file, err := openLocked(f.path)
	if err != nil {
		return err
	}
	f.file = file
	err = f.load()
	if err == nil {
		err = f.takeOffTail()
	}
	if err == nil {
		err = syncDir(f.path)
	}
	if err != nil {
		_ = file.Close()
		return err
	}
	f.dirty = true // perhaps: the process before may not have synced its last lines
	return nil
}

// openLocked opens and locks the file that has the name when the lock is there.
func openLocked(path string) (*os.File, error) {
	for {
		file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o640) //nolint:gosec // G302: it holds no secret, and auditors read it
		if err != nil {
			return nil, pathless(err)
		}
		info, err := file.Stat()
		if err == nil && !info.Mode().IsRegular() {
			err = errors.New("not a regular file")
		}
		if err == nil {
			err = lock(file)
		}
		if err != nil {
			_ = file.Close()
			return nil, err
		}
		// Compaction may have put another file in its place before we had the lock.
		if named, err := os.Stat(path); err == nil && os.SameFile(info, named) {
			return file, nil
		}
		_ = file.Close()
	}
}

// pathless takes the path out of an error that will name it.
func pathless(err error) error {
	if pathErr, ok := errors.AsType[*os.PathError](err); ok {
		return pathErr.Err
	}
	return err
}

// load reads the whole file and remembers where the newest lines stand.
func (f *File) load() error {
	reader := bufio.NewReaderSize(f.file, readBuffer)
	for number := 1; ; number++ {
		line, err := reader.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			_, err = reader.ReadString('\n') // zeros, perhaps, that go on to the end
			line = nil
		}
		if errors.Is(err, io.EOF) {
			return nil // what is left has no end
		}
		if err != nil {
			return pathless(err)
		}
		note, err := parseLine(bytes.TrimSuffix(line, []byte("\n")))
		var c merkle.Checkpoint
		if err == nil {
			c, err = Unverified(note)
		}
		if err != nil {
			return fmt.Errorf("%w: line %d: %w", ErrDamaged, number, err)
		}
		f.take(addition{key: keyOf(c.Origin), origin: c.Origin, size: c.Size, length: int32(len(line))}, f.end) //nolint:gosec // bounded by the buffer
		f.end += int64(len(line))
	}
}

// takeOffTail cuts what stands behind the last whole line, if that is what a
// writer leaves that stops half-way: a part of one line, or zeros where blocks
// were never written.
func (f *File) takeOffTail() error {
	info, err := f.file.Stat()
	if err != nil {
		return pathless(err)
	}
	if info.Size() == f.end {
		return nil
	}
	f.at("tail found")
	return pathless(f.file.Truncate(f.end))
}

// addition is a line that was or will be written.
type addition struct {
	key    key
	origin string
	size   int64
	length int32
}

// take takes down where a line stands, if it is the newest of its log.
func (f *File) take(a addition, offset int64) {
	if before, ok := f.newest[a.key]; ok {
		if before.size >= a.size {
			return
		}
		f.live -= int64(before.length)
	}
	f.newest[a.key] = place{offset: offset, size: a.size, length: a.length}
	f.live += int64(a.length)
	if o, err := merkle.ParseOrigin(a.origin); err == nil && o.Epoch > 0 {
		epoch := o.Epoch
		o.Epoch = 0
		if first := keyOf(o.String()); f.epochs[first] < epoch {
			f.epochs[first] = epoch
		}
	}
}

func keyOf(origin string) key {
	sum := sha256.Sum256([]byte(origin))
	return key(sum[:16])
}

// Latest returns the newest checkpoint of a log, by its origin. Only where the
// file has none it returns no error and no note; what cannot be read, or is not
// what was written, is an error.
func (f *File) Latest(origin string) (note []byte, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if note, err = f.latest(origin); err != nil {
		return nil, fmt.Errorf("anchor file %s: %w", f.path, err)
	}
	return note, nil
}

// LatestEpoch returns the newest checkpoint of the newest epoch of a log, and
// the epoch. It takes the origin of epoch 0. Without one it returns no error and
// no note.
func (f *File) LatestEpoch(first string) (note []byte, epoch int32, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	origin := first
	if epoch = f.epochs[keyOf(first)]; epoch > 0 {
		o, err := merkle.ParseOrigin(first)
		if err != nil {
			return nil, 0, err
		}
		o.Epoch = epoch
		origin = o.String()
	}
	if note, err = f.latest(origin); err != nil {
		return nil, 0, fmt.Errorf("anchor file %s: %w", f.path, err)
	}
	return note, epoch, nil
}

func (f *File) latest(origin string) ([]byte, error) {
	at, ok := f.newest[keyOf(origin)]
	if !ok {
		return nil, nil
	}
	if f.file == nil {
		return nil, os.ErrClosed
	}
	line := make([]byte, at.length)
	if _, err := f.file.ReadAt(line, at.offset); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrChanged, pathless(err))
	}
	note, err := parseLine(bytes.TrimSuffix(line, []byte("\n")))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrChanged, err)
	}
	if c, err := Unverified(note); err != nil || c.Origin != origin || c.Size != at.size {
		return nil, ErrChanged
	}
	return note, nil
}

// Append writes checkpoints and returns when they are on the disk.
func (f *File) Append(notes ...[]byte) error {
	if err := f.Add(notes...); err != nil {
		return err
	}
	return f.Sync()
}

// Add writes checkpoints: when it returns they outlive this process, and after
// the next Sync or Close this machine. A note that is not newer than what the
// file has of its log is left out. All of them or, with an error, none count.
func (f *File) Add(notes ...[]byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.add(notes); err != nil {
		return fmt.Errorf("anchor file %s: %w", f.path, err)
	}
	return nil
}

func (f *File) add(notes [][]byte) error {
	var lines []byte
	news := make([]addition, 0, len(notes))
	for _, note := range notes {
		c, err := Unverified(note)
		if err != nil {
			return err
		}
		k := keyOf(c.Origin)
		if before, ok := f.newest[k]; ok && before.size >= c.Size {
			continue
		}
		start := len(lines)
		lines = AppendLine(lines, note)
		news = append(news, addition{key: k, origin: c.Origin, size: c.Size, length: int32(len(lines) - start)}) //nolint:gosec // bounded by a note
	}
	if len(lines) == 0 {
		return nil
	}
	if err := f.write(lines); err != nil {
		return err
	}
	for _, a := range news {
		f.take(a, f.end)
		f.end += int64(a.length)
	}
	f.dirty = true
	return nil
}

// write puts lines behind the last one, or nothing.
func (f *File) write(lines []byte) error {
	if f.file == nil {
		return os.ErrClosed
	}
	info, err := f.file.Stat()
	if err != nil {
		return pathless(err)
	}
	if f.torn && info.Size() >= f.end {
		if err := f.file.Truncate(f.end); err != nil {
			return pathless(err)
		}
		f.torn = false
	} else if info.Size() != f.end {
		return ErrChanged
	}
	f.at("before write")
	if _, err := f.file.WriteAt(lines, f.end); err != nil {
		f.torn = f.file.Truncate(f.end) != nil
		return pathless(err)
	}
	f.at("written")
	return nil
}

func (f *File) at(name string) {
	if f.step != nil {
		f.step(name)
	}
}

// Close makes everything durable and gives the file up. A second Close does
// nothing.
func (f *File) Close() error {
	f.syncing.Lock()
	defer f.syncing.Unlock()
	err := f.sync()
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	unlock(f.file)
	if closeErr := f.file.Close(); err == nil {
		err = closeErr
	}
	f.file = nil
	if err != nil {
		return fmt.Errorf("anchor file %s: %w", f.path, pathless(err))
	}
	return nil
}

// syncDir makes the name of a file durable.
func syncDir(path string) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return pathless(err)
	}
	defer dir.Close()
	return pathless(dir.Sync())
}
