// Package replay makes of a record in quarantine what is sent to a collector
// again, and says by what the event that becomes of it is known. What the record
// means is the collector's to say: nothing is corrected here.
package replay

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/otlpmap"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
)

// Record is a quarantined record on its way to a collector.
type Record struct {
	// Body is an OTLP export request in protobuf with this record alone: as it is
	// kept, without the marks of the processor that put it in quarantine, which a
	// processor that trusts the sender would take for final.
	Body []byte
	// SHA256 is what a processor calls it that puts it in quarantine again.
	SHA256 [32]byte

	record   record.Record
	received time.Time
}

var (
	// ErrDamaged is OTLP that cannot be decoded.
	ErrDamaged = errors.New("the stored OTLP is damaged: there is nothing that could be sent")
	// ErrNotAudit is a record that no processor would take for audit.
	ErrNotAudit = errors.New("the stored OTLP holds no audit record")
)

// New reads the OTLP of a record that came to quarantine at a time. A record that
// has no time of its own gets that one as its observed time: with the time of
// each replay it would be another event every time.
func New(otlp []byte, encoding string, received time.Time) (*Record, error) {
	logs, err := decode(otlp, encoding)
	if err != nil {
		return nil, err
	}
	resource, scope, lr, err := only(logs)
	if err != nil {
		return nil, err
	}
	otlpmap.Unmark(lr)
	if !otlpmap.IsAudit(lr) {
		return nil, ErrNotAudit
	}
	decoded := otlpmap.NewDecoder(otlpmap.Options{}).Decode(resource, scope, lr, true)
	r := &Record{record: *decoded.Record, received: received}
	if r.record.TimeUnixNano == 0 && r.record.ObservedTimeUnixNano == 0 {
		lr.SetObservedTimestamp(pcommon.NewTimestampFromTime(received))
	}
	r.SHA256 = otlpmap.Digest(resource, scope, lr)
	r.Body, err = otlpmap.MarshalOne(resource, scope, lr)
	return r, err
}

func decode(otlp []byte, encoding string) (logs plog.Logs, err error) {
	switch encoding {
	case "protobuf":
		var u plog.ProtoUnmarshaler
		logs, err = u.UnmarshalLogs(otlp)
	case "json":
		var u plog.JSONUnmarshaler
		logs, err = u.UnmarshalLogs(otlp)
	default:
		return logs, fmt.Errorf("the stored OTLP has the unknown encoding %q", encoding)
	}
	if err != nil {
		err = ErrDamaged // the error may quote the record
	}
	return logs, err
}

// only returns the one log record.
func only(logs plog.Logs) (resource pcommon.Resource, scope pcommon.InstrumentationScope, lr plog.LogRecord, err error) {
	if n := logs.LogRecordCount(); n != 1 {
		return resource, scope, lr, fmt.Errorf("the stored OTLP holds %d log records, and should hold one", n)
	}
	for _, rl := range logs.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			if sl.LogRecords().Len() == 1 {
				return rl.Resource(), sl.Scope(), sl.LogRecords().At(0), nil
			}
		}
	}
	return resource, scope, lr, ErrDamaged
}

// Identity is by what the event of a tenant is known that a processor makes of
// this record.
func (r *Record) Identity(tenant string) *store.ReplayIdentity {
	rec := r.record
	rec.TenantID = tenant
	// A problem means that the processor will say the same, and that there is no
	// event to be found.
	_ = rec.Normalize()
	rec.SettleTime(r.received.UnixNano())
	identity := &store.ReplayIdentity{
		TenantID: tenant, EventID: rec.EventID, Fingerprint: rec.Fingerprint(),
		TimeUnixMilli: max(rec.TimeUnixNano, 0) / int64(time.Millisecond),
	}
	if rec.BindsKey() {
		identity.Key = rec.IdempotencyKey
	}
	return identity
}

// Tenant is the tenant that a record claims, or else the expected one.
func Tenant(q *store.QuarantinedRecord, expected string) string {
	if claimed := strings.TrimSpace(q.TenantID); claimed != "" {
		return claimed
	}
	return expected
}
