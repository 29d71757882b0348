package auditprocessor

import (
	"math"
	"net/textproto"
	"slices"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/client"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/stage"
)

// senderOf returns who the client is: the configured attribute of its
// authentication, otherwise the configured header. Two that differ are a
// problem, unless the first is a forwarder, whose headers say nothing. Only an
// authenticated client is a forwarder: anybody can send its name in a header.
func (p *auditProcessor) senderOf(info *client.Info) (stage.Sender, *record.Problem) {
	t := &p.cfg.Tenant
	var authenticated string
	if t.FromAuth != "" && info.Auth != nil {
		authenticated = attributeText(info.Auth.GetAttribute(t.FromAuth))
	}
	sender := p.tenants.Sender(authenticated)
	if t.FromHeader == "" || sender.Forwarder != nil {
		return sender, nil
	}
	var named []string
	for _, value := range info.Metadata.Get(t.FromHeader) {
		if value = strings.TrimSpace(value); value != "" && !slices.Contains(named, value) {
			named = append(named, value)
		}
	}
	switch {
	case len(named) == 0:
		return sender, nil
	case len(named) > 1, authenticated != "" && named[0] != authenticated:
		return stage.Sender{}, violation("the request names two tenants: the one its sender is authenticated for and the header " + t.FromHeader + ", or that header twice")
	case p.tenants.Sender(named[0]).Forwarder != nil:
		return stage.Sender{}, violation("the header " + t.FromHeader + " names a forwarder, but the request is not authenticated as one")
	}
	return stage.Sender{Identity: named[0]}, nil
}

func violation(detail string) *record.Problem {
	return &record.Problem{Reason: record.ReasonTenantViolation, Detail: detail}
}

// attributeText returns an attribute of the client's authentication as text, ""
// where it is not one text or one integer: two tenants are no tenant.
func attributeText(v any) string {
	switch v := v.(type) {
	case string:
		return strings.TrimSpace(v)
	case []string:
		if len(v) == 1 {
			return strings.TrimSpace(v[0])
		}
	case []any:
		if len(v) == 1 {
			return attributeText(v[0])
		}
	case int:
		return strconv.Itoa(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64: // a number of a JSON web token
		if v == math.Trunc(v) && math.Abs(v) <= record.MaxSafeInteger {
			return strconv.FormatInt(int64(v), 10)
		}
	}
	return ""
}

// headerRule fills one member of the context from one request header.
type headerRule struct{ header, member string }

// headerRules returns the rules in the order of the members' names.
func headerRules(headers map[string]string) []headerRule {
	rules := make([]headerRule, 0, len(headers))
	for header, member := range headers {
		rules = append(rules, headerRule{header: textproto.CanonicalMIMEHeaderKey(header), member: member})
	}
	slices.SortFunc(rules, func(a, b headerRule) int {
		return strings.Compare(a.member+"\x00"+a.header, b.member+"\x00"+b.header)
	})
	return rules
}

// headerValues reads the headers. One that stands twice says nothing for certain,
// and one that is too long would send the record to quarantine: both are left
// out.
func headerValues(rules []headerRule, info *client.Info) []stage.ContextValue {
	var values []stage.ContextValue
	for _, rule := range rules {
		if v := info.Metadata.Get(rule.header); len(v) == 1 && v[0] != "" && len(v[0]) <= record.MaxIDBytes {
			values = append(values, stage.ContextValue{Name: rule.member, Value: v[0]})
		}
	}
	return values
}
