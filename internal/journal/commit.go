package journal

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/otelaudit/otelaudit/internal/merkle"
)

// commit makes the entries of calls durable in one write and one fdatasync.
func (w *Writer) commit(calls []*call) error {
	w.io.Lock()
	defer w.io.Unlock()
	batch := w.fresh(calls)
	if len(batch) == 0 {
		return nil
	}
	now := w.opts.Now()
	if err := w.ready(batch, now); err != nil {
		return err
	}
	c, note, err := w.checkpoint(batch, now)
	if err != nil {
		return err
	}
	tree := c.tree
	line, resumable := w.encode(batch, note, &tree)
	defer w.release()
	took, err := w.append(line)
	if err != nil {
		return err
	}
	if w.at.first.IsZero() {
		w.at.first = c.at
	}
	w.at.tree, w.at.note, w.at.at = tree, note, c.at
	if w.at.plain += int64(len(w.buffer)); resumable {
		w.at.plain = 0
	}
	for _, e := range batch {
		w.recent.add(e.Leaf)
	}
	w.opts.Observer.Wrote(len(batch), int64(len(w.buffer)), took)
	if w.opts.Anchors != nil {
		// What fails here Maintain tries again, and says.
		_ = w.opts.Anchors.Add(note)
	}
	return nil
}

// fresh returns the entries that were not written before, and counts those that
// were.
func (w *Writer) fresh(calls []*call) []*Entry {
	var batch []*Entry
	staged := make(map[merkle.Hash]struct{})
	for _, c := range calls {
		for i := range c.entries {
			e := &c.entries[i]
			_, twice := staged[e.Leaf]
			if w.opts.DedupEntries > 0 && (twice || w.recent.has(e.Leaf)) {
				c.result.Duplicates++
				continue
			}
			staged[e.Leaf] = struct{}{}
			batch = append(batch, e)
			c.result.Written++
		}
	}
	return batch
}

// ready has the file open that takes the batch: the segment at hand, or a new
// one.
func (w *Writer) ready(batch []*Entry, now time.Time) error {
	if w.file == nil && w.at.number > 0 && !w.at.sealed {
		if err := w.reopen(); err != nil {
			return err
		}
	}
	var size int64
	for _, e := range batch {
		size += int64(len(e.Line)) + 1
	}
	full := w.at.entries() > 0 && (w.at.good+size > w.opts.MaxSegmentBytes || w.old(now))
	if w.at.number > 0 && !w.at.sealed && full {
		if err := w.seal(now); err != nil {
			return err
		}
	}
	if w.at.number == 0 || w.at.sealed {
		if err := w.protect(); err != nil {
			return err
		}
		return w.begin(now, "")
	}
	return nil
}

func (w *Writer) old(now time.Time) bool { return now.Sub(w.at.created) >= w.opts.MaxSegmentAge }

// head is a tree and its time.
type head struct {
	tree merkle.Frontier
	at   time.Time
}

// checkpoint signs the tree with the batch. Time never goes back.
func (w *Writer) checkpoint(batch []*Entry, now time.Time) (head, []byte, error) {
	h := head{tree: w.at.tree.Clone(), at: now.UTC().Truncate(time.Microsecond)}
	if h.at.Before(w.at.at) {
		h.at = w.at.at
	}
	for _, e := range batch {
		h.tree.Append(e.Leaf)
	}
	c := merkle.Checkpoint{Origin: w.at.origin.String(), Size: h.tree.Size(), Root: h.tree.Root(), RecordedAt: h.at, PrevSize: w.at.tree.Size()}
	note, err := w.opts.Ring.Sign(c.Text())
	return h, note, err
}

// frontierBytes is how much is written before a checkpoint has its frontier
// beside it: what damage to one entry can keep a verifier from proving one by
// one. A frontier takes up to 1 KiB.
const frontierBytes = 64 << 10

// encode fills the buffer with the batch and returns its last line, and whether
// that has the frontier.
func (w *Writer) encode(batch []*Entry, note []byte, tree *merkle.Frontier) (line []byte, resumable bool) {
	w.buffer = w.buffer[:0]
	var macs map[int64]string
	for i, e := range batch {
		w.buffer = append(append(w.buffer, e.Line...), '\n')
		if e.MAC != "" {
			if macs == nil {
				macs = make(map[int64]string)
			}
			macs[w.at.tree.Size()+int64(i)] = e.MAC
		}
	}
	last := len(w.buffer)
	var frontier []byte
	if w.at.plain+int64(last) >= frontierBytes {
		frontier = tree.Bytes()
	}
	w.buffer = append(appendCheckpoint(w.buffer, note, frontier, macs), '\n')
	return w.buffer[last:], frontier != nil
}

// maxKeptBuffer keeps one large batch from pinning its memory.
const maxKeptBuffer = 16 << 20

// release lets go of a large buffer as soon as it is written. The next batch may
// never come: what limits the collector's memory lets none through while this
// is in it.
func (w *Writer) release() {
	if cap(w.buffer) > maxKeptBuffer {
		w.buffer = nil
	}
}

// append writes the buffer behind the journal's end. On an error the tail of
// the file is not known: a later batch begins by looking at it.
func (w *Writer) append(line []byte) (synced time.Duration, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, w.abandon())
		}
	}()
	if err := w.present(w.at.good); err != nil {
		return 0, err
	}
	if _, err := w.file.Write(w.buffer); err != nil {
		return 0, err
	}
	began := w.opts.Now()
	if err := w.file.sync(); err != nil {
		return 0, err
	}
	synced = w.opts.Now().Sub(began)
	if err := w.present(w.at.good + int64(len(w.buffer))); err != nil {
		return 0, err
	}
	w.at.advance(w.buffer, line)
	return synced, nil
}

// present makes sure that what was written is in the directory: a file that
// somebody removed takes writes, and is gone.
func (w *Writer) present(size int64) error {
	info, err := os.Stat(w.at.path)
	if err != nil {
		return err
	}
	if held, ok := w.file.(interface{ Stat() (fs.FileInfo, error) }); ok {
		ours, err := held.Stat()
		if err != nil {
			return err
		}
		if !os.SameFile(info, ours) {
			return fmt.Errorf("%s: another file stands in place of the one that is written", w.at.path)
		}
	}
	if info.Size() != size {
		return fmt.Errorf("%s: has %d bytes, %d were written: something else writes it", w.at.path, info.Size(), size)
	}
	return nil
}

// abandon closes the file after an error.
func (w *Writer) abandon() error {
	file := w.file
	w.file = nil
	if file == nil {
		return nil
	}
	return file.Close()
}

// reopen opens the segment behind its last durable batch. What stands there, of
// a write that failed, is set aside.
func (w *Writer) reopen() error {
	if err := w.stillThere(); err != nil {
		return err
	}
	info, err := os.Stat(w.at.path)
	if err != nil {
		return err
	}
	if info.Size() > w.at.good {
		if err := w.setAside(); err != nil {
			return err
		}
	}
	w.file, err = w.opts.disk.reopen(w.at.path, w.at.good)
	return err
}

// stillThere reads the last durable line again.
func (w *Writer) stillThere() error {
	file, err := os.Open(w.at.path)
	if err != nil {
		return err
	}
	defer file.Close()
	found := make([]byte, len(w.at.last))
	if _, err := file.ReadAt(found, w.at.good-int64(len(found))); err != nil || !bytes.Equal(found, w.at.last) {
		return fmt.Errorf("%s: its last durable line (byte %d) is not there any more", w.at.path, w.at.good-int64(len(found)))
	}
	return nil
}

// seal ends a segment: nobody writes it any more.
func (w *Writer) seal(now time.Time) error {
	s := Seal{
		Origin: w.at.origin.String(), Segment: w.at.number, Size: w.at.tree.Size(),
		SHA256: w.at.digest(), SealedAt: at(now),
	}
	line, err := s.line(w.opts.Ring)
	if err != nil {
		return err
	}
	w.buffer = append(append(w.buffer[:0], line...), '\n')
	if _, err := w.append(w.buffer); err != nil {
		return err
	}
	w.at.sealed, w.at.writable = true, true
	w.opts.Observer.Sealed(filepath.Base(w.at.path))
	return errors.Join(w.abandon(), w.protect())
}

// protect takes the right to write a sealed segment from everybody. No other
// begins before that.
func (w *Writer) protect() error {
	if !w.at.sealed || !w.at.writable {
		return nil
	}
	err := w.opts.disk.chmod(w.at.path, sealedMode)
	w.at.writable = err != nil
	return err
}

// begin makes the next segment. It has its name only when its header is
// durable, and takes entries only when its name is.
func (w *Writer) begin(now time.Time, epoch string) error {
	header := w.header(now, epoch)
	line, err := header.line(w.opts.Ring)
	if err != nil {
		return err
	}
	line = append(line, '\n')
	o := &w.opts
	path := filepath.Join(o.Directory, SegmentName(header.Segment))
	if err := w.writeNew(path+newSuffix, line); err != nil {
		return err
	}
	if err := w.clear(path, header.Segment); err != nil {
		return err
	}
	if err := o.disk.rename(path+newSuffix, path); err != nil {
		return err
	}
	if err := o.disk.syncDir(o.Directory); err != nil {
		return err
	}
	file, err := o.disk.reopen(path, int64(len(line)))
	if err != nil {
		return err
	}
	w.file = file
	w.at.number, w.at.path, w.at.created = header.Segment, path, header.CreatedAt.Time
	w.at.start, w.at.first, w.at.sealed, w.at.plain = header.Size, time.Time{}, false, 0
	w.at.good, w.at.sum = 0, sha256.New()
	w.at.advance(line, line)
	o.Observer.Began(filepath.Base(path))
	return nil
}

// clear moves what has the new segment's name out of the way: an attempt of
// ours that failed halfway, without entries, or something foreign.
func (w *Writer) clear(path string, number int64) error {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = w.opts.disk.rename(path, w.freeTornPath(number))
	}
	return err
}

func (w *Writer) header(now time.Time, epoch string) Header {
	h := Header{
		V: Version, Origin: w.at.origin.String(), Segment: w.at.number + 1,
		Size: w.at.tree.Size(), Frontier: w.at.tree.Bytes(), Checkpoint: string(w.at.note),
		CreatedAt: at(now), Epoch: epoch,
	}
	if w.at.number > 0 {
		h.Previous = &Previous{File: SegmentName(w.at.number), SHA256: w.at.digest()}
	}
	return h
}

func (w *Writer) writeNew(path string, line []byte) error {
	file, err := w.opts.disk.create(path)
	if err != nil {
		return err
	}
	_, err = file.Write(line)
	if err == nil {
		err = file.sync()
	}
	return errors.Join(err, file.Close())
}
