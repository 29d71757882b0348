package journal

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
)

// PruneStatement is a line of the file pruned: segments were removed from the
// front of a journal. It is signed and durable before the first of them is
// deleted, so a front that is missing without one was taken.
//
//	{"prune":{…},"signatures":"…"}
//
// in the form of the other signed lines. The statements of a journal follow
// each other: each begins with the segment behind the one before.
type PruneStatement struct {
	V          int             `json:"v"`          // 1
	Origin     string          `json:"origin"`     // of the first segment that stays
	First      int64           `json:"first"`      // number of the first segment removed
	Last       int64           `json:"last"`       // and of the last one; Last + 1 stays
	Size       int64           `json:"size"`       // the header of segment Last + 1 has this size
	Root       []byte          `json:"root"`       // of the tree in front of segment Last + 1, 32 bytes
	Checkpoint string          `json:"checkpoint"` // signed note at the end of segment Last, "" where it has none
	Cutoff     Time            `json:"cutoff"`     // everything removed was recorded before
	PrunedAt   Time            `json:"pruned_at"`  // when the statement was signed
	Entries    int64           `json:"entries"`    // removed by this statement
	Segments   []PrunedSegment `json:"segments"`   // the files removed, in order

	note []byte
}

// PrunedSegment is one file that was removed.
type PrunedSegment struct {
	File    string `json:"file"`
	SHA256  string `json:"sha256"` // hexadecimal, of the whole file
	Entries int64  `json:"entries"`
}

// Note is the signed note that the line stands for.
func (p *PruneStatement) Note() []byte { return p.note }

type pruneLine struct {
	Prune *PruneStatement `json:"prune"`
}

func (p *PruneStatement) line(ring *keys.Ring) ([]byte, error) {
	body, err := compact(pruneLine{p})
	if err != nil {
		return nil, err
	}
	return sign(ring, body)
}

// ErrPruneStatement is wrapped by every error about a prune statement.
var ErrPruneStatement = errors.New("not a prune statement")

// ParsePruneStatement reads a line without its newline. It checks the form and
// that the statement agrees with itself, not the signature.
func ParsePruneStatement(line []byte) (*PruneStatement, error) {
	body, note, err := splitSigned(line)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPruneStatement, err)
	}
	var version struct {
		Prune struct {
			V int `json:"v"`
		} `json:"prune"`
	}
	if json.Unmarshal(body, &version) == nil && version.Prune.V > Version {
		return nil, fmt.Errorf("%w: format version %d: this program reads up to %d", ErrPruneStatement, version.Prune.V, Version)
	}
	p := &PruneStatement{note: note}
	if err := parseExact(body, &pruneLine{p}); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPruneStatement, err)
	}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPruneStatement, err)
	}
	return p, nil
}

func (p *PruneStatement) check() error {
	if _, err := merkle.ParseOrigin(p.Origin); err != nil {
		return err
	}
	if p.V != Version || p.First < 1 || p.Last < p.First || p.Last >= MaxSegment || p.Size < 0 || len(p.Root) != len(merkle.Hash{}) {
		return errors.New("v, first, last, size or root is missing or out of range")
	}
	if int64(len(p.Segments)) != p.Last-p.First+1 {
		return fmt.Errorf("%d segments are listed, first to last are %d", len(p.Segments), p.Last-p.First+1)
	}
	var entries int64
	for i := range p.Segments {
		s := &p.Segments[i]
		if s.File != SegmentName(p.First+int64(i)) || !isDigest(s.SHA256) || s.Entries < 0 {
			return fmt.Errorf("segments: number %d is not %s with a SHA-256", i+1, SegmentName(p.First+int64(i)))
		}
		entries += s.Entries
	}
	if entries != p.Entries {
		return errors.New("entries is not the sum of those of the segments")
	}
	return nil
}

// PruneLine is a line of the file pruned.
type PruneLine struct {
	Number    int // of the line, from 1
	Raw       []byte
	Statement *PruneStatement // nil where Err says why
	Err       error
}

// ReadPruned reads the prune statements of a directory, none where there is no
// such file. A last line without an end is one that was being written: nothing
// was deleted for it, and it is left out.
func ReadPruned(directory string) ([]PruneLine, error) {
	file, err := os.Open(filepath.Join(directory, PrunedName))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var lines []PruneLine
	in := bufio.NewReader(file)
	for number := 1; ; number++ {
		raw, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return nil, err
		}
		line := PruneLine{Number: number, Raw: bytes.TrimSuffix(raw, []byte("\n"))}
		line.Statement, line.Err = ParsePruneStatement(line.Raw)
		lines = append(lines, line)
	}
}
