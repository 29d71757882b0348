package record

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// textsAroundWords are texts that put every kind of byte at every place of a word
// of eight, alone and in front of another.
func textsAroundWords() []string {
	pieces := []string{
		"\x00", "\x01", "\x1f", " ", "!", "\"", "#", "[", "\\", "]", "\x7f", "\u0080", "é", "€", "\uFFFD", "🙂", "\U0010FFFF",
		"\x80", "\xa2", "\xdc", "\xff", "\xc3", "\xe2\x82", "\xf0\x9f", "\xed\xa0\x80", "\b\t\n\f\r",
	}
	texts := []string{""}
	for before := range 20 {
		for after := range 20 {
			for _, a := range pieces {
				texts = append(texts, strings.Repeat("a", before)+a+strings.Repeat("z", after))
			}
		}
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for range 20_000 {
		var b strings.Builder
		for range rng.IntN(12) {
			b.WriteString(strings.Repeat("x", rng.IntN(11)))
			b.WriteString(pieces[rng.IntN(len(pieces))])
		}
		texts = append(texts, b.String())
	}
	for range 20_000 {
		raw := make([]byte, rng.IntN(40))
		for i := range raw {
			raw[i] = byte(rng.IntN(256))
		}
		texts = append(texts, string(raw))
	}
	return texts
}

// TestWordsAgreeWithBytes compares what looks at eight bytes at once with what
// looks at each.
func TestWordsAgreeWithBytes(t *testing.T) {
	for _, s := range textsAroundWords() {
		require.Equal(t, string(appendStringByBytes([]byte("x"), s)), string(appendString([]byte("x"), s)), "%q", s)
		faulty := !utf8.ValidString(s) || strings.Contains(s, "\x00")
		require.Equal(t, faulty, textFaults(s)&faultBytes != 0, "%q", s)
		require.Equal(t, faulty, textFaults("enc:"+s) == faultBytes|faultPrefix, "%q", s)
	}
}

// appendStringByBytes is appendString in the plain way.
func appendStringByBytes(dst []byte, s string) []byte {
	dst = append(dst, '"')
	checked := false // everything from here on is valid UTF-8
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if plain[c] && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			if !checked && utf8.ValidString(s[i:]) {
				checked = true
			}
			if checked {
				i++
				continue
			}
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				dst = append(dst, s[start:i]...)
				dst = append(dst, "\uFFFD"...)
				start = i + 1
			}
			i += size
			continue
		}
		dst = append(dst, s[start:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\t':
			dst = append(dst, '\\', 't')
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\f':
			dst = append(dst, '\\', 'f')
		case '\r':
			dst = append(dst, '\\', 'r')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		start = i
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}
