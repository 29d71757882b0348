package journal

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/otelaudit/otelaudit/internal/merkle"
)

// DamagedError is a journal that cannot be continued: its newest segment is not
// what was written. Nothing of it was touched.
type DamagedError struct {
	Directory string
	Err       error // a *Damage where a line is to blame
}

// Error names the line and the way on.
func (e *DamagedError) Error() string {
	return fmt.Sprintf("%s: this journal was changed after it was written: %v; restore the file, or acknowledge the loss with 'otelaudit recover --new-epoch --journal %s'",
		e.Directory, e.Err, e.Directory)
}

func (e *DamagedError) Unwrap() error { return e.Err }

// BehindError is a journal that an anchor knows with more entries, or others.
type BehindError struct {
	Directory string
	Origin    string
	Size      int64 // entries that are there
	Anchored  int64 // entries of the anchor
}

// Error says what is missing and the way on.
func (e *BehindError) Error() string {
	what := fmt.Sprintf("holds %d entries of %s, its anchor knows %d: the end of the journal is missing", e.Size, e.Origin, e.Anchored)
	if e.Anchored <= e.Size {
		what = fmt.Sprintf("is not the journal that its anchor knows: the first %d entries of %s are others", e.Anchored, e.Origin)
	}
	return fmt.Sprintf("%s %s; restore the directory, or acknowledge the loss with 'otelaudit recover --new-epoch --journal %s'", e.Directory, what, e.Directory)
}

// recover finds where the journal ends: it verifies the newest segment, sets
// aside what a crash left behind the last batch, and holds the result against
// the anchors.
func (w *Writer) recover() error {
	o := &w.opts
	dir, err := ReadDirectory(o.Directory)
	if err != nil {
		return err
	}
	newest := dir.Newest()
	if newest == nil {
		if dir.Pruned {
			return &DamagedError{Directory: o.Directory, Err: errors.New("it has a file of prune statements and no segment")}
		}
		w.at = state{origin: o.origin(0), sum: sha256.New()}
		return w.checkAnchors(dir)
	}
	found, err := w.scanNewest(newest)
	if err != nil {
		return err
	}
	w.at = found.state
	if err := w.checkAnchors(dir); err != nil {
		return err
	}
	if found.tail > 0 {
		if err := w.setAside(); err != nil {
			return err
		}
	}
	w.at.writable = newest.Mode.Perm() != sealedMode
	if err := w.protect(); err != nil {
		return err
	}
	return w.remember(dir)
}

// scanNewest verifies the segment that is to be continued.
func (w *Writer) scanNewest(newest *Segment) (*scanned, error) {
	o := &w.opts
	found, err := scan(newest, o.Ring.Open)
	if damage, ok := errors.AsType[*Damage](err); ok {
		return nil, &DamagedError{Directory: o.Directory, Err: damage}
	}
	if err != nil {
		return nil, err
	}
	if want := o.origin(found.origin.Epoch); found.origin != want {
		return nil, fmt.Errorf("%s holds the journal %s, not %s: give each journal its own directory", o.Directory, found.origin, want)
	}
	if found.damage != nil {
		return nil, &DamagedError{Directory: o.Directory, Err: found.damage}
	}
	return found, nil
}

// checkAnchors refuses a journal that has gone back.
func (w *Writer) checkAnchors(dir *Directory) error {
	o := &w.opts
	if o.Anchors == nil {
		return nil
	}
	c, epoch, err := w.anchored()
	switch {
	case err != nil || c == nil || epoch < w.at.origin.Epoch:
		return err
	case epoch > w.at.origin.Epoch:
		// The directory was restored to a time before that epoch.
		return &BehindError{Directory: o.Directory, Origin: c.Origin, Anchored: c.Size}
	case c.Size > w.at.tree.Size():
	case c.Size == w.at.tree.Size() && c.Root == w.at.tree.Root():
		return nil
	default:
		if same, err := w.holds(dir, c); err != nil || same {
			return err
		}
	}
	return &BehindError{Directory: o.Directory, Origin: c.Origin, Size: w.at.tree.Size(), Anchored: c.Size}
}

// anchored is the newest anchor of the newest epoch, nil where there is none.
// One that none of our keys signed is an error: somebody else writes this file.
func (w *Writer) anchored() (*merkle.Checkpoint, int32, error) {
	first := w.opts.origin(0).String()
	note, epoch, err := w.opts.Anchors.LatestEpoch(first)
	if err != nil || note == nil {
		return nil, 0, err
	}
	text, err := w.opts.Ring.Open(note)
	if err != nil {
		return nil, 0, fmt.Errorf("the anchor of %s: %w", first, err)
	}
	c, err := merkle.ParseCheckpoint(text)
	if err != nil {
		return nil, 0, fmt.Errorf("the anchor of %s: %w", first, err)
	}
	return &c, epoch, nil
}

// holds reports whether an anchor's checkpoint is one of the journal's. Where
// the segments that could say so were pruned it is believed.
func (w *Writer) holds(dir *Directory, c *merkle.Checkpoint) (bool, error) {
	for i := len(dir.Segments) - 1; i >= 0; i-- {
		segment := &dir.Segments[i]
		for line, err := range segment.Lines() {
			switch {
			case err != nil:
				return false, err
			case line.Kind == HeaderLine && (line.Header.Origin != c.Origin):
				return false, nil
			case line.Kind == HeaderLine && line.Header.Size == c.Size:
				tree, err := line.Header.Tree()
				return err == nil && tree.Root() == c.Root, err
			case line.Kind == HeaderLine && line.Header.Size < c.Size, line.Kind == RecordEntry, line.Kind == QuarantineEntry:
				continue
			case line.Kind == HeaderLine:
			case line.Kind == CheckpointEnd && line.Checkpoint.Parsed.Size == c.Size:
				return line.Checkpoint.Parsed.Root == c.Root, nil
			case line.Kind == CheckpointEnd && line.Checkpoint.Parsed.Size > c.Size:
				return false, nil // an anchor is the end of a batch
			default:
				continue
			}
			break // of an earlier segment
		}
	}
	return true, nil
}

// setAside copies what stands behind the last durable batch into a file of its
// own and cuts it off. Nothing of it was ever acknowledged; it is kept for those
// who ask what happened.
func (w *Writer) setAside() error {
	o := &w.opts
	file, err := os.Open(w.at.path)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := file.Seek(w.at.good, io.SeekStart); err != nil {
		return err
	}
	path := w.freeTornPath(w.at.number)
	size, err := w.copyTo(path, file)
	if err != nil {
		// The original is still there; a part of a copy serves nobody and takes
		// room where there may be none. Its name, new with every try, would make
		// one failure look like many.
		if pathErr, ok := errors.AsType[*os.PathError](err); ok {
			err = pathErr.Err
		}
		if removed := o.disk.remove(path); !errors.Is(removed, os.ErrNotExist) {
			err = errors.Join(err, removed)
		}
		return fmt.Errorf("set aside the end of %s: %w", w.at.path, err)
	}
	if err := o.disk.syncDir(o.Directory); err != nil {
		return err
	}
	if err := o.disk.truncate(w.at.path, w.at.good); err != nil {
		return err
	}
	o.Observer.SetAside(filepath.Base(path), size)
	return nil
}

func (w *Writer) freeTornPath(number int64) string {
	for t := w.opts.Now(); ; t = t.Add(time.Microsecond) {
		path := filepath.Join(w.opts.Directory, tornName(SegmentName(number), t))
		if _, err := os.Lstat(path); errors.Is(err, os.ErrNotExist) {
			return path
		}
	}
}

func (w *Writer) copyTo(path string, from io.Reader) (int64, error) {
	to, err := w.opts.disk.create(path)
	if err != nil {
		return 0, err
	}
	size, err := io.Copy(to, from)
	if err == nil {
		err = to.sync()
	}
	return size, errors.Join(err, to.Close())
}

// remember fills the window of recent leaves from the newest segments.
func (w *Writer) remember(dir *Directory) error {
	n := w.opts.DedupEntries
	var leaves []merkle.Hash // the newest last
	for i := len(dir.Segments) - 1; i >= 0 && len(leaves) < n; i-- {
		older, err := w.leavesOf(&dir.Segments[i], n-len(leaves))
		if err != nil {
			return err
		}
		leaves = append(older, leaves...)
	}
	w.recent = newRecent(n)
	for _, leaf := range leaves {
		w.recent.add(leaf)
	}
	return nil
}

// leavesOf returns up to n leaves of a segment, the last ones.
func (w *Writer) leavesOf(segment *Segment, n int) ([]merkle.Hash, error) {
	var leaves []merkle.Hash
	var hasher Hasher
	for line, err := range segment.Lines() {
		if err != nil {
			return nil, err
		}
		if line.IsEntry() {
			leaves = append(leaves, hasher.Leaf(line.Raw))
		}
		if len(leaves) >= 2*n {
			leaves = append(leaves[:0], leaves[len(leaves)-n:]...)
		}
	}
	return leaves[max(0, len(leaves)-n):], nil
}
