package configuration

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/otelaudit/otelaudit/internal/doctor"
)

// transportProbes are about who can read and reach what is on the network.
func transportProbes() []doctor.Probe[*Configuration] {
	return []doctor.Probe[*Configuration]{
		probe(doctor.Check{
			ID: "listens_plain", Severity: doctor.P1, Section: docWayIn,
			Title: "Events and passwords come over the network in clear",
			Fix:   "give the endpoint tls: {cert_file: …, key_file: …}, or let it listen on 127.0.0.1",
		}, findPlain),
		probe(doctor.Check{
			ID: "listens_open", Severity: doctor.P1, Section: docWayIn,
			Title: "Whoever can connect can send",
			Fix:   "give the endpoint auth: {authenticator: …} or tls::client_ca_file, or let it listen on 127.0.0.1",
		}, findOpen),
		probe(doctor.Check{
			ID: "forward_plain", Severity: doctor.P1, Section: docWayIn,
			Title: "Audit records are forwarded without TLS, or to whoever answers",
			Fix:   "take tls::insecure and tls::insecure_skip_verify out, and name tls::ca_file",
		}, findPlainForward),
		probe(doctor.Check{
			ID: "database_tls", Severity: doctor.P1, Section: docDatabase,
			Title: "The connection to PostgreSQL does not prove who the server is",
			Fix:   "tls: {mode: verify-full, ca_file: …}",
		}, findDatabaseTLS),
	}
}

// remote are the endpoints in front of audit sinks that other machines reach.
func (c *Configuration) remote(f *finder) []endpoint {
	var all []endpoint
	for _, w := range c.audit {
		for _, e := range endpoints(w.receiver()) {
			if beyond, known := e.beyond(); beyond || !known {
				if !f.open(e.address, e.name()) {
					all = append(all, e)
				}
			}
		}
	}
	return all
}

func findPlain(c *Configuration, f *finder) {
	for _, e := range c.remote(f) {
		if !e.encrypted() {
			f.find(e.at(), "%s takes connections of other machines without TLS", e.name())
		}
	}
}

func findOpen(c *Configuration, f *finder) {
	for _, e := range c.remote(f) {
		if !e.authenticated() {
			f.find(e.at(), "%s takes connections of other machines, and nobody has to prove who he is", e.name())
		}
	}
}

func findPlainForward(c *Configuration, f *finder) {
	for _, s := range c.sinks() {
		tls, address := s.config.at("tls"), s.config.at("endpoint")
		if !forwards(s) || isLoopback(hostOf(address.str(fallback))) {
			continue
		}
		plain := strings.HasPrefix(address.str(""), "http://")
		for _, key := range []string{"insecure", "insecure_skip_verify"} {
			if v := tls.at(key); !f.open(v, s.name+"::tls::"+key) && v.boolean(false) {
				f.find(v, "%s sends with tls::%s", s.name, key)
				plain = false
			}
		}
		if plain {
			f.find(address, "%s sends to an http:// address", s.name)
		}
	}
}

// hostOf takes the scheme and the path off an address.
func hostOf(address string) string {
	if _, rest, found := strings.Cut(address, "://"); found {
		address = rest
	}
	address, _, _ = strings.Cut(address, "/")
	return address
}

var weakModes = []string{"disable", "allow", "prefer", "require", "verify-ca"}

func findDatabaseTLS(c *Configuration, f *finder) {
	for _, e := range slices.Concat(c.all("exporters"), c.all("receivers")) {
		if e.section == "exporters" && e.kind() != "audit" || e.section == "receivers" && e.kind() != fromOutbox {
			continue
		}
		mode := e.config.at("tls", "mode")
		// Without it a weaker sslmode in url to another host is refused.
		if !slices.Contains(weakModes, mode.str("")) || f.open(e.config.at("url"), e.name+"::url") {
			continue
		}
		if host := databaseHost(e.config); !isLoopback(host) {
			f.find(mode, "%s connects with tls::mode: %s to another machine", e.name, shown(mode, ""))
		}
	}
}

var hostKey = regexp.MustCompile(`(?:^|\s)host(?:addr)?\s*=\s*'?([^\s']+)`)

// databaseHost is the host that an exporter connects to, "" where that cannot be
// read.
func databaseHost(exporter *value) string {
	text := exporter.at("url").str("")
	if text == "" {
		return exporter.at("host").str("")
	}
	if match := hostKey.FindStringSubmatch(text); match != nil && !strings.Contains(text, "://") {
		return match[1]
	}
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	if host := u.Query().Get("host"); host != "" {
		return host
	}
	return u.Hostname()
}
