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
// old enough and puts a head that has changed into the anchors. Call it every
// second or so: what was written since then can be cut off unnoticed.
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

// anchor puts the head into the anchors unless it is there.
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
	err := w.opts.Anchors.Append(note)
	w.opts.Observer.Anchored(size, err)
	if err == nil {
		w.anchoredSize = size
	}
	return err
}
