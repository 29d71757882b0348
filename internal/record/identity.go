package record

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// DeriveEventID returns the identity of a record that brings none of its own:
// a UUIDv8 (RFC 9562) in lower-case text, whose first 48 bits are the event
// time in milliseconds and whose other bits are SHA-256 over the canonical
// record without event_id, producer, flags, original and observed time. A severity
// that no column holds counts as any other, though it stands in original. The time
// in front keeps new keys at the right edge of an index.
//
// It is a function of the record alone: call it after redaction and Normalize,
// and before any encryption.
func (r *Record) DeriveEventID() string {
	sum := r.hashed(identityMembers)
	if far := r.Original.Get("severity"); !far.IsAbsent() {
		sum = sha256.Sum256(far.AppendJSON(sum[:]))
	}
	var id [16]byte
	copy(id[6:], sum[:10])
	ms := uint64(max(r.TimeUnixNano, 0)) / uint64(time.Millisecond)
	for i := 5; i >= 0; i-- {
		id[i] = byte(ms)
		ms >>= 8
	}
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80

	var text [36]byte
	hex.Encode(text[0:8], id[0:4])
	text[8] = '-'
	hex.Encode(text[9:13], id[4:6])
	text[13] = '-'
	hex.Encode(text[14:18], id[6:8])
	text[18] = '-'
	hex.Encode(text[19:23], id[8:10])
	text[23] = '-'
	hex.Encode(text[24:36], id[10:16])
	return string(text[:])
}

// BindsKey reports whether the idempotency key is an identity: it is present
// and is not the one that evlog derives by itself, which two different events
// of one second, and two tenants, can share.
func (r *Record) BindsKey() bool {
	return r.IdempotencyKey != "" && !r.hasEvlogDerivedKey()
}
