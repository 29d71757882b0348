package journal

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/otelaudit/otelaudit/internal/merkle"
)

// Recovery is a journal that is held still to be continued in a new epoch. It
// keeps the directory's lock until Close; where no process ever locked the
// directory, from OpenEpoch on.
type Recovery struct {
	// Problem is why the journal cannot be continued as it is, nil where it can.
	Problem error
	// Statement is what OpenEpoch will sign, without its time and reason: what
	// is there, and what is lost.
	Statement merkle.EpochStatement

	writer *Writer
	broken bool // the newest segment is left as it is
}

// Examine takes the directory of a journal, intact or not, and says what is
// wrong with it. It changes nothing and makes nothing: a directory that is
// missing is an error.
func Examine(opts Options) (*Recovery, error) {
	if err := opts.fill(); err != nil {
		return nil, err
	}
	if err := checkDirectory(opts.Directory); err != nil {
		return nil, err
	}
	held, err := lockExisting(opts.Directory, lockName)
	if err != nil {
		return nil, err
	}
	r := &Recovery{writer: &Writer{opts: opts, lock: held, recent: newRecent(0), anchoredSize: -1}}
	if err := r.examine(); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// Close gives the directory back.
func (r *Recovery) Close() error {
	w := r.writer
	var err error
	if w.file != nil {
		err = w.file.Close()
	}
	if w.lock != nil {
		err = errors.Join(err, w.lock.Close())
	}
	return err
}

// hold takes the lock where Examine found none to take, and makes sure that
// nobody has written meanwhile.
func (r *Recovery) hold() error {
	w := r.writer
	if w.lock != nil {
		return nil
	}
	held, err := lock(w.opts.Directory, lockName)
	if err != nil {
		return err
	}
	again := &Recovery{writer: w}
	err = again.examine()
	if err == nil && again.Statement != r.Statement {
		err = fmt.Errorf("%s was written to since it was examined", w.opts.Directory)
	}
	if err != nil {
		return errors.Join(err, held.Close())
	}
	w.lock = held
	return nil
}

func (r *Recovery) examine() error {
	w := r.writer
	dir, err := ReadDirectory(w.opts.Directory)
	if err != nil {
		return err
	}
	ahead, err := r.find(dir)
	if err != nil {
		return err
	}
	if err := w.checkAnchors(dir); err != nil {
		behind, ok := errors.AsType[*BehindError](err)
		if !ok {
			return err
		}
		if r.Problem == nil {
			r.Problem = behind
		}
	}
	previous, lost, err := w.lastKnown(ahead)
	if err != nil {
		return err
	}
	s := &r.Statement
	next := previous
	next.Epoch++
	s.Origin, s.PreviousOrigin = next.String(), previous.String()
	s.PreviousRoot = merkle.EmptyRoot()
	if previous == w.at.origin {
		s.PreviousSize, s.PreviousRoot = w.at.tree.Size(), w.at.tree.Root()
	}
	if lost != nil && (lost.Size != s.PreviousSize || lost.Root != s.PreviousRoot) && lost.Size > 0 {
		s.LostSize, s.LostRoot = lost.Size, lost.Root
	}
	return nil
}

// find takes as much of the journal as can be read: of the newest segment with
// a header that counts. It returns the largest checkpoint behind it.
func (r *Recovery) find(dir *Directory) (ahead *merkle.Checkpoint, err error) {
	w := r.writer
	w.at = state{origin: w.opts.origin(0), sum: sha256.New()}
	for i := len(dir.Segments) - 1; i >= 0; i-- {
		segment := &dir.Segments[i]
		found, err := scan(segment, w.opts.Ring.Open)
		if damage, ok := errors.AsType[*Damage](err); ok {
			r.broken = true
			if r.Problem == nil {
				r.Problem = &DamagedError{Directory: dir.Path, Err: damage}
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		if want := w.opts.origin(found.origin.Epoch); found.origin != want {
			return nil, fmt.Errorf("%s holds the journal %s, not %s", dir.Path, found.origin, want)
		}
		if found.damage != nil && r.Problem == nil {
			r.Problem = &DamagedError{Directory: dir.Path, Err: found.damage}
		}
		r.broken = r.broken || found.damage != nil
		w.at = found.state
		ahead = found.ahead
		break
	}
	if r.broken {
		newest := dir.Newest()
		w.at.number, w.at.path = newest.Number, newest.Path
	}
	return ahead, nil
}

// lastKnown is the last epoch that the directory or the anchors know, and its
// largest checkpoint where there is one that the directory may not hold.
func (w *Writer) lastKnown(ahead *merkle.Checkpoint) (merkle.Origin, *merkle.Checkpoint, error) {
	if w.opts.Anchors == nil {
		return w.at.origin, ahead, nil
	}
	c, epoch, err := w.anchored()
	switch {
	case err != nil || c == nil || epoch < w.at.origin.Epoch:
		return w.at.origin, ahead, err
	case epoch > w.at.origin.Epoch:
		return w.opts.origin(epoch), c, nil
	case ahead != nil && ahead.Size > c.Size:
		return w.at.origin, ahead, nil
	}
	return w.at.origin, c, nil
}

// OpenEpoch continues the journal in a new epoch, whose first segment opens with
// the signed statement. What is there stays as it is; what a crash left behind
// the last batch of a segment that is otherwise well is set aside. It returns
// the file of the new segment.
func (r *Recovery) OpenEpoch(reason string) (file string, err error) {
	if err := r.hold(); err != nil {
		return "", err
	}
	w := r.writer
	o := &w.opts
	now := o.Now()
	r.Statement.RecordedAt, r.Statement.Reason = at(now).Time, reason
	if err := r.Statement.Check(); err != nil {
		return "", err
	}
	statement, err := o.Ring.Sign(r.Statement.Text())
	if err != nil {
		return "", err
	}
	if err := r.finishOld(); err != nil {
		return "", err
	}
	next, err := merkle.ParseOrigin(r.Statement.Origin)
	if err != nil {
		return "", err
	}
	w.at.origin, w.at.tree, w.at.note = next, merkle.Frontier{}, nil
	if err := w.begin(now, string(statement)); err != nil {
		return "", err
	}
	return filepath.Base(w.at.path), r.anchorEmpty()
}

// finishOld ends the newest segment: sealed where it is well, otherwise as it
// is, so that the next header vouches for its bytes.
func (r *Recovery) finishOld() error {
	w := r.writer
	switch {
	case w.at.number == 0, w.at.sealed && !r.broken:
		return nil
	case !r.broken:
		if err := w.reopen(); err != nil {
			return err
		}
		return w.seal(w.opts.Now())
	}
	file, err := os.Open(w.at.path)
	if err != nil {
		return err
	}
	defer file.Close()
	w.at.sum = sha256.New()
	if _, err := io.Copy(w.at.sum, file); err != nil {
		return err
	}
	return w.opts.disk.chmod(w.at.path, sealedMode)
}

// anchorEmpty makes the new epoch known before it has an entry: from here on a
// directory without it is behind.
func (r *Recovery) anchorEmpty() error {
	w := r.writer
	if w.opts.Anchors == nil {
		return nil
	}
	c := merkle.Checkpoint{Origin: w.at.origin.String(), Root: merkle.EmptyRoot(), RecordedAt: r.Statement.RecordedAt}
	note, err := w.opts.Ring.Sign(c.Text())
	if err != nil {
		return err
	}
	return errors.Join(w.opts.Anchors.Add(note), w.opts.Anchors.Sync())
}
