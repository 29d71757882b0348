package otlpmap

import (
	"net/netip"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelaudit/otelaudit/internal/record"
)

// enrichments say which other attributes fill a missing member of the context,
// the first that is there.
var enrichments = []struct {
	member string
	from   []string
}{
	{"request_id", []string{"http.request.header.x-request-id", "requestId"}},
	{"ip", []string{"client.address"}},
	{"user_agent", []string{"user_agent.original"}},
	{"session_id", []string{"session.id"}},
}

// enrich fills what is missing in the context from the record, a body that
// carries the event, and the resource. It copies and never overwrites.
func (g *gatherer) enrich(resource pcommon.Resource) {
	r := g.record
	g.enrichFromSource()
	for _, e := range enrichments {
		if !r.Context.Get(e.member).IsAbsent() {
			continue
		}
		if text := g.lookUp(resource, e.from); text != "" {
			r.Context = r.Context.Set(e.member, record.StringValue(text))
		}
	}
}

func (g *gatherer) lookUp(resource pcommon.Resource, names []string) string {
	for _, name := range names {
		if text := enrichmentText(g.record.Attributes.Get(name)); text != "" {
			return text
		}
		if g.bodyCarries {
			if text := enrichmentText(g.record.Body.Get(name)); text != "" {
				return text
			}
		}
	}
	for _, name := range names {
		if v, ok := resource.Attributes().Get(name); ok {
			value, _ := ValueOf(v)
			if text := enrichmentText(value); text != "" {
				return text
			}
		}
	}
	return ""
}

// enrichmentText returns text, a number as text, or the first element of an
// array, as which OpenTelemetry records request headers.
func enrichmentText(v record.Value) string {
	switch v.Kind() {
	case record.String:
		return v.Text()
	case record.Number:
		return numberText(v).Text()
	case record.Array:
		if v.Len() > 0 {
			return v.Members()[0].Value.Text()
		}
	default:
	}
	return ""
}

// enrichFromSource reads the draft audit signal's source: an address is the
// context's ip, anything else keeps its name.
func (g *gatherer) enrichFromSource() {
	r := g.record
	if !g.sourceType.IsAbsent() && r.Context.Get("source_type").IsAbsent() {
		r.Context = r.Context.Set("source_type", g.sourceType)
	}
	if g.sourceID.IsAbsent() {
		return
	}
	text := enrichmentText(g.sourceID)
	_, err := netip.ParseAddr(text)
	if err == nil && r.Context.Get("ip").IsAbsent() {
		r.Context = r.Context.Set("ip", record.StringValue(text))
	} else if r.Context.Get("ip").Text() != text {
		r.Context = r.Context.Set("source_id", g.sourceID)
	}
}
