package guardextension

import (
	"context"
	"fmt"
	"reflect"
	"runtime"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/plog" //nolint:depguard // a receiver of messages takes an encoding that decodes, and only that
)

var _ plog.Unmarshaler = (*guard)(nil)

// messageWidth is how many times max_messages a message of a broker may have. An
// agent counts what its client sent; its processor adds about eight to each record
// then. The README has the arithmetic.
const messageWidth = 2

// attrMessage is an attribute of audit data that nothing can be made of when it is
// bytes, so the record becomes no event.
const attrMessage = "audit"

// UnmarshalLogs decodes a message of a broker, OTLP logs in protobuf, after the
// same check. Receivers that take an encoding call it.
//
// A message cannot be given back, and whoever wrote it may have been told that it
// is kept. So this returns no error: what cannot be decoded becomes one audit record
// that holds the message as it came, and the audit processor sends it to
// quarantine. For the same reason it waits where a request would be refused because
// there is no memory for it now.
func (g *guard) UnmarshalLogs(message []byte) (plog.Logs, error) {
	w := newWireWalk(logsRequest, g.maxDepth)
	w.maxMessages, w.expansion.limit = messageWidth*g.maxMessages, messageWidth*g.maxExpanded
	if err := w.inspect(message); err != nil {
		return g.unreadable(message, err), nil
	}
	held := g.waiting.take(&g.budget, memoryOf(int64(len(message)), w.messages, w.expanded()))
	logs, err := new(plog.ProtoUnmarshaler).UnmarshalLogs(message)
	if err != nil {
		g.budget.give(logsRequest, held)
		return g.unreadable(message, fmt.Errorf("%w: %w", errMalformed, err)), nil
	}
	runtime.AddCleanup(whole(logs), func(held int64) { g.budget.give(logsRequest, held) }, held)
	return logs, nil
}

// unreadable is a record of a message that cannot be decoded. It is the same
// whenever the message is delivered again, and so it is quarantined once.
func (g *guard) unreadable(message []byte, why error) plog.Logs {
	_ = g.count(context.Background(), "message", why)
	logs := plog.NewLogs()
	record := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	record.Body().SetStr("a message of a broker that audit_guard cannot decode: " + why.Error())
	record.Attributes().PutEmptyBytes(attrMessage).FromRaw(message)
	return logs
}

// whole is what all of a decoded message hangs on: once the garbage collector has
// it, nothing uses the message any more. An encoding is not told when its caller
// is done, and a caller may keep parts of what it got.
func whole(logs plog.Logs) *byte {
	return (*byte)(reflect.ValueOf(logs).FieldByName("orig").UnsafePointer())
}

// How long whoever waits for memory waits before it looks for garbage again.
const (
	leastLook = 50 * time.Millisecond
	mostLook  = time.Second
)

// queue is where messages wait for room in a budget. One after the other, so that
// small ones do not pass a large one for ever.
type queue struct{ turn sync.Mutex }

// take charges the budget with a message as soon as there is room. What has been
// worked off is garbage, so it has that collected.
func (q *queue) take(b *budget, memory int64) (held int64) {
	held, ok := b.take(logsRequest, 0, memory)
	if ok {
		return held
	}
	q.turn.Lock()
	defer q.turn.Unlock()
	for look := leastLook; ; look = min(2*look, mostLook) {
		runtime.GC()
		// What a collection has found is given back by a goroutine of the runtime.
		time.Sleep(leastLook / 10)
		if held, ok = b.take(logsRequest, 0, memory); ok {
			return held
		}
		time.Sleep(look)
	}
}
