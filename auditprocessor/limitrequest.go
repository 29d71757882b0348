package auditprocessor

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/otelaudit/otelaudit/internal/otlpmap"
	"github.com/otelaudit/otelaudit/internal/record"
)

// place is what is remembered of one record that stays in the request, in their
// order, for as long as nobody knows whether its tenant is over a limit.
type place struct {
	load  int // in loads; noLoad for a record without audit data
	entry int // in the tally
	// fixed says that the record has the same identity when it is sent again.
	fixed bool
}

const noLoad = -1

// burden is what a request puts on its tenants. It is empty where there are no
// limits.
type burden struct {
	loads  []demand
	places []place
	// byTenant finds loads.
	byTenant map[string]int
}

// bring takes note of an audit record. Whatever an authenticated client sends is
// its own load, also what goes to quarantine because it is of somebody else.
func (r *request) bring(lr plog.LogRecord, tenant string, entry int, fixed bool) {
	if r.limiter == nil || r.sender.System {
		return
	}
	if r.sender.Identity != "" && !r.trusted {
		tenant = r.sender.Identity
	}
	n := len(r.loads) - 1
	if n < 0 || r.loads[n].tenant != tenant {
		n = r.load(tenant)
	}
	r.loads[n].records++
	r.loads[n].bytes += int64(protobuf.LogRecordSize(lr))
	r.places = append(r.places, place{load: n, entry: entry, fixed: fixed})
}

var protobuf plog.ProtoMarshaler

// load finds a tenant among those of the request. There are few in most, and as
// many as records in the worst, which an index serves.
func (r *request) load(tenant string) int {
	if r.byTenant == nil {
		r.byTenant = map[string]int{}
	}
	n, known := r.byTenant[tenant]
	if !known {
		n = len(r.loads)
		r.byTenant[tenant] = n
		r.loads = append(r.loads, demand{tenant: tenant})
	}
	return n
}

// turnAway refuses, before any work is done, a request of which all records are
// those of a tenant that is over its limits.
func (r *request) turnAway(ctx context.Context, logs plog.Logs) error {
	if r.limiter == nil || r.sender.System || r.trusted || r.sender.Identity == "" {
		return nil
	}
	reason, wait := r.limiter.overdrawn(r.now(), r.sender.Identity)
	if reason == "" {
		return nil
	}
	records := auditRecords(logs)
	if records == 0 {
		return nil
	}
	r.counters.refusedRecords(ctx, reason, records)
	r.counters.returned(ctx, int64(logs.LogRecordCount())-records)
	return throttled(r.sender.Identity, reason, wait)
}

// auditRecords is how many records of a request claim to be audit.
func auditRecords(logs plog.Logs) (records int64) {
	for _, rl := range logs.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				if otlpmap.IsAudit(lr) {
					records++
				}
			}
		}
	}
	return records
}

// limit refuses the request if one of its tenants is over a limit. What it holds
// of others is passed on nevertheless, so that their events do not wait for
// somebody else's flood to end: the client sends all of it again, and then they
// are duplicates.
func (r *request) limit(ctx context.Context, logs plog.Logs) error {
	if len(r.loads) == 0 || !r.limiter.judge(r.now(), r.loads) {
		return nil
	}
	var worst *demand
	for i := range r.loads {
		if d := &r.loads[i]; d.refused != "" && (worst == nil || d.wait > worst.wait) {
			worst = d
		}
	}
	held := r.hold(logs)
	for reason, records := range held {
		r.counters.refusedRecords(ctx, reason, records)
	}
	r.counters.add(ctx, &r.tally)
	if logs.ResourceLogs().Len() > 0 {
		// Whatever this returns, the answer is that all is sent again: nothing of the
		// request is acknowledged, and a permanent error would have the client forget
		// the records that were held.
		_ = r.next.ConsumeLogs(ctx, logs)
	}
	return throttled(worst.tenant, worst.refused, worst.wait)
}

// hold takes out of a request what is not to be passed on now, and out of the
// tally: records of tenants over their limits, records that would become other
// events when they are sent again, and records without audit data, which nobody
// could recognize then. It counts the audit records among them by reason.
func (r *request) hold(logs plog.Logs) map[string]int64 {
	held := map[string]int64{}
	next := 0
	logs.ResourceLogs().RemoveIf(func(rl plog.ResourceLogs) bool {
		rl.ScopeLogs().RemoveIf(func(sl plog.ScopeLogs) bool {
			sl.LogRecords().RemoveIf(func(plog.LogRecord) bool {
				at := r.places[next]
				next++
				if at.load == noLoad {
					r.tally.entries[at.entry].n--
					r.tally.add(outcomeKey{result: resultReturned})
					return true
				}
				d := &r.loads[at.load]
				if d.refused == "" && at.fixed {
					return false
				}
				r.tally.entries[at.entry].n--
				reason := d.refused
				if reason == "" {
					reason = refusedRate // for the sake of another tenant
				}
				held[reason]++
				return true
			})
			return sl.LogRecords().Len() == 0
		})
		return rl.ScopeLogs().Len() == 0
	})
	return held
}

// isFixed says whether a record would be the same event if it came again: not
// where its time is that of its arrival.
func isFixed(d *otlpmap.Decoded) bool {
	return d.Canonical || d.Record == nil || !slices.Contains(d.Record.Flags, record.FlagTimeArrival)
}

// throttled is an error that every client of OTLP sends its request again for:
// 503 with Retry-After, or Unavailable with RetryInfo. Several SDKs give up on
// ResourceExhausted, and some on 429.
func throttled(tenant, reason string, wait time.Duration) error {
	what := "its rate (limits: records_per_second, bytes_per_second)"
	if reason == refusedQuota {
		what = "its quota of the day (limits: records_per_day, bytes_per_day)"
	}
	s := status.New(codes.Unavailable, fmt.Sprintf("audit records of tenant %q are not stored yet: it is over %s; send them again", tenant, what))
	detailed, err := s.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(wait)})
	if err != nil {
		return s.Err()
	}
	return detailed.Err()
}
