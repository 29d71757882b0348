package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"time"

	"github.com/otelaudit/otelaudit/internal/merkle"
)

// opener returns the text of a signed note: keys.Ring.Open.
type opener func(note []byte) (text string, err error)

// state is where a journal ends, and the segment in which it does.
type state struct {
	number  int64  // of the segment, 0 before the first
	path    string // of its file
	created time.Time
	start   int64 // entries in front of the segment

	origin merkle.Origin
	tree   merkle.Frontier
	note   []byte    // signed checkpoint of exactly the tree; nil while it is empty
	at     time.Time // its recorded_at
	first  time.Time // recorded_at of the segment's first checkpoint

	plain  int64     // bytes written by this process since the last frontier
	good   int64     // bytes of the file up to here, all of them durable
	last   []byte    // the last line, with its newline
	sum    hash.Hash // SHA-256 of those bytes
	sealed bool
	// writable: sealed, and its mode does not say so yet.
	writable bool
}

func (s *state) entries() int64 { return s.tree.Size() - s.start }

// digest is the SHA-256 of the segment up to here.
func (s *state) digest() string { return hex.EncodeToString(s.sum.Sum(nil)) }

// advance takes the tail of a file that has become durable, its last line at
// the end.
func (s *state) advance(written, line []byte) {
	s.good += int64(len(written))
	s.sum.Write(written)
	s.last = append(s.last[:0], line...)
}

// scanned is what a segment's file holds.
type scanned struct {
	state
	tail int64 // bytes behind state.good
	// damage is why the segment cannot be continued, nil where the tail is what
	// a crash leaves of the one batch that was being written.
	damage *Damage
	// ahead is the largest signed checkpoint behind state.good.
	ahead *merkle.Checkpoint
}

// scan reads a segment, folds its entries and finds how far it holds. The
// header's signature, its checkpoint, the last checkpoint that holds and the
// seal are verified: a signed root covers all that is in front of it. The error
// is one of reading, or a *Damage of the header, without which nothing is known.
func scan(segment *Segment, open opener) (*scanned, error) {
	file, err := os.Open(segment.Path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	s := &scanner{open: open, out: &scanned{state: state{number: segment.Number, path: segment.Path}}}
	if err := s.read(NewReader(file, segment.Name())); err != nil {
		return nil, err
	}
	if s.out.tail == 0 && s.out.damage == nil {
		s.out.sum = s.sum
		return s.out, nil
	}
	s.out.sum = sha256.New()
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	_, err = io.CopyN(s.out.sum, file, s.out.good)
	return s.out, err
}

type scanner struct {
	open opener
	out  *scanned

	hasher  Hasher
	sum     hash.Hash // of every line so far
	batch   []merkle.Hash
	goodEnd Damage // where the last checkpoint stands, to say so if it is forged
	bad     *Damage
	zeros   bool // the tail has bytes that were never written
	ends    int  // lines in the tail that end a batch
	behind  bool // something stands behind such a line
}

func (s *scanner) read(reader *Reader) error {
	s.sum = sha256.New()
	for {
		line, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if line.Number == 1 {
			if err := s.header(line); err != nil {
				return err
			}
			s.accept(line)
			continue
		}
		s.line(line)
	}
	if s.out.good == 0 {
		return &Damage{File: reader.line.File, Line: 1, Kind: DamageOrder, Detail: "the file is empty: no header"}
	}
	s.finish()
	return nil
}

// header takes the first line. Without it nothing else in the file has a place.
func (s *scanner) header(line *Line) error {
	if line.Kind != HeaderLine {
		return line.Damage
	}
	h, out := line.Header, s.out
	fail := func(format string, args ...any) error {
		return &Damage{File: line.File, Line: 1, Kind: DamageControl, Detail: "header: " + fmt.Errorf(format, args...).Error()}
	}
	if _, err := s.open(h.Note()); err != nil {
		return fail("%w", err)
	}
	var err error
	if out.origin, err = merkle.ParseOrigin(h.Origin); err != nil {
		return fail("%w", err)
	}
	if out.tree, err = h.Tree(); err != nil {
		return fail("%w", err)
	}
	out.start, out.created = h.Size, h.CreatedAt.Time
	if h.Size > 0 {
		text, err := s.open([]byte(h.Checkpoint))
		if err != nil {
			return fail("checkpoint: %w", err)
		}
		c, err := merkle.ParseCheckpoint(text)
		if err != nil {
			return fail("%w", err)
		}
		if c.Origin != h.Origin || c.Size != h.Size || c.Root != out.tree.Root() {
			return fail("its checkpoint is not that of its frontier")
		}
		out.note, out.at = []byte(h.Checkpoint), c.RecordedAt
	}
	if (h.Epoch != "") != (h.Size == 0 && out.origin.Epoch > 0) {
		return fail("the statement of an epoch stands in its first segment and no other")
	}
	if h.Epoch != "" {
		text, err := s.open([]byte(h.Epoch))
		if err != nil {
			return fail("epoch: %w", err)
		}
		statement, err := merkle.ParseEpochStatement(text)
		if err != nil {
			return fail("%w", err)
		}
		if statement.Origin != h.Origin {
			return fail("it opens epoch %s with the statement of %s", h.Origin, statement.Origin)
		}
	}
	return nil
}

// line takes any other line.
func (s *scanner) line(line *Line) {
	if s.bad == nil {
		s.judge(line)
	}
	if s.bad == nil && !line.IsEntry() {
		s.accept(line)
		return
	}
	if s.bad == nil {
		s.hash(line)
	}
	s.behind = s.behind || s.ends > 0
	s.out.tail += line.End() - line.Offset
	s.zeros = s.zeros || bytes.IndexByte(line.Raw, 0) >= 0
	if !line.IsEntry() && line.Kind != Damaged {
		s.ends++
	}
	if line.Checkpoint != nil {
		s.sawAhead(line.Checkpoint)
	}
}

// judge finds out whether a line holds.
func (s *scanner) judge(line *Line) {
	bad := func(kind DamageKind, format string, args ...any) {
		s.bad = &Damage{File: line.File, Line: line.Number, Offset: line.Offset, Kind: kind, Detail: fmt.Sprintf(format, args...)}
	}
	out := s.out
	switch line.Kind {
	case RecordEntry, QuarantineEntry:
		s.batch = append(s.batch, s.hasher.Leaf(line.Raw))
	case CheckpointEnd:
		c := &line.Checkpoint.Parsed
		tree := out.tree.Clone()
		for _, leaf := range s.batch {
			tree.Append(leaf)
		}
		switch {
		case c.Origin != out.origin.String():
			bad(DamageControl, "a checkpoint of %s in the journal %s", c.Origin, out.origin)
		case c.Size != tree.Size() || c.Root != tree.Root():
			bad(DamageControl, "the %d entries in front of it are not what its checkpoint says", len(s.batch))
		case c.PrevSize != out.tree.Size():
			bad(DamageControl, "its batch begins at entry %d, that in front of it ended at %d", c.PrevSize, out.tree.Size())
		case c.RecordedAt.Before(out.at):
			bad(DamageControl, "its time is before that of the checkpoint in front of it")
		default:
			s.commit(line, tree)
		}
	case SealLine:
		seal := line.Seal
		switch {
		case len(s.batch) > 0:
			bad(DamageOrder, "a seal behind entries without a checkpoint")
		case seal.Origin != out.origin.String() || seal.Segment != out.number || seal.Size != out.tree.Size():
			bad(DamageControl, "the seal is of another segment")
		case seal.SHA256 != hex.EncodeToString(s.sum.Sum(nil)):
			bad(DamageControl, "the lines in front of it are not those that were sealed")
		default:
			if _, err := s.open(seal.Note()); err != nil {
				bad(DamageControl, "seal: %s", err)
				return
			}
			out.sealed = true
		}
	default:
		s.bad = line.Damage
	}
}

// commit takes a checkpoint that holds, but for its signature.
func (s *scanner) commit(line *Line, tree merkle.Frontier) {
	out := s.out
	out.tree, out.at = tree, line.Checkpoint.Parsed.RecordedAt
	if out.first.IsZero() {
		out.first = out.at
	}
	out.note = append(out.note[:0:0], line.Checkpoint.Note...)
	s.goodEnd = Damage{File: line.File, Line: line.Number, Offset: line.Offset, Kind: DamageControl}
	s.batch = s.batch[:0]
}

func (s *scanner) hash(line *Line) {
	s.sum.Write(line.Raw)
	s.sum.Write([]byte{'\n'})
}

// accept moves the end of what holds behind a line.
func (s *scanner) accept(line *Line) {
	s.hash(line)
	s.out.good, s.out.tail = line.End(), 0
	s.zeros = false
	s.out.last = append(append(s.out.last[:0], line.Raw...), '\n')
}

// sawAhead keeps the largest checkpoint of ours behind what holds.
func (s *scanner) sawAhead(c *Checkpoint) {
	text, err := s.open(c.Note)
	if err != nil {
		return
	}
	parsed, err := merkle.ParseCheckpoint(text)
	if err != nil || parsed.Origin != s.out.origin.String() {
		return
	}
	if s.out.ahead == nil || parsed.Size > s.out.ahead.Size {
		s.out.ahead = &parsed
	}
}

// finish tells a torn tail from damage. A crash tears the one batch that was
// being written: what is left of it is a beginning, perhaps with blocks of
// zeros. A whole checkpoint in the tail therefore ends a batch that was there
// and has been changed, unless its entries have holes.
func (s *scanner) finish() {
	out := s.out
	if err := s.openLast(); err != nil {
		out.damage = &s.goodEnd
		out.damage.Detail = "checkpoint: " + err.Error()
		return
	}
	torn := s.ends == 0 || s.ends == 1 && s.zeros && !s.behind
	if out.tail > 0 && (out.sealed || !torn) {
		out.damage = s.bad
	}
}

// openLast verifies the last checkpoint that holds; the header's was before.
func (s *scanner) openLast() error {
	if s.goodEnd.Line == 0 {
		return nil
	}
	text, err := s.open(s.out.note)
	if err == nil {
		_, err = merkle.ParseCheckpoint(text)
	}
	return err
}
