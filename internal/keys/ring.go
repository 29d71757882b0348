package keys

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/otelaudit/otelaudit/internal/merkle"
)

// Ring is the content of a key file: the keys that sign for one log and those
// whose signatures it made before. Safe for concurrent use.
type Ring struct {
	log       string
	signers   []note.Signer
	verifiers note.Verifiers
	public    []string // verifier keys of the signers, same order
	retired   []string // verifier keys that sign no more
}

// ErrKey is wrapped by every error about the content of a key file.
var ErrKey = errors.New("not a key file")

// ParseRing reads a key file: one key per line, empty lines and lines that begin
// with # are ignored. A private key (PRIVATE+KEY+<log name>+<hash>+<base64>)
// signs; with several, each signs every checkpoint, so that an old and a new
// key overlap while verifiers learn the new one. A public key (<log
// name>+<hash>+<base64>) signs no more, but what it signed is still accepted as
// the head to append to. All keys are of one log. Errors name the line, never
// what stands there.
func ParseRing(text []byte) (*Ring, error) {
	ring := &Ring{}
	var verifiers []note.Verifier
	seen := make(map[string]bool)
	scanner := bufio.NewScanner(strings.NewReader(string(text)))
	for number := 1; scanner.Scan(); number++ {
		line := strings.TrimSpace(scanner.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		verifier, err := ring.add(line)
		if err != nil {
			return nil, fmt.Errorf("%w: line %d: %w", ErrKey, number, err)
		}
		switch {
		case ring.log == "":
			ring.log = verifier.Name()
			if err := merkle.CheckLogName(ring.log); err != nil {
				return nil, fmt.Errorf("%w: line %d: %w", ErrKey, number, err)
			}
		case ring.log != verifier.Name():
			return nil, fmt.Errorf("%w: line %d: a key of another log (%s, the first is of %s)", ErrKey, number, verifier.Name(), ring.log)
		}
		id := fmt.Sprintf("%08x", verifier.KeyHash())
		if seen[id] {
			return nil, fmt.Errorf("%w: line %d: key %s stands twice", ErrKey, number, id)
		}
		seen[id] = true
		verifiers = append(verifiers, verifier)
	}
	if err := scanner.Err(); err != nil {
		return nil, fmt.Errorf("%w: a line is too long", ErrKey)
	}
	if len(ring.signers) == 0 {
		return nil, fmt.Errorf("%w: it holds no private key", ErrKey)
	}
	ring.verifiers = note.VerifierList(verifiers...)
	return ring, nil
}

func (r *Ring) add(line string) (note.Verifier, error) {
	if !strings.HasPrefix(line, privatePrefix) {
		verifier, err := note.NewVerifier(line)
		if err != nil {
			return nil, errors.New("neither a private nor a public key")
		}
		r.retired = append(r.retired, line)
		return verifier, nil
	}
	signer, err := note.NewSigner(line)
	if err != nil {
		return nil, errors.New("the private key is damaged")
	}
	public, err := publicOf(line)
	if err != nil {
		return nil, errors.New("the private key is damaged")
	}
	verifier, err := note.NewVerifier(public)
	if err != nil {
		return nil, errors.New("the private key is damaged")
	}
	r.signers = append(r.signers, signer)
	r.public = append(r.public, public)
	return verifier, nil
}

// LogName is the name of the log that the keys sign for, the first part of
// every origin.
func (r *Ring) LogName() string { return r.log }

// Public are the verifier keys of the keys that sign, in the order of the file.
func (r *Ring) Public() []string { return append([]string(nil), r.public...) }

// Sign signs the text of a checkpoint, or of any other statement, with every
// private key and returns the signed note. The text ends in a newline.
func (r *Ring) Sign(text string) ([]byte, error) {
	return note.Sign(&note.Note{Text: text}, r.signers...)
}

// ErrSignature is wrapped where a note carries no signature that counts.
var ErrSignature = errors.New("no valid signature of a known key")

// Open returns the text of a note that one of the ring's keys signed, retired
// ones included.
func (r *Ring) Open(signed []byte) (text string, err error) {
	opened, err := note.Open(signed, r.verifiers)
	if err != nil {
		return "", openError(err)
	}
	return opened.Text, nil
}

// openError keeps what was signed out of the message.
func openError(err error) error {
	var unverified *note.UnverifiedNoteError
	var invalid *note.InvalidSignatureError
	switch {
	case errors.As(err, &unverified):
		names := make([]string, 0, len(unverified.Note.UnverifiedSigs))
		for _, sig := range unverified.Note.UnverifiedSigs {
			names = append(names, fmt.Sprintf("%s+%08x", sig.Name, sig.Hash))
		}
		return fmt.Errorf("%w (signed by %s)", ErrSignature, strings.Join(names, ", "))
	case errors.As(err, &invalid):
		return fmt.Errorf("%w: the signature of %s+%08x does not fit the text", ErrSignature, invalid.Name, invalid.Hash)
	}
	return fmt.Errorf("%w: not a signed note", ErrSignature)
}

// Generate makes a key pair for a log from 32 bytes of rand: the line of a key
// file, which is secret, and the verifier key of a trust file, which is not.
func Generate(rand io.Reader, logName string) (private, public string, err error) {
	if err := merkle.CheckLogName(logName); err != nil {
		return "", "", err
	}
	return note.GenerateKey(rand, logName)
}
