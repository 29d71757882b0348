package keys

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// maxNoteBytes bounds what is opened.
const maxNoteBytes = 1 << 20

// keyID is the name and the hash of a key, as a signature line has them.
type keyID struct {
	name string
	hash uint32
}

func idOf(v note.Verifier) keyID { return keyID{v.Name(), v.KeyHash()} }

func (id keyID) String() string { return fmt.Sprintf("%s+%08x", id.name, id.hash) }

// verifiers finds a key by what a signature line says of it.
type verifiers map[keyID]note.Verifier

// Verifier is the method of note.Verifiers.
func (v verifiers) Verifier(name string, hash uint32) (note.Verifier, error) {
	if verifier := v[keyID{name, hash}]; verifier != nil {
		return verifier, nil
	}
	return nil, &note.UnknownVerifierError{Name: name, KeyHash: hash}
}

// ErrSignature is wrapped where a note carries no signature that counts.
var ErrSignature = errors.New("no valid signature of a known key")

// open returns a note that at least one known key signed and on which every
// signature of a known key is valid. Other keys may have signed it, too: while
// keys rotate, a verifier does not know the new one yet.
func open(signed []byte, known verifiers) (*note.Note, error) {
	if len(signed) > maxNoteBytes {
		return nil, fmt.Errorf("%w: larger than %d bytes", ErrSignature, maxNoteBytes)
	}
	opened, err := note.Open(signed, known)
	if err != nil {
		return nil, openError(err)
	}
	if err := checkForm(signed, opened); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return opened, nil
}

// checkForm refuses what note.Open lets pass although no signer wrote it so: a
// second line of a key that signed already, which is not looked at, and other
// base64 for the same bytes.
func checkForm(signed []byte, opened *note.Note) error {
	lines := bytes.Count(signed[len(opened.Text)+1:], []byte{'\n'})
	if lines != len(opened.Sigs)+len(opened.UnverifiedSigs) {
		return errors.New("a key has signed twice")
	}
	var decoded [2 * 64]byte
	for _, sig := range opened.Sigs {
		if base64.StdEncoding.DecodedLen(len(sig.Base64)) > len(decoded) {
			return errors.New("a signature is too long")
		}
		if _, err := base64.StdEncoding.Strict().Decode(decoded[:], []byte(sig.Base64)); err != nil {
			return errors.New("a signature is not strict base64")
		}
	}
	return nil
}

// openError keeps what was signed out of the message.
func openError(err error) error {
	var unverified *note.UnverifiedNoteError
	var invalid *note.InvalidSignatureError
	switch {
	case errors.As(err, &unverified):
		return fmt.Errorf("%w (signed by %s)", ErrSignature, signedBy(unverified.Note.UnverifiedSigs))
	case errors.As(err, &invalid):
		return fmt.Errorf("%w: the signature of %s does not fit the text", ErrSignature, keyID{invalid.Name, invalid.Hash})
	}
	return fmt.Errorf("%w: not a signed note", ErrSignature)
}

func signedBy(sigs []note.Signature) string {
	const most = 4
	var names []string
	for i, sig := range sigs {
		if i == most {
			names = append(names, fmt.Sprintf("%d more", len(sigs)-most))
			break
		}
		names = append(names, keyID{cut(sig.Name), sig.Hash}.String())
	}
	return strings.Join(names, ", ")
}
