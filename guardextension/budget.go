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
	memoryPerMessage = 128
)

// leastRequest is what a request is expected to take before anything of it is known.
const leastRequest = 64 << 10

// retryAfter is when a client is asked to come again.
const retryAfter = time.Second

// logsShare is how much of the budget log requests may take, in quarters: they
// are those that wait for a database, and other signals must get past them.
const logsShare = 3

// errBusy is not held against the request: OTLP clients send it again.
var errBusy = busy()

func busy() error {
	s := status.New(codes.Unavailable, "requests under way take all the memory there is for them (audit_guard: max_in_flight_bytes); send this one again")
	if detailed, err := s.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(retryAfter)}); err == nil {
		s = detailed
	}
	return s.Err()
}

// memoryOf is what a request of so many bytes and messages is expected to take.
func memoryOf(size, messages int64) int64 { return memoryPerByte*size + memoryPerMessage*messages }

// budget is the memory of all requests under way. It never waits: whoever waits
// holds bytes, too. It is safe for concurrent use.
type budget struct {
	limit int64
	used  atomic.Int64
}

// share is how much requests of a type may take of the budget.
func (b *budget) share(root message) int64 {
	if root == logsRequest {
		return b.limit / 4 * logsShare
	}
	return b.limit
}

// full reports whether a request would be refused whatever it holds.
func (b *budget) full(root message) bool {
	return b.used.Load()+leastRequest > b.share(root)
}

// take adds to what a request holds. Where nothing else is under way everything
// is given, so that no request is refused for ever.
func (b *budget) take(root message, held, more int64) bool {
	if used := b.used.Add(more); used > b.share(root) && used != held+more {
		b.used.Add(-more)
		return false
	}
	return true
}

func (b *budget) give(held int64) { b.used.Add(-held) }
