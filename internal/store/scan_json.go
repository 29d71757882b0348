package store

import (
	"bytes"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/otelaudit/otelaudit/internal/record"
)

// canonicalizer turns the text of jsonb into RFC 8785 without building values:
// PostgreSQL escapes strings as RFC 8785 does and writes numbers with all their
// digits, so mostly white space goes and members change places. What it does
// not know it leaves to package record. Not safe for concurrent use.
type canonicalizer struct {
	text    []byte
	at      int
	dst     []byte
	members []memberSpan
	swap    []byte

	// inexact is set when a number is not the one that was hashed: a double reads
	// it as another number of fewer digits, which is what a leaf is made of.
	inexact bool
}

// memberSpan is one member of an unfinished object: where it stands in dst.
type memberSpan struct{ start, nameEnd, end int }

// appendJSONB appends the canonical form of a jsonb text. inexact reports a
// number whose stored digits say more than its canonical form.
func (c *canonicalizer) appendJSONB(dst, text []byte) (out []byte, inexact bool, err error) {
	c.text, c.at, c.dst, c.members, c.inexact = text, 0, dst, c.members[:0], false
	if utf8.Valid(text) && c.value(0) && c.at == len(text) {
		return c.dst, c.inexact, nil
	}
	value, err := record.ParseStored(string(text))
	if err != nil {
		return dst, false, err
	}
	return value.AppendJSON(c.dst[:len(dst)]), inexactNumber(string(text)), nil
}

// value appends one value and reports whether it knew all of it.
func (c *canonicalizer) value(depth int) bool {
	c.space()
	if c.at == len(c.text) {
		return false
	}
	switch b := c.text[c.at]; b {
	case '{':
		return c.object(depth + 1)
	case '[':
		return c.array(depth + 1)
	case '"':
		_, ok := c.string()
		return ok
	case 't':
		return c.word("true")
	case 'f':
		return c.word("false")
	case 'n':
		return c.word("null")
	default:
		return c.number()
	}
}

func (c *canonicalizer) space() {
	for c.at < len(c.text) && c.text[c.at] == ' ' {
		c.at++
	}
}

func (c *canonicalizer) word(word string) bool {
	if len(c.text)-c.at < len(word) || string(c.text[c.at:c.at+len(word)]) != word {
		return false
	}
	c.at += len(word)
	c.dst = append(c.dst, word...)
	return true
}

func (c *canonicalizer) array(depth int) bool {
	if depth > record.MaxDepth {
		return false
	}
	c.at++
	c.dst = append(c.dst, '[')
	c.space()
	if c.take(']') {
		c.dst = append(c.dst, ']')
		return true
	}
	for {
		if !c.value(depth) {
			return false
		}
		c.space()
		switch {
		case c.take(','):
			c.dst = append(c.dst, ',')
		case c.take(']'):
			c.dst = append(c.dst, ']')
			return true
		default:
			return false
		}
	}
}

func (c *canonicalizer) take(b byte) bool {
	if c.at < len(c.text) && c.text[c.at] == b {
		c.at++
		return true
	}
	return false
}

// object appends the members as they come and puts them in order at the end.
// jsonb keeps them by length, RFC 8785 by UTF-16 code units.
func (c *canonicalizer) object(depth int) bool {
	if depth > record.MaxDepth {
		return false
	}
	c.at++
	c.dst = append(c.dst, '{')
	c.space()
	if c.take('}') {
		c.dst = append(c.dst, '}')
		return true
	}
	base, sorted := len(c.members), true
	for {
		c.space()
		member := memberSpan{start: len(c.dst)}
		escaped, ok := c.string()
		if !ok || escaped { // escapes have another order than what they stand for
			return false
		}
		member.nameEnd = len(c.dst)
		c.space()
		if !c.take(':') {
			return false
		}
		c.dst = append(c.dst, ':')
		if !c.value(depth) {
			return false
		}
		member.end = len(c.dst)
		if len(c.members) > base {
			switch order := c.compare(c.members[len(c.members)-1], member); {
			case order == 0:
				return false
			case order > 0:
				sorted = false
			}
		}
		c.members = append(c.members, member)
		c.space()
		if c.take(',') {
			c.dst = append(c.dst, ',')
			continue
		}
		if !c.take('}') {
			return false
		}
		if !sorted && !c.reorder(c.members[base:]) {
			return false
		}
		c.members = c.members[:base]
		c.dst = append(c.dst, '}')
		return true
	}
}

func (c *canonicalizer) compare(a, b memberSpan) int {
	return compareNames(c.dst[a.start+1:a.nameEnd-1], c.dst[b.start+1:b.nameEnd-1])
}

// compareNames is record.CompareNames for bytes.
func compareNames(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		x, y := a[i], b[i]
		if x == y {
			continue
		}
		// UTF-16 puts characters beyond U+FFFF before U+E000 to U+FFFF.
		if x >= 0xEE && y >= 0xEE && (x >= 0xF0) != (y >= 0xF0) {
			x, y = y, x
		}
		if x < y {
			return -1
		}
		return 1
	}
	return len(a) - len(b)
}

// reorder sorts members that stand behind each other in dst, with a comma
// between each two. Equal names are not what jsonb has.
func (c *canonicalizer) reorder(members []memberSpan) bool {
	start := members[0].start
	c.swap = append(c.swap[:0], c.dst[start:]...)
	if len(members) <= 16 {
		for i := 1; i < len(members); i++ {
			for j := i; j > 0 && c.compare(members[j-1], members[j]) > 0; j-- {
				members[j-1], members[j] = members[j], members[j-1]
			}
		}
	} else {
		slices.SortFunc(members, c.compare)
	}
	at := start
	for i, member := range members {
		if i > 0 {
			c.dst[at] = ','
			at++
		}
		at += copy(c.dst[at:], c.swap[member.start-start:member.end-start])
	}
	for i := 1; i < len(members); i++ {
		before, name := members[i-1], members[i]
		if bytes.Equal(c.swap[before.start-start:before.nameEnd-start], c.swap[name.start-start:name.nameEnd-start]) {
			return false
		}
	}
	return true
}

// ends says which bytes stop a run of a string's own characters.
var ends = func() (t [256]bool) {
	for b := range t {
		t[b] = b < 0x20 || b == '"' || b == '\\'
	}
	return t
}()

// string appends a string as it stands, quotes included.
func (c *canonicalizer) string() (escaped, ok bool) {
	if !c.take('"') {
		return false, false
	}
	start := c.at - 1
	text := c.text
	for i := c.at; i < len(text); {
		if !ends[text[i]] {
			i++
			continue
		}
		switch text[i] {
		case '"':
			c.at = i + 1
			c.dst = append(c.dst, text[start:c.at]...)
			return escaped, true
		case '\\':
			n := escapeLength(text[i:])
			if n == 0 {
				return false, false
			}
			escaped = true
			i += n
		default:
			return false, false
		}
	}
	return false, false
}

// escapeLength is the length of an escape that RFC 8785 writes too, 0 for any
// other.
func escapeLength(s []byte) int {
	if len(s) < 2 {
		return 0
	}
	switch s[1] {
	case '"', '\\', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if len(s) < 6 || s[2] != '0' || s[3] != '0' || s[4] != '0' && s[4] != '1' {
			return 0
		}
		switch digit := s[5]; {
		case s[4] == '0' && (digit == '8' || digit == '9' || digit == 'a' || digit == 'c' || digit == 'd'): // these have short forms
			return 0
		case digit >= '0' && digit <= '9', digit >= 'a' && digit <= 'f':
			return 6
		}
	}
	return 0
}

// maxPlainDigits is how long a whole number may be to be a safe integer.
const maxPlainDigits = 15

// number appends a number as jsonb writes one: digits, perhaps a point and
// digits, no exponent.
func (c *canonicalizer) number() bool {
	start := c.at
	c.take('-')
	digits := c.at
	whole := c.digits()
	if whole == 0 || whole > 1 && c.text[digits] == '0' {
		return false
	}
	if !c.take('.') {
		literal := c.text[start:c.at]
		if len(literal) <= maxPlainDigits && string(literal) != "-0" && c.numberEnds() {
			c.dst = append(c.dst, literal...)
			return true
		}
	} else if c.digits() == 0 {
		return false
	}
	return c.numberEnds() && c.double(c.text[start:c.at])
}

func (c *canonicalizer) digits() int {
	start := c.at
	for c.at < len(c.text) && c.text[c.at] >= '0' && c.text[c.at] <= '9' {
		c.at++
	}
	return c.at - start
}

// numberEnds reports whether nothing follows that would belong to a number.
func (c *canonicalizer) numberEnds() bool {
	if c.at == len(c.text) {
		return true
	}
	switch c.text[c.at] {
	case ',', '}', ']', ' ':
		return true
	}
	return false
}

// double appends a number that needs more than its digits.
func (c *canonicalizer) double(literal []byte) bool {
	f, err := strconv.ParseFloat(string(literal), 64)
	if err != nil {
		return false
	}
	start := len(c.dst)
	c.dst = strconv.AppendFloat(c.dst, f, 'f', -1, 64)
	if !bytes.Equal(c.dst[start:], literal) || f == 0 {
		c.inexact = true
	}
	if abs := math.Abs(f); abs < 1e-6 || abs > record.MaxSafeInteger {
		c.dst = record.NumberValue(f).AppendJSON(c.dst[:start])
	}
	return true
}

// inexactNumber finds a number in a JSON text whose digits are not those of the
// double that it is read as.
func inexactNumber(text string) bool {
	inString := false
	for i := 0; i < len(text); i++ {
		b := text[i]
		switch {
		case inString && b == '\\':
			i++
		case b == '"':
			inString = !inString
		case !inString && (b == '-' || b >= '0' && b <= '9'):
			start := i
			for i < len(text) && (text[i] == '-' || text[i] == '+' || text[i] == '.' || text[i] == 'e' || text[i] == 'E' || text[i] >= '0' && text[i] <= '9') {
				i++
			}
			literal := text[start:i]
			i--
			f, err := strconv.ParseFloat(literal, 64)
			if err != nil || strconv.FormatFloat(f, 'f', -1, 64) != literal || f == 0 && literal != "0" {
				return true
			}
		}
	}
	return false
}
