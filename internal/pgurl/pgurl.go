// Package pgurl reads PostgreSQL connection strings and describes failures to
// connect without ever repeating one: a connection string holds a password, and
// pgx's own parse errors quote it.
package pgurl

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

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
func Parse(databaseURL, applicationName string) (*pgx.ConnConfig, error) {
	if strings.TrimSpace(databaseURL) == "" {
		return nil, errors.New("database URL is empty")
	}
	config, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		return nil, ErrInvalid
	}
	config.RuntimeParams = map[string]string{"application_name": applicationName}
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	config.StatementCacheCapacity = 0
	config.DescriptionCacheCapacity = 0
	return config, nil
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

// Describe replaces pgx's error of a failed connection attempt, which carries
// the whole configuration, by its cause. Other errors come back unchanged.
func Describe(err error) error {
	var connect *pgconn.ConnectError
	if !errors.As(err, &connect) {
		return err
	}
	var server *pgconn.PgError
	if errors.As(err, &server) {
		return fmt.Errorf("connect to PostgreSQL: %w", server)
	}
	return fmt.Errorf("connect to PostgreSQL: %w", connect.Unwrap())
}
