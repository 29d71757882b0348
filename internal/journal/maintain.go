package journal

import "errors"

// Head is the journal's newest signed checkpoint, nil while it is empty, and
// its number of entries.
func (w *Writer) Head() (note []byte, size int64) {
	w.io.Lock()
	defer w.io.Unlock()
	return w.at.note, w.at.tree.Size()
}

// Maintain does what is due without anybody writing: it seals a segment that is
// old enough and makes the anchors durable. Call it every second or so: of what
// was written since, a machine that loses its power can forget the anchors.
func (w *Writer) Maintain() error { return errors.Join(w.sealOld(), w.anchor()) }

func (w *Writer) sealOld() error {
	w.io.Lock()
	defer w.io.Unlock()
	now := w.opts.Now()
	if w.at.number == 0 || w.at.sealed || w.at.entries() == 0 || !w.old(now) {
		return nil
	}
	if w.file == nil {
		if err := w.reopen(); err != nil {
			return err
		}
	}
	return w.seal(now)
}

// anchor makes the head durable in the anchors unless it is. That an anchor
// cannot be written does not hold up the journal: it is told, and tried again.
func (w *Writer) anchor() error {
	if w.opts.Anchors == nil {
		return nil
	}
	w.anchoring.Lock()
	defer w.anchoring.Unlock()
	note, size := w.Head()
	if size == w.anchoredSize || note == nil {
		return nil
	}
	err := w.opts.Anchors.Add(note)
	if err == nil {
		err = w.opts.Anchors.Sync()
	}
	w.opts.Observer.Anchored(size, err)
	if err == nil {
		w.anchoredSize = size
	}
	return err
}
