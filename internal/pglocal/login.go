//go:build unix

package pglocal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// EnsureDatabase makes a database of that name unless there is one.
func (c *Cluster) EnsureDatabase(ctx context.Context, database string) error {
	return c.Exec(ctx, "postgres", "CREATE DATABASE "+pgx.Identifier{database}.Sanitize(), "42P04")
}

// EnsureLogin makes a login with a generated password, member of the given
// roles, and gives an existing one the password that the cluster keeps for it.
func (c *Cluster) EnsureLogin(ctx context.Context, login string, memberOf ...string) error {
	password, err := c.passwords.ensure(login)
	if err != nil {
		return err
	}
	name := pgx.Identifier{login}.Sanitize()
	// The password is text of our own making: letters and digits.
	// A role that is there already is an error, and the server would log the
	// failed statement with the password in it.
	quietly := "SET log_min_error_statement = panic; "
	if err := c.Exec(ctx, "postgres", quietly+"CREATE ROLE "+name+" LOGIN PASSWORD '"+password+"'", "42710", "23505"); err != nil {
		return fmt.Errorf("make login %s: %w", login, err)
	}
	statements := []string{"ALTER ROLE " + name + " LOGIN PASSWORD '" + password + "'"}
	if len(memberOf) > 0 {
		groups := make([]string, len(memberOf))
		for i, role := range memberOf {
			groups[i] = pgx.Identifier{role}.Sanitize()
		}
		statements = append(statements, "GRANT "+strings.Join(groups, ", ")+" TO "+name)
	}
	if err := c.Exec(ctx, "postgres", quietly+strings.Join(statements, "; ")); err != nil {
		return fmt.Errorf("set up login %s: %w", login, err)
	}
	return nil
}

// Exec runs SQL without parameters as the superuser, in one transaction unless
// it is a single statement. Errors with one of the given SQLSTATEs are no errors.
func (c *Cluster) Exec(ctx context.Context, database, statements string, tolerated ...string) error {
	conn, err := pgx.Connect(ctx, c.SocketURL(Superuser, database))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.PgConn().Exec(ctx, statements).ReadAll()
	if server, ok := errors.AsType[*pgconn.PgError](err); ok {
		if slices.Contains(tolerated, server.Code) {
			return nil
		}
	}
	return err
}
