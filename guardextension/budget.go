package guardextension

import (
	"sync/atomic"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

// What a request is expected to take of the memory from its arrival to its
// answer. The bytes are there as they came, as the texts of the decoded
// request, and as what a pipeline makes of them; each message is a structure of
// its own beside its texts. The README says how this was measured.
const (
	memoryPerByte    = 3
	memoryPerCopied  = 3 // for each byte of a resource or a scope, times its records
	memoryPerMessage = 128
)

// leastRequest is what a request is expected to take before anything of it is known.
const leastRequest = 64 << 10

// retryAfter is when a client is asked to come again.
const retryAfter = time.Second

// Log requests are those that wait for a database, so they have three quarters
// of the budget for themselves and leave the last one to other signals, which get
// past them.
const (
	logsShare   = 3
	othersShare = 1
	shares      = logsShare + othersShare
)

// most is how much of its share one request is charged at most, in quarters: a
// larger one passes, too, and leaves room for small ones beside it.
const most = 3

// errBusy is not held against the request: OTLP clients send it again.
var errBusy = again("requests under way take all the memory there is for them (audit_guard: max_in_flight_bytes); send this one again")

// errSlow is that of a body that came too slowly; the connection may be better
// the next time.
var errSlow = again("the request was not complete within the receiver's read_timeout; send it again")

func again(why string) error {
	s := status.New(codes.Unavailable, why)
	if detailed, err := s.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(retryAfter)}); err == nil {
		s = detailed
	}
	return s.Err()
}

// leastMessage is what a message has at least: a tag and a length.
const leastMessage = 2

// memoryOf is what a request of so many bytes and messages is expected to take. A
// field that counts by its length does so when that is announced: no request
// holds memory for what has not come, or one that says much and sends little
// would keep all others out. What its records have in common, expanded, each of
// them has a copy of.
func memoryOf(size, messages, expanded int64) int64 {
	return memoryPerByte*size + memoryPerMessage*min(messages, size/leastMessage+1) + memoryPerCopied*expanded
}

// budget is the memory of all requests under way. It never waits: whoever waits
// holds bytes, too. It is safe for concurrent use.
type budget struct {
	limit        int64
	logs, others atomic.Int64 // in use
}

// of returns what the requests of a type use, and how much they may.
func (b *budget) of(root message) (used *atomic.Int64, share int64) {
	if root == logsRequest {
		return &b.logs, b.limit / shares * logsShare
	}
	return &b.others, b.limit / shares * othersShare
}

// full reports whether a request would be refused whatever it holds.
func (b *budget) full(root message) bool {
	used, share := b.of(root)
	return used.Load()+leastRequest > share
}

// take charges a request that holds something already with what it is expected
// to take, and returns what it holds then.
func (b *budget) take(root message, held, memory int64) (now int64, ok bool) {
	used, share := b.of(root)
	now = min(memory, share/4*most)
	if used.Add(now-held) > share {
		used.Add(held - now)
		return held, false
	}
	return now, true
}

func (b *budget) give(root message, held int64) {
	used, _ := b.of(root)
	used.Add(-held)
}
