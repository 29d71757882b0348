package anchor

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/otelaudit/otelaudit/internal/merkle"
)

// linePrefix is how a checkpoint line of ours begins.
const linePrefix = `{"checkpoint":`

// AppendLine appends a note as a checkpoint line with its newline: a JSON object
// with the member checkpoint, which is the signed note.
func AppendLine(dst, note []byte) []byte {
	dst = append(dst, linePrefix...)
	text, err := json.Marshal(string(note))
	if err != nil {
		panic(err) // a string can be encoded
	}
	return append(append(dst, text...), '}', '\n')
}

var (
	errNoLine = errors.New("not a checkpoint line")
	errNoNote = errors.New("not a signed note")
)

// parseLine returns the note of a checkpoint line of ours, without its newline.
func parseLine(line []byte) ([]byte, error) {
	if !bytes.HasPrefix(line, []byte(linePrefix)) {
		return nil, errNoLine
	}
	return noteMember(line)
}

// noteMember returns the member checkpoint of a JSON object.
func noteMember(object []byte) ([]byte, error) {
	var members struct {
		Checkpoint *string `json:"checkpoint"`
	}
	if err := json.Unmarshal(object, &members); err != nil || members.Checkpoint == nil {
		return nil, errNoLine
	}
	return []byte(*members.Checkpoint), nil
}

var signatureLine = []byte("— ")

// Unverified returns the checkpoint of a signed note without a look at the
// signatures.
func Unverified(note []byte) (merkle.Checkpoint, error) {
	i := bytes.Index(note, []byte("\n\n"))
	if i < 0 || !utf8.Valid(note) {
		return merkle.Checkpoint{}, errNoNote
	}
	signatures, whole := bytes.CutSuffix(note[i+2:], []byte("\n"))
	if !whole {
		return merkle.Checkpoint{}, errNoNote
	}
	for signature := range bytes.SplitSeq(signatures, []byte("\n")) {
		if !bytes.HasPrefix(signature, signatureLine) {
			return merkle.Checkpoint{}, errNoNote
		}
	}
	checkpoint, err := merkle.ParseCheckpoint(string(note[:i+1]))
	if err != nil {
		return merkle.Checkpoint{}, fmt.Errorf("%w: %w", errNoNote, err)
	}
	return checkpoint, nil
}
