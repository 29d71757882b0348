package journal

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"os"
	"path/filepath"

	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/record"
)

// Kind says what a line is.
type Kind uint8

// The kinds of lines.
const (
	Damaged         Kind = iota // Line.Damage says why
	HeaderLine                  // Line.Header
	RecordEntry                 // an entry: Line.Record parses it
	QuarantineEntry             // an entry: Line.Quarantine parses it
	CheckpointEnd               // Line.Checkpoint
	SealLine                    // Line.Seal
)

// Line is one line of a segment.
type Line struct {
	Kind    Kind
	File    string // name of the segment's file, without its directory
	Number  int    // of the line in its file, from 1
	Offset  int64  // of its first byte in its file
	Raw     []byte // without the newline; valid until the next line is read; cut where too long
	Segment int64  // number in the file's name, 0 where it has none

	// Index is the place of an entry in the tree, counted from the header or
	// the checkpoint in front of it; -1 where neither could be read. In a batch
	// in which lines are missing it is off by their number.
	Index int64

	Header     *Header
	Checkpoint *Checkpoint
	Seal       *Seal
	Damage     *Damage

	end int64
}

// IsEntry reports whether the line is a leaf of the tree. A damaged line may
// have been one.
func (l *Line) IsEntry() bool { return l.Kind == RecordEntry || l.Kind == QuarantineEntry }

// End is the offset behind the line and its newline.
func (l *Line) End() int64 { return l.end }

// Leaf is the entry's leaf hash.
func (l *Line) Leaf() merkle.Hash { return merkle.LeafHash(l.Raw) }

// Record parses a RecordEntry. A line that is not the canonical bytes of a
// record is an error, although it may be under a valid signature.
func (l *Line) Record() (*record.Record, error) { return record.ParseCanonical(l.Raw) }

// Quarantine parses a QuarantineEntry.
func (l *Line) Quarantine() (*Quarantined, error) { return ParseQuarantined(l.Raw) }

// Damage is what is wrong with a line, as far as it shows without a key.
//
//nolint:errname // a finding about a line; an error only where it ends a recovery
type Damage struct {
	File   string
	Line   int
	Offset int64
	Kind   DamageKind
	Detail string
}

// DamageKind is a word for a kind of damage.
type DamageKind string

// The kinds of damage that reading finds.
const (
	// DamageTorn: the file ends within a line, as a crash or a full disk leaves
	// it; in the newest segment the batch was never acknowledged.
	DamageTorn DamageKind = "torn"
	// DamageLine: the line is none of a journal's.
	DamageLine DamageKind = "line"
	// DamageControl: a header, checkpoint or seal that cannot be read.
	DamageControl DamageKind = "control"
	// DamageOrder: a line that stands where it must not: no header first, a
	// header later on, a checkpoint without entries, something behind a seal.
	DamageOrder DamageKind = "order"
)

// Error names file, line and what is wrong.
func (d *Damage) Error() string {
	return fmt.Sprintf("%s: line %d (byte %d): %s", d.File, d.Line, d.Offset, d.Detail)
}

// MaxLineBytes bounds a line; a longer one is damage, and no writer makes it.
const MaxLineBytes = 64 << 20

// Reader reads the lines of one segment. It checks their form; roots, hashes
// and signatures are for the caller. Not safe for concurrent use.
type Reader struct {
	in      *bufio.Reader
	line    Line
	long    []byte // a line longer than the buffer
	next    int64  // index of the next entry, -1 unknown
	offset  int64
	sealed  bool
	started bool
	pending bool // the line before was an entry, or may have been one
}

const readBufferBytes = 256 << 10

// NewReader reads a segment. The name is that of its file, for messages.
func NewReader(r io.Reader, name string) *Reader {
	reader := &Reader{in: bufio.NewReaderSize(r, readBufferBytes), next: -1}
	reader.line.File = filepath.Base(name)
	reader.line.Segment, _ = ParseSegmentName(reader.line.File)
	return reader
}

// Next returns the next line, which is valid until the next call. The error is
// io.EOF at the end, and otherwise one of reading.
func (r *Reader) Next() (*Line, error) {
	raw, length, form, err := r.read()
	if err != nil {
		return nil, err
	}
	l := &r.line
	*l = Line{File: l.File, Segment: l.Segment, Number: l.Number + 1, Offset: r.offset, Raw: raw, Index: -1}
	r.offset += length
	l.end = r.offset
	first, sealed := !r.started, r.sealed
	r.started = true
	switch form {
	case torn:
		r.damage(DamageTorn, "the file ends within a line")
		return l, nil
	case tooLong:
		r.damage(DamageLine, fmt.Sprintf("a line longer than %d bytes", MaxLineBytes))
		r.pending = true
		return l, nil
	case whole:
	}
	r.classify()
	switch {
	case l.Kind == Damaged:
	case sealed:
		r.damage(DamageOrder, "a line behind the seal")
	case first && l.Kind != HeaderLine:
		r.entryAfter()
		r.damage(DamageOrder, "the first line is not a header")
	case !first && l.Kind == HeaderLine:
		r.damage(DamageOrder, "a header that is not the first line")
	case l.Kind == CheckpointEnd && !r.pending:
		r.damage(DamageOrder, "a checkpoint without entries")
	default:
		r.entryAfter()
	}
	r.pending = l.IsEntry() || l.Kind == Damaged
	return l, nil
}

// form says how a line ends.
type form uint8

const (
	whole form = iota
	torn
	tooLong
)

// read returns a line without its newline, or the beginning of one that is too
// long, and how many bytes of the file it takes.
func (r *Reader) read() (raw []byte, length int64, as form, err error) {
	raw, err = r.in.ReadSlice('\n')
	length = int64(len(raw))
	if errors.Is(err, bufio.ErrBufferFull) {
		r.long = append(r.long[:0], raw...)
		for errors.Is(err, bufio.ErrBufferFull) {
			raw, err = r.in.ReadSlice('\n')
			length += int64(len(raw))
			if length <= MaxLineBytes+1 {
				r.long = append(r.long, raw...)
			}
		}
		raw = r.long
	}
	switch {
	case errors.Is(err, io.EOF) && length > 0:
		return raw, length, torn, nil
	case err != nil:
		return nil, 0, whole, err
	case length > MaxLineBytes+1:
		return raw, length, tooLong, nil
	}
	return raw[:len(raw)-1], length, whole, nil
}

var (
	recordStart     = []byte(`{"action":`)
	quarantineStart = []byte(`{"quarantine":`)
	headerStart     = []byte(`{"journal":`)
	checkpointStart = []byte(`{"checkpoint":`)
	sealStart       = []byte(`{"seal":`)
)

func (r *Reader) classify() {
	l := &r.line
	var err error
	switch {
	case bytes.HasPrefix(l.Raw, recordStart):
		l.Kind = RecordEntry
	case bytes.HasPrefix(l.Raw, quarantineStart):
		l.Kind = QuarantineEntry
	case bytes.HasPrefix(l.Raw, checkpointStart):
		l.Kind = CheckpointEnd
		l.Checkpoint, err = parseCheckpoint(l.Raw)
	case bytes.HasPrefix(l.Raw, headerStart):
		l.Kind = HeaderLine
		l.Header, err = parseHeader(l.Raw)
		if err == nil && l.Segment != 0 && l.Header.Segment != l.Segment {
			err = fmt.Errorf("it is of segment %d", l.Header.Segment)
		}
	case bytes.HasPrefix(l.Raw, sealStart):
		l.Kind = SealLine
		l.Seal, err = parseSeal(l.Raw)
	default:
		r.damage(DamageLine, "not a line of a journal")
		return
	}
	if err != nil {
		r.damage(DamageControl, r.line.Kind.String()+": "+err.Error())
	}
}

// String is the word for the kind in messages.
func (k Kind) String() string {
	switch k {
	case HeaderLine:
		return "header"
	case RecordEntry:
		return "record"
	case QuarantineEntry:
		return "quarantine"
	case CheckpointEnd:
		return "checkpoint"
	case SealLine:
		return "seal"
	default:
		return "damaged"
	}
}

// entryAfter counts entries.
func (r *Reader) entryAfter() {
	l := &r.line
	switch l.Kind {
	case HeaderLine:
		r.next = l.Header.Size
	case CheckpointEnd:
		r.next = l.Checkpoint.Parsed.Size
	case SealLine:
		r.sealed = true
	case RecordEntry, QuarantineEntry:
		l.Index = r.next
		if r.next >= 0 {
			r.next++
		}
	default:
	}
}

func (r *Reader) damage(kind DamageKind, detail string) {
	l := &r.line
	l.Kind, l.Header, l.Checkpoint, l.Seal = Damaged, nil, nil, nil
	l.Damage = &Damage{File: l.File, Line: l.Number, Offset: l.Offset, Kind: kind, Detail: detail}
}

// Lines streams the lines of a segment's file. After an error it ends.
func (s *Segment) Lines() iter.Seq2[*Line, error] {
	return func(yield func(*Line, error) bool) {
		file, err := os.Open(s.Path)
		if err != nil {
			yield(nil, err)
			return
		}
		defer file.Close()
		reader := NewReader(file, s.Name())
		for {
			line, err := reader.Next()
			if errors.Is(err, io.EOF) {
				return
			}
			if !yield(line, err) || err != nil {
				return
			}
		}
	}
}

// Lines streams the lines of all segments, the oldest first. An error of one
// segment, with a nil line, does not keep it from the next.
func (d *Directory) Lines() iter.Seq2[*Line, error] {
	return func(yield func(*Line, error) bool) {
		for i := range d.Segments {
			for line, err := range d.Segments[i].Lines() {
				if !yield(line, err) {
					return
				}
			}
		}
	}
}

// Hasher computes the leaf hashes of many entries without allocating. Not safe
// for concurrent use.
type Hasher struct {
	state hash.Hash
	sum   merkle.Hash
}

// Leaf is SHA-256(0x00 ‖ line).
func (h *Hasher) Leaf(line []byte) merkle.Hash {
	if h.state == nil {
		h.state = sha256.New()
	}
	h.state.Reset()
	h.state.Write(leafPrefix)
	h.state.Write(line)
	h.state.Sum(h.sum[:0])
	return h.sum
}

var leafPrefix = []byte{0}
