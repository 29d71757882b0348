package stage

import (
	"fmt"
	"regexp"
	"slices"
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

// find returns the bounds of every match in s, none of them empty; with one it
// may stop at the first.
type find func(s string, one bool) [][]int

// next returns the bounds of the first match in s at or after from, start < 0
// where there is none.
type next func(s string, from int) (start, end int)

// all makes a find of a next.
func (f next) all(s string, one bool) (spans [][]int) {
	start, end := f(s, 0)
	for start >= 0 {
		spans = append(spans, []int{start, end})
		if one {
			break
		}
		start, end = f(s, end)
	}
	return spans
}

// findExpression makes a find of an expression. An empty match masks nothing.
func findExpression(re *regexp.Regexp) find {
	return func(s string, _ bool) [][]int {
		return slices.DeleteFunc(re.FindAllStringIndex(s, -1), func(span []int) bool { return span[0] == span[1] })
	}
}

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
			p.finds = append(p.finds, findExpression(re))
			p.anchored = true
		case text == PatternCardNumber:
			p.finds = append(p.finds, next(findCardNumber).all)
		case text == PatternJWT:
			p.finds = append(p.finds, next(findJWT).all)
		case text == PatternBearer:
			p.finds = append(p.finds, next(findBearer).all)
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
		if len(f(s, true)) > 0 {
			return true
		}
	}
	return false
}

// maxRounds bounds the work on a text that matches anew whenever a match is
// masked, such as "aaaa" for the expression a$.
const maxRounds = 8

// mask replaces every match by Marker until none is left, so that a second pass
// finds nothing. A text that does not come to rest is masked as a whole.
func (p *valuePatterns) mask(s string) (masked string, n int) {
	if len(p.finds) == 0 {
		return s, 0
	}
	for range maxRounds {
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
	return Marker, n
}

// maskOne replaces the matches of one pattern. One that lies within a marker is
// none; one that overlaps a marker takes it in.
func maskOne(s string, f find) (masked string, n int) {
	spans := f(s, false)
	if len(spans) == 0 {
		return s, 0
	}
	markers := next(findMarker).all(s, false)
	var b strings.Builder
	done := 0
	for _, span := range spans {
		for len(markers) > 0 && markers[0][1] <= span[0] {
			markers = markers[1:]
		}
		start, end := span[0], span[1]
		for _, m := range markers {
			if m[0] >= span[1] {
				break
			}
			start, end = min(start, m[0]), max(end, m[1])
		}
		if len(markers) > 0 && start == markers[0][0] && end == markers[0][1] || end <= done {
			continue
		}
		if start >= done {
			b.WriteString(s[done:start])
			b.WriteString(Marker)
		}
		done = end
		n++
	}
	b.WriteString(s[done:])
	return b.String(), n
}

func findMarker(s string, from int) (start, end int) {
	i := strings.Index(s[from:], Marker)
	if i < 0 {
		return -1, -1
	}
	return from + i, from + i + len(Marker)
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
		n, ok := jwtAt(s[start:])
		if ok {
			return start, start + n
		}
		from = start + n // no token begins in what was read: it has fewer dots left
	}
	return -1, -1
}

// jwtAt reads a token at the beginning of s and returns how far it came.
func jwtAt(s string) (n int, ok bool) {
	dots, part := 0, 0
	for ; n < len(s); n++ {
		c := s[n]
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
	return n, dots == 2
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
