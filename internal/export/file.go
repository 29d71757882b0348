package export

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/otelaudit/otelaudit/internal/store"
)

// Names of the files beside an export.
const (
	PartialSuffix  = ".partial"       // what is written so far
	StateSuffix    = ".partial.state" // up to where it is complete
	ManifestSuffix = ".manifest.json" // what the finished export is
)

// Begun is what an export was begun with and is continued with.
type Begun struct {
	// Asked are the flags that decide about the bytes; a continuation must ask the
	// same.
	Asked map[string]string `json:"asked"`
	Since *time.Time        `json:"since,omitempty"` // as --since was understood
	Until *time.Time        `json:"until,omitempty"`
	Logs  []store.LogExtent `json:"extent"`
	After *store.Place      `json:"after,omitempty"` // where an earlier export ended
}

// state is the file with StateSuffix.
type state struct {
	Version int `json:"version"`
	Begun
	At     *store.Place `json:"at,omitempty"` // of the last complete chunk
	Totals Totals       `json:"totals"`
	Bytes  int64        `json:"bytes"`  // of the partial file up to there
	SHA256 string       `json:"sha256"` // of these
	Check  string       `json:"check"`  // SHA-256 of this file with "" here
}

const stateVersion = 1

// A FileError is a file that stands in the way of an export, or does not fit it.
type FileError struct {
	Path, Reason string
	Hint         string // what to do, "" where that is plain
}

// Error names the file.
func (e *FileError) Error() string { return e.Path + " " + e.Reason }

// ErrNothingBegun is returned where there is no export to continue.
var ErrNothingBegun = errors.New("no export was begun")

// File is an export to a file. It has another name until it is complete. Not
// safe for concurrent use.
type File struct {
	path  string
	file  *os.File
	now   func() time.Time
	sum   hash.Hash
	state state
	saved time.Time // when the state was
}

// checkpointInterval is how much work a kill can cost, about.
const checkpointInterval = time.Second

// CheckOutput returns a *FileError where an export to path cannot begin, or not
// be continued where resume says that it may be one that was begun.
func CheckOutput(path string, resume bool) error {
	switch info, err := os.Stat(path); {
	case err == nil && info.IsDir():
		return &FileError{path, "is a directory", "name a file in it"}
	case err == nil && !info.Mode().IsRegular():
		return &FileError{path, "is no regular file", "without --output the export goes to standard output, which may be redirected there"}
	case err == nil:
		return &FileError{path, "is there already", "an export overwrites nothing: name another file, or move this one away"}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if resume {
		return nil
	}
	for _, suffix := range []string{PartialSuffix, StateSuffix} {
		if _, err := os.Lstat(path + suffix); err == nil {
			return &FileError{path + suffix, "is there already, of an export that did not end", "--resume goes on with it; or remove it and the file beside it"}
		}
	}
	if _, err := os.Lstat(path + ManifestSuffix); err == nil {
		return &FileError{path + ManifestSuffix, "is there already, of another export", "name another file, or move this one away"}
	}
	return nil
}

// Create begins an export. Only this user may read its files.
func Create(path string, begun Begun, now func() time.Time) (*File, error) {
	return create(path, begun, now, func() {})
}

// create calls opened between the open of the file and its lock.
func create(path string, begun Begun, now func() time.Time, opened func()) (*File, error) {
	f := &File{path: path, now: now, sum: sha256.New(), state: state{Version: stateVersion, Begun: begun}}
	if err := f.open(os.O_CREATE|os.O_EXCL, opened); err != nil {
		return nil, err
	}
	if err := f.save(); err != nil {
		_ = os.Remove(path + PartialSuffix)
		_ = f.file.Close()
		return nil, err
	}
	return f, nil
}

// Resume continues an export after its last complete chunk. asked is compared
// with what was asked at the beginning. It returns ErrNothingBegun, or a
// *FileError where the files do not fit one another or asked, or another process
// writes them.
func Resume(path string, asked map[string]string, now func() time.Time) (*File, error) {
	return resume(path, asked, now, func() {})
}

// resume calls opened between the open of the file and its lock.
func resume(path string, asked map[string]string, now func() time.Time, opened func()) (*File, error) {
	f := &File{path: path, now: now, sum: sha256.New()}
	err := f.readState(asked)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, f.discardEmpty(opened)
	}
	if err != nil {
		return nil, err
	}
	flags := 0
	if f.state.Bytes == 0 {
		flags = os.O_CREATE
	}
	if err := f.open(flags, opened); err != nil {
		return nil, err
	}
	// Only under the lock nobody else goes on with it.
	err = f.readState(asked)
	if errors.Is(err, fs.ErrNotExist) {
		err = f.taken()
	}
	if err == nil {
		err = f.rewind()
	}
	if err != nil {
		_ = f.file.Close()
		return nil, err
	}
	return f, nil
}

// readState reads the state; the error is fs.ErrNotExist where there is none.
func (f *File) readState(asked map[string]string) error {
	path := f.path + StateSuffix
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if f.state, err = parseState(text); err != nil {
		return &FileError{path, err.Error(), "remove it and " + f.path + PartialSuffix + " to begin anew"}
	}
	if name := differs(f.state.Asked, asked); name != "" {
		return &FileError{path, "is of an export with another --" + name, "give the flags it was begun with, or name another file"}
	}
	return nil
}

// discardEmpty removes a file that was made by an export that was killed before
// it had a state. It returns ErrNothingBegun where nothing is left.
func (f *File) discardEmpty(opened func()) error {
	path := f.path + PartialSuffix
	switch info, err := os.Lstat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return ErrNothingBegun
	case err != nil:
		return err
	case !info.Mode().IsRegular() || info.Size() > 0:
		return &FileError{path, "has no state beside it", "it cannot be continued: remove it to begin anew"}
	}
	if err := f.open(0, opened); err != nil {
		return err
	}
	if _, err := os.Lstat(f.path + StateSuffix); err == nil { // begun meanwhile
		return errors.Join(f.taken(), f.file.Close())
	}
	return errors.Join(os.Remove(path), f.file.Close(), ErrNothingBegun)
}

// Error texts of states.
var (
	errForeignState = errors.New("is not the state of an export")
	errAlteredState = errors.New("was altered")
)

func parseState(text []byte) (s state, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil || s.Version == 0 {
		return s, errForeignState
	}
	if s.Version != stateVersion {
		return s, fmt.Errorf("has version %d, this program knows %d", s.Version, stateVersion)
	}
	if again, err := s.encode(); err != nil || !bytes.Equal(again, text) {
		return s, errAlteredState
	}
	return s, nil
}

// encode returns the file, with its check.
func (s *state) encode() ([]byte, error) {
	s.Check = ""
	text, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	s.Check = hex.EncodeToString(sum[:])
	text, err = json.MarshalIndent(s, "", " ")
	return append(text, '\n'), err
}

// differs names a flag that was given another value.
func differs(begun, asked map[string]string) string {
	names := make([]string, 0, len(begun)+len(asked))
	for name := range begun {
		names = append(names, name)
	}
	for name := range asked {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		was, before := begun[name]
		is, now := asked[name]
		if was != is || before != now {
			return name
		}
	}
	return ""
}

// open opens the file and locks it. A lock is of a file and not of its name: where
// the name has moved on before it was had, another process has finished the
// export, and what is open is its result.
func (f *File) open(flags int, opened func()) (err error) {
	path := f.path + PartialSuffix
	f.file, err = os.OpenFile(path, os.O_RDWR|syscall.O_NOFOLLOW|flags, 0o600)
	if errors.Is(err, fs.ErrNotExist) && flags == 0 {
		return &FileError{path, "is not there, and its state says that it was begun", "remove " + f.path + StateSuffix + " to begin anew"}
	}
	if err != nil {
		return err
	}
	opened()
	if syscall.Flock(int(f.file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil || !f.isStill(path) {
		_ = f.file.Close()
		return f.taken()
	}
	return nil
}

// isStill reports whether the path is that of the open file.
func (f *File) isStill(path string) bool {
	is, err := f.file.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(path)
	return err == nil && os.SameFile(is, named)
}

func (f *File) taken() error {
	return &FileError{f.path + PartialSuffix, "is written by another process", "wait until that has ended"}
}

// rewind checks what the state says is complete, and cuts off what follows.
func (f *File) rewind() error {
	path := f.path + PartialSuffix
	n, err := io.Copy(f.sum, io.LimitReader(f.file, f.state.Bytes))
	if err != nil {
		return err
	}
	if n < f.state.Bytes {
		return &FileError{path, "is shorter than its state says", "remove it and " + f.path + StateSuffix + " to begin anew"}
	}
	if f.state.SHA256 != "" && hex.EncodeToString(f.sum.Sum(nil)) != f.state.SHA256 {
		return &FileError{path, "was altered since its state was written", "remove it and " + f.path + StateSuffix + " to begin anew"}
	}
	if err := f.file.Truncate(n); err != nil {
		return err
	}
	_, err = f.file.Seek(n, io.SeekStart)
	f.saved = f.now()
	return err
}

// Begun is what the export was begun with.
func (f *File) Begun() Begun { return f.state.Begun }

// At is where the export goes on; nil is the beginning.
func (f *File) At() *store.Place {
	if f.state.At == nil {
		return f.state.After
	}
	return f.state.At
}

// Totals are those of what is written.
func (f *File) Totals() Totals { return f.state.Totals.clone() }

// Bytes is how much is written.
func (f *File) Bytes() int64 { return f.state.Bytes }

func (t *Totals) clone() Totals {
	return Totals{Rows: t.Rows, Epochs: slices.Clone(t.Epochs), Pruned: slices.Clone(t.Pruned), Missing: slices.Clone(t.Missing)}
}

// Begin writes what stands in front of the first event.
func (f *File) Begin(header []byte) error {
	if _, err := f.file.Write(header); err != nil {
		return err
	}
	_, _ = f.sum.Write(header) // never fails
	f.state.Bytes += int64(len(header))
	return nil
}

// Write writes a chunk and, now and then, makes it durable. After an error the
// file is as after a kill: Resume continues it.
func (f *File) Write(chunk Chunk) error {
	if _, err := f.file.Write(chunk.Bytes); err != nil {
		return err
	}
	_, _ = f.sum.Write(chunk.Bytes) // never fails
	f.state.Bytes += int64(len(chunk.Bytes))
	at := chunk.At
	f.state.At, f.state.Totals = &at, chunk.Totals.clone()
	if f.now().Sub(f.saved) < checkpointInterval {
		return nil
	}
	return f.Checkpoint()
}

// Checkpoint makes durable what was written, and notes how much that is.
func (f *File) Checkpoint() error {
	if err := f.file.Sync(); err != nil {
		return err
	}
	f.state.SHA256 = hex.EncodeToString(f.sum.Sum(nil))
	return f.save()
}

func (f *File) save() error {
	text, err := f.state.encode()
	if err != nil {
		return err
	}
	f.saved = f.now()
	return writeWhole(f.path+StateSuffix, text)
}

// Close leaves the export to be continued.
func (f *File) Close() error { return f.file.Close() }

// Finish gives the file its name, after the manifest that describe makes of the
// SHA-256 of all of it. Whoever sees the file sees all of it.
func (f *File) Finish(describe func(sha256 string) ([]byte, error)) error {
	if err := f.Checkpoint(); err != nil {
		return err
	}
	manifest, err := describe(f.state.SHA256)
	if err != nil {
		return err
	}
	if err := writeWhole(f.path+ManifestSuffix, manifest); err != nil {
		return err
	}
	if _, err := os.Lstat(f.path); err == nil {
		return &FileError{f.path, "was made by somebody else meanwhile", "move it away, and go on with --resume"}
	}
	if err := os.Rename(f.path+PartialSuffix, f.path); err != nil {
		return err
	}
	if err := os.Remove(f.path + StateSuffix); err != nil {
		return err
	}
	return errors.Join(f.file.Close(), syncDir(f.path))
}

// writeWhole replaces a file, so that a kill leaves the one before or this one.
func writeWhole(path string, text []byte) error {
	temporary := path + ".new"
	file, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = os.Rename(temporary, path)
	}
	if err != nil {
		_ = os.Remove(temporary)
		return err
	}
	return syncDir(path)
}

// syncDir makes the names in the directory of a path durable.
func syncDir(path string) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
