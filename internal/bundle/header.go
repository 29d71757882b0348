package bundle

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/otelaudit/otelaudit/internal/merkle"
)

// Version is the version of the format.
const Version = 1

// Header is the first line of a bundle.
type Header struct {
	Version  int      `json:"version"`
	Log      string   `json:"log"` // name of the log and of its keys
	TenantID string   `json:"tenant_id"`
	Filter   Filter   `json:"filter"`
	Keys     []string `json:"keys"` // verifier keys of the log, for the reader's convenience; trust is the reader's own
	Epochs   []Epoch  `json:"epochs"`
}

// Epoch is a tree of the tenant's that the bundle speaks of.
type Epoch struct {
	Epoch int32 `json:"epoch"`
	// Checkpoint is the signed note that the proofs lead to. An epoch written
	// without signatures has none; the opening of the next one signs its root.
	Checkpoint string `json:"checkpoint,omitempty"`
	// Opening is the signed statement that opened the epoch, from epoch 1 on.
	Opening string `json:"opening,omitempty"`
	// Pruned is the number of events at the beginning that retention removed.
	Pruned int64 `json:"pruned,omitempty"`
	// Removals are the evidence that what is gone was meant to go.
	Removals []Removal `json:"removals,omitempty"`
}

const (
	headerBegin   = `{"otelaudit_bundle":`
	endBegin      = `{"end":`
	manifestBegin = `{"manifest":`
)

// marshal writes JSON as the lines of a bundle have it, without a newline.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

func (h *Header) line() ([]byte, error) {
	return marshal(struct {
		Header *Header `json:"otelaudit_bundle"`
	}{h})
}

// ErrNotBundle is wrapped where a file is something else, or of a version that
// this program does not know.
var ErrNotBundle = errors.New("not a bundle")

func parseHeader(line []byte) (Header, error) {
	var wrapped struct {
		Header Header `json:"otelaudit_bundle"`
	}
	if !bytes.HasPrefix(line, []byte(headerBegin)) {
		return Header{}, fmt.Errorf("%w: the first line is not its header", ErrNotBundle)
	}
	if err := json.Unmarshal(line, &wrapped); err != nil {
		return Header{}, fmt.Errorf("%w: the header is not JSON of the right form", ErrNotBundle)
	}
	h := wrapped.Header
	if h.Version != Version {
		return Header{}, fmt.Errorf("%w: version %d, this program reads version %d", ErrNotBundle, h.Version, Version)
	}
	again, err := h.line()
	if err != nil || !bytes.Equal(again, line) {
		return Header{}, fmt.Errorf("%w: other bytes for the same header", ErrNotBundle)
	}
	if err := h.check(); err != nil {
		return Header{}, err
	}
	return h, nil
}

// check holds the header against itself.
func (h *Header) check() error {
	if err := merkle.CheckLogName(h.Log); err != nil {
		return fmt.Errorf("header: %w", err)
	}
	if h.TenantID == "" {
		return errors.New("header: tenant_id is empty")
	}
	if err := h.Filter.Check(); err != nil {
		return fmt.Errorf("header: filter: %w", err)
	}
	for _, key := range h.Keys {
		verifier, err := note.NewVerifier(key)
		if err != nil || verifier.Name() != h.Log {
			return errors.New("header: keys holds what is not a public key of the log")
		}
	}
	if len(h.Epochs) == 0 {
		return errors.New("header: no epoch")
	}
	for i := range h.Epochs {
		epoch := &h.Epochs[i]
		switch {
		case i == 0 && epoch.Epoch < 0, i > 0 && epoch.Epoch <= h.Epochs[i-1].Epoch:
			return errors.New("header: epochs are not in order")
		case h.Filter.Epoch != nil && *h.Filter.Epoch != epoch.Epoch:
			return fmt.Errorf("header: epoch %d is not the one of the filter", epoch.Epoch)
		case epoch.Pruned < 0:
			return errors.New("header: pruned is below 0")
		case epoch.Epoch == 0 && epoch.Opening != "":
			return errors.New("header: epoch 0 was not opened by a statement")
		}
	}
	return nil
}

// opener opens a signed note: a trust file, or the maker's own keys.
type opener interface {
	Checkpoint(signed []byte) (merkle.Checkpoint, error)
	Statement(signed []byte, read func(text string) (origin string, at time.Time, err error)) error
}

// tree is what the entries of an epoch must lead to.
type tree struct {
	epoch      int32
	origin     string
	signed     bool // by its checkpoint or by the opening of the next epoch
	unsigned   bool // its own commits carry no signature
	size       int64
	root       merkle.Hash
	recordedAt time.Time
	lostSize   int64 // of the epoch before, as its opening acknowledges
	pruned     int64
	prunedRoot merkle.Hash // of the tree of what was pruned, signed
	announced  [][2]int64  // whose removal one by one is proven to be meant; in order

	newest time.Time // of the events read
	events int64     // read
}

// trees opens the header's checkpoints and statements and holds them against
// each other.
func (h *Header) trees(trust opener) ([]tree, error) {
	found := make([]tree, len(h.Epochs))
	for i := len(h.Epochs) - 1; i >= 0; i-- {
		epoch, t := &h.Epochs[i], &found[i]
		t.epoch, t.origin, t.pruned = epoch.Epoch, merkle.TenantOrigin(h.Log, h.TenantID, epoch.Epoch), epoch.Pruned
		if epoch.Checkpoint != "" {
			if err := t.setCheckpoint(trust, []byte(epoch.Checkpoint)); err != nil {
				return nil, fmt.Errorf("checkpoint of epoch %d: %w", epoch.Epoch, err)
			}
		}
	}
	for i := range h.Epochs {
		if err := h.setOpening(trust, found, i); err != nil {
			return nil, fmt.Errorf("opening of epoch %d: %w", h.Epochs[i].Epoch, err)
		}
	}
	for i := range found {
		t := &found[i]
		switch {
		case !t.signed:
			return nil, fmt.Errorf("epoch %d: no signature stands for it", t.epoch)
		case t.pruned > t.size:
			return nil, fmt.Errorf("epoch %d: more was pruned than there was", t.epoch)
		}
		if err := h.setRemovals(trust, t, &h.Epochs[i]); err != nil {
			return nil, fmt.Errorf("removals of epoch %d: %w", t.epoch, err)
		}
	}
	return found, nil
}

func (t *tree) setCheckpoint(trust opener, signed []byte) error {
	c, err := trust.Checkpoint(signed)
	if err != nil {
		return err
	}
	if c.Origin != t.origin {
		return fmt.Errorf("it is one of another log, %s, not of %s", c.Origin, t.origin)
	}
	t.size, t.root, t.recordedAt, t.signed = c.Size, c.Root, c.RecordedAt, true
	return nil
}

// setOpening checks the statement that opened epoch i against the epoch before
// it, and takes that one's root from it where nothing else signed it.
func (h *Header) setOpening(trust opener, found []tree, i int) error {
	if h.Epochs[i].Opening == "" {
		if h.Epochs[i].Epoch > 0 {
			return errors.New("it is missing")
		}
		return nil
	}
	signed := []byte(h.Epochs[i].Opening)
	var s merkle.EpochStatement
	err := trust.Statement(signed, func(text string) (string, time.Time, error) {
		var err error
		s, err = merkle.ParseEpochStatement(text)
		return s.Origin, s.RecordedAt, err
	})
	if err != nil {
		return err
	}
	if s.Origin != found[i].origin {
		return fmt.Errorf("it opens %s, not %s", s.Origin, found[i].origin)
	}
	found[i].lostSize = s.LostSize
	if last := i == len(found)-1; last && !found[i].signed { // opened, and nothing written since
		found[i].root, found[i].recordedAt, found[i].signed = merkle.EmptyRoot(), s.RecordedAt, true
	}
	if h.Filter.Epoch != nil {
		return nil
	}
	if i == 0 || found[i-1].origin != s.PreviousOrigin {
		return fmt.Errorf("the epoch before, %s, is not in the bundle", s.PreviousOrigin)
	}
	before := &found[i-1]
	if !before.signed {
		before.unsigned = true
		before.size, before.root, before.recordedAt, before.signed = s.PreviousSize, s.PreviousRoot, s.RecordedAt, true
		return nil
	}
	if before.size != s.PreviousSize || before.root != s.PreviousRoot {
		return fmt.Errorf("it says that the epoch before ended with %d events and root %x, its checkpoint says %d and %x",
			s.PreviousSize, s.PreviousRoot, before.size, before.root)
	}
	return nil
}
