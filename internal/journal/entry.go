package journal

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/otelaudit/otelaudit/internal/merkle"
)

// Entry is one leaf to be written.
type Entry struct {
	Line []byte // without a newline; not to be changed once it is handed over
	Leaf merkle.Hash
	MAC  string // of its sender, "" for none
}

// NewEntry makes an entry of a record's canonical bytes or of the line of a
// Quarantined, with the MAC its sender gave it. It is where hashing happens, in
// the caller's goroutine.
func (h *Hasher) NewEntry(line []byte, mac string) (Entry, error) {
	switch {
	case !bytes.HasPrefix(line, recordStart) && !bytes.HasPrefix(line, quarantineStart):
		return Entry{}, errors.New("neither a record with an action nor a quarantine entry")
	case len(line) > MaxLineBytes:
		return Entry{}, fmt.Errorf("an entry of %d bytes, at most %d are allowed", len(line), MaxLineBytes)
	case bytes.IndexByte(line, '\n') >= 0:
		return Entry{}, errors.New("a newline in an entry")
	}
	return Entry{Line: line, Leaf: h.Leaf(line), MAC: mac}, nil
}

// size is what the entry takes while it waits.
func (e *Entry) size() int64 { return int64(len(e.Line) + len(e.MAC) + entryOverhead) }

// entryOverhead is the rest of an Entry and its newline.
const entryOverhead = 96
