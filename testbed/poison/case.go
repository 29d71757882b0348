package poison

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"

	"github.com/otelaudit/otelaudit/testbed/loadgen"
)

// Protocol is how a request travels.
type Protocol string

// The protocols of OTLP.
const (
	GRPC      Protocol = "gRPC"
	HTTPProto Protocol = "HTTP/protobuf"
	HTTPJSON  Protocol = "HTTP/JSON"
)

// Protocols lists all of them.
func Protocols() []Protocol { return []Protocol{GRPC, HTTPProto, HTTPJSON} }

// Outcome is what becomes of a bad record. Without a Reason and a Refusal it is
// stored.
type Outcome struct {
	Reason string // of the quarantine
	Flag   string // on the stored event, "" for none in particular
	Holds  string // text of the stored row
	// Refusal is part of the collector's answer where it refuses the request as a
	// whole, for good: the good records are not stored either, and the client
	// knows.
	Refusal string
}

// String says it in a few words.
func (o Outcome) String() string {
	switch {
	case o.Refusal != "":
		return "request refused for good"
	case o.Reason != "":
		return "quarantine `" + o.Reason + "`"
	case o.Flag != "":
		return "stored, flag `" + o.Flag + "`"
	default:
		return "stored"
	}
}

// Case is one kind of bad record.
type Case struct {
	Name  string
	Shape loadgen.Shape // of the good event it is made of, Flat when empty
	// What is changed: the event before it is written, the log record, or the
	// resource and the scope, which are then the record's own.
	Event  func(*loadgen.Event)
	Put    func(plog.LogRecord)
	Around func(pcommon.Resource, pcommon.InstrumentationScope)
	Outcome
	// JSONOnly is what protobuf has no words for.
	JSONOnly bool
	// Else is the outcome over protocols that say something else by it.
	Else map[Protocol]Outcome
}

// Over is the outcome over one protocol.
func (c *Case) Over(p Protocol) Outcome {
	if o, ok := c.Else[p]; ok {
		return o
	}
	return c.Outcome
}

// Request packs the bad record among good ones of a generator, in their middle.
func (c *Case) Request(g *loadgen.Generator, n int) (logs plog.Logs, bad loadgen.Event, good []loadgen.Event) {
	first, last := events(g, n/2), events(g, n-n/2)
	bad = g.Event()
	bad.Shape = loadgen.Shape(cmp.Or(string(c.Shape), string(loadgen.Flat)))
	if c.Event != nil {
		c.Event(&bad)
	}
	good = slices.Concat(first, last)
	logs = g.Pack(good)
	rl := logs.ResourceLogs().At(0)
	if c.Around != nil {
		rl = logs.ResourceLogs().AppendEmpty()
		sl := rl.ScopeLogs().AppendEmpty()
		c.Around(rl.Resource(), sl.Scope())
	}
	lr := rl.ScopeLogs().At(0).LogRecords().AppendEmpty()
	bad.Put(lr)
	if c.Put != nil {
		c.Put(lr)
	}
	return logs, bad, good
}

func events(g *loadgen.Generator, n int) []loadgen.Event {
	out := make([]loadgen.Event, n)
	for i := range out {
		out[i] = g.Event()
	}
	return out
}

// Encode writes a request as a client sends it that no library holds back. All
// that stands for what pdata cannot hold is put in its place.
func Encode(logs plog.Logs, p Protocol) ([]byte, error) {
	request := plogotlp.NewExportRequestFromLogs(logs)
	encode := request.MarshalProto
	if p == HTTPJSON {
		encode = request.MarshalJSON
	}
	body, err := encode()
	if err != nil {
		return nil, fmt.Errorf("encode a request for %s: %w", p, err)
	}
	body = bytes.ReplaceAll(body, []byte(secondAction), []byte("action"))
	if p == HTTPJSON {
		for text, escape := range escapes {
			body = bytes.ReplaceAll(body, []byte(text), []byte(escape))
		}
		return bytes.ReplaceAll(body, fmt.Appendf(nil, "%x", cutTrace), []byte(strings.Repeat("zz", len(cutTrace)))), nil
	}
	return bytes.ReplaceAll(body, wholeTrace, shortTrace), nil
}

const (
	// secondAction stands for a second "action" beside the first, which a
	// pcommon.Map cannot hold. It is as long, so that protobuf stays whole.
	secondAction = "actioN"
	// cutTrace is a trace id that arrives with two bytes less, or as no
	// hexadecimal.
	cutTrace = "cut-me-to-bytes!"
)

var (
	wholeTrace = append([]byte{0x4a, 16}, cutTrace...)
	// The two bytes behind it are a field that nobody knows.
	shortTrace = append(append([]byte{0x4a, 14}, cutTrace[:14]...), 0x78, 0)

	// escapes are what only JSON can say.
	escapes = map[string]string{
		"LONE-SURROGATE": `\ud800`,
		"ESCAPED-NUL":    `\u0000`,
	}
)
