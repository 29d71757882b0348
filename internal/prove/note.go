package prove

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
)

// ErrNote is wrapped where the signatures of a note are written in another way
// than the one that signing gives.
var ErrNote = errors.New("not a signed note in its one form")

// CheckNote refuses a note whose signature lines carry bits that do not count:
// base64 has some at its end, and a proof with a bit changed is to be no proof.
func CheckNote(signed []byte) error {
	text, signatures, found := bytes.Cut(signed, []byte("\n\n"))
	if !found || len(text) == 0 {
		return fmt.Errorf("%w: want a text, an empty line and signatures", ErrNote)
	}
	for line := range bytes.Lines(signatures) {
		line, ended := bytes.CutSuffix(line, []byte("\n"))
		fields := bytes.Split(line, []byte(" "))
		if len(fields) != 3 || !ended {
			return fmt.Errorf("%w: a signature line has a name and a signature", ErrNote)
		}
		signature, err := base64.StdEncoding.Strict().DecodeString(string(fields[2]))
		if err != nil || base64.StdEncoding.EncodeToString(signature) != string(fields[2]) {
			return fmt.Errorf("%w: a signature is not base64", ErrNote)
		}
	}
	return nil
}
