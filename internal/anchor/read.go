package anchor

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/regular"
)

// ErrDamaged is wrapped where a file holds something that was a checkpoint once.
var ErrDamaged = errors.New("damaged anchors")

// ErrNone is a file with contents and without any checkpoint.
var ErrNone = errors.New("it holds no checkpoint")

// maxFileBytes bounds a file that is read as a whole: some two million anchors.
const maxFileBytes = 1 << 30

// Contents are what a file holds.
type Contents struct {
	Notes [][]byte // signed checkpoints, in their order, repetitions included

	// Unreadable are lines that are no part of a checkpoint, in a file that has
	// nothing else, and lines of any file that were one or are not text: they may
	// have been anchors. First is the number of the first one, from 1.
	Unreadable, First int
	// Torn is the number of the last line where a writer stopped half-way, or 0.
	Torn int
	// Others are the lines without a checkpoint of a log of something else.
	Others int
}

// ReadFile reads the checkpoints of a regular file, see Read.
func ReadFile(path string) ([][]byte, error) {
	contents, err := Load(path)
	if err != nil {
		return nil, err
	}
	return contents.Notes, nil
}

// Load reads a regular file, see Read, and says what of it is no checkpoint.
func Load(path string) (*Contents, error) {
	text, err := regular.ReadFile(path, maxFileBytes)
	if err != nil {
		return nil, err
	}
	contents, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return contents, nil
}

// Read reads signed checkpoints, in their order and repetitions included. It
// takes, also in one file: checkpoint lines, raw C2SP notes one after the other,
// and lines of a log (of a collector, of journald, of a container) that end in a
// JSON object with the member checkpoint. Other lines are passed over. A last
// line without an end is the writer's, who is at it or died. What begins like a
// checkpoint and is none is an error with its line: it was an anchor once.
func Read(r io.Reader) ([][]byte, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	contents, err := Parse(text)
	if err != nil {
		return nil, err
	}
	return contents.Notes, nil
}

// Parse is Read of a text, and says what of it is no checkpoint.
func Parse(text []byte) (*Contents, error) {
	p := parser{}
	for len(text) > 0 {
		p.number++
		line, rest, whole := bytes.Cut(text, []byte("\n"))
		if err := p.line(bytes.TrimSuffix(line, []byte("\r")), whole); err != nil {
			return nil, fmt.Errorf("%w: line %d: %w", ErrDamaged, p.number, err)
		}
		text = rest
	}
	if err := p.endNote(); err != nil {
		return nil, fmt.Errorf("%w: at the end: %w", ErrDamaged, err)
	}
	if len(p.contents.Notes) == 0 && p.filled {
		return nil, ErrNone
	}
	p.pass(p.text...)
	c := &p.contents
	c.Unreadable, c.First = p.garbled.count, p.garbled.first
	if p.ofLog {
		c.Others = p.foreign.count
		return c, nil
	}
	c.Unreadable += p.foreign.count
	if c.First == 0 || p.foreign.first > 0 && p.foreign.first < c.First {
		c.First = p.foreign.first
	}
	return c, nil
}

// parser puts notes together line by line.
type parser struct {
	contents Contents
	number   int // of the current line, from 1
	filled   bool
	ofLog    bool // a line of something else's log had a checkpoint

	text       []textLine // lines that may be the text of a raw note
	blank      bool       // the empty line behind it was there
	signatures [][]byte

	foreign passedLines // text, and no part of a checkpoint
	garbled passedLines // no text, or a checkpoint that cannot be read
}

// textLine is a line with its number, from 1.
type textLine struct {
	text   []byte
	number int
}

type passedLines struct{ count, first int }

func (l *passedLines) add(number int) {
	l.count++
	if l.first == 0 || number < l.first {
		l.first = number
	}
}

// pass counts lines that are no part of a checkpoint.
func (p *parser) pass(lines ...textLine) {
	for _, line := range lines {
		if isGarbled(line.text) {
			p.garbled.add(line.number)
		} else {
			p.foreign.add(line.number)
		}
	}
}

// isGarbled reports whether a line is not one of somebody else's log.
func isGarbled(line []byte) bool {
	return bytes.IndexByte(line, 0) >= 0 || !utf8.Valid(line) ||
		bytes.Contains(line, []byte(`"checkpoint":"`)) || bytes.Contains(line, []byte(`"checkpoint": "`))
}

// isTorn reports whether a last line without an end is what a writer leaves that
// stops half-way: a part of a checkpoint line, and zeros where blocks were never
// written.
func isTorn(line []byte) bool {
	if _, err := parseLine(line); err == nil {
		return false // only its end is not there
	}
	line = bytes.TrimRight(line, "\x00")
	return bytes.IndexByte(line, 0) < 0 && (bytes.HasPrefix(line, []byte(linePrefix)) || bytes.HasPrefix([]byte(linePrefix), line))
}

// maxTextLines is what the text of a checkpoint may have: origin, size, root,
// recorded_at and prev_size.
const maxTextLines = 5

func (p *parser) line(line []byte, whole bool) error {
	p.filled = p.filled || len(line) > 0
	if p.blank && bytes.HasPrefix(line, signatureLine) {
		p.signatures = append(p.signatures, line)
		return nil
	}
	if err := p.endNote(); err != nil {
		return err
	}
	if !whole && isTorn(line) {
		p.contents.Torn = p.number
		return nil
	}
	if note, ok, err := p.inLine(line); ok || err != nil {
		p.pass(p.text...)
		p.text, p.blank = nil, false
		if err == nil {
			p.contents.Notes = append(p.contents.Notes, note)
			p.ofLog = p.ofLog || !bytes.HasPrefix(line, []byte(linePrefix))
		}
		return err
	}
	switch at := (textLine{line, p.number}); {
	case len(line) == 0:
		p.blank = len(p.text) > 0
	case p.blank:
		p.pass(p.text...)
		p.text, p.blank = []textLine{at}, false
	default:
		p.text = append(p.text, at)
		if n := len(p.text) - maxTextLines; n > 0 {
			p.pass(p.text[:n]...)
			p.text = p.text[n:]
		}
	}
	return nil
}

// maxObjects bounds how many objects are tried in a line that is not ours: each
// brace may open one.
const maxObjects = 16

// inLine returns the note that a line carries in JSON. ok says that it does.
func (p *parser) inLine(line []byte) (note []byte, ok bool, err error) {
	ours := bytes.HasPrefix(line, []byte(linePrefix))
	if !ours && !bytes.Contains(line, []byte(`"checkpoint"`)) {
		return nil, false, nil
	}
	object := line
	for range maxObjects {
		i := bytes.IndexByte(object, '{')
		if i < 0 {
			break
		}
		if note, err := noteMember(object[i:]); err == nil {
			_, err := Unverified(note)
			return note, true, err
		}
		object = object[i+1:]
	}
	if ours {
		return nil, false, errNoLine
	}
	return nil, false, nil
}

// endNote takes the raw note that is complete with its signatures.
func (p *parser) endNote() error {
	if len(p.signatures) == 0 {
		return nil
	}
	text, signatures := p.text, p.signatures
	p.text, p.blank, p.signatures = nil, false, nil
	// A line in front of the origin may be another's.
	for skip := range text {
		var note []byte
		for _, line := range text[skip:] {
			note = append(append(note, line.text...), '\n')
		}
		if _, err := merkle.ParseCheckpoint(string(note)); err != nil {
			continue
		}
		note = append(note, '\n')
		for _, signature := range signatures {
			note = append(append(note, signature...), '\n')
		}
		if _, err := Unverified(note); err != nil {
			return err
		}
		p.pass(text[:skip]...)
		p.contents.Notes = append(p.contents.Notes, note)
		return nil
	}
	return errors.New("a signed note that is no checkpoint")
}
