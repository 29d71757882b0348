package keys

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"io"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/otelaudit/otelaudit/internal/merkle"
)

const privatePrefix = "PRIVATE+KEY+"

// algorithmEd25519 is the first byte of a key in the form of sumdb/note.
const algorithmEd25519 = 1

// Generate makes a key pair for a log from 32 bytes of rand: the line of a key
// file, which is secret, and the verifier key of a trust file, which is not.
func Generate(rand io.Reader, logName string) (private, public string, err error) {
	if err := merkle.CheckLogName(logName); err != nil {
		return "", "", err
	}
	return note.GenerateKey(rand, logName)
}

// errPublic is all that is said of a damaged key: the text could be a secret in
// the wrong place.
var errPublic = errors.New("the public key is damaged")

// newVerifier reads a verifier key. It takes exactly one text for a key, so that
// two lines of one key are always seen to be that.
func newVerifier(text string) (note.Verifier, error) {
	verifier, err := note.NewVerifier(text)
	if err != nil {
		return nil, errPublic
	}
	fields := strings.SplitN(text, "+", 3)
	key, err := base64.StdEncoding.Strict().DecodeString(fields[2])
	if err != nil || idOf(verifier).String()+"+"+base64.StdEncoding.EncodeToString(key) != text {
		return nil, errPublic
	}
	if err := merkle.CheckLogName(verifier.Name()); err != nil {
		return nil, err
	}
	return verifier, nil
}

var errPrivate = errors.New("the private key is damaged")

// newSigner reads a private key, and the verifier key that belongs to it, which
// package note does not tell.
func newSigner(text string) (signer note.Signer, public string, err error) {
	if signer, err = note.NewSigner(text); err != nil {
		return nil, "", errPrivate
	}
	fields := strings.SplitN(strings.TrimPrefix(text, privatePrefix), "+", 3)
	if len(fields) != 3 {
		return nil, "", errPrivate
	}
	key, err := base64.StdEncoding.Strict().DecodeString(fields[2])
	if err != nil || len(key) != 1+ed25519.SeedSize || key[0] != algorithmEd25519 {
		return nil, "", errPrivate
	}
	point, _ := ed25519.NewKeyFromSeed(key[1:]).Public().(ed25519.PublicKey)
	if public, err = note.NewEd25519VerifierKey(fields[0], point); err != nil {
		return nil, "", errPrivate
	}
	if !strings.HasPrefix(public, fields[0]+"+"+fields[1]+"+") {
		return nil, "", errPrivate
	}
	return signer, public, nil
}
