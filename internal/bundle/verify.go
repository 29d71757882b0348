package bundle

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/record"
)

// Report is what a verified bundle says.
type Report struct {
	Header    Header
	Events    int64
	Removed   int64     // in the range of the filter, removed one by one
	CreatedAt time.Time // by the maker's clock
	Epochs    []EpochReport
}

// EpochReport is one epoch of a verified bundle.
type EpochReport struct {
	Epoch      int32
	Origin     string
	Size       int64     // events of the tree that the proofs lead to
	RecordedAt time.Time // when that tree was signed
	Pruned     int64     // events at the beginning that retention removed
	Lost       int64     // acknowledged size of the epoch before that is lost, 0 where nothing is
	Events     int64     // of the bundle
}

// What is proven about events that are not in a bundle: see Complete.
const (
	Proven   = "proven"
	Attested = "attested"
)

// Complete says what is proven about events that are not in it. Proven: the
// filter asks nothing of the events themselves, so every one in its range must
// be there, and is. "proven from seq N" (of an epoch, where there are several):
// so it is of every event that retention left; that those before were meant to
// go is proven, too, and what they were is not. Attested: what is left out, by
// the filter or by removals one by one, is what the holder of the key says.
func (r *Report) Complete() string {
	if !r.Header.Filter.takesAll() || r.Removed > 0 {
		return Attested
	}
	var from []string
	for i := range r.Epochs {
		e := &r.Epochs[i]
		if begin, end := r.Header.Filter.rangeOf(e.Size); e.Pruned <= begin || begin == end {
			continue
		}
		place := " from seq " + strconv.FormatInt(e.Pruned, 10)
		if len(r.Epochs) > 1 {
			place += " of epoch " + strconv.FormatInt(int64(e.Epoch), 10)
		}
		from = append(from, place)
	}
	return Proven + strings.Join(from, ",")
}

func (m *manifest) report() Report {
	r := Report{Header: *m.header, Events: m.count, Removed: m.removed, CreatedAt: m.createdAt}
	for i := range m.trees {
		t := &m.trees[i]
		r.Epochs = append(r.Epochs, EpochReport{
			Epoch: t.epoch, Origin: t.origin, Size: t.size, RecordedAt: t.recordedAt, Pruned: t.pruned, Lost: t.lostSize, Events: t.events,
		})
	}
	return r
}

// maxLineBytes is more than any record with the proof before it takes.
const maxLineBytes = 64 << 20

// verifier reads a bundle line by line. Its memory is that of one line.
type verifier struct {
	in     *bufio.Reader
	line   []byte
	number int // of the line, from 1

	header Header
	trees  []tree
	tree   span
	found  manifest
	event  eventLine
	end    endLine
}

// Verify reads a bundle and returns what it proves. Any error but that of
// reading means that it proves nothing: ErrNotBundle for another kind of file,
// otherwise the error says which line is at fault.
func Verify(in io.Reader, trust opener) (Report, error) {
	v := &verifier{in: bufio.NewReaderSize(in, 1<<16)}
	err := v.run(trust)
	switch {
	case err == nil:
		return v.found.report(), nil
	case v.number > 0:
		return Report{}, fmt.Errorf("line %d: %w", v.number, err)
	}
	return Report{}, err
}

func (v *verifier) run(trust opener) error {
	sum := sha256.New()
	next := func() error {
		err := v.read()
		sum.Write(v.line)
		v.line = bytes.TrimSuffix(v.line, []byte("\n"))
		return err
	}
	if err := next(); err != nil {
		return fmt.Errorf("%w: %w", ErrNotBundle, err)
	}
	var err error
	if v.header, err = parseHeader(v.line); err != nil {
		return err
	}
	if v.trees, err = v.header.trees(trust); err != nil {
		return err
	}
	v.found.header, v.found.trees = &v.header, v.trees
	for i := range v.trees {
		for {
			if err := next(); err != nil {
				return err
			}
			if !bytes.HasPrefix(v.line, []byte(eventBegin)) {
				break
			}
			if err := v.checkEvent(&v.trees[i]); err != nil {
				return err
			}
		}
		if err := v.checkEnd(&v.trees[i]); err != nil {
			return err
		}
	}
	sum.Sum(v.found.sha256[:0])
	if err := next(); err != nil {
		return err
	}
	if err := v.found.open(v.line, trust); err != nil {
		return err
	}
	if err := v.checkComplete(); err != nil {
		return err
	}
	if _, err := v.in.ReadByte(); !errors.Is(err, io.EOF) {
		return errors.New("more follows the manifest")
	}
	return nil
}

var errCutShort = errors.New("the file ends here: it was cut short")

func (v *verifier) read() error {
	v.number++
	v.line = v.line[:0]
	for {
		part, err := v.in.ReadSlice('\n')
		v.line = append(v.line, part...)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, io.EOF):
			return errCutShort
		case !errors.Is(err, bufio.ErrBufferFull):
			return err
		case len(v.line) > maxLineBytes:
			return fmt.Errorf("a line of more than %d bytes", maxLineBytes)
		}
	}
}

func (v *verifier) checkEvent(t *tree) error {
	l := &v.event
	if err := l.parse(v.line); err != nil {
		return err
	}
	switch {
	case l.epoch != t.epoch:
		return fmt.Errorf("seq %d is of epoch %d where those of epoch %d stand", l.seq, l.epoch, t.epoch)
	case l.seq < v.tree.end:
		return fmt.Errorf("seq %d follows seq %d: events stand in order, each once", l.seq, v.tree.end-1)
	case l.seq >= t.size:
		return fmt.Errorf("seq %d is not in a log of %d events", l.seq, t.size)
	}
	if err := v.leaveOut(t, l.seq, l.proof); err != nil {
		return err
	}
	v.tree.add(merkle.LeafHash(l.record), 0)
	rec, err := record.ParseCanonical(l.record)
	if err != nil {
		return fmt.Errorf("seq %d: the record is %w", l.seq, err)
	}
	if rec.TenantID != v.header.TenantID {
		return fmt.Errorf("seq %d: the record is of tenant %q", l.seq, rec.TenantID)
	}
	from, to := v.header.Filter.rangeOf(t.size)
	if l.seq < from || l.seq >= to {
		return fmt.Errorf("seq %d does not match the filter", l.seq)
	}
	if member := v.header.Filter.mismatch(rec, l.recordedAt); member != "" {
		return fmt.Errorf("seq %d does not match the filter: %s", l.seq, member)
	}
	if l.recordedAt.After(t.recordedAt) || l.recordedAt.Before(t.newest) {
		return fmt.Errorf("seq %d was recorded at %s, out of order", l.seq, l.recordedAt.Format(timeLayout))
	}
	t.newest = l.recordedAt
	if v.found.count == 0 {
		v.found.first = place{l.epoch, l.seq}
	}
	v.found.last = place{l.epoch, l.seq}
	v.found.count++
	t.events++
	return nil
}

// leaveOut appends what was left out up to an entry, and holds it against what
// the filter and the removals allow.
func (v *verifier) leaveOut(t *tree, to int64, proof []merkle.Hash) error {
	from := v.tree.end
	if err := v.fill(to, proof); err != nil {
		return err
	}
	if from == 0 && to == t.pruned && to > 0 && v.tree.root() != t.prunedRoot {
		return fmt.Errorf("%w: what was pruned of epoch %d is not what its checkpoint says", errRemoval, t.epoch)
	}
	if !v.header.Filter.takesAll() {
		return nil
	}
	begin, end := v.header.Filter.rangeOf(t.size)
	begin, end = max(begin, t.pruned, from), min(end, to)
	if begin < end && !t.isAnnounced(begin, end) {
		return fmt.Errorf("of the entries %d to %d some are missing that the filter takes and that no announcement removed", begin, end-1)
	}
	return nil
}

// fill appends what was left out up to an entry.
func (v *verifier) fill(to int64, proof []merkle.Hash) error {
	wanted := levels(v.tree.end, to)
	if len(proof) != len(wanted) {
		return fmt.Errorf("%d hashes stand for entries %d to %d, not %d", len(proof), v.tree.end, to-1, len(wanted))
	}
	for i, level := range wanted {
		v.tree.add(proof[i], level)
	}
	return nil
}

func (v *verifier) checkEnd(t *tree) error {
	if err := v.end.parse(v.line); err != nil {
		return err
	}
	if v.end.epoch != t.epoch {
		return fmt.Errorf("epoch %d ends where epoch %d should", v.end.epoch, t.epoch)
	}
	if err := v.leaveOut(t, t.size, v.end.proof); err != nil {
		return err
	}
	if v.tree.root() != t.root {
		return fmt.Errorf("%w: the events of epoch %d lead to another root than that of the checkpoint over %d", merkle.ErrProof, t.epoch, t.size)
	}
	v.tree.startAt(0)
	return nil
}

// checkComplete holds a bundle that must hold every event of its range to it.
func (v *verifier) checkComplete() error {
	announced := int64(0)
	for i := range v.trees {
		t := &v.trees[i]
		from, to := v.header.Filter.rangeOf(t.size)
		announced += t.announcedWithin(max(from, t.pruned), to)
	}
	if v.found.removed < 0 || v.found.removed > announced {
		return fmt.Errorf("%w: removed %d, and %d were announced", errManifest, v.found.removed, announced)
	}
	if !v.header.Filter.takesAll() {
		return nil
	}
	want := -v.found.removed
	for i := range v.trees {
		from, to := v.header.Filter.rangeOf(v.trees[i].size)
		want += max(0, to-max(from, v.trees[i].pruned))
	}
	if v.found.count != want {
		return fmt.Errorf("the filter takes every event of its range, which has %d; %d stand here", want, v.found.count)
	}
	return nil
}
