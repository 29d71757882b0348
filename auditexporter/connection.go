package auditexporter

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/otelaudit/otelaudit/internal/pgurl"
)

// The values of TLSConfig.Mode, weakest first.
var tlsModes = []string{"disable", "require", "verify-ca", "verify-full"}

const tlsVerifyFull = "verify-full"

// applicationName is what pg_stat_activity shows.
const applicationName = "otelcol-audit"

// validateTLS refuses a connection that is protected less than verify-full
// unless it stays on this machine or tls.mode says so in words.
func (c *Config) validateTLS() error {
	if c.TLS.Mode != "" && !slices.Contains(tlsModes, c.TLS.Mode) {
		return fmt.Errorf("tls::mode: must be verify-full, verify-ca, require or disable, found %q", c.TLS.Mode)
	}
	if (c.TLS.CertFile == "") != (c.TLS.KeyFile == "") {
		return errors.New("tls::cert_file: goes with tls::key_file; set both or none")
	}
	asked, loopback, err := inspect(c.dsn())
	if err != nil {
		return err
	}
	if c.TLS.Mode == "" && !loopback && asked != "" && asked != tlsVerifyFull {
		return fmt.Errorf("url: sslmode=%s to a host that is not loopback; use verify-full, or set tls::mode to %s to accept the risk", asked, asked)
	}
	return nil
}

// connection returns what pgconn needs. It reads the files of tls.
func (c *Config) connection() (*pgconn.Config, error) {
	for _, file := range []struct{ key, path string }{{"ca_file", c.TLS.CAFile}, {"cert_file", c.TLS.CertFile}, {"key_file", c.TLS.KeyFile}} {
		if file.path == "" {
			continue
		}
		if _, err := os.Stat(file.path); err != nil {
			return nil, fmt.Errorf("tls::%s: %w", file.key, err)
		}
	}
	config, err := pgurl.Parse(c.withTLS(c.dsn()), applicationName)
	if err != nil {
		return nil, fmt.Errorf("url: %w", err)
	}
	if config.ConnectTimeout == 0 || config.ConnectTimeout > connectTime {
		config.ConnectTimeout = connectTime
	}
	if config.ValidateConnect == nil && hosts(&config.Config) > 1 {
		// Of several servers the one that takes writes, without being asked to.
		config.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	config.DialFunc = (&net.Dialer{KeepAlive: keepAlive, Control: limitSilence}).DialContext
	return &config.Config, nil
}

// hosts is the number of servers a connection is tried with.
func hosts(config *pgconn.Config) int {
	distinct := map[string]struct{}{net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port))): {}}
	for _, f := range config.Fallbacks {
		distinct[net.JoinHostPort(f.Host, strconv.Itoa(int(f.Port)))] = struct{}{}
	}
	return len(distinct)
}

const (
	connectTime = 5 * time.Second
	keepAlive   = 30 * time.Second
	// silence is how long sent bytes may stay unacknowledged by the peer's kernel.
	silence = 10 * time.Second
)

// dsn returns url, or one made of host, port, user, password and database. It is
// a secret.
func (c *Config) dsn() string {
	if c.URL != "" {
		return string(c.URL)
	}
	if strings.HasPrefix(c.Host, "/") {
		return fmt.Sprintf("host=%s port=%d user=%s password=%s dbname=%s",
			quoteKeyword(c.Host), c.Port, quoteKeyword(c.User), quoteKeyword(string(c.Password)), quoteKeyword(c.Database))
	}
	u := url.URL{Scheme: "postgres", Host: net.JoinHostPort(c.Host, strconv.Itoa(c.Port)), Path: "/" + c.Database}
	switch {
	case c.User != "" && c.Password != "":
		u.User = url.UserPassword(c.User, string(c.Password))
	case c.User != "":
		u.User = url.User(c.User)
	}
	return u.String()
}

// withTLS puts the settings of tls into a connection string.
func (c *Config) withTLS(dsn string) string {
	mode := c.TLS.Mode
	if asked, loopback, err := inspect(dsn); mode == "" && err == nil {
		mode = asked
		if mode == "" && loopback {
			mode = "prefer"
		}
		if !loopback {
			mode = tlsVerifyFull
		}
	}
	settings := [][2]string{
		{"sslmode", mode}, {"sslrootcert", c.TLS.CAFile}, {"sslcert", c.TLS.CertFile}, {"sslkey", c.TLS.KeyFile},
	}
	before, query, _ := strings.Cut(dsn, "?")
	if !isURL(dsn) {
		for _, s := range settings {
			if s[1] != "" {
				dsn += " " + s[0] + "=" + quoteKeyword(s[1])
			}
		}
		return dsn
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return dsn
	}
	for _, s := range settings {
		if s[1] != "" {
			values.Set(s[0], s[1])
		}
	}
	return before + "?" + values.Encode()
}

func isURL(dsn string) bool {
	return strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://")
}

func quoteKeyword(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

// inspect returns the sslmode a connection string asks for, "" where it asks for
// none, and whether all its hosts are this machine.
func inspect(dsn string) (sslmode string, loopback bool, err error) {
	if err := pgurl.Check(dsn); err != nil {
		return "", false, fmt.Errorf("url: %w", err)
	}
	if isURL(dsn) {
		_, query, _ := strings.Cut(dsn, "?")
		values, err := url.ParseQuery(query)
		if err != nil {
			return "", false, errInvalidURL
		}
		sslmode = values.Get("sslmode")
	} else {
		for field := range strings.FieldsSeq(dsn) {
			if name, value, ok := strings.Cut(field, "="); ok && name == "sslmode" {
				sslmode = strings.Trim(value, "'")
			}
		}
	}
	config, err := pgurl.Parse(withoutTLS(dsn), applicationName)
	if err != nil {
		return "", false, errInvalidURL
	}
	loopback = isLoopback(config.Host)
	for _, fallback := range config.Fallbacks {
		loopback = loopback && isLoopback(fallback.Host)
	}
	return sslmode, loopback, nil
}

// withoutTLS returns a connection string that refers to no files, so that
// looking at it reads none.
func withoutTLS(dsn string) string {
	before, query, _ := strings.Cut(dsn, "?")
	if !isURL(dsn) {
		return dsn + " sslmode=disable sslrootcert='' sslcert='' sslkey=''"
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return dsn
	}
	for _, name := range []string{"sslrootcert", "sslcert", "sslkey", "sslpassword"} {
		values.Del(name)
	}
	values.Set("sslmode", "disable")
	return before + "?" + values.Encode()
}

// errInvalidURL says nothing of what was given: it holds a password.
var errInvalidURL = errors.New("url: is not a connection string of the form postgres://user:password@host:port/database?sslmode=verify-full")

func isLoopback(host string) bool {
	if strings.HasPrefix(host, "/") || strings.HasPrefix(host, "@") || host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
