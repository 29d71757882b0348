// Package pgproxy stands between a collector and PostgreSQL and hurts their
// conversation at a chosen message: it cuts, stalls, slows, drops an answer or
// changes bytes. It understands the framing of the protocol's version 3, so a
// fault happens where a test says ("the answer to the second COMMIT"), not after
// some milliseconds.
package pgproxy
