// Package pgurl reads PostgreSQL connection strings and describes failures to
// connect without ever repeating one: a connection string holds a password, and
// pgx's own parse errors quote it.
package pgurl

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"unicode"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ErrInvalid is returned for a connection string that cannot be read. It says
// what is wanted and nothing about what was given.
var ErrInvalid = errors.New("database URL is not valid: want postgres://user:password@host:port/database?sslmode=verify-full")

// Parse reads a connection string, in URL or keyword form, and the PG*
// environment variables that fill what it leaves out. Connections made from the
// result work behind pgbouncer in transaction mode: application_name is the only
// start-up parameter, and no named prepared statement is made.
//
// A string without sslmode means verify-full, except for this machine itself,
// where it means what PostgreSQL's own clients take it for.
func Parse(databaseURL, applicationName string) (*pgx.ConnConfig, error) {
	if strings.TrimSpace(databaseURL) == "" {
		return nil, errors.New("database URL is empty")
	}
	if err := Check(databaseURL); err != nil {
		return nil, err
	}
	config, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		return nil, ErrInvalid
	}
	if err := checkHosts(config); err != nil {
		return nil, err
	}
	if preferred(config) && !named(databaseURL, "sslmode") {
		if config, err = pgx.ParseConfig(withSetting(databaseURL, "sslmode", "verify-full")); err != nil {
			return nil, ErrInvalid
		}
	}
	config.RuntimeParams = map[string]string{"application_name": applicationName}
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	config.StatementCacheCapacity = 0
	config.DescriptionCacheCapacity = 0
	return config, nil
}

// errEncode wraps ErrInvalid where a character of the user name or the password
// was taken for the end of it.
var errEncode = fmt.Errorf(`%w; percent-encode special characters of user and password, such as @ as %%40 and / as %%2F`, ErrInvalid)

// Check refuses a URL of which nobody can say where its password ends: what is
// left of the password would be taken for the host's name, sent to a name server
// and written into every error.
func Check(databaseURL string) error {
	if !isURL(databaseURL) {
		return nil
	}
	_, rest, _ := strings.Cut(databaseURL, "://")
	authority := rest
	if end := strings.IndexAny(rest, "/?"); end >= 0 {
		authority = rest[:end]
	}
	if strings.Count(rest, "@") > 1 || strings.Contains(rest[len(authority):], "@") {
		return errEncode
	}
	return nil
}

// checkHosts refuses what no host is called. pgx takes nearly everything.
func checkHosts(config *pgx.ConnConfig) error {
	if !isHost(config.Host) {
		return errEncode
	}
	for _, fallback := range config.Fallbacks {
		if !isHost(fallback.Host) {
			return errEncode
		}
	}
	return nil
}

// isHost reports whether a text can be a host's name, an address or the folder
// of a socket.
func isHost(host string) bool {
	if strings.HasPrefix(host, "/") {
		return true
	}
	for _, r := range host {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && !strings.ContainsRune(".-_:%", r) {
			return false
		}
	}
	return true
}

// preferred reports whether a connection to another machine would fall back to
// plain text, which pgx does where nobody said anything about TLS.
func preferred(config *pgx.ConnConfig) bool {
	for _, fallback := range config.Fallbacks {
		if fallback.TLSConfig == nil && !isLocal(fallback.Host) {
			return true
		}
	}
	return false
}

func isLocal(host string) bool {
	if strings.HasPrefix(host, "/") || host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func isURL(s string) bool {
	return strings.HasPrefix(s, "postgres://") || strings.HasPrefix(s, "postgresql://")
}

// named reports whether the connection string says anything about a setting.
func named(databaseURL, setting string) bool {
	if !isURL(databaseURL) {
		return strings.Contains(" "+databaseURL, " "+setting)
	}
	u, err := url.Parse(databaseURL)
	return err == nil && u.Query().Has(setting)
}

func withSetting(databaseURL, setting, value string) string {
	switch {
	case !isURL(databaseURL):
		return databaseURL + " " + setting + "=" + value
	case strings.Contains(databaseURL, "?"):
		return databaseURL + "&" + setting + "=" + value
	default:
		return databaseURL + "?" + setting + "=" + value
	}
}

// WithDatabase returns the connection string with another database name.
func WithDatabase(databaseURL, database string) (string, error) {
	u, err := url.Parse(databaseURL)
	if err != nil || u.Scheme == "" {
		return "", ErrInvalid
	}
	u.Path = "/" + database
	return u.String(), nil
}

// notResolvedError is a *net.DNSError without the name that was asked for, which is
// what a mistyped URL made a host of.
type notResolvedError struct{ cause *net.DNSError }

// Error says why the name was not found.
func (e notResolvedError) Error() string {
	return "the host name of the database URL cannot be resolved: " + e.cause.Err
}

// Unwrap returns the cause, for those who ask what kind of error it is.
func (e notResolvedError) Unwrap() error { return e.cause }

// Timeout and Temporary make it a net.Error, as the cause is.
func (e notResolvedError) Timeout() bool { return e.cause.Timeout() }

// Temporary is whether another attempt may succeed.
func (e notResolvedError) Temporary() bool { return e.cause.Temporary() }

// Describe replaces pgx's error of a failed connection attempt, which carries
// the whole configuration, by its cause, without a host name that was not found.
// Other errors come back unchanged.
func Describe(err error) error {
	var connect *pgconn.ConnectError
	if !errors.As(err, &connect) {
		return err
	}
	if server, ok := errors.AsType[*pgconn.PgError](err); ok {
		return fmt.Errorf("connect to PostgreSQL: %w", server)
	}
	cause := once(connect.Unwrap())
	if dns, ok := errors.AsType[*net.DNSError](cause); ok {
		return fmt.Errorf("connect to PostgreSQL: %w", notResolvedError{dns})
	}
	if strings.Contains(cause.Error(), "refused TLS") {
		return fmt.Errorf("connect to PostgreSQL: %w (TLS is demanded of every host but this machine; only in a network you trust, say sslmode=disable in the URL)", cause)
	}
	return fmt.Errorf("connect to PostgreSQL: %w", cause)
}

// once is the first of several errors that say the same: pgx tries a server a
// second time without TLS where the URL lets it, and joins both failures.
func once(err error) error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return err
	}
	all := joined.Unwrap()
	for _, other := range all {
		if other.Error() != all[0].Error() {
			return err
		}
	}
	return all[0]
}
