// Package mutation attacks a signed audit trail and holds the verifier to what
// it must find. Each seed makes a store in a real PostgreSQL and a journal
// beside it, checks that verification has nothing to say about them, changes one
// thing as an attacker would, and compares what verification says then with what
// a table in this package expects: found, where, or not detectable and why. An
// attack that is found although the table says it cannot be fails just as one
// that is missed.
//
// An Operator is what is changed; an Attacker is what else of the evidence its
// author can make fit; a Witness is what the verifier has beside the store.
package mutation
