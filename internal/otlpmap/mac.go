package otlpmap

import (
	"encoding/base64"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/record"
)

// PutOriginMAC sets the origin MAC of a record in canonical form. Encode removes
// it, so set it afterwards.
func PutOriginMAC(lr plog.LogRecord, mac string) { lr.Attributes().PutStr(AttrOriginMAC, mac) }

// originMAC takes the MAC of a trusted sender. What could not be one is a
// problem here, because a store keeps it as text.
func (c *canonicalReader) originMAC(v pcommon.Value) {
	mac := ""
	if v.Type() == pcommon.ValueTypeStr {
		mac = v.Str()
	}
	switch {
	case !isMAC(mac):
		c.fail(&record.Problem{Reason: record.ReasonMACInvalid, Detail: AttrOriginMAC +
			" is not of the form " + macPrefix + "<key id>:<43 characters of base64url>"})
	case c.mac != "" && c.mac != mac:
		c.fail(ambiguous("the attribute %q stands twice with different values", AttrOriginMAC))
	default:
		c.mac = mac
	}
}

func (c *canonicalReader) fail(p *record.Problem) {
	if c.problem == nil {
		c.problem = p
	}
}

// originMACPath is what stands behind "audit." in AttrOriginMAC. In a record that
// is not canonical it is what a client says of itself: data of the producer.
const originMACPath = "origin.mac"

const (
	macPrefix = "hmac-sha256:"
	macBytes  = 32
	// maxMACKeyID bounds the key id, in bytes.
	maxMACKeyID = 128
)

// isMAC reports whether a text has the form of a MAC: visible ASCII throughout.
func isMAC(text string) bool {
	rest, ok := strings.CutPrefix(text, macPrefix)
	if !ok {
		return false
	}
	id, sum, ok := strings.Cut(rest, ":")
	if !ok || id == "" || len(id) > maxMACKeyID || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return false
	}
	if len(sum) != base64.RawURLEncoding.EncodedLen(macBytes) {
		return false // DecodeString skips line ends
	}
	decoded, err := base64.RawURLEncoding.Strict().DecodeString(sum)
	return err == nil && len(decoded) == macBytes
}
