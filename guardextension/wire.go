package guardextension

import (
	"errors"
	"fmt"
	"math"
)

var (
	errTooDeep   = errors.New("values are nested too deeply (audit_guard: max_depth)")
	errTooWide   = errors.New("the request holds too many records and attributes, send it in parts (audit_guard: max_messages)")
	errTooBroad  = errors.New("the resource and the scope are too large for so many records, each of which has a copy of them: send fewer records in one request, or less in their resource (audit_guard: max_expanded_bytes)")
	errMalformed = errors.New("not a well-formed OTLP request")
	errGroup     = fmt.Errorf("%w: it holds a group", errMalformed)
	errUnknown   = errors.New("not a request that audit_guard can check")
)

// wireWalk follows the bytes of a protobuf request through the table of
// messages and counts the levels of values. It takes the bytes in pieces of any
// size, reads each once, and holds nothing of them: its memory grows with
// max_depth and never with the request.
//
// It reads tags and lengths exactly as the decoder does, down to the truncation of
// field numbers. Where it cannot follow, groups included, it refuses: a walk that
// stopped there and let the rest pass could be led astray on purpose.
type wireWalk struct {
	maxDepth    int
	maxMessages int64
	messages    int64         // so far, without those that are part of another
	depth       int           // values among the open messages
	open        []openMessage // the request first
	pos         int64         // in the request
	skip        int64         // bytes ahead that hold no value
	expects     expectation
	child       message // of which the length is expected
	expansion   expansion
	dense       int64  // how many bytes of that field count as a message, 0 for none
	varint      uint64 // as far as it has come
	shift       uint
}

type openMessage struct {
	end int64 // position behind its last byte
	message
}

type expectation uint8

const (
	expectsTag expectation = iota
	expectsNumber
	expectsLength
)

func newWireWalk(root message, maxDepth int) *wireWalk {
	w := &wireWalk{maxDepth: maxDepth, maxMessages: math.MaxInt64, expansion: newExpansion(), open: make([]openMessage, 1, 32)}
	// How long a request is shows when it ends.
	w.open[0] = openMessage{end: math.MaxInt64, message: root}
	return w
}

// inspect takes the next bytes. An error is final.
func (w *wireWalk) inspect(p []byte) error {
	for len(p) > 0 {
		if w.skip > 0 {
			n := min(w.skip, int64(len(p)))
			w.skip -= n
			w.pos += n
			p = p[n:]
			continue
		}
		if w.shift == 0 && w.expects == expectsTag {
			w.closeEnded()
			n, err := w.takeShort(p)
			if err != nil {
				return err
			}
			if n > 0 {
				p = p[n:]
				continue
			}
		}
		b := p[0]
		p = p[1:]
		w.pos++
		w.varint |= uint64(b&0x7f) << w.shift
		if b >= 0x80 {
			if w.shift += 7; w.shift >= 64 {
				return errMalformed
			}
			continue
		}
		v := w.varint
		w.varint, w.shift = 0, 0
		if err := w.take(v); err != nil {
			return err
		}
	}
	return nil
}

// takeShort takes a tag and a length of one byte each, and the bytes they
// announce where no value is among them. It returns how many bytes that were: 0
// where the field is another. Most of a request is such fields; this halves the
// time of the walk.
func (w *wireWalk) takeShort(p []byte) (int, error) {
	if len(p) < 2 || p[0] >= 0x80 || p[0]&7 != 2 || p[0]>>3 == 0 || p[1] >= 0x80 {
		return 0, nil
	}
	top := &w.open[len(w.open)-1]
	n := 2 + int(p[1])
	if int64(n) > top.end-w.pos {
		return 0, errMalformed
	}
	switch child := top.field(int32(p[0] >> 3)); {
	case dense[top.message] != nil && child == none:
		return 0, nil
	case child != none:
		w.pos += 2
		return 2, w.push(child, int64(n-2))
	case n > len(p):
		return 0, nil
	default:
		w.pos += int64(n)
		return n, nil
	}
}

// push opens a message that begins here.
func (w *wireWalk) push(child message, length int64) error {
	if child == anyValue {
		w.depth++
		if w.depth > w.maxDepth {
			return errTooDeep
		}
	}
	// A value is part of what it is the value of, except in a list.
	if child != anyValue || w.top().message == arrayValue {
		if err := w.count(1); err != nil {
			return err
		}
	}
	if len(w.open) < outerLevels {
		if err := w.outer(child, length); err != nil {
			return err
		}
	}
	w.open = append(w.open, openMessage{end: w.pos + length, message: child})
	return nil
}

// Where resource and scope stand among the open messages, the request being the
// first. What is further inside belongs to one of them, or to a record.
const (
	resourceLevel = 2
	scopeLevel    = 3
	outerLevels   = 4
)

// outer takes note of a message that says what records share, or is a record.
func (w *wireWalk) outer(child message, length int64) error {
	switch child {
	case resourceLogs:
		w.expansion.nextResource()
	case scopeLogs:
		w.expansion.nextScope()
	case resource:
		return w.expansion.growResource(length)
	case scope:
		return w.expansion.growScope(length)
	case logRecord:
		return w.expansion.record()
	default:
	}
	return nil
}

// sharedGrows takes note of bytes inside a resource or a scope, if they are.
func (w *wireWalk) sharedGrows(bytes int64) error {
	switch {
	case len(w.open) > resourceLevel && w.open[resourceLevel].message == resource:
		return w.expansion.growResource(bytes)
	case len(w.open) > scopeLevel && w.open[scopeLevel].message == scope:
		return w.expansion.growScope(bytes)
	default:
		return nil
	}
}

// count bounds the width.
func (w *wireWalk) count(messages int64) error {
	if w.messages += messages; w.messages > w.maxMessages {
		return errTooWide
	}
	return w.sharedGrows(memoryPerMessage * messages)
}

// closeEnded leaves the messages that end here.
func (w *wireWalk) closeEnded() {
	for top := len(w.open) - 1; w.open[top].end == w.pos; top-- {
		if w.open[top].message == anyValue {
			w.depth--
		}
		w.open = w.open[:top]
	}
}

// take is given each complete varint.
func (w *wireWalk) take(v uint64) error {
	switch w.expects {
	case expectsTag:
		return w.takeTag(v)
	case expectsLength:
		return w.takeLength(v)
	default:
		w.expects = expectsTag
		return w.pass(0)
	}
}

func (w *wireWalk) takeTag(v uint64) error {
	number := int32(v >> 3) //nolint:gosec // the decoder truncates in the same way
	if number <= 0 {
		return errMalformed
	}
	switch v & 7 {
	case 0:
		w.expects = expectsNumber
		return nil
	case 1:
		return w.pass(8)
	case 2:
		w.expects = expectsLength
		w.child = w.top().field(number)
		w.dense = dense[w.top().message][number]
		return nil
	case 5:
		return w.pass(4)
	case 3, 4:
		return errGroup
	default:
		return errMalformed
	}
}

func (w *wireWalk) takeLength(v uint64) error {
	w.expects = expectsTag
	if v > math.MaxInt64 {
		return errMalformed
	}
	length := int64(v)
	if w.child == none {
		if w.dense > 0 {
			if err := w.count(1 + length/w.dense); err != nil {
				return err
			}
		}
		return w.text(length)
	}
	if length > w.top().end-w.pos {
		return errMalformed
	}
	return w.push(w.child, length)
}

// text skips what holds no value. What names a schema is shared, too.
func (w *wireWalk) text(n int64) error {
	if err := w.pass(n); err != nil {
		return err
	}
	switch w.top().message {
	case resourceLogs:
		return w.expansion.growResource(n)
	case scopeLogs:
		return w.expansion.growScope(n)
	default:
		return nil
	}
}

// pass skips n bytes, which must be inside the message that is open.
func (w *wireWalk) pass(n int64) error {
	if n > w.top().end-w.pos {
		return errMalformed
	}
	w.skip = n
	return nil
}

func (w *wireWalk) top() openMessage { return w.open[len(w.open)-1] }
