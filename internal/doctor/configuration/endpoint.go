package configuration

import (
	"net"
	"strings"
)

// endpoint is an address that a receiver listens on.
type endpoint struct {
	receiver stop
	protocol string
	address  *value // nil means the default
	config   *value // of the protocol: tls, auth, middlewares
}

// fallback is the address without configuration.
const fallback = "localhost"

// endpoints are the addresses that a receiver listens on.
func endpoints(r stop) []endpoint {
	switch r.kind() {
	case "otlp":
		var all []endpoint
		protocols := r.config.at("protocols")
		for _, protocol := range []string{"grpc", "http"} {
			if section := protocols.at(protocol); section != nil {
				all = append(all, endpoint{r, protocol, section.at("endpoint"), section})
			}
		}
		return all
	case "syslog", "tcplog", "udplog":
		var all []endpoint
		for _, protocol := range []string{"tcp", "udp"} {
			if section := r.config.at(protocol); section != nil {
				all = append(all, endpoint{r, protocol, section.at("listen_address"), section})
			}
		}
		if address := r.config.at("listen_address"); address != nil {
			all = append(all, endpoint{r, r.kind(), address, r.config})
		}
		return all
	case "kafka", "filelog", fromOutbox:
		return nil
	}
	if address := r.config.at("endpoint"); address != nil {
		return []endpoint{{r, r.kind(), address, r.config}}
	}
	return nil
}

// at says where the endpoint stands.
func (e *endpoint) at() *value { return e.address.or(e.config, e.receiver.config, e.receiver.named) }

// name is what people call it.
func (e *endpoint) name() string { return e.receiver.name + "::" + e.protocol }

// beyond reports whether other machines can connect. known is false where the
// address could not be read.
func (e *endpoint) beyond() (beyond, known bool) {
	if e.address.unread() {
		return false, false
	}
	if strings.HasPrefix(e.config.at("transport").str(""), "unix") {
		return false, true
	}
	return !isLoopback(e.address.str(fallback)), true
}

// encrypted reports whether the endpoint speaks TLS.
func (e *endpoint) encrypted() bool { return e.config.at("tls").enabled() }

// authenticated reports whether a client must prove who it is, by whatever means.
func (e *endpoint) authenticated() bool {
	return e.config.at("auth", "authenticator").given() || e.config.at("tls", "client_ca_file").given() ||
		e.config.at("tls", "client_ca_pem").given()
}

// isLoopback reports whether an address with or without a port is of this
// machine alone. A name other than localhost may be anywhere.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = strings.Trim(address, "[]")
	}
	if strings.HasPrefix(host, "/") || strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
