package keys

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/otelaudit/otelaudit/internal/merkle"
)

// Ring is the content of a key file: the keys that sign for one log and those
// whose signatures it made before. Safe for concurrent use.
type Ring struct {
	log     string
	signers []note.Signer
	known   verifiers
	public  []string // verifier keys of the signers, same order
	retired []string // verifier keys that sign no more
}

// ErrKey is wrapped by every error about the content of a key file.
var ErrKey = errors.New("not a key file")

// LoadRing reads a key file that others cannot read.
func LoadRing(path string) (*Ring, error) {
	text, err := readSecret(path)
	if err != nil {
		return nil, err
	}
	ring, err := ParseRing(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return ring, nil
}

// ParseRing reads a key file: one key per line, empty lines and lines that begin
// with # are ignored. A private key (PRIVATE+KEY+<log name>+<hash>+<base64>)
// signs; with several, each signs every checkpoint, so that an old and a new
// key overlap while verifiers learn the new one. A public key (<log
// name>+<hash>+<base64>) signs no more, but what it signed is still accepted as
// the head to append to. All keys are of one log. Errors name the line, never
// what stands there.
func ParseRing(text []byte) (*Ring, error) {
	ring := &Ring{known: make(verifiers)}
	err := eachLine(text, ring.add)
	if err == nil && len(ring.signers) == 0 {
		err = errors.New("it holds no private key")
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	return ring, nil
}

// maxSigners is far more than a rotation needs: each costs a signature for
// every commit.
const maxSigners = 8

func (r *Ring) add(line string) error {
	public := line
	var signer note.Signer
	if strings.HasPrefix(line, privatePrefix) {
		var err error
		if signer, public, err = newSigner(line); err != nil {
			return err
		}
	}
	verifier, err := newVerifier(public)
	switch {
	case errors.Is(err, errPublic):
		return errors.New("neither a private nor a public key")
	case err != nil:
		return err
	case r.log != "" && r.log != verifier.Name():
		return fmt.Errorf("a key of another log (%s, the first is of %s)", verifier.Name(), r.log)
	case r.known[idOf(verifier)] != nil:
		return fmt.Errorf("key %s stands twice", idOf(verifier))
	case signer != nil && len(r.signers) == maxSigners:
		return fmt.Errorf("more than %d private keys", maxSigners)
	}
	r.log = verifier.Name()
	r.known[idOf(verifier)] = verifier
	if signer == nil {
		r.retired = append(r.retired, public)
		return nil
	}
	r.signers = append(r.signers, signer)
	r.public = append(r.public, public)
	return nil
}

// LogName is the name of the log that the keys sign for, the first part of
// every origin.
func (r *Ring) LogName() string { return r.log }

// Public are the verifier keys of the keys that sign, in the order of the file.
func (r *Ring) Public() []string { return slices.Clone(r.public) }

// Retired are the verifier keys of the file that sign no more, in its order.
func (r *Ring) Retired() []string { return slices.Clone(r.retired) }

// Format keeps the keys out of every print of a ring.
func (r *Ring) Format(f fmt.State, _ rune) {
	ids := make([]string, len(r.signers))
	for i, signer := range r.signers {
		ids[i] = keyID{signer.Name(), signer.KeyHash()}.String()
	}
	fmt.Fprintf(f, "keys %s", strings.Join(ids, ", "))
}

// Sign signs the text of a checkpoint, or of any other statement, with every
// private key and returns the signed note. The text ends in a newline.
func (r *Ring) Sign(text string) ([]byte, error) {
	return note.Sign(&note.Note{Text: text}, r.signers...)
}

// Open returns the text of a note that one of the ring's keys signed, retired
// ones included. The log's name is only in the text: the caller compares the
// origin.
func (r *Ring) Open(signed []byte) (text string, err error) {
	opened, err := open(signed, r.known)
	if err != nil {
		return "", err
	}
	return opened.Text, nil
}

// Checkpoint opens a checkpoint of this origin that one of the ring's keys
// signed, retired ones included.
func (r *Ring) Checkpoint(signed []byte, origin string) (merkle.Checkpoint, error) {
	text, err := r.Open(signed)
	if err != nil {
		return merkle.Checkpoint{}, err
	}
	checkpoint, err := merkle.ParseCheckpoint(text)
	if err != nil {
		return merkle.Checkpoint{}, err
	}
	if checkpoint.Origin != origin {
		return merkle.Checkpoint{}, fmt.Errorf("%w: it is of %s, not of %s", ErrOrigin, checkpoint.Origin, origin)
	}
	return checkpoint, nil
}

// ErrOrigin is wrapped where a checkpoint is of another log than the one asked
// for.
var ErrOrigin = errors.New("a checkpoint of another log")
