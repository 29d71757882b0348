package otlpmap

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/record"
)

// takeBody reads the audit data of a body, and keeps what remains of it.
func (g *gatherer) takeBody(lr plog.LogRecord) {
	body := lr.Body()
	if body.Type() == pcommon.ValueTypeEmpty {
		return
	}
	shape := auditBody(lr)
	v := convert(body, 0, &g.notes)
	if shape == bodyOrdinary {
		g.record.Body = v
		return
	}
	if v.Kind() == record.String {
		parsed, isJSON := g.parse("the body", v.Text())
		if !isJSON {
			g.fail(malformed("the body begins as a JSON object with audit data, but is not JSON"))
			g.record.Body = v
			return
		}
		v = parsed
	}
	g.bodyCarries = true
	if shape == bodyItself {
		g.nested("the body", v)
		return
	}
	g.record.Body = g.remainder(v)
}

// remainder takes the audit members out of a body, and those that are also
// attributes of the record.
func (g *gatherer) remainder(body record.Value) record.Value {
	attributes := make(map[string]record.Value, len(g.other))
	for _, m := range g.other {
		attributes[m.Name] = m.Value
	}
	rest := body.Map(func(name string, v record.Value) record.Value {
		if name == AttrAudit {
			if !g.audit.IsAbsent() && v.Equal(g.audit) {
				return record.Value{} // evlog's second copy
			}
			g.nested("the body's audit member", v)
			return record.Value{}
		}
		if path, ok := strings.CutPrefix(name, auditPrefix); ok {
			g.member(path, v)
			return record.Value{}
		}
		if copied, ok := attributes[name]; ok && saysTheSame(copied, v) {
			return record.Value{}
		}
		return v
	})
	if rest.Len() == 0 {
		return record.Value{}
	}
	return rest
}

// saysTheSame reports whether an attribute is a copy of a member of the body.
// Attributes of objects, and with evlog of fractions, are JSON text.
func saysTheSame(attribute, member record.Value) bool {
	if attribute.Equal(member) {
		return true
	}
	if attribute.Kind() != record.String || member.Kind() == record.String || record.CostlyJSON(attribute.Text()) {
		return false
	}
	p, err := record.ParseText(attribute.Text())
	return err == nil && p.Value.Equal(member)
}
