package otlpmap

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/record"
)

// PutOriginMAC sets the origin MAC of a record in canonical form. Encode removes
// it, so set it afterwards.
func PutOriginMAC(lr plog.LogRecord, mac string) { lr.Attributes().PutStr(AttrOriginMAC, mac) }

// originMACPath is what stands behind "audit." in AttrOriginMAC. In a record that
// is not canonical it is what a client says of itself: data of the producer.
const originMACPath = "origin.mac"

// originMAC takes the MAC of a trusted sender. What could not be one is a
// problem here, because a store keeps it as text.
func (c *canonicalReader) originMAC(v pcommon.Value) {
	mac := v.Str() // "" for another type, which is no MAC
	err := keys.CheckMAC(mac)
	switch {
	case c.problem != nil:
	case err != nil:
		c.problem = &record.Problem{Reason: record.ReasonMACInvalid, Detail: AttrOriginMAC + ": " + err.Error()}
	case c.mac != "" && c.mac != mac:
		c.problem = ambiguous("the attribute %q stands twice with different values", AttrOriginMAC)
	default:
		c.mac = mac
	}
}

// SealOf returns the MAC of a record in canonical form that is not marked for
// quarantine: the only kind of record whose every part is under its MAC. Nobody
// has checked it yet.
func SealOf(lr plog.LogRecord) (mac string, found bool) {
	if !isCanonical(lr) {
		return "", false
	}
	attrs := lr.Attributes()
	if _, marked := attrs.Get(AttrQuarantineReason); marked {
		return "", false
	}
	mac = textIn(attrs, AttrOriginMAC)
	return mac, mac != ""
}
