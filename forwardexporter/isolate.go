package forwardexporter

import (
	"context"
	"math/bits"

	"go.opentelemetry.io/collector/pdata/plog"
)

// isolate delivers of a refused batch what the other end accepts, by halves, so
// that one record it will not have holds up itself and not 20,000 others. It
// returns what is left and why, or nil if nothing is. ld is used up.
//
// A batch refused as a whole costs a bounded number of requests: after twice
// the way to a single record without a success, the rest waits for the next
// attempt, which begins with other halves.
func (f *forwarder) isolate(ctx context.Context, ld plog.Logs, refused *refusal) (plog.Logs, *refusal) {
	ctx, cancel := context.WithTimeout(ctx, f.cfg.Timeout)
	defer cancel()
	rest := plog.NewLogs()
	patience := 2 * (bits.Len(uint(ld.LogRecordCount())) + 1)
	failures := 0 // in a row
	giveUp := false

	var divide func(ld plog.Logs)
	divide = func(ld plog.Logs) {
		count := ld.LogRecordCount()
		if count == 1 || giveUp {
			ld.ResourceLogs().MoveAndAppendTo(rest.ResourceLogs())
			return
		}
		first, second := cut(ld, count/2)
		if f.coin() {
			first, second = second, first
		}
		for _, half := range []plog.Logs{first, second} {
			if giveUp {
				half.ResourceLogs().MoveAndAppendTo(rest.ResourceLogs())
				continue
			}
			again := f.send(ctx, half)
			if again == nil {
				failures = 0
				continue
			}
			failures++
			giveUp = !again.divisible || failures >= patience || ctx.Err() != nil
			if ctx.Err() == nil {
				refused = again
			}
			divide(half)
		}
	}
	divide(ld)
	if rest.LogRecordCount() == 0 {
		return rest, nil
	}
	return rest, refused
}

// cut moves the first n records of ld into a batch of their own, each with its
// resource and scope, and leaves the others.
func cut(ld plog.Logs, n int) (first, others plog.Logs) {
	first = plog.NewLogs()
	ld.ResourceLogs().RemoveIf(func(from plog.ResourceLogs) bool {
		if n == 0 {
			return false
		}
		to := first.ResourceLogs().AppendEmpty()
		from.Resource().CopyTo(to.Resource())
		to.SetSchemaUrl(from.SchemaUrl())
		from.ScopeLogs().RemoveIf(func(from plog.ScopeLogs) bool {
			if n == 0 {
				return false
			}
			to := to.ScopeLogs().AppendEmpty()
			from.Scope().CopyTo(to.Scope())
			to.SetSchemaUrl(from.SchemaUrl())
			from.LogRecords().RemoveIf(func(from plog.LogRecord) bool {
				if n == 0 {
					return false
				}
				from.MoveTo(to.LogRecords().AppendEmpty())
				n--
				return true
			})
			return from.LogRecords().Len() == 0
		})
		return from.ScopeLogs().Len() == 0
	})
	return first, ld
}
