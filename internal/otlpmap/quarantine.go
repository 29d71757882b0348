package otlpmap

import (
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/record"
)

// QuarantineMark says why a log record goes to quarantine. The processor sets
// it, the exporter stores it; it is final.
type QuarantineMark struct {
	Reason   string   // one of the Reason constants of package record
	Detail   string   // for the person who reads it; holds no value of the record
	SHA256   [32]byte // Digest of the log record as it came, zero if it was not valid
	TenantID string   // as claimed, may be ""
}

// Caps of a mark's texts, in bytes. A tenant that is cut off is still over
// record.MaxTenantBytes and so nobody's.
const (
	maxMarkDetail = 4096
	maxMarkTenant = 512
	maxMarkReason = 64 // of an unknown reason, in the detail
)

// storable returns a mark that audit_quarantine takes. One row it refuses would
// hold up every record sent along with it, so a mark must not be able to be one,
// whoever made it. Doing it twice changes nothing.
func (m QuarantineMark) storable() QuarantineMark {
	if !record.IsReason(m.Reason) {
		unknown := "the mark names no reason"
		if m.Reason != "" {
			unknown = fmt.Sprintf("the mark's reason %q is unknown", cut(m.Reason, maxMarkReason))
		}
		if m.Detail != "" {
			unknown += ": "
		}
		m.Reason, m.Detail = record.ReasonMalformed, unknown+cut(m.Detail, maxMarkDetail)
	}
	m.Detail, m.TenantID = storableText(m.Detail, maxMarkDetail), storableText(m.TenantID, maxMarkTenant)
	return m
}

// storableText makes a text one that PostgreSQL takes.
func storableText(s string, limit int) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(cut(s, limit), "\uFFFD"), "\x00", "\uFFFD")
	return cut(s, limit) // what was put in is longer than what it replaced
}

// cut shortens a text to a number of bytes, between two characters.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for back := 0; back < utf8.UTFMax && back < limit; back++ {
		if utf8.RuneStart(s[limit-back]) {
			return s[:limit-back]
		}
	}
	return s[:limit]
}

// Quarantine marks the log record, in place of any mark it has. Whoever calls
// it has redacted the rest.
func Quarantine(lr plog.LogRecord, mark QuarantineMark) {
	mark = mark.storable()
	Unmark(lr)
	attrs := lr.Attributes()
	attrs.PutStr(AttrQuarantineReason, mark.Reason)
	attrs.PutStr(AttrQuarantineDetail, mark.Detail)
	attrs.PutStr(AttrQuarantineSHA256, hex.EncodeToString(mark.SHA256[:]))
	if mark.TenantID != "" {
		attrs.PutStr(AttrQuarantineTenant, mark.TenantID)
	}
}

// Unmark takes a mark off, so that the record is judged anew.
func Unmark(lr plog.LogRecord) {
	lr.Attributes().RemoveIf(func(name string, _ pcommon.Value) bool { return strings.HasPrefix(name, quarantinePrefix) })
}

// QuarantineMarkOf returns the mark of a log record, with whatever could not be
// stored in it repaired. It does not ask who set it: call it only for trusted
// senders.
func QuarantineMarkOf(lr plog.LogRecord) (QuarantineMark, bool) {
	attrs := lr.Attributes()
	if _, ok := attrs.Get(AttrQuarantineReason); !ok {
		return QuarantineMark{}, false
	}
	mark := QuarantineMark{
		Reason:   textIn(attrs, AttrQuarantineReason),
		Detail:   textIn(attrs, AttrQuarantineDetail),
		TenantID: textIn(attrs, AttrQuarantineTenant),
	}
	if digest := textIn(attrs, AttrQuarantineSHA256); hex.DecodedLen(len(digest)) == len(mark.SHA256) {
		if sum, err := hex.DecodeString(digest); err == nil {
			mark.SHA256 = [32]byte(sum)
		}
	}
	return mark.storable(), true
}

// textIn returns an attribute that is text, "" for another type: Quarantine
// writes nothing else.
func textIn(attrs pcommon.Map, name string) string {
	if v, ok := attrs.Get(name); ok && v.Type() == pcommon.ValueTypeStr {
		return v.Str()
	}
	return ""
}
