// Package keys holds what a log is signed with and whom a verifier trusts: key
// files with the private keys of one log, and trust files with the public keys
// of all that were ever used. Signatures are Ed25519 in the form of
// golang.org/x/mod/sumdb/note (C2SP signed-note).
package keys
