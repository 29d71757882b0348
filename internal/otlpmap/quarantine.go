package otlpmap

import (
	"encoding/hex"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// QuarantineMark says why a log record goes to quarantine. The processor sets
// it, the exporter stores it; it is final.
type QuarantineMark struct {
	Reason   string   // one of the Reason constants of package record
	Detail   string   // for the person who reads it; holds no value of the record
	SHA256   [32]byte // Digest of the log record as it came, zero if it was not valid
	TenantID string   // as claimed, may be ""
}

// Quarantine marks the log record, in place of any mark it has. Whoever calls
// it has redacted the rest.
func Quarantine(lr plog.LogRecord, mark QuarantineMark) {
	attrs := lr.Attributes()
	attrs.RemoveIf(func(name string, _ pcommon.Value) bool { return strings.HasPrefix(name, quarantinePrefix) })
	attrs.PutStr(AttrQuarantineReason, mark.Reason)
	attrs.PutStr(AttrQuarantineDetail, mark.Detail)
	attrs.PutStr(AttrQuarantineSHA256, hex.EncodeToString(mark.SHA256[:]))
	if mark.TenantID != "" {
		attrs.PutStr(AttrQuarantineTenant, mark.TenantID)
	}
}

// QuarantineMarkOf returns the mark of a log record. It does not ask who set
// it: call it only for trusted senders.
func QuarantineMarkOf(lr plog.LogRecord) (QuarantineMark, bool) {
	attrs := lr.Attributes()
	reason, ok := attrs.Get(AttrQuarantineReason)
	if !ok {
		return QuarantineMark{}, false
	}
	mark := QuarantineMark{Reason: reason.AsString()}
	if v, ok := attrs.Get(AttrQuarantineDetail); ok {
		mark.Detail = v.AsString()
	}
	if v, ok := attrs.Get(AttrQuarantineTenant); ok {
		mark.TenantID = v.AsString()
	}
	if v, ok := attrs.Get(AttrQuarantineSHA256); ok {
		if sum, err := hex.DecodeString(v.AsString()); err == nil && len(sum) == len(mark.SHA256) {
			copy(mark.SHA256[:], sum)
		}
	}
	return mark, true
}

// StripQuarantineMark removes the mark of a sender that may not set one, and
// reports whether there was one.
func StripQuarantineMark(lr plog.LogRecord) bool {
	before := lr.Attributes().Len()
	lr.Attributes().RemoveIf(func(name string, _ pcommon.Value) bool { return strings.HasPrefix(name, quarantinePrefix) })
	return lr.Attributes().Len() != before
}
