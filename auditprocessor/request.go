package auditprocessor

import (
	"context"
	"fmt"
	"slices"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/otlpmap"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/stage"
	"github.com/otelaudit/otelaudit/internal/vouch"
)

// request is the work on one call of processLogs: what all its records share,
// and what is to be counted.
type request struct {
	*auditProcessor
	standing
	claims []stage.Claim // reused from record to record
	tally  tally
	// strange are the records with an unknown action.
	strange []stranger
	burden  // what its tenants are charged for
	// refusal is set by the first record that refuses the whole request.
	refusal *record.Problem
}

// standing is what a sender is worth: that of the request, or of one record
// that a forwarder has sealed.
type standing struct {
	sender  stage.Sender
	trusted bool
	// sealed says that the record's MAC stands for the sender: it must hold.
	sealed bool
	// unproven says that it has not been seen to hold so far.
	unproven bool
	// senderProblem is why the sender's identity cannot be used, for every record.
	senderProblem *record.Problem
	context       []stage.ContextValue
}

func (p *auditProcessor) newRequest(ctx context.Context) *request {
	info := client.FromContext(ctx)
	var (
		sender  stage.Sender
		problem *record.Problem
	)
	if vouch.System(ctx) {
		sender.System = true
	} else {
		sender, problem = p.senderOf(&info)
	}
	r := &request{auditProcessor: p, standing: standing{sender: sender, senderProblem: problem}}
	r.trusted = r.sender.Forwarder != nil
	if !r.trusted { // a forwarder's headers are not the application's
		r.context = headerValues(p.headers, &info)
	}
	return r
}

// resource works on the records of one resource. What is audit is rewritten in
// place; what is not is left alone or removed.
func (r *request) resource(rl plog.ResourceLogs) {
	audit := false
	rl.ScopeLogs().RemoveIf(func(sl plog.ScopeLogs) bool {
		auditInScope := false
		in := origin{resource: rl.Resource(), scope: sl.Scope()}
		sl.LogRecords().RemoveIf(func(lr plog.LogRecord) bool {
			if r.refusal != nil {
				return false
			}
			if otlpmap.IsAudit(lr) {
				auditInScope = true
				r.record(&in, lr)
				return false
			}
			return r.ordinary()
		})
		if auditInScope && r.logs != nil {
			r.tally.redacted += r.logs.scope(sl)
		}
		audit = audit || auditInScope
		return r.cfg.Others == othersDrop && sl.LogRecords().Len() == 0
	})
	// After the records, because their digests are of what came.
	if audit && r.logs != nil {
		r.tally.redacted += r.logs.resource(rl)
	}
}

// ordinary counts a record without audit data and says whether to remove it.
func (r *request) ordinary() (remove bool) {
	if r.cfg.Others == othersDrop {
		r.tally.add(outcomeKey{result: resultDropped})
		return true
	}
	entry := r.tally.add(outcomeKey{result: resultOrdinary})
	if r.limiter != nil {
		r.places = append(r.places, place{load: noLoad, entry: entry})
	}
	return false
}

// origin is where a log record stands.
type origin struct {
	resource pcommon.Resource // as it came
	scope    pcommon.InstrumentationScope
	decoder  *otlpmap.From // of what outerOf makes of them; nil before the first audit record
	bytes    int64         // of both as protobuf, 0 before somebody asks
}

// size is how many bytes of resource and scope are stored with each record that is
// not canonical.
func (in *origin) size() int64 {
	if in.bytes == 0 {
		rl := plog.NewResourceLogs()
		in.resource.CopyTo(rl.Resource())
		in.scope.CopyTo(rl.ScopeLogs().AppendEmpty().Scope())
		in.bytes = int64(protobuf.ResourceLogsSize(rl))
	}
	return in.bytes
}

// record makes one log record canonical, or marks it for quarantine.
func (r *request) record(in *origin, lr plog.LogRecord) {
	if len(r.sealers) > 0 && !r.trusted {
		if forwarder := r.sealer(lr); forwarder != nil {
			outer := r.standing
			r.standing = standing{sender: stage.Sender{Forwarder: forwarder}, trusted: true, sealed: true, unproven: true}
			defer func() { r.standing = outer }()
		}
	}
	digest := func() [32]byte { return otlpmap.Digest(in.resource, in.scope, lr) }
	if r.logs != nil && holdsBytes(lr) {
		came := digest()
		digest = func() [32]byte { return came }
		r.tally.redacted += r.logs.bytes(lr)
	}
	if in.decoder == nil {
		in.decoder = r.decoder.From(r.outerOf(in.resource, in.scope))
	}
	d := in.decoder.Decode(lr, r.trusted)
	if d.Mark != nil {
		r.keepMark(in, lr, *d.Mark)
		return
	}
	tenant, problem := r.tenant(&d)
	if r.refusal != nil {
		return
	}
	mac := originMAC{finished: d.Canonical}
	switch {
	case problem == nil:
		problem = r.checkMAC(&mac, &d)
	case problem.Reason == record.ReasonMACInvalid: // not even of the form of one
		r.tally.macs[macFailed]++
	}
	if problem == nil {
		d.Record.TenantID = tenant
		problem = r.canonical(&d)
	}
	if problem != nil {
		r.quarantine(in, lr, otlpmap.QuarantineMark{
			Reason:   problem.Reason,
			Detail:   problem.Detail + r.ownWord(lr),
			SHA256:   digest(),
			TenantID: tenant,
		})
		return
	}
	otlpmap.Encode(d.Record, lr)
	if text := r.finalMAC(&mac, d.Record); text != "" {
		otlpmap.PutOriginMAC(lr, text)
	}
	otlpmap.KeepFromSampling(lr, r.cfg.Sampling.Attribute)
	r.judge(tenant, d.Record.Action)
	entry := r.tally.add(outcomeKey{result: resultAudit, outcome: d.Record.Outcome, action: r.counters.action(d.Record.Action)})
	identity := ""
	if isFixed(&d) {
		identity = d.Record.EventID
	}
	r.bring(nil, lr, tenant, entry, identity)
}

// judge notes an action that nobody expects. It is counted once it is known that
// its record is passed on.
func (r *request) judge(tenant, action string) {
	if r.unknown.strange(action) {
		r.strange = append(r.strange, stranger{tenant: tenant, action: action, place: len(r.places)})
	}
}

// strangers counts the unknown actions of what is passed on.
func (r *request) strangers() {
	if len(r.strange) == 0 {
		return
	}
	r.strange = slices.DeleteFunc(r.strange, func(s stranger) bool { return s.place < len(r.places) && r.places[s.place].held })
	r.tally.unknown += len(r.strange)
	r.tally.first += r.unknown.announce(r.strange)
}

// canonical takes a decoded record of a known tenant through the stages.
func (r *request) canonical(d *otlpmap.Decoded) *record.Problem {
	rec := d.Record
	masked := 0
	stage.Enrich(rec, r.context)
	if r.redactor != nil {
		masked = r.redactor.Record(rec)
	}
	rec.SettleTime(r.arrival())
	if problem := rec.Normalize(); problem != nil {
		return problem
	}
	if size, over := stage.Oversize(rec, r.cfg.MaxRecordBytes); over {
		return &record.Problem{
			Reason: record.ReasonTooLarge,
			Detail: fmt.Sprintf("the record has %d bytes, max_record_bytes allows %d", size, r.cfg.MaxRecordBytes),
		}
	}
	stage.Identify(rec)
	r.tally.redacted += masked // in quarantine they are masked again, as they came
	return nil
}

// arrival is the time of the request in nanoseconds since 1970.
func (r *request) arrival() int64 { return r.now().UnixNano() }

// tenant decides whose a record is. Where the configuration says so, a problem
// refuses the whole request.
func (r *request) tenant(d *otlpmap.Decoded) (tenant string, problem *record.Problem) {
	r.claims = r.claims[:0]
	for _, c := range d.Claims {
		r.claims = append(r.claims, stage.Claim{Name: c.Attribute, Value: c.Value, Outer: c.Level != otlpmap.LevelRecord})
	}
	tenant, flag, problem := r.tenants.Resolve(r.sender, r.claims)
	if r.senderProblem != nil {
		problem = r.senderProblem
	}
	switch {
	case problem == nil && d.Problem == nil:
		if flag != "" && !d.Canonical {
			d.Record.AddFlag(flag)
		}
		return tenant, nil
	case problem == nil || problem.Reason == record.ReasonMissingTenant && d.Problem != nil:
		return tenant, d.Problem
	case r.refuses(problem):
		r.refusal = problem
	}
	return tenant, problem
}

// refuses says whether a problem with the tenant refuses the request.
func (r *request) refuses(problem *record.Problem) bool {
	t := &r.cfg.Tenant
	switch problem.Reason {
	case record.ReasonTenantViolation:
		return t.OnConflict == policyReject
	case record.ReasonMissingTenant:
		if r.tenants.RequireIdentity && r.sender.Identity == "" {
			return t.OnUnauthenticated == policyReject
		}
		return t.OnMissing == policyReject
	}
	return false
}

// keepMark passes on what a forwarder has put in quarantine. The mark is final;
// only a tenant the forwarder may not speak for changes the reason.
func (r *request) keepMark(in *origin, lr plog.LogRecord, mark otlpmap.QuarantineMark) {
	if mark.TenantID == "" || r.sender.Forwarder.MaySpeakFor(mark.TenantID) {
		r.redactLog(lr)
		r.countQuarantined(in, lr, mark)
		return
	}
	mark.Reason = record.ReasonTenantViolation
	mark.Detail = "the forwarder that quarantined the record may not speak for its tenant: see tenants of its entry in tenant.forwarders"
	r.quarantine(in, lr, mark)
}

// quarantine redacts a record as it came and marks it.
func (r *request) quarantine(in *origin, lr plog.LogRecord, mark otlpmap.QuarantineMark) {
	r.redactLog(lr)
	otlpmap.Quarantine(lr, mark)
	r.countQuarantined(in, lr, mark)
}

func (r *request) redactLog(lr plog.LogRecord) {
	if r.logs != nil {
		r.tally.redacted += r.logs.log(lr)
	}
}

func (r *request) countQuarantined(in *origin, lr plog.LogRecord, mark otlpmap.QuarantineMark) {
	otlpmap.KeepFromSampling(lr, r.cfg.Sampling.Attribute)
	entry := r.tally.add(outcomeKey{result: resultQuarantined, reason: mark.Reason})
	tenant := mark.TenantID
	if !r.vouched(tenant) {
		tenant = "" // no tenant pays for what others say of it
	}
	identity := ""
	if mark.SHA256 != [32]byte{} {
		identity = string(mark.SHA256[:]) // whatever its time
	}
	r.bring(in, lr, tenant, entry, identity)
}

// vouched says whether the sender may name a tenant. A key that is named and has
// not been seen to hold vouches for nothing.
func (r *request) vouched(tenant string) bool {
	switch f := r.sender.Forwarder; {
	case r.unproven, r.senderProblem != nil:
		return false
	case f != nil:
		return f.MaySpeakFor(tenant)
	}
	return r.sender.Identity != "" || !r.tenants.RequireIdentity
}
