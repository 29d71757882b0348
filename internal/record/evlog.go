package record

import (
	"encoding/binary"
	"encoding/hex"
	"time"
	"unicode/utf8"
)

// hasEvlogDerivedKey reports whether the idempotency key is the one that evlog
// computes from action, actor, target, outcome and the second, without the
// tenant, the payload or the changes.
func (r *Record) hasEvlogDerivedKey() bool {
	if len(r.IdempotencyKey) != 32 || r.TimeUnixNano <= 0 {
		return false
	}
	for i := range len(r.IdempotencyKey) {
		c := r.IdempotencyKey[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	id := r.Target.Get("id")
	if r.evlogKey(r.Target, id) == r.IdempotencyKey {
		return true
	}
	// evlog hashed a numeric id, which is decimal text here, as a number, and a
	// target without members, which is no target here, as an object.
	switch {
	case r.Target.IsAbsent():
		return r.evlogKey(EmptyObject(), id) == r.IdempotencyKey
	case id.kind == String:
		if p, err := ParseText(id.str); err == nil && p.Value.kind == Number {
			return r.evlogKey(r.Target, p.Value) == r.IdempotencyKey
		}
	}
	return false
}

// evlogKey computes evlog's key of the record: four FNV-1a hashes of a JSON
// text with sorted names, in which what JavaScript calls undefined stands as
// the bare word.
func (r *Record) evlogKey(target, targetID Value) string {
	b := make([]byte, 0, 256)
	b = append(b, `{"action":`...)
	b = appendString(b, r.Action)
	b = append(b, `,"actor":{"id":`...)
	b = appendString(b, r.ActorID())
	b = append(b, `,"type":`...)
	b = appendString(b, r.ActorType())
	b = append(b, `},"outcome":`...)
	b = appendOrUndefined(b, r.outcomeAsSent())
	b = append(b, `,"target":`...)
	if target.kind == Object {
		b = append(b, `{"id":`...)
		b = appendOrUndefined(b, targetID)
		b = append(b, `,"type":`...)
		b = appendOrUndefined(b, target.Get("type"))
		b = append(b, '}')
	} else {
		b = append(b, "undefined"...)
	}
	b = append(b, `,"timestamp":"`...)
	b = time.Unix(0, r.TimeUnixNano).UTC().AppendFormat(b, "2006-01-02T15:04:05")
	b = append(b, `"}`...)

	h := [4]uint32{0x811c9dc5, 0xdeadbeef, 0x1f83d9ab, 0x5be0cd19}
	for i := 0; i < len(b); {
		char, size := rune(b[i]), 1
		if char >= utf8.RuneSelf {
			char, size = utf8.DecodeRune(b[i:])
		}
		i += size
		if char > 0xffff { // two UTF-16 units
			char -= 0x10000
			fnv1a(&h, byte(0xd800+char>>10)) //nolint:gosec // the low byte is meant
			char = 0xdc00 + char&0x3ff
		}
		fnv1a(&h, byte(char)) //nolint:gosec // the low byte is meant
	}
	var raw [16]byte
	for i, x := range h {
		binary.BigEndian.PutUint32(raw[4*i:], x)
	}
	return hex.EncodeToString(raw[:])
}

func fnv1a(h *[4]uint32, unit byte) {
	for i := range h {
		h[i] = (h[i] ^ uint32(unit)) * 16777619
	}
}

func appendOrUndefined(dst []byte, v Value) []byte {
	if v.IsAbsent() {
		return append(dst, "undefined"...)
	}
	return v.AppendJSON(dst)
}

// outcomeAsSent is the word the client used, Absent where it sent none.
func (r *Record) outcomeAsSent() Value {
	if sent := r.Original.Get("outcome"); !sent.IsAbsent() {
		return sent
	}
	if r.hasFlag(FlagOutcomeMissing) {
		return Value{}
	}
	return TextOrAbsent(r.Outcome)
}
