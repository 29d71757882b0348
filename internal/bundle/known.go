package bundle

import (
	"time"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
)

// Known opens notes with the keys of a key file, which are those of one log: the
// maker of a bundle holds the log's own statements against them before it signs.
type Known struct{ Ring *keys.Ring }

// Checkpoint opens a signed checkpoint.
func (k Known) Checkpoint(signed []byte) (merkle.Checkpoint, error) {
	text, err := k.Ring.Open(signed)
	if err != nil {
		return merkle.Checkpoint{}, err
	}
	return merkle.ParseCheckpoint(text)
}

// Statement opens any other signed text.
func (k Known) Statement(signed []byte, read func(text string) (origin string, at time.Time, err error)) error {
	text, err := k.Ring.Open(signed)
	if err != nil {
		return err
	}
	_, _, err = read(text)
	return err
}
