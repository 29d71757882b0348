package pgurl

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// The values of TLS.Mode, weakest first.
var tlsModes = []string{"disable", "require", "verify-ca", "verify-full"}

const tlsVerifyFull = "verify-full"

// TLS says how the connections of a component are protected, apart from what
// the connection string says. The names in its errors are those of the YAML.
type TLS struct {
	// Mode is verify-full, verify-ca, require or disable. Empty is verify-full,
	// except to loopback addresses and Unix sockets, where the string decides.
	Mode     string
	CAFile   string
	CertFile string
	KeyFile  string
}

// Check refuses a connection that is protected less than verify-full unless it
// stays on this machine or Mode says so in words. It reads no file.
func (t *TLS) Check(databaseURL string) error {
	if t.Mode != "" && !slices.Contains(tlsModes, t.Mode) {
		return fmt.Errorf("tls::mode: must be verify-full, verify-ca, require or disable, found %q", t.Mode)
	}
	if (t.CertFile == "") != (t.KeyFile == "") {
		return errors.New("tls::cert_file: goes with tls::key_file; set both or none")
	}
	asked, loopback, err := inspect(databaseURL)
	if err != nil {
		return err
	}
	if t.Mode == "" && !loopback && asked != "" && asked != tlsVerifyFull {
		return fmt.Errorf("url: sslmode=%s to a host that is not loopback; use verify-full, or set tls::mode to %s to accept the risk", asked, asked)
	}
	return nil
}

// Parse reads a connection string as the function of that name does, protected
// as Check demands. It reads the files. Of several servers the connection is
// made to the one that takes writes, without being asked to.
func (t *TLS) Parse(databaseURL, applicationName string) (*pgx.ConnConfig, error) {
	for _, file := range []struct{ key, path string }{{"ca_file", t.CAFile}, {"cert_file", t.CertFile}, {"key_file", t.KeyFile}} {
		if file.path == "" {
			continue
		}
		if _, err := os.Stat(file.path); err != nil {
			return nil, fmt.Errorf("tls::%s: %w", file.key, err)
		}
	}
	config, err := Parse(t.Apply(databaseURL), applicationName)
	if err != nil {
		return nil, fmt.Errorf("url: %w", err)
	}
	if config.ValidateConnect == nil && servers(&config.Config) > 1 {
		config.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	return config, nil
}

// servers is the number of servers a connection is tried with.
func servers(config *pgconn.Config) int {
	distinct := map[string]struct{}{net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port))): {}}
	for _, f := range config.Fallbacks {
		distinct[net.JoinHostPort(f.Host, strconv.Itoa(int(f.Port)))] = struct{}{}
	}
	return len(distinct)
}

// Apply puts the settings into a connection string.
func (t *TLS) Apply(databaseURL string) string {
	mode := t.Mode
	if asked, loopback, err := inspect(databaseURL); mode == "" && err == nil {
		mode = asked
		if mode == "" && loopback {
			mode = "prefer"
		}
		if !loopback {
			mode = tlsVerifyFull
		}
	}
	settings := [][2]string{
		{"sslmode", mode}, {"sslrootcert", t.CAFile}, {"sslcert", t.CertFile}, {"sslkey", t.KeyFile},
	}
	before, query, _ := strings.Cut(databaseURL, "?")
	if !isURL(databaseURL) {
		for _, s := range settings {
			if s[1] != "" {
				databaseURL += " " + s[0] + "=" + QuoteKeyword(s[1])
			}
		}
		return databaseURL
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return databaseURL
	}
	for _, s := range settings {
		if s[1] != "" {
			values.Set(s[0], s[1])
		}
	}
	return before + "?" + values.Encode()
}

// QuoteKeyword quotes a value of a connection string in keyword form.
func QuoteKeyword(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

// inspect returns the sslmode a connection string asks for, "" where it asks for
// none, and whether all its hosts are this machine.
func inspect(databaseURL string) (sslmode string, loopback bool, err error) {
	if err := Check(databaseURL); err != nil {
		return "", false, fmt.Errorf("url: %w", err)
	}
	if isURL(databaseURL) {
		_, query, _ := strings.Cut(databaseURL, "?")
		values, err := url.ParseQuery(query)
		if err != nil {
			return "", false, errInvalidURL
		}
		sslmode = values.Get("sslmode")
	} else {
		for field := range strings.FieldsSeq(databaseURL) {
			if name, value, ok := strings.Cut(field, "="); ok && name == "sslmode" {
				sslmode = strings.Trim(value, "'")
			}
		}
	}
	config, err := Parse(withoutTLS(databaseURL), "otelaudit")
	if err != nil {
		return "", false, errInvalidURL
	}
	loopback = isLocal(config.Host)
	for _, fallback := range config.Fallbacks {
		loopback = loopback && isLocal(fallback.Host)
	}
	return sslmode, loopback, nil
}

// withoutTLS returns a connection string that refers to no files, so that
// looking at it reads none.
func withoutTLS(databaseURL string) string {
	before, query, _ := strings.Cut(databaseURL, "?")
	if !isURL(databaseURL) {
		return databaseURL + " sslmode=disable sslrootcert='' sslcert='' sslkey=''"
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return databaseURL
	}
	for _, name := range []string{"sslrootcert", "sslcert", "sslkey", "sslpassword"} {
		values.Del(name)
	}
	values.Set("sslmode", "disable")
	return before + "?" + values.Encode()
}

// errInvalidURL says nothing of what was given: it holds a password.
var errInvalidURL = errors.New("url: is not a connection string of the form postgres://user:password@host:port/database?sslmode=verify-full")
