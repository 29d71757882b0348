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
	held  bool // was taken out of the request
}

const noLoad = -1

// burden is what a request puts on its tenants. It is empty where there are no
// limits.
type burden struct {
	loads  []demand
	places []place
	// index finds loads.
	index map[loadKey]int
}

// loadKey keeps apart what a client sends of itself and what others say it sent.
type loadKey struct {
	tenant string
	source source
}

// bring takes note of an audit record by the identity it has when it is sent
// again, "" where it has another one then. in is where a record stands that is
// stored with its resource and scope, nil for a canonical one, which holds them.
// Whatever an authenticated client sends is its own load, also what goes to
// quarantine because it is of somebody else.
func (r *request) bring(in *origin, lr plog.LogRecord, tenant string, entry int, identity string) {
	if r.limiter == nil || r.sender.System {
		return
	}
	from := source{forwarder: r.sender.Forwarder}
	switch {
	case tenant == "" && r.unproven:
		from = source{} // not the forwarder's either
	case r.sender.Identity != "" && !r.trusted:
		tenant = r.sender.Identity
		from = source{own: true}
	}
	n := len(r.loads) - 1
	if n < 0 || r.loads[n].tenant != tenant || r.loads[n].source != from {
		n = r.load(tenant, from)
	}
	d := &r.loads[n]
	bytes := int64(protobuf.LogRecordSize(lr))
	if in != nil {
		bytes += in.size()
	}
	if identity == "" {
		d.loose.records++
		d.loose.bytes += bytes
	} else {
		d.fixed.records++
		d.fixed.bytes += bytes
		d.part = partOf(d.part, identity, bytes)
	}
	r.places = append(r.places, place{load: n, entry: entry, fixed: identity != ""})
}

var protobuf plog.ProtoMarshaler

// load finds a tenant among those of the request. There are few in most, and as
// many as records in the worst, which an index serves.
func (r *request) load(tenant string, from source) int {
	if r.index == nil {
		r.index = map[loadKey]int{}
	}
	key := loadKey{tenant, from}
	n, known := r.index[key]
	if !known {
		n = len(r.loads)
		r.index[key] = n
		r.loads = append(r.loads, demand{tenant: tenant, source: from, part: partOf(0, tenant, 0), soft: r.mixes()})
	}
	return n
}

// mixes says whether the sender's requests are of many tenants. A quota does not
// refuse these: what follows in the sender's queue, of whomever, would wait behind
// them until midnight.
func (r *request) mixes() bool {
	f := r.sender.Forwarder
	return f != nil && (r.sealed || !f.SpeaksForOne())
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
	if len(r.loads) == 0 {
		return nil
	}
	r.mixed()
	refused := r.limiter.judge(r.now(), r.loads)
	for i := range r.loads {
		r.tally.overQuota += r.loads[i].over
	}
	if !refused {
		if charged, ok := ctx.Value(receiptKey{}).(*receipt); ok {
			charged.loads = r.loads
		}
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
	r.strangers()
	r.counters.add(ctx, &r.tally)
	if logs.ResourceLogs().Len() > 0 {
		// Whatever this returns, the answer is that all is sent again: nothing of the
		// request is acknowledged, and a permanent error would have the client forget
		// the records that were held.
		if err := r.next.ConsumeLogs(ctx, logs); err == nil {
			r.limiter.remember(r.now(), r.loads)
		} else if comesAgain(ctx, err) {
			r.limiter.giveBack(r.loads)
		}
	}
	return throttled(worst.tenant, worst.refused, worst.wait)
}

// mixed readies the loads: of a request of one tenant nothing is ever passed on
// alone, and where nobody is authenticated it is by its requests that one sees who
// sends for many. Records that name no tenant make no tenant of their neighbors'
// one of many.
func (r *request) mixed() {
	if len(r.loads) == 1 {
		r.loads[0].part = 0
		return
	}
	named := 0
	for i := range r.loads {
		if r.loads[i].tenant != "" {
			named++
		}
	}
	for i := range r.loads {
		if d := &r.loads[i]; d.source == (source{}) {
			d.soft = named > 1 || d.tenant == ""
		}
	}
}

// hold takes out of a request what is not to be passed on now, and out of the
// tally: records of tenants over their limits, records that were passed on in an
// earlier try, records that would become other events when they are sent again,
// and records without audit data, which nobody could recognize then. It counts the
// audit records among them by reason.
func (r *request) hold(logs plog.Logs) map[string]int64 {
	held := map[string]int64{}
	next := 0
	logs.ResourceLogs().RemoveIf(func(rl plog.ResourceLogs) bool {
		rl.ScopeLogs().RemoveIf(func(sl plog.ScopeLogs) bool {
			sl.LogRecords().RemoveIf(func(plog.LogRecord) bool {
				at := &r.places[next]
				next++
				if at.load == noLoad {
					r.tally.entries[at.entry].n--
					r.tally.add(outcomeKey{result: resultReturned})
					return true
				}
				d := &r.loads[at.load]
				if d.refused == "" && at.fixed && !d.again {
					return false
				}
				at.held = true
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
	who := fmt.Sprintf("of tenant %q are not stored yet: it is", tenant)
	if tenant == "" {
		who = "without a tenant that their sender may name are not stored yet: their common account is"
	}
	s := status.New(codes.Unavailable, "audit records "+who+" over "+what+"; send them again")
	detailed, err := s.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(wait)})
	if err != nil {
		return s.Err()
	}
	return detailed.Err()
}
