// Package keys holds what a log is signed with and whom a verifier trusts: key
// files with the private keys of one log, trust files with the public keys of
// all that were ever used, and the keys of origin MACs; it makes, rotates and
// retires them. Signatures are Ed25519 in the form of golang.org/x/mod/sumdb/note
// (C2SP signed-note). It knows no store and no clock, and prints no secret.
package keys
