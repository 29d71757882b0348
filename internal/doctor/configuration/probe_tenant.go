package configuration

import (
	"strings"

	"github.com/otelaudit/otelaudit/internal/doctor"
)

// tenantProbes are about who may speak for which tenant.
func tenantProbes() []doctor.Probe[*Configuration] {
	return []doctor.Probe[*Configuration]{
		probe(doctor.Check{
			ID: "tenant_unbound", Severity: doctor.P0, Section: docWayIn,
			Title: "Whoever can connect can write events of every tenant",
			Fix:   "tenant::from_auth with an authenticator on the endpoint (username with basicauth, subject with oidc), or listen on 127.0.0.1 only",
		}, findUnbound),
		probe(doctor.Check{
			ID: "tenant_claims", Severity: doctor.P0, Section: docWayIn,
			Title: "Clients that prove nothing are believed which tenant they are",
			Fix:   "tenant::on_unauthenticated: quarantine, or reject where clients call directly",
		}, findClaims),
		probe(doctor.Check{
			ID: "tenant_header", Severity: doctor.P0, Section: docForward,
			Title: "The tenant is a request header that anybody can set",
			Fix:   "let only the proxy that sets it connect: tls::client_ca_file, an authenticator, or 127.0.0.1",
		}, findHeader),
		probe(doctor.Check{
			ID: "tenant_source", Severity: doctor.P1, Section: docForward,
			Title: "The tenant cannot be known, so that every record goes to quarantine",
			Fix:   "give the endpoint what tenant:: asks for: auth::authenticator (not bearertokenauth) for from_auth, include_metadata: true for from_header",
		}, findNoSource),
		probe(doctor.Check{
			ID: "forwarder_all", Severity: doctor.P2, Section: docForward,
			Title: "A forwarder may speak for every tenant",
			Fix:   "name the tenants it needs; what it is not listed for is quarantined",
		}, findForwarders),
	}
}

// entrance is an endpoint with the audit processor behind it.
type entrance struct {
	endpoint

	processor stop
}

// entrances are the endpoints in front of audit sinks.
func (c *Configuration) entrances() []entrance {
	var all []entrance
	for _, w := range c.audit {
		processor, ok := w.audit()
		if !ok {
			continue
		}
		for _, e := range endpoints(w.receiver()) {
			all = append(all, entrance{e, processor})
		}
	}
	return all
}

func findUnbound(c *Configuration, f *finder) {
	for _, e := range c.entrances() {
		tenant := e.processor.config.at("tenant")
		if tenant.at("from_auth").given() || tenant.at("from_header").given() || f.open(e.address, e.name()) {
			continue
		}
		if beyond, _ := e.beyond(); beyond {
			f.find(e.at(), "%s takes connections of other machines, and %s takes the tenant from the record", e.name(), e.processor.name)
		}
	}
}

func findClaims(c *Configuration, f *finder) {
	for _, e := range c.entrances() {
		tenant := e.processor.config.at("tenant")
		if !tenant.at("from_auth").given() && !tenant.at("from_header").given() {
			continue
		}
		if claims := tenant.at("on_unauthenticated"); !f.open(claims, e.processor.name+"::tenant::on_unauthenticated") && claims.str("") == "claims" {
			f.find(claims, "%s believes the record where the client of %s has no name", e.processor.name, e.name())
		}
	}
}

func findHeader(c *Configuration, f *finder) {
	for _, e := range c.entrances() {
		header := e.processor.config.at("tenant", "from_header")
		if !header.given() || e.authenticated() || f.open(e.address, e.name()) {
			continue
		}
		if beyond, _ := e.beyond(); beyond {
			f.find(header, "%s believes a header of whoever connects to %s", e.processor.name, e.name())
		}
	}
}

func findNoSource(c *Configuration, f *finder) {
	for _, e := range c.entrances() {
		config := e.processor.config
		if config.at("tenant", "from_auth").given() {
			switch authenticator := e.config.at("auth", "authenticator"); {
			case !authenticator.given():
				f.find(e.at(), "%s wants tenant::from_auth, and %s has no authenticator", e.processor.name, e.name())
			case typeOf(authenticator.str("")) == "bearertokenauth":
				f.find(authenticator, "%s wants tenant::from_auth, and the authenticator of %s says nothing of who", e.processor.name, e.name())
			}
		}
		headers := config.at("enrich", "headers")
		if (config.at("tenant", "from_header").given() || headers != nil && len(headers.keys) > 0) && !e.config.at("include_metadata").boolean(false) {
			f.find(e.at(), "%s reads request headers, and %s has no include_metadata: true", e.processor.name, e.name())
		}
	}
}

func findForwarders(c *Configuration, f *finder) {
	for _, p := range c.auditProcessors() {
		for _, forwarder := range p.config.at("tenant", "forwarders").list() {
			for _, glob := range forwarder.at("tenants").list() {
				if text := glob.str(""); text != "" && strings.Trim(text, "*") == "" {
					f.find(glob, "%s::tenant::forwarders: whoever has this forwarder's credentials writes for all tenants", p.name)
				}
			}
		}
	}
}
