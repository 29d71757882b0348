package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/otelaudit/otelaudit/testbed/database"
)

// sessionFaults are what keeps the writers' sessions from being had or from
// being what they were.
func sessionFaults() []Fault {
	return []Fault{
		{Name: "connections exhausted by others", Setup: Setup{Settings: map[string]string{"max_connections": "20"}}, Happen: exhaust},
		whileState("connection limit of the role", state{
			begin: sql("ALTER ROLE testbed_writer CONNECTION LIMIT 1"), end: sql("ALTER ROLE testbed_writer CONNECTION LIMIT -1"),
			ends: true, says: []string{" 53300 ", "FATAL:", database.Writer},
		}),
		whileState("role may not log in", state{
			begin: sql("ALTER ROLE testbed_writer NOLOGIN"), end: sql("ALTER ROLE testbed_writer LOGIN"),
			ends: true, says: []string{" 28000 ", "FATAL:", database.Writer},
		}),
		whileState("password changed and changed back", state{
			begin: sql("ALTER ROLE testbed_writer PASSWORD 'another'"),
			end:   func(ctx context.Context, l *Lab) error { return l.Server.EnsureLogin(ctx, database.Writer) },
			ends:  true, says: []string{" 28P01 ", "FATAL:", database.Writer},
		}),
		whileState("pg_hba.conf refuses the role", state{
			begin: refuseInHBA, end: allowInHBA,
			ends: true, says: []string{" 28000 ", "FATAL:", database.Writer},
		}),
		whileState("role's rights revoked and granted again", state{
			begin: sql("REVOKE audit_writer FROM testbed_writer"), end: sql("GRANT audit_writer TO testbed_writer"),
			says: []string{" 42501 ", "ERROR:", database.Writer},
		}),
		whileState("right to one table revoked and granted again", state{
			begin: sql("REVOKE INSERT ON audit_event_ids FROM audit_writer"), end: sql("GRANT INSERT ON audit_event_ids TO audit_writer"),
			says: []string{" 42501 ", "ERROR:", database.Writer},
		}),
		whileState("connections to the database not allowed", state{
			begin: allowConnections(false), end: allowConnections(true),
			ends: true, says: []string{" 55000 ", "FATAL:", database.Writer},
		}),
		whileState("statement timeout of the role", state{
			begin: sql("ALTER ROLE testbed_writer SET statement_timeout = 1"), end: sql("ALTER ROLE testbed_writer RESET statement_timeout"),
			ends: true, says: []string{" 57014 ", "ERROR:", database.Writer},
		}),
		whileState("idle session timeout of the role", state{
			begin: sql("ALTER ROLE testbed_writer SET idle_session_timeout = 5; ALTER ROLE testbed_writer SET idle_in_transaction_session_timeout = 5; " +
				"ALTER ROLE testbed_writer SET lock_timeout = 1"),
			end:  sql("ALTER ROLE testbed_writer RESET ALL"),
			ends: true, says: []string{" 57P05 ", "FATAL:", database.Writer},
		}),
		{
			Name: "role with synchronous_commit off, immediate stop", Happen: asynchronousCommit,
			// What is not written out at COMMIT is not for long.
			Setup: Setup{Settings: map[string]string{"wal_writer_delay": "10s", "wal_writer_flush_after": "1GB"}},
		},
		{Name: "defaults of the role: serializable, read only, deferred", Happen: defaults},
	}
}

// exhaust takes every connection that is there to be had, and ends the writers'
// so that they want one.
func exhaust(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
	var taken []*pgx.Conn
	defer func() {
		for _, conn := range taken {
			_ = conn.Close(context.WithoutCancel(ctx))
		}
	}()
	mark, err := l.Server.Mark()
	if err != nil {
		return 0, err
	}
	met, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		if err := l.Server.TerminateLogin(ctx, database.Writer); err != nil {
			return 0, err
		}
		for {
			conn, err := pgx.Connect(ctx, l.Database.Reader)
			if err != nil {
				break // that was the last
			}
			taken = append(taken, conn)
		}
		if n, err := l.Server.Logged(mark, " 53300 ", database.Writer); err != nil || n >= 3 {
			if err == nil {
				err = sleep(ctx, between(random, 200*time.Millisecond, 2*time.Second))
			}
			return n, err
		}
		if err := sleep(met, 20*time.Millisecond); err != nil {
			return 0, fmt.Errorf("no writer was refused for want of a connection: %w", err)
		}
	}
}

const hbaLine = "host all testbed_writer 127.0.0.1/32 reject\n"

func refuseInHBA(ctx context.Context, l *Lab) error {
	return editHBA(ctx, l, func(before string) string { return hbaLine + before })
}

func allowInHBA(ctx context.Context, l *Lab) error {
	return editHBA(ctx, l, func(before string) string { return before[len(hbaLine):] })
}

func editHBA(ctx context.Context, l *Lab, edit func(string) string) error {
	path := filepath.Join(l.Server.DataDir, "pg_hba.conf")
	before, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	// The file stays the server's own.
	if err := os.WriteFile(path, []byte(edit(string(before))), 0o600); err != nil {
		return err
	}
	return l.Server.Exec(ctx, "postgres", "SELECT pg_reload_conf()")
}

func allowConnections(allowed bool) func(context.Context, *Lab) error {
	return func(ctx context.Context, l *Lab) error {
		return l.Server.Exec(ctx, "postgres", fmt.Sprintf("ALTER DATABASE %s ALLOW_CONNECTIONS %t", l.Database.Name, allowed))
	}
}

// asynchronousCommit makes the role's sessions such that a commit is answered
// before it is on disk, and pulls the plug.
func asynchronousCommit(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
	if err := sql("ALTER ROLE testbed_writer SET synchronous_commit = off")(ctx, l); err != nil {
		return 0, err
	}
	if err := l.inNewSession(ctx, "synchronous_commit", "off"); err != nil {
		return 0, err
	}
	for n := range 3 {
		if err := l.Server.TerminateLogin(ctx, database.Writer); err != nil {
			return n, err
		}
		if err := sleep(ctx, between(random, 300*time.Millisecond, time.Second)); err != nil {
			return n, err
		}
		if err := l.Server.Kill(); err != nil {
			return n, err
		}
		if err := l.Server.Restart(ctx); err != nil {
			return n + 1, err
		}
		if err := l.Heal(ctx); err != nil {
			return n + 1, err
		}
	}
	return 3, sql("ALTER ROLE testbed_writer RESET synchronous_commit")(ctx, l)
}

// defaults gives the role defaults of transactions that a writer must not have,
// and goes on: they hinder nobody who says what he needs.
func defaults(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
	if err := sql("ALTER ROLE testbed_writer SET default_transaction_isolation = 'serializable'; "+
		"ALTER ROLE testbed_writer SET default_transaction_read_only = on; ALTER ROLE testbed_writer SET default_transaction_deferrable = on; "+
		"ALTER ROLE testbed_writer SET session_replication_role = origin; ALTER ROLE testbed_writer SET client_min_messages = error")(ctx, l); err != nil {
		return 0, err
	}
	for name, value := range map[string]string{"default_transaction_isolation": "serializable", "default_transaction_read_only": "on"} {
		if err := l.inNewSession(ctx, name, value); err != nil {
			return 0, err
		}
	}
	if err := l.Server.TerminateLogin(ctx, database.Writer); err != nil {
		return 0, err
	}
	if err := sleep(ctx, between(random, 500*time.Millisecond, 1500*time.Millisecond)); err != nil {
		return 1, err
	}
	if err := l.Heal(ctx); err != nil {
		return 1, fmt.Errorf("with the role's defaults: %w", err)
	}
	return 1, sql("ALTER ROLE testbed_writer RESET ALL")(ctx, l)
}

// inNewSession holds that a session made now has a setting.
func (l *Lab) inNewSession(ctx context.Context, name, want string) error {
	conn, err := pgconn.Connect(ctx, l.Database.Writer)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	results, err := conn.Exec(ctx, "SHOW "+name).ReadAll()
	if err != nil {
		return err
	}
	if got := string(results[0].Rows[0][0]); got != want {
		return fmt.Errorf("%s is %s, not %s: the fault does not bite", name, got, want)
	}
	return nil
}
