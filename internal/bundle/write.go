package bundle

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/otelaudit/otelaudit/internal/merkle"
)

// Signer is the key that signs a bundle, which is one that signs the log.
type Signer interface {
	Sign(text string) ([]byte, error)
}

// Writer writes a bundle to a stream: for each epoch of the header in order,
// every entry of its tree by Event, Skip or Removed (Pruned first, for those at
// the beginning that are gone), then End; at last Close. Its memory does not
// grow with the bundle. Not safe for concurrent use.
type Writer struct {
	out    io.Writer
	sum    hash.Hash
	header Header
	trees  []tree
	epoch  int // index of the epoch being written

	tree, gap span
	found     manifest
	proof     []merkle.Hash
	line      []byte
}

// NewWriter writes the header. The notes in it are opened with known, which are
// the keys of the log as the maker of the bundle knows them.
func NewWriter(out io.Writer, header Header, known opener) (*Writer, error) {
	header.Version = Version
	if err := header.check(); err != nil {
		return nil, err
	}
	trees, err := header.trees(known)
	if err != nil {
		return nil, err
	}
	line, err := header.line()
	if err != nil {
		return nil, err
	}
	w := &Writer{out: out, sum: sha256.New(), header: header, trees: trees}
	w.found.header, w.found.trees = &w.header, trees
	if err := w.write(line); err != nil {
		return nil, err
	}
	return w, nil
}

func (w *Writer) write(line []byte) error {
	line = append(line, '\n')
	w.line = line // its memory is used again
	w.sum.Write(line)
	_, err := w.out.Write(line)
	return err
}

// Size is the number of entries of the epoch being written.
func (w *Writer) Size() int64 { return w.trees[w.epoch].size }

// next is the seq of the entry to come.
func (w *Writer) next() int64 { return w.gap.end }

// Pruned leaves out what retention removed from the beginning of the epoch.
func (w *Writer) Pruned(frontier *merkle.Frontier) {
	b := frontier.Bytes()
	for _, level := range levels(0, frontier.Size()) {
		w.gap.add(merkle.Hash(b[:sha256.Size]), level)
		b = b[sha256.Size:]
	}
}

// Skip leaves out an event that the filter does not want.
func (w *Writer) Skip(leaf merkle.Hash) { w.gap.add(leaf, 0) }

// Removed leaves out an event whose record was removed and whose leaf stayed.
func (w *Writer) Removed(leaf merkle.Hash) {
	if from, to := w.header.Filter.rangeOf(w.Size()); w.next() >= from && w.next() < to {
		w.found.removed++
	}
	w.gap.add(leaf, 0)
}

// Event writes the event that comes next.
func (w *Writer) Event(recordedAt time.Time, canonical []byte) error {
	l := eventLine{seq: w.next(), epoch: w.trees[w.epoch].epoch, recordedAt: recordedAt, proof: w.takeGap(), record: canonical}
	w.tree.add(merkle.LeafHash(canonical), 0)
	w.gap.startAt(w.tree.end)
	at := place{l.epoch, l.seq}
	if w.found.count == 0 {
		w.found.first = at
	}
	w.found.last = at
	w.found.count++
	w.trees[w.epoch].events++
	return w.write(l.append(w.line[:0]))
}

// takeGap puts what was left out into the tree and returns its hashes.
func (w *Writer) takeGap() []merkle.Hash {
	w.proof = w.proof[:0]
	for i := range w.gap.nodes {
		w.proof = append(w.proof, w.gap.nodes[i].hash)
	}
	w.tree.addSpan(&w.gap)
	return w.proof
}

// ErrRoot is wrapped where what a store holds does not lead to the root that the
// log's key signed.
var ErrRoot = errors.New("the events do not lead to the signed root")

// End closes an epoch, after as many entries as its tree has.
func (w *Writer) End() error {
	t := &w.trees[w.epoch]
	l := endLine{epoch: t.epoch, proof: w.takeGap()}
	if w.tree.end != t.size {
		return fmt.Errorf("%w: epoch %d has %d of %d events", ErrRoot, t.epoch, w.tree.end, t.size)
	}
	if w.tree.root() != t.root {
		return fmt.Errorf("%w: epoch %d, %d events", ErrRoot, t.epoch, t.size)
	}
	w.epoch++
	w.tree.startAt(0)
	w.gap.startAt(0)
	return w.write(l.append(w.line[:0]))
}

// Close signs the manifest and writes it.
func (w *Writer) Close(signer Signer, createdAt time.Time) (Report, error) {
	if w.epoch != len(w.trees) {
		return Report{}, fmt.Errorf("epoch %d was not written", w.trees[w.epoch].epoch)
	}
	w.sum.Sum(w.found.sha256[:0])
	w.found.createdAt = createdAt.UTC().Truncate(time.Microsecond)
	text, err := w.found.text()
	if err != nil {
		return Report{}, err
	}
	signed, err := signer.Sign(text)
	if err != nil {
		return Report{}, err
	}
	line, err := manifestLine(signed)
	if err != nil {
		return Report{}, err
	}
	return w.found.report(), w.write(line)
}
