package stage

import (
	"fmt"
	"regexp"
	"strings"
)

// The built-in value patterns, and what introduces one of the operator's own.
const (
	PatternCardNumber = "card_number"
	PatternJWT        = "jwt"
	PatternBearer     = "bearer"
	// PatternRegexp is followed by an expression in Go's RE2 syntax.
	PatternRegexp = "regexp:"
)

// find returns the bounds of the first match in s at or after from, start < 0
// where there is none.
type find func(s string, from int) (start, end int)

// valuePatterns masks what values look like, wherever they stand.
type valuePatterns struct {
	finds []find
	// anchored is true where an expression may match a part of a text that it does
	// not match within a larger one.
	anchored bool
}

func parsePatterns(texts []string) (valuePatterns, error) {
	var p valuePatterns
	for i, text := range texts {
		switch expr, ok := strings.CutPrefix(text, PatternRegexp); {
		case ok:
			re, err := regexp.Compile(expr)
			if err != nil {
				return p, fmt.Errorf("[%d]: %w", i, err)
			}
			p.finds = append(p.finds, func(s string, from int) (int, int) {
				for from <= len(s) {
					loc := re.FindStringIndex(s[from:])
					if loc == nil {
						return -1, -1
					}
					if loc[1] > loc[0] {
						return from + loc[0], from + loc[1]
					}
					from += loc[1] + 1 // an empty match masks nothing
				}
				return -1, -1
			})
			p.anchored = true
		case text == PatternCardNumber:
			p.finds = append(p.finds, findCardNumber)
		case text == PatternJWT:
			p.finds = append(p.finds, findJWT)
		case text == PatternBearer:
			p.finds = append(p.finds, findBearer)
		default:
			return p, fmt.Errorf("[%d]: %q is unknown: allowed are %s, %s, %s and %s<expression>",
				i, text, PatternCardNumber, PatternJWT, PatternBearer, PatternRegexp)
		}
	}
	return p, nil
}

// any reports whether a pattern matches somewhere.
func (p *valuePatterns) any(s string) bool {
	for _, f := range p.finds {
		if start, _ := f(s, 0); start >= 0 {
			return true
		}
	}
	return false
}

// mask replaces every match by Marker until none is left, so that a second
// pass finds nothing: each round leaves less text that is not a marker.
func (p *valuePatterns) mask(s string) (masked string, n int) {
	if len(p.finds) == 0 {
		return s, 0
	}
	for {
		before := n
		for _, f := range p.finds {
			var k int
			s, k = maskOne(s, f)
			n += k
		}
		if n == before {
			return s, n
		}
	}
}

// maskOne replaces the matches of one pattern in the text between markers.
func maskOne(s string, f find) (masked string, n int) {
	if !strings.Contains(s, Marker) {
		return maskPiece(s, f)
	}
	pieces := strings.Split(s, Marker)
	for i := range pieces {
		piece, k := maskPiece(pieces[i], f)
		pieces[i] = piece
		n += k
	}
	if n == 0 {
		return s, 0
	}
	return strings.Join(pieces, Marker), n
}

func maskPiece(s string, f find) (masked string, n int) {
	start, end := f(s, 0)
	if start < 0 {
		return s, 0
	}
	var b strings.Builder
	done := 0
	for start >= 0 {
		b.WriteString(s[done:start])
		b.WriteString(Marker)
		done = end
		n++
		start, end = f(s, end)
	}
	b.WriteString(s[done:])
	return b.String(), n
}

// findCardNumber finds 13 to 19 digits, single spaces or hyphens between them,
// that stand alone, begin and count like a card's and satisfy Luhn's formula.
func findCardNumber(s string, from int) (start, end int) {
	for i := from; i+13 <= len(s); i++ {
		if s[i] < '2' || s[i] > '6' || (i > 0 && wordByte(s[i-1])) {
			continue
		}
		if n := cardNumberAt(s[i:]); n > 0 {
			return i, i + n
		}
	}
	return -1, -1
}

// cardNumberAt returns the length of the longest card number s begins with.
func cardNumberAt(s string) int {
	var digits [19]byte
	n, longest := 0, 0
	for i := 0; i < len(s) && n < len(digits); i++ {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			digits[n] = c - '0'
			n++
			alone := i+1 == len(s) || !wordByte(s[i+1])
			if alone && cardLength(digits[:n]) && luhn(digits[:n]) {
				longest = i + 1
			}
		case (c == ' ' || c == '-') && i > 0 && s[i-1] != ' ' && s[i-1] != '-':
		default:
			return longest
		}
	}
	return longest
}

// cardLength reports whether an issuer has numbers of this length and beginning.
func cardLength(d []byte) bool {
	switch n := len(d); {
	case n < 13:
		return false
	case d[0] == 4:
		return n == 13 || n == 16 || n == 19
	case d[0] == 5 && d[1] >= 1 && d[1] <= 5, d[0] == 2 && d[1] >= 2 && d[1] <= 7:
		return n == 16
	case d[0] == 3 && (d[1] == 4 || d[1] == 7):
		return n == 15
	case d[0] == 3:
		return n >= 14
	default:
		return d[0] == 5 || d[0] == 6
	}
}

func luhn(d []byte) bool {
	sum := 0
	for i := range d {
		x := int(d[len(d)-1-i])
		if i%2 == 1 {
			if x *= 2; x > 9 {
				x -= 9
			}
		}
		sum += x
	}
	return sum%10 == 0
}

func wordByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
}

// findJWT finds three parts in base64url with dots between them, of which the
// first is the encoding of a JSON object.
func findJWT(s string, from int) (start, end int) {
	for from < len(s) {
		i := strings.Index(s[from:], "eyJ")
		if i < 0 {
			return -1, -1
		}
		start = from + i
		if n := jwtAt(s[start:]); n > 0 {
			return start, start + n
		}
		from = start + 3
	}
	return -1, -1
}

func jwtAt(s string) int {
	i, dots, part := 0, 0, 0
	for ; i < len(s); i++ {
		c := s[i]
		if c == '.' {
			if dots == 2 || part < 4 {
				break
			}
			dots, part = dots+1, 0
			continue
		}
		if !wordByte(c) && c != '-' {
			break
		}
		part++
	}
	if dots < 2 {
		return 0
	}
	return i
}

// findBearer finds the credential after the word bearer; the word stays. A
// word of plain letters is taken for prose unless it is long.
func findBearer(s string, from int) (start, end int) {
	const word = "bearer"
	for i := from; i+len(word)+2 <= len(s); i++ {
		if lower(s[i]) != 'b' || !strings.EqualFold(s[i:i+len(word)], word) {
			continue
		}
		start = i + len(word)
		for start < len(s) && (s[start] == ' ' || s[start] == '\t' || s[start] == ':') {
			start++
		}
		if start == i+len(word) {
			continue
		}
		end = start
		plain := true
		for end < len(s) && credentialByte(s[end]) {
			plain = plain && (s[end] >= 'a' && s[end] <= 'z')
			end++
		}
		if n := end - start; n >= 16 || n >= 4 && !plain {
			return start, end
		}
	}
	return -1, -1
}

func credentialByte(c byte) bool {
	return wordByte(c) || strings.IndexByte("-._~+/=", c) >= 0
}
