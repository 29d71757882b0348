package record

import (
	"math/bits"
	"unicode/utf8"
)

// Nearly all text in audit records is plain ASCII, and every byte of a record is
// looked at several times on its way. These functions look at eight at once: a
// word of eight bytes, each of whose highest bit says what the function found out
// about that byte. A subtraction may carry beyond a byte that was found, so only
// the lowest one found counts.

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080

	wordBytes = 8
)

// wordAt returns the eight bytes of s from i on, the first of them lowest. The
// compiler makes one load of it.
func wordAt(s string, i int) uint64 {
	s = s[i : i+wordBytes]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// zeros marks the bytes that are zero.
func zeros(w uint64) uint64 { return (w - ones) &^ w & highs }

// escaped marks the bytes that do not stand for themselves inside a JSON string:
// controls, quotes and backslashes. Bytes of multi-byte characters are not marked.
func escaped(w uint64) uint64 {
	return (w-ones*0x20)&^w&highs | zeros(w^ones*'"') | zeros(w^ones*'\\')
}

// plainASCII returns how many bytes of s from i on are ASCII that stands for
// itself inside a JSON string.
func plainASCII(s string, i int) int {
	start := i
	for ; i+wordBytes <= len(s); i += wordBytes {
		w := wordAt(s, i)
		if found := escaped(w) | w&highs; found != 0 {
			return i + bits.TrailingZeros64(found)/8 - start
		}
	}
	for i < len(s) && plain[s[i]] && s[i] < utf8.RuneSelf {
		i++
	}
	return i - start
}

// plainBytes is plainASCII for text known to be valid UTF-8, of which every
// multi-byte character stands for itself, too.
func plainBytes(s string, i int) int {
	start := i
	for ; i+wordBytes <= len(s); i += wordBytes {
		if found := escaped(wordAt(s, i)); found != 0 {
			return i + bits.TrailingZeros64(found)/8 - start
		}
	}
	for i < len(s) && plain[s[i]] {
		i++
	}
	return i - start
}

// textASCII returns how many bytes of s, from its beginning, are ASCII other than
// U+0000.
func textASCII(s string) int {
	i := 0
	for ; i+wordBytes <= len(s); i += wordBytes {
		w := wordAt(s, i)
		if found := zeros(w) | w&highs; found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for i < len(s) && s[i] != 0 && s[i] < utf8.RuneSelf {
		i++
	}
	return i
}
