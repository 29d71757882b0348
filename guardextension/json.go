package guardextension

import "math"

// The decoder of OTLP/JSON opens at most four brackets for one level of values,
// {"kvlistValue":{"values":[{"key":"a","value":{, and fewer than these for what is
// around them.
const (
	bracketsPerLevel = 4
	bracketsAround   = 64
)

// jsonWalk follows the bytes of a JSON document and counts its open brackets. It
// is strict about the grammar, because the decoder goes on after errors: text that
// is not JSON could look shallow here and deep there.
//
// Like wireWalk it takes pieces of any size and holds nothing of them.
type jsonWalk struct {
	maxOpen     int
	maxMessages int64
	messages    int64 // elements of lists so far
	expansion   expansion
	ordinary    bool   // not logs, whose records share nothing that would be copied
	unsettled   int64  // bytes that are in no account yet
	open        []byte // what closes each open bracket: } or ]
	state       jsonState
	key         bool   // the text being read is a key
	literal     string // what must follow of true, false or null
	hex         int    // digits that must follow of \uXXXX
	number      number // as far as it has come
}

type jsonState uint8

const (
	atValue      jsonState = iota
	atFirstValue           // of an array, or its end
	atKey                  // after a comma
	atFirstKey             // of an object, or its end
	atColon                // after a key
	atComma                // after a value, or the end of what holds it
	atEnd                  // after the document
	inText                 // between quotes
	inEscape               // after a backslash
	inUnicode              // after \u
	inLiteral              // in true, false or null
	inNumber               // in a number
)

func newJSONWalk(maxDepth int) *jsonWalk {
	return &jsonWalk{maxOpen: bracketsPerLevel*maxDepth + bracketsAround, maxMessages: math.MaxInt64, expansion: newExpansion(), open: make([]byte, 0, 64)}
}

// inspect takes the next bytes. An error is final.
func (w *jsonWalk) inspect(p []byte) error {
	for i := 0; i < len(p); i++ {
		if w.state == inText {
			from := i
			for i < len(p)-1 && isPlain(p[i]) {
				i++
			}
			w.unsettled += int64(i - from)
		}
		w.unsettled++
		if err := w.take(p[i]); err != nil {
			return err
		}
	}
	return w.settle()
}

// Where the decoder finds what records share, and records, by the brackets around
// them: {"resourceLogs":[{"resource":{…},"scopeLogs":[{"scope":{…},"logRecords":[{.
// Only lists have resources, scopes and records in them, so names need not be known.
const (
	inResourceLogs = 3
	inScopeLogs    = 5
	inRecords      = 6
)

// account says whose the bytes here are.
func (w *jsonWalk) account() (ofResource, ofScope bool) {
	n := len(w.open)
	switch {
	case w.ordinary || n < inResourceLogs:
		return false, false
	case n == inResourceLogs || w.open[inResourceLogs] == '}':
		return true, false
	default:
		return false, n == inScopeLogs || n > inScopeLogs && w.open[inScopeLogs] == '}'
	}
}

// grow takes note of bytes at this place.
func (w *jsonWalk) grow(bytes int64) error {
	switch ofResource, ofScope := w.account(); {
	case ofResource:
		return w.expansion.growResource(bytes)
	case ofScope:
		return w.expansion.growScope(bytes)
	default:
		return nil
	}
}

// settle takes note of the bytes since the last bracket.
func (w *jsonWalk) settle() error {
	bytes := w.unsettled
	w.unsettled = 0
	return w.grow(bytes)
}

// element takes note of one more element of a list.
func (w *jsonWalk) element() error {
	w.messages++
	if w.messages > w.maxMessages {
		return errTooWide
	}
	switch n := len(w.open); {
	case w.ordinary:
		return nil
	case n == inResourceLogs-1:
		w.expansion.nextResource()
	case n == inScopeLogs-1 && w.open[n-1] == ']':
		w.expansion.nextScope()
	case n == inRecords && w.open[inResourceLogs] == ']':
		return w.expansion.record()
	}
	return w.grow(memoryPerMessage)
}

func (w *jsonWalk) take(b byte) error {
	switch w.state {
	case inText:
		return w.takeText(b)
	case inEscape:
		return w.takeEscape(b)
	case inUnicode:
		return w.takeUnicode(b)
	case inLiteral:
		return w.takeLiteral(b)
	case inNumber:
		next := w.number.after(b)
		if next != numberEnds {
			w.number = next
			return nil
		}
		if !w.number.complete() {
			return errMalformed
		}
		w.state = w.afterValue()
	default:
	}
	if b == ' ' || b == '\n' || b == '\t' || b == '\r' {
		return nil
	}
	switch w.state {
	case atFirstValue:
		if b == ']' {
			return w.close(b)
		}
		return w.startValue(b)
	case atValue:
		return w.startValue(b)
	case atFirstKey:
		if b == '}' {
			return w.close(b)
		}
		return w.startKey(b)
	case atKey:
		return w.startKey(b)
	case atColon:
		if b != ':' {
			return errMalformed
		}
		w.state = atValue
		return nil
	case atComma:
		if b == ',' {
			w.state = atValue
			if w.open[len(w.open)-1] == '}' {
				w.state = atKey
			}
			return nil
		}
		return w.close(b)
	default: // atEnd
		return errMalformed
	}
}

func (w *jsonWalk) startValue(b byte) error {
	if len(w.open) > 0 && w.open[len(w.open)-1] == ']' {
		if err := w.element(); err != nil {
			return err
		}
	}
	switch b {
	case '{':
		return w.push('}', atFirstKey)
	case '[':
		return w.push(']', atFirstValue)
	case '"':
		w.state, w.key = inText, false
	case 't':
		w.state, w.literal = inLiteral, "rue"
	case 'f':
		w.state, w.literal = inLiteral, "alse" //nolint:misspell // what follows the f of false
	case 'n':
		w.state, w.literal = inLiteral, "ull"
	default:
		if w.number = numberBegins.after(b); w.number == numberEnds {
			return errMalformed
		}
		w.state = inNumber
	}
	return nil
}

func (w *jsonWalk) startKey(b byte) error {
	if b != '"' {
		return errMalformed
	}
	w.state, w.key = inText, true
	return nil
}

func (w *jsonWalk) push(closing byte, next jsonState) error {
	if len(w.open) == w.maxOpen {
		return errTooDeep
	}
	if err := w.settle(); err != nil {
		return err
	}
	w.open = append(w.open, closing)
	w.state = next
	return nil
}

func (w *jsonWalk) close(b byte) error {
	top := len(w.open) - 1
	if w.open[top] != b {
		return errMalformed
	}
	if err := w.settle(); err != nil {
		return err
	}
	w.open = w.open[:top]
	w.state = w.afterValue()
	return nil
}

func (w *jsonWalk) afterValue() jsonState {
	if len(w.open) == 0 {
		return atEnd
	}
	return atComma
}

func (w *jsonWalk) takeText(b byte) error {
	switch {
	case b == '\\':
		w.state = inEscape
	case b < ' ':
		return errMalformed
	case b != '"':
	case w.key:
		w.state = atColon
	default:
		w.state = w.afterValue()
	}
	return nil
}

func (w *jsonWalk) takeEscape(b byte) error {
	switch b {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		w.state = inText
	case 'u':
		w.state, w.hex = inUnicode, 4
	default:
		return errMalformed
	}
	return nil
}

func (w *jsonWalk) takeUnicode(b byte) error {
	switch {
	case b >= '0' && b <= '9', b >= 'a' && b <= 'f', b >= 'A' && b <= 'F':
	default:
		return errMalformed
	}
	w.hex--
	if w.hex == 0 {
		w.state = inText
	}
	return nil
}

func (w *jsonWalk) takeLiteral(b byte) error {
	if b != w.literal[0] {
		return errMalformed
	}
	if w.literal = w.literal[1:]; w.literal == "" {
		w.state = w.afterValue()
	}
	return nil
}

// isPlain reports whether b within a text neither ends it nor begins an escape.
func isPlain(b byte) bool { return b != '"' && b != '\\' && b >= ' ' }
