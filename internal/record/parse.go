package record

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// ErrTooDeep is returned for JSON nested over MaxDepth levels.
var ErrTooDeep = fmt.Errorf("nested over %d levels", MaxDepth)

// DuplicateNameError is returned for a JSON object in which one name stands
// twice with different values: readers disagree on which one counts.
type DuplicateNameError struct{ Name string }

// Error names the duplicate.
func (e *DuplicateNameError) Error() string {
	return fmt.Sprintf("the name %q stands twice with different values", e.Name)
}

// Parsed is a JSON text as a Value, with what the value rules did to it.
type Parsed struct {
	Value        Value
	NumberAsText bool // a number a double cannot hold became text
}

// ParseJSON reads one JSON text (RFC 8259) and nothing after it. Numbers obey
// the value rules: an integer beyond ±(2^53−1), a number of more than 17
// significant digits and one too large for a double become text as written.
// A name that stands twice with one value counts once. A lone surrogate escape
// and bytes that are not UTF-8 stay in the text as invalid UTF-8, for Normalize
// to repair. Nesting over MaxDepth is ErrTooDeep, see also DuplicateNameError.
func ParseJSON(b []byte) (Value, error) {
	p, err := ParseText(string(b))
	return p.Value, err
}

// ParseText is ParseJSON for text, which the Value shares, and says whether
// numbers became text.
func ParseText(s string) (Parsed, error) {
	return parseText(s, MaxDepth)
}

func parseText(s string, maxDepth int) (Parsed, error) {
	p := parser{s: s, maxDepth: maxDepth, scratch: takeScratch()}
	defer p.giveBack()
	v, err := p.value(0)
	if err != nil {
		return Parsed{}, err
	}
	p.space()
	if p.i != len(p.s) {
		return Parsed{}, p.syntax("text after the value")
	}
	return Parsed{Value: v, NumberAsText: p.numberAsText}, nil
}

// ParseStored reads JSON that once was a Value and has been through a store
// that keeps numbers exactly but writes them its own way: jsonb gives 1e+21 back
// as a one with 21 zeros. Numbers are read as doubles and nothing becomes text;
// all else is as in ParseJSON.
func ParseStored(s string) (Value, error) {
	p := parser{s: s, maxDepth: MaxDepth, stored: true, scratch: takeScratch()}
	defer p.giveBack()
	v, err := p.value(0)
	if err != nil {
		return Value{}, err
	}
	p.space()
	if p.i != len(p.s) {
		return Value{}, p.syntax("text after the value")
	}
	return v, nil
}

type parser struct {
	s            string
	i            int
	maxDepth     int
	stored       bool // numbers are doubles already
	numberAsText bool
	// scratch is a stack of the members of all unfinished objects and arrays:
	// each is cut out at its end, in a slice of exactly its size.
	scratch []Member
}

var scratches = sync.Pool{New: func() any { s := make([]Member, 0, 64); return &s }}

func takeScratch() []Member { return (*scratches.Get().(*[]Member))[:0] }

// maxPooledMembers keeps one large text from pinning its scratch for ever.
const maxPooledMembers = 1024

func (p *parser) giveBack() {
	if cap(p.scratch) <= maxPooledMembers {
		s := p.scratch[:cap(p.scratch)]
		clear(s)
		scratches.Put(&s)
	}
}

// cut takes what was put on the scratch since base.
func (p *parser) cut(base int) []Member {
	members := slices.Clone(p.scratch[base:])
	p.scratch = p.scratch[:base]
	return members
}

func (p *parser) syntax(what string) error {
	return fmt.Errorf("not JSON: %s at byte %d", what, p.i)
}

func (p *parser) space() {
	for p.i < len(p.s) {
		switch p.s[p.i] {
		case ' ', '\t', '\n', '\r':
			p.i++
		default:
			return
		}
	}
}

func (p *parser) value(depth int) (Value, error) {
	p.space()
	if p.i == len(p.s) {
		return Value{}, p.syntax("end of text")
	}
	switch c := p.s[p.i]; {
	case c == '{':
		return p.object(depth + 1)
	case c == '[':
		return p.array(depth + 1)
	case c == '"':
		s, err := p.text()
		return StringValue(s), err
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	case strings.HasPrefix(p.s[p.i:], "true"):
		p.i += 4
		return BoolValue(true), nil
	case strings.HasPrefix(p.s[p.i:], "false"):
		p.i += 5
		return BoolValue(false), nil
	case strings.HasPrefix(p.s[p.i:], "null"):
		p.i += 4
		return NullValue(), nil
	default:
		return Value{}, p.syntax("unexpected character")
	}
}

func (p *parser) object(depth int) (Value, error) {
	if depth > p.maxDepth {
		return Value{}, ErrTooDeep
	}
	p.i++ // {
	p.space()
	if p.at('}') {
		return EmptyObject(), nil
	}
	base := len(p.scratch)
	for {
		p.space()
		if p.i == len(p.s) || p.s[p.i] != '"' {
			return Value{}, p.syntax("no member name")
		}
		name, err := p.text()
		if err != nil {
			return Value{}, err
		}
		p.space()
		if !p.at(':') {
			return Value{}, p.syntax("no colon")
		}
		v, err := p.value(depth)
		if err != nil {
			return Value{}, err
		}
		p.scratch = append(p.scratch, Member{Name: name, Value: v})
		p.space()
		if p.at(',') {
			continue
		}
		if !p.at('}') {
			return Value{}, p.syntax("unfinished object")
		}
		v, dup, hasDup := Fold(p.cut(base))
		if hasDup {
			return Value{}, &DuplicateNameError{Name: dup}
		}
		return v, nil
	}
}

func (p *parser) array(depth int) (Value, error) {
	if depth > p.maxDepth {
		return Value{}, ErrTooDeep
	}
	p.i++ // [
	p.space()
	if p.at(']') {
		return Value{kind: Array}, nil
	}
	base := len(p.scratch)
	for {
		v, err := p.value(depth)
		if err != nil {
			return Value{}, err
		}
		p.scratch = append(p.scratch, Member{Value: v})
		p.space()
		if p.at(',') {
			continue
		}
		if !p.at(']') {
			return Value{}, p.syntax("unfinished array")
		}
		return Value{kind: Array, kids: p.cut(base)}, nil
	}
}

// at takes the character if it is the next one.
func (p *parser) at(c byte) bool {
	if p.i < len(p.s) && p.s[p.i] == c {
		p.i++
		return true
	}
	return false
}

func (p *parser) text() (string, error) {
	p.i++ // "
	start := p.i
	for p.i < len(p.s) {
		switch c := p.s[p.i]; {
		case c == '"':
			p.i++
			return p.s[start : p.i-1], nil
		case c == '\\':
			return p.escapedText(start)
		case c < 0x20:
			return "", p.syntax("control character in a string")
		}
		p.i++
	}
	return "", p.syntax("unfinished string")
}

// escapedText goes on with a string at its first escape.
func (p *parser) escapedText(start int) (string, error) {
	b := append(make([]byte, 0, p.i-start+32), p.s[start:p.i]...)
	for p.i < len(p.s) {
		switch c := p.s[p.i]; {
		case c == '"':
			p.i++
			return string(b), nil
		case c < 0x20:
			return "", p.syntax("control character in a string")
		case c != '\\':
			b = append(b, c)
			p.i++
		default:
			var err error
			if b, err = p.escape(b); err != nil {
				return "", err
			}
		}
	}
	return "", p.syntax("unfinished string")
}

func (p *parser) escape(b []byte) ([]byte, error) {
	p.i++ // backslash
	if p.i == len(p.s) {
		return nil, p.syntax("unfinished string")
	}
	c := p.s[p.i]
	p.i++
	switch c {
	case '"', '\\', '/':
		return append(b, c), nil
	case 'b':
		return append(b, '\b'), nil
	case 'f':
		return append(b, '\f'), nil
	case 'n':
		return append(b, '\n'), nil
	case 'r':
		return append(b, '\r'), nil
	case 't':
		return append(b, '\t'), nil
	case 'u':
		return p.unicodeEscape(b)
	}
	p.i--
	return nil, p.syntax("unknown escape")
}

func (p *parser) unicodeEscape(b []byte) ([]byte, error) {
	unit, ok := p.hex4(p.i)
	if !ok {
		return nil, p.syntax("broken escape")
	}
	p.i += 4
	if unit >= 0xd800 && unit < 0xdc00 && strings.HasPrefix(p.s[p.i:], `\u`) {
		if low, ok := p.hex4(p.i + 2); ok && low >= 0xdc00 && low < 0xe000 {
			p.i += 6
			return utf8.AppendRune(b, 0x10000+(unit-0xd800)<<10+(low-0xdc00)), nil
		}
	}
	if unit >= 0xd800 && unit < 0xe000 {
		// A lone surrogate has no UTF-8. Its three bytes as if it had one are
		// invalid, so Normalize repairs and flags them and keeps which it was.
		return append(b, byte(0xe0|unit>>12), byte(0x80|unit>>6&0x3f), byte(0x80|unit&0x3f)), nil //nolint:gosec // 16 bits
	}
	return utf8.AppendRune(b, unit), nil
}

func (p *parser) hex4(at int) (rune, bool) {
	if at+4 > len(p.s) {
		return 0, false
	}
	var unit rune
	for _, c := range []byte(p.s[at : at+4]) {
		switch {
		case c >= '0' && c <= '9':
			unit = unit<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			unit = unit<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			unit = unit<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	return unit, true
}

func (p *parser) number() (Value, error) {
	start := p.i
	whole := true
	p.at('-')
	switch {
	case p.at('0'):
	case p.digits() > 0:
	default:
		return Value{}, p.syntax("broken number")
	}
	if p.at('.') {
		whole = false
		if p.digits() == 0 {
			return Value{}, p.syntax("broken number")
		}
	}
	if p.at('e') || p.at('E') {
		whole = false
		if !p.at('+') {
			p.at('-')
		}
		if p.digits() == 0 {
			return Value{}, p.syntax("broken number")
		}
	}
	literal := p.s[start:p.i]
	if whole && len(literal) <= 15 { // always a safe integer
		n, _ := strconv.ParseInt(literal, 10, 64)
		return NumberValue(float64(n)), nil
	}
	if p.stored {
		f, err := strconv.ParseFloat(literal, 64)
		if err != nil {
			return Value{}, p.syntax("number beyond a double")
		}
		return NumberValue(f), nil
	}
	v, asText := numberFromLiteral(literal, whole)
	p.numberAsText = p.numberAsText || asText
	return v, nil
}

func (p *parser) digits() int {
	start := p.i
	for p.i < len(p.s) && p.s[p.i] >= '0' && p.s[p.i] <= '9' {
		p.i++
	}
	return p.i - start
}

// numberFromLiteral applies the value rules to a JSON number as written.
func numberFromLiteral(literal string, whole bool) (v Value, asText bool) {
	f, err := strconv.ParseFloat(literal, 64)
	if whole {
		if f > MaxSafeInteger || f < -MaxSafeInteger {
			return StringValue(literal), true
		}
		return FloatValue(f)
	}
	if errors.Is(err, strconv.ErrRange) || significantDigits(literal) > 17 {
		return StringValue(literal), true
	}
	return FloatValue(f)
}

// significantDigits counts the digits of a number without leading and trailing
// zeros. No double needs more than 17, so more of them say something that a
// double would lose.
func significantDigits(literal string) int {
	n, trailing := 0, 0
	for i := range len(literal) {
		c := literal[i]
		if c == 'e' || c == 'E' {
			break
		}
		if c < '0' || c > '9' || c == '0' && n == 0 {
			continue
		}
		n++
		if c == '0' {
			trailing++
		} else {
			trailing = 0
		}
	}
	return n - trailing
}
