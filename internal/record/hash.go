package record

import (
	"crypto/sha256"
	"sync"
)

// buffers holds scratch space for canonical bytes; hashing does not keep them.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 2048); return &b }}

// maxPooledBytes keeps one large record from pinning its buffer for ever.
const maxPooledBytes = 64 << 10

// hashed returns SHA-256 over the selected members.
func (r *Record) hashed(sel selection) [32]byte {
	buf := buffers.Get().(*[]byte)
	b := r.appendMembers((*buf)[:0], sel)
	sum := sha256.Sum256(b)
	if cap(b) <= maxPooledBytes {
		*buf = b
		buffers.Put(buf)
	}
	return sum
}

// Leaf returns the RFC 6962 leaf hash of the record's canonical bytes.
func (r *Record) Leaf() [32]byte {
	buf := buffers.Get().(*[]byte)
	b := r.AppendCanonical(append((*buf)[:0], 0))
	sum := sha256.Sum256(b)
	if cap(b) <= maxPooledBytes {
		*buf = b
		buffers.Put(buf)
	}
	return sum
}

// LeafHash returns the RFC 6962 leaf hash of canonical bytes as AppendCanonical
// writes them: SHA-256(0x00 ‖ canonical).
func LeafHash(canonical []byte) [32]byte {
	buf := buffers.Get().(*[]byte)
	b := (*buf)[:0]
	b = append(b, 0)
	b = append(b, canonical...)
	sum := sha256.Sum256(b)
	if cap(b) <= maxPooledBytes {
		*buf = b
		buffers.Put(buf)
	}
	return sum
}

// Fingerprint returns SHA-256 over the members that say what happened: tenant,
// action, outcome, actor, target, reason, changes, correlation_id, causation_id
// and payload, as an RFC 8785 object. Two records of one identity with equal
// fingerprints are one event; with different ones they are a conflict.
func (r *Record) Fingerprint() [32]byte { return r.hashed(fingerprintMembers) }
