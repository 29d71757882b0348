package database

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/otelaudit/otelaudit/internal/pglocal"
)

// SQLStateLogged is a log_line_prefix with the SQLSTATE of every line, for Logged.
const SQLStateLogged = "%m [%p] %e %q%u@%d "

// tick is how often a state of the server is looked for.
const tick = 10 * time.Millisecond

// Mark is the place in the server's log that is its end now.
func (s *Server) Mark() (int64, error) {
	info, err := os.Stat(s.LogFile)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// Logged counts the lines since a mark that hold all the texts.
func (s *Server) Logged(mark int64, texts ...string) (int, error) {
	raw, err := os.ReadFile(s.LogFile)
	if err != nil {
		return 0, err
	}
	n := 0
	for line := range strings.Lines(string(raw[min(mark, int64(len(raw))):])) {
		all := true
		for _, text := range texts {
			all = all && strings.Contains(line, text)
		}
		if all {
			n++
		}
	}
	return n, nil
}

// AwaitLogged waits until the log has a line since a mark with all the texts.
func (s *Server) AwaitLogged(ctx context.Context, mark int64, texts ...string) error {
	for {
		n, err := s.Logged(mark, texts...)
		if err != nil || n > 0 {
			return err
		}
		if err := pause(ctx); err != nil {
			return fmt.Errorf("the server did not log %q: %w", texts, err)
		}
	}
}

// AwaitTrue waits until a query for one boolean, as the superuser, says true.
func (s *Server) AwaitTrue(ctx context.Context, database, query string) error {
	conn, err := pgx.Connect(ctx, s.SocketURL(pglocal.Superuser, database))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for {
		var yes bool
		if err := conn.QueryRow(ctx, query).Scan(&yes); err != nil {
			return fmt.Errorf("%s: %w", query, err)
		}
		if yes {
			return nil
		}
		if err := pause(ctx); err != nil {
			return fmt.Errorf("never true: %s: %w", query, err)
		}
	}
}

func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(tick):
		return nil
	}
}

// Set changes settings of the running server that need no restart. The empty
// value takes a setting back.
func (s *Server) Set(ctx context.Context, settings map[string]string) error {
	for name, value := range settings {
		statement := "ALTER SYSTEM SET " + name + " = '" + strings.ReplaceAll(value, "'", "''") + "'"
		if value == "" {
			statement = "ALTER SYSTEM RESET " + name
		}
		if err := s.Exec(ctx, "postgres", statement); err != nil {
			return err
		}
	}
	return s.Exec(ctx, "postgres", "SELECT pg_reload_conf()")
}

// Setting is what a setting is now.
func (s *Server) Setting(ctx context.Context, name string) (value string, err error) {
	conn, err := pgx.Connect(ctx, s.SocketURL(pglocal.Superuser, "postgres"))
	if err != nil {
		return "", err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	err = conn.QueryRow(ctx, "SELECT current_setting($1)", name).Scan(&value)
	return value, err
}

// TerminateLogin ends the sessions of a login.
func (s *Server) TerminateLogin(ctx context.Context, login string) error {
	return s.Exec(ctx, "postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '"+login+"'")
}

// CancelLogin ends the statements that sessions of a login are at.
func (s *Server) CancelLogin(ctx context.Context, login string) error {
	return s.Exec(ctx, "postgres", "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE usename = '"+login+"' AND state = 'active'")
}

// Standby starts a standby in dir that streams from this server.
func (s *Server) Standby(ctx context.Context, dir string, settings map[string]string) (*Server, error) {
	cluster, err := pglocal.Start(ctx, pglocal.Options{Dir: dir, From: s.Cluster, Settings: settings})
	if err != nil {
		return nil, err
	}
	standby := &Server{Cluster: cluster}
	standby.made.Store(s.made.Load())
	return standby, nil
}

// Database is a database that New made here, or on the primary.
func (s *Server) Database(name string) Database {
	return Database{
		Name:     name,
		Owner:    s.URL(pglocal.Superuser, name),
		Writer:   s.URL(Writer, name),
		Reader:   s.URL("testbed_reader", name),
		Auditor:  s.URL("testbed_auditor", name),
		Pruner:   s.URL("testbed_pruner", name),
		Operator: s.URL("testbed_operator", name),
	}
}

// Writer is the login of the role that writes.
const Writer = "testbed_writer"
