package otlpmap

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelaudit/otelaudit/internal/record"
)

// claimName is a configured tenant attribute, cut up once.
type claimName struct {
	attribute string
	object    string // "context" of "audit.context.tenantId", "" for other names
	member    string // "tenantId" of it
}

func claimNames(attributes []string) []claimName {
	names := make([]claimName, 0, len(attributes))
	for _, a := range attributes {
		c := claimName{attribute: a}
		if path, ok := strings.CutPrefix(a, auditPrefix); ok {
			if head, rest, ok := strings.Cut(path, "."); ok {
				switch head {
				case "actor", "target", "context", "changes", "payload":
					c.object, c.member = head, rest
				}
			}
		}
		names = append(names, c)
	}
	return names
}

// claimText returns the tenant a value claims: text without the white space
// around it, or an integer. ok is false for another type.
func claimText(v record.Value) (text string, ok bool) {
	switch v.Kind() {
	case record.String:
		return strings.TrimSpace(v.Text()), true
	case record.Number:
		if i, whole := wholeNumber(v.Number()); whole {
			return string(record.NumberValue(float64(i)).AppendJSON(nil)), true
		}
		return "", false
	case record.Absent, record.Null:
		return "", true
	default:
		return "", false
	}
}

// attributeClaims returns the claims that the attributes of a scope or a
// resource make. A name that stands twice claims twice.
func (d *Decoder) attributeClaims(claims []Claim, level Level, attrs pcommon.Map) ([]Claim, *record.Problem) {
	if attrs.Len() == 0 {
		return claims, nil
	}
	var problem *record.Problem
	for i := range d.claim {
		name := d.claim[i].attribute
		for key, value := range attrs.All() {
			if key != name {
				continue
			}
			v, _ := ValueOf(value)
			text, ok := claimText(v)
			switch {
			case !ok:
				problem = notText(level, name)
			case text != "":
				claims = append(claims, Claim{Level: level, Attribute: name, Value: text})
			}
		}
	}
	return claims, problem
}

func notText(level Level, name string) *record.Problem {
	return &record.Problem{Reason: record.ReasonInvalidTenant, Detail: "the tenant in " + name + " of the " + string(level) + " is not text"}
}

// takeClaims returns all claims to a tenant and takes those of the record out
// of it, so that the same tenant in another spelling is the same event.
func (g *gatherer) takeClaims() []Claim {
	if len(g.from.decoder.claim) == 0 {
		return nil
	}
	outer, problem := g.from.readClaims()
	claims := g.from.claimSpace[:0]
	for i := range g.from.decoder.claim {
		claims = g.takeClaim(claims, &g.from.decoder.claim[i])
	}
	claims = append(claims, outer...)
	g.from.claimSpace = claims
	g.fail(problem)
	if len(claims) > 0 {
		g.record.TenantID = claims[0].Value
	}
	return claims
}

func (g *gatherer) takeClaim(claims []Claim, c *claimName) []Claim {
	r := g.record
	if c.object == "" {
		claims = g.takeMember(claims, c.attribute, &r.Attributes, c.attribute)
		if g.bodyCarries {
			claims = g.takeMember(claims, c.attribute, &r.Body, c.attribute)
		}
		return claims
	}
	for _, o := range []struct {
		name  string
		value *record.Value
	}{{"actor", &r.Actor}, {"target", &r.Target}, {"context", &r.Context}, {"changes", &r.Changes}, {"payload", &r.Payload}} {
		if o.name == c.object {
			return g.takeMember(claims, c.attribute, o.value, c.member)
		}
	}
	return claims
}

func (g *gatherer) takeMember(claims []Claim, attribute string, from *record.Value, member string) []Claim {
	v := from.Get(member)
	if v.IsAbsent() {
		return claims
	}
	text, ok := claimText(v)
	if !ok {
		g.fail(notText(LevelRecord, attribute))
		return claims
	}
	*from = withoutMember(*from, member)
	if text == "" {
		return claims
	}
	for _, c := range claims {
		if c.Attribute == attribute && c.Value == text {
			return claims // the attribute and the body say the same
		}
	}
	return append(claims, Claim{Level: LevelRecord, Attribute: attribute, Value: text})
}
