package record

import (
	"unicode/utf8"
)

// AppendJSON appends v as RFC 8785 (JCS) bytes: members in the order of UTF-16
// code units, ECMAScript numbers, the shortest escapes, no white space. An
// Absent v appends null, so that the result is always JSON; bytes that are not
// UTF-8 are written as U+FFFD.
func (v Value) AppendJSON(dst []byte) []byte { return appendValue(dst, &v) }

// appendValue takes a pointer because a Value is seven words.
func appendValue(dst []byte, v *Value) []byte {
	switch v.kind {
	case Bool:
		if v.num != 0 {
			return append(dst, "true"...)
		}
		return append(dst, "false"...)
	case Number:
		return appendNumber(dst, v.num)
	case String:
		return appendString(dst, v.str)
	case Array:
		dst = append(dst, '[')
		for i := range v.kids {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendValue(dst, &v.kids[i].Value)
		}
		return append(dst, ']')
	case Object:
		dst = append(dst, '{')
		for i := range v.kids {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendString(dst, v.kids[i].Name)
			dst = append(dst, ':')
			dst = appendValue(dst, &v.kids[i].Value)
		}
		return append(dst, '}')
	default:
		return append(dst, "null"...)
	}
}

// MarshalJSON returns the RFC 8785 bytes of v.
func (v Value) MarshalJSON() ([]byte, error) { return v.AppendJSON(nil), nil }

// plain says which bytes stand for themselves inside a JSON string; bytes of
// multi-byte characters do if the text is valid UTF-8.
var plain = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= 0x20 && c != '"' && c != '\\'
	}
	return t
}()

const hexDigits = "0123456789abcdef"

func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	n := plainASCII(s, 0)
	if n < len(s) {
		dst, s = appendEscaped(dst, s, n)
	}
	dst = append(dst, s...)
	return append(dst, '"')
}

// appendEscaped appends a text whose byte at i needs to be looked at, but for its
// end, which stands for itself and is returned.
func appendEscaped(dst []byte, s string, i int) (extended []byte, end string) {
	valid := false // everything from i on is valid UTF-8
	start := 0
	for i < len(s) {
		c := s[i]
		switch {
		case c < utf8.RuneSelf:
			dst = append(dst, s[start:i]...)
			dst = appendEscape(dst, c)
			i++
			start = i
		case !valid && !utf8.ValidString(s[i:]):
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				dst = append(dst, s[start:i]...)
				dst = append(dst, "\uFFFD"...)
				start = i + 1
			}
			i += size
		default:
			valid = true
		}
		if valid {
			i += plainBytes(s, i)
		} else {
			i += plainASCII(s, i)
		}
	}
	return dst, s[start:]
}

// appendEscape appends a byte in ASCII that does not stand for itself.
func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, '\\', 'b')
	case '\t':
		return append(dst, '\\', 't')
	case '\n':
		return append(dst, '\\', 'n')
	case '\f':
		return append(dst, '\\', 'f')
	case '\r':
		return append(dst, '\\', 'r')
	default:
		return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
	}
}
