// Package merkle is the log behind a tenant's events and behind a journal: the
// tree of RFC 6962, the checkpoints that commit to it (C2SP tlog-checkpoint) and
// the proofs that an entry is in it (C2SP tlog-proof) or that it only grew. It
// knows no keys, no store and no clock; package keys signs what is made here.
package merkle
