package otlpmap

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// IsAudit reports whether a log record claims to be audit: an attribute "audit"
// or "audit.…", or a body that is a map or a JSON object with such a member, or
// the event name "audit" or "audit.…" with a body that has action and actor.
// Whether the claim holds water is for Decode to say. It does not allocate for
// ordinary records.
func IsAudit(lr plog.LogRecord) bool {
	for name := range lr.Attributes().All() {
		if isAuditName(name) {
			return true
		}
	}
	return auditBody(lr) != bodyOrdinary
}

func isAuditName(name string) bool {
	return strings.HasPrefix(name, AttrAudit) && (len(name) == len(AttrAudit) || name[len(AttrAudit)] == '.')
}

// bodyShape says how a body carries audit data.
type bodyShape uint8

const (
	bodyOrdinary bodyShape = iota
	bodyMember             // a member "audit" or "audit.…"
	bodyItself             // the body is the audit object, the event name says so
)

func auditBody(lr plog.LogRecord) bodyShape {
	named := isAuditName(lr.EventName())
	body := lr.Body()
	var names topNames
	switch body.Type() {
	case pcommon.ValueTypeMap:
		for name := range body.Map().All() {
			names.add(name)
		}
	case pcommon.ValueTypeStr:
		if !named && !mayNameAudit(body.Str()) {
			return bodyOrdinary
		}
		names.scan(body.Str())
	default:
	}
	switch {
	case names.audit:
		return bodyMember
	case named && names.action && names.actor:
		return bodyItself
	default:
		return bodyOrdinary
	}
}

// mayNameAudit is a quick look at a body of text.
func mayNameAudit(s string) bool {
	for i := range len(s) {
		switch s[i] {
		case ' ', '\t', '\n', '\r':
			continue
		case '{':
			// An escaped letter in a member name is unusual, but JSON.
			return strings.Contains(s, `"audit`) || strings.Contains(s, `\u00`)
		}
		return false
	}
	return false
}

// topNames collects what the names on the top level of an object say.
type topNames struct{ audit, action, actor bool }

func (t *topNames) add(name string) {
	switch {
	case isAuditName(name):
		t.audit = true
	case name == "action":
		t.action = true
	case name == "actor":
		t.actor = true
	}
}
