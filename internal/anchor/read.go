package anchor

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/otelaudit/otelaudit/internal/merkle"
)

// ErrDamaged is wrapped where a file holds something that was a checkpoint once.
var ErrDamaged = errors.New("damaged anchors")

// ErrNone is a file with contents and without any checkpoint.
var ErrNone = errors.New("it holds no checkpoint")

// ReadFile reads the checkpoints of a file, see Read.
func ReadFile(path string) ([][]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	notes, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return notes, nil
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
	return parse(text)
}

func parse(text []byte) ([][]byte, error) {
	p := parser{}
	for number := 1; len(text) > 0; number++ {
		line, rest, whole := bytes.Cut(text, []byte("\n"))
		if err := p.line(bytes.TrimSuffix(line, []byte("\r")), whole); err != nil {
			return nil, fmt.Errorf("%w: line %d: %w", ErrDamaged, number, err)
		}
		text = rest
	}
	if err := p.endNote(); err != nil {
		return nil, fmt.Errorf("%w: at the end: %w", ErrDamaged, err)
	}
	if len(p.notes) == 0 && p.filled {
		return nil, ErrNone
	}
	return p.notes, nil
}

// parser puts notes together line by line.
type parser struct {
	notes  [][]byte
	filled bool

	text       [][]byte // lines that may be the text of a raw note
	blank      bool     // the empty line behind it was there
	signatures [][]byte
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
	if note, ok, err := p.inLine(line, whole); ok || err != nil {
		p.text, p.blank = nil, false
		if err == nil && note != nil {
			p.notes = append(p.notes, note)
		}
		return err
	}
	switch {
	case len(line) == 0:
		p.blank = len(p.text) > 0
	case p.blank:
		p.text, p.blank = [][]byte{line}, false
	default:
		p.text = append(p.text[max(0, len(p.text)-maxTextLines+1):], line)
	}
	return nil
}

// maxObjects bounds how many objects are tried in a line that is not ours: each
// brace may open one.
const maxObjects = 16

// inLine returns the note that a line carries in JSON. ok says that the line is
// a checkpoint line, whole or not.
func (p *parser) inLine(line []byte, whole bool) (note []byte, ok bool, err error) {
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
	if ours && whole {
		return nil, false, errNoLine
	}
	return nil, ours, nil
}

// endNote takes the raw note that is complete with its signatures.
func (p *parser) endNote() error {
	if len(p.signatures) == 0 {
		return nil
	}
	text, signatures := p.text, p.signatures
	p.text, p.blank, p.signatures = nil, false, nil
	// A line in front of the origin may be another's.
	for skip := range len(text) {
		note := bytes.Join(text[skip:], []byte("\n"))
		if _, err := merkle.ParseCheckpoint(string(note) + "\n"); err != nil {
			continue
		}
		note = append(note, '\n', '\n')
		for _, signature := range signatures {
			note = append(append(note, signature...), '\n')
		}
		if _, err := Unverified(note); err != nil {
			return err
		}
		p.notes = append(p.notes, note)
		return nil
	}
	return errors.New("a signed note that is no checkpoint")
}
