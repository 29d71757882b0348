package keys

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

const privatePrefix = "PRIVATE+KEY+"

// algorithmEd25519 is the first byte of a key in the form of sumdb/note.
const algorithmEd25519 = 1

// publicOf returns the verifier key that belongs to a private key, which
// package note does not tell.
func publicOf(private string) (string, error) {
	fields := strings.SplitN(strings.TrimPrefix(private, privatePrefix), "+", 3)
	if len(fields) != 3 {
		return "", errors.New("not name, hash and key")
	}
	key, err := base64.StdEncoding.DecodeString(fields[2])
	if err != nil || len(key) != 1+ed25519.SeedSize || key[0] != algorithmEd25519 {
		return "", errors.New("not an Ed25519 seed")
	}
	public, _ := ed25519.NewKeyFromSeed(key[1:]).Public().(ed25519.PublicKey)
	return note.NewEd25519VerifierKey(fields[0], public)
}
