package configuration

import (
	"fmt"
	"slices"
	"strings"

	"github.com/otelaudit/otelaudit/internal/pgurl"
	"github.com/otelaudit/otelaudit/internal/stage"
)

// Statement is one thing that holds as deployed.
type Statement struct {
	Section string `json:"section"` // sinks, tenancy, integrity, …
	Subject string `json:"subject"` // a component, a role, a tenant
	Says    string `json:"says"`
	Source  string `json:"source"` // file:line, or database
}

// Sections of a policy, in the order in which they are read.
const (
	Sinks     = "sinks"
	Tenancy   = "tenancy"
	Integrity = "integrity"
	Retention = "retention"
	Redaction = "redaction"
	Access    = "access"
	Roles     = "roles"
	Sampling  = "sampling"
	Transport = "transport"
	Versions  = "versions"
)

// teller collects statements.
type teller struct{ statements []Statement }

func (t *teller) say(section, subject string, at *value, format string, args ...any) {
	s := Statement{section, subject, fmt.Sprintf(format, args...), at.where()}
	if !slices.Contains(t.statements, s) {
		t.statements = append(t.statements, s)
	}
}

// Policy says what the configuration comes to, for somebody who reviews it. It
// holds names, hosts and paths, and no secret: what came from a variable or a file
// is shown as the reference to it.
func (c *Configuration) Policy() []Statement {
	t := &teller{}
	c.tellSinks(t)
	c.tellTenancy(t)
	c.tellIntegrity(t)
	c.tellRedaction(t)
	c.tellSampling(t)
	c.tellTransport(t)
	return t.statements
}

// Unread names what the configuration refers to and what is not there.
func (c *Configuration) Unread() []string {
	var all []string
	for _, name := range c.unset {
		all = append(all, "the variable "+name+" is not set here")
	}
	for _, what := range c.unreadable {
		all = append(all, what+" cannot be read here")
	}
	return all
}

// shown is a text for people: what could not be resolved says so.
func shown(v *value, otherwise string) string {
	switch {
	case v.unread():
		return "(not known here)"
	case v.str("") == "":
		return otherwise
	}
	return v.told(v.str(""))
}

func listed(v *value) string {
	if v != nil && v.from != "" && !v.open {
		return v.from
	}
	var names []string
	for _, item := range v.list() {
		names = append(names, shown(item, `""`))
	}
	switch {
	case v.unread() && len(names) == 0:
		return shown(v, "")
	case len(names) == 0:
		return "none"
	}
	return strings.Join(names, ", ")
}

func (c *Configuration) tellSinks(t *teller) {
	for _, w := range c.audit {
		e := w.exporter()
		t.say(Sinks, e.name, e.config.or(e.named), "%s; %s; %s", c.place(e), w.requirement, answered(e))
	}
	for _, w := range c.copies {
		e := w.exporter()
		what := "copies of events and ordinary records"
		if w.requirement == bestEffort {
			what = "a copy of each event, best effort"
		}
		t.say(Sinks, e.name, e.named, "%s, in the pipeline %s; no audit sink: what fails there changes no answer about storing", what, e.pipeline.name)
	}
	for _, name := range c.notForAudit() {
		t.say(Sinks, name, nil, "no audit record reaches it in a pipeline of logs")
	}
}

// notForAudit are exporters of ours that no way leads to.
func (c *Configuration) notForAudit() []string {
	var idle []string
	sinks := c.sinks()
	for _, e := range c.all("exporters") {
		if e.is(evident) && !slices.ContainsFunc(sinks, func(s stop) bool { return s.component == e }) {
			idle = append(idle, e.name)
		}
	}
	return idle
}

// place says where a sink keeps what it gets.
func (c *Configuration) place(e stop) string {
	switch e.kind() {
	case "audit":
		return fmt.Sprintf("PostgreSQL at %s, schema %s", hostShown(e.config), shown(e.config.at("schema"), "public"))
	case "auditjournal":
		return fmt.Sprintf("journal %s in %s", shown(e.config.at("name"), "journal"), shown(e.config.at("directory"), "(no directory)"))
	case "audit_forward":
		return "the next collector at " + addressShown(e.config.at("endpoint"), "(no endpoint)")
	}
	return "exporter of the type " + typeOf(e.name) + " to " + addressShown(e.config.at("endpoint"), "a place of its own")
}

// hostShown is the host of a connection string and nothing else of it.
func hostShown(exporter *value) string {
	text := exporter.at("url")
	for _, v := range []*value{text, exporter.at("host")} {
		switch {
		case v.unread():
			return "(not known here)"
		case v.given() && v.from != "":
			return onlyReferences(v.from)
		}
	}
	host := databaseHost(exporter)
	if host == "" || pgurl.Check(text.str("")) != nil || strings.ContainsAny(host, "@?=& ") {
		return "(not readable)"
	}
	return host
}

func answered(e stop) string {
	switch e.kind() {
	case "audit":
		if e.config.at("mode").str("synchronous") == "durable-queue" {
			return "answered after fsync of the queue in " + shown(e.config.at("sending_queue", "storage"), "(no storage)") + ", stored afterwards"
		}
		return "answered after COMMIT"
	case "auditjournal":
		return "answered after fsync"
	case "audit_forward":
		return "answered when it is in the queue in " + shown(e.config.at("sending_queue", "storage"), "(no storage)") + "; kept there until the next collector has accepted it"
	}
	if queue := e.config.at("sending_queue"); queue.at("enabled").boolean(true) && !queue.at("wait_for_result").boolean(false) {
		return "answered when it is in a queue that gives up"
	}
	return "answered when the other end has answered"
}

func (c *Configuration) tellTenancy(t *teller) {
	for _, e := range c.entrances() {
		tenant := e.processor.config.at("tenant")
		t.say(Tenancy, e.name(), e.at(), "%s; a contradiction: %s; no tenant: %s; a client that proves nothing: %s", source(&e),
			shown(tenant.at("on_conflict"), "quarantine"), shown(tenant.at("on_missing"), "quarantine"), shown(tenant.at("on_unauthenticated"), "quarantine"))
	}
	for _, w := range c.audit {
		if w.receiver().kind() == fromOutbox {
			t.say(Tenancy, w.receiver().name, w.receiver().named, "traces of reads and changes, of the tenant _system alone, from the database")
		}
	}
	for _, p := range c.auditProcessors() {
		for _, forwarder := range p.config.at("tenant", "forwarders").list() {
			t.say(Tenancy, p.name, forwarder, "the forwarder %s speaks for %s", shown(forwarder.at("identity"), "(no identity)"), listed(forwarder.at("tenants")))
		}
		if name := p.config.at("tenant", "default"); name.given() {
			t.say(Tenancy, p.name, name, "records that name no tenant are of %s", shown(name, ""))
		}
	}
}

// source says where the tenant of a record comes from.
func source(e *entrance) string {
	tenant := e.processor.config.at("tenant")
	var sources []string
	if auth := tenant.at("from_auth"); auth.given() {
		sources = append(sources, fmt.Sprintf("from %s of the authenticated client (%s)", shown(auth, ""), shown(e.config.at("auth", "authenticator"), "no authenticator")))
	}
	if header := tenant.at("from_header"); header.given() {
		sources = append(sources, "from the request header "+shown(header, ""))
	}
	if len(sources) == 0 {
		return "from what the record says"
	}
	return strings.Join(sources, ", then ")
}

func (c *Configuration) tellIntegrity(t *teller) {
	for _, s := range c.sinks() {
		integrity := s.config.at("integrity")
		switch s.kind() {
		case "audit":
			if mode := integrity.at("mode"); mode.str("required") == "off" {
				t.say(Integrity, s.name, mode, "nothing is signed")
				continue
			}
			t.say(Integrity, s.name, integrity.or(s.config), "every commit is signed with %s; anchors in %s", keyShown(integrity), shown(anchorOf(s.component), "no file: a store that has gone back is noticed until the next restart only"))
		case "auditjournal":
			t.say(Integrity, s.name, integrity.or(s.config), "every batch is signed with %s; anchors in %s", keyShown(integrity), shown(anchorOf(s.component), "no file"))
		}
	}
	for _, p := range c.auditProcessors() {
		mac := p.config.at("origin_mac")
		if !mac.at("key_file").given() && !mac.at("keys").given() {
			t.say(Integrity, p.name, mac.or(p.config), "no origin MAC: what forwarders signed is passed on unchecked")
			continue
		}
		verb := "signs what it finishes"
		if !mac.at("sign").boolean(true) {
			verb = "signs nothing"
		}
		t.say(Integrity, p.name, mac, "origin MAC: %s; a forwarder's record without a known one: %s; one that is wrong: quarantine", verb, shown(mac.at("on_unverified"), "keep"))
	}
}

// keyShown names a key by its file.
func keyShown(integrity *value) string {
	if file := integrity.at("key_file"); file.given() {
		return "the key file " + shown(file, "")
	}
	if integrity.at("key").given() {
		return "a key given in the configuration"
	}
	return "no key: the collector does not start"
}

func (c *Configuration) tellRedaction(t *teller) {
	for _, p := range c.auditProcessors() {
		rules := p.config.at("redaction")
		if enabled := rules.at("enabled"); !enabled.boolean(true) {
			t.say(Redaction, p.name, enabled, "off: nothing is masked")
			continue
		}
		at := rules.or(p.config, p.named)
		t.say(Redaction, p.name, at, "on, before anything is hashed, queued or stored; %d built-in names; added: %s", len(stage.DefaultKeys()), listed(rules.at("keys")))
		t.say(Redaction, p.name, at, "paths: %s; patterns of values: %s", listed(rules.at("paths")), listed(rules.at("value_patterns")))
		t.say(Redaction, p.name, at, "exempt, never masked: %s", listed(rules.at("exempt_paths")))
		t.say(Redaction, p.name, at, "other attributes that become part of an event: %s", orText(p.config.at("keep"), "all"))
	}
	for _, w := range c.copies {
		if _, ok := w.audit(); !ok {
			t.say(Redaction, w.exporter().name, w.exporter().named, "gets audit records before redaction, in the pipeline %s", w.exporter().pipeline.name)
		}
	}
}

func orText(v *value, otherwise string) string {
	if v == nil {
		return otherwise
	}
	return listed(v)
}

func (c *Configuration) tellSampling(t *teller) {
	for _, p := range c.auditProcessors() {
		if name := mark(p); name != "" {
			t.say(Sampling, p.name, p.config.at("sampling").or(p.config, p.named), "every audit record is marked %s = 100", shown(p.config.at("sampling", "attribute"), name))
			continue
		}
		t.say(Sampling, p.name, p.config.at("sampling", "attribute"), "audit records are not marked")
	}
	for _, w := range slices.Concat(c.audit, c.copies) {
		for _, p := range w.processors() {
			if p.is(samplers) {
				t.say(Sampling, p.name, p.named, "in the pipeline %s keeps %s %% and what is marked %s = 100", p.pipeline.name,
					shown(p.config.at("sampling_percentage"), "0"), shown(p.config.at("sampling_priority"), "(no mark)"))
			}
		}
	}
}

func (c *Configuration) tellTransport(t *teller) {
	for _, w := range slices.Concat(c.audit, c.copies) {
		for _, e := range endpoints(w.receiver()) {
			t.say(Transport, e.name(), e.at(), "listens on %s, %s, %s", addressShown(e.address, fallback), tlsShown(&e), authShown(&e))
		}
		e := w.exporter()
		if forwards(e) || e.is(stock) {
			how := "with TLS"
			switch tls := e.config.at("tls"); {
			case tls.at("insecure").boolean(false), strings.HasPrefix(e.config.at("endpoint").str(""), "http://"):
				how = "without TLS"
			case tls.at("insecure_skip_verify").boolean(false):
				how = "with TLS to whoever answers"
			}
			t.say(Transport, e.name, e.config.or(e.named), "sends to %s %s, as %s", addressShown(e.config.at("endpoint"), "(no endpoint)"), how, shown(e.config.at("auth", "authenticator"), "nobody"))
		}
		if e.kind() == "audit" {
			t.say(Transport, e.name, e.config.at("tls").or(e.config), "connects to PostgreSQL with TLS mode %s", shown(e.config.at("tls", "mode"), "verify-full (on this machine: as its URL says)"))
		}
	}
}

func tlsShown(e *endpoint) string {
	switch {
	case !e.encrypted():
		return "without TLS"
	case e.config.at("tls", "client_ca_file").given():
		return "TLS with client certificates"
	}
	return "TLS"
}

func authShown(e *endpoint) string {
	if authenticator := e.config.at("auth", "authenticator"); authenticator.given() {
		return "clients prove themselves to " + shown(authenticator, "")
	}
	if e.authenticated() {
		return "clients prove themselves by certificate"
	}
	return "clients prove nothing"
}
