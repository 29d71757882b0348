package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/migrations"
)

// databaseFlags name the database and the installation in it.
type databaseFlags struct {
	url, schema string
	// fallback is the variable of dev.env that holds the login this command
	// needs, such as AUDIT_READER_URL.
	fallback string
}

func (d *databaseFlags) register(cmd *cobra.Command, fallback string) {
	d.fallback = fallback
	f := cmd.PersistentFlags()
	f.StringVar(&d.url, "database-url", "", "PostgreSQL `URL` (default: $AUDIT_DATABASE_URL, else $"+fallback+")")
	f.StringVar(&d.schema, "schema", "public", "`schema` of the audit tables")
}

// orOwner lets AUDIT_OWNER_URL stand in for the variable of the role.
func (d *databaseFlags) orOwner(sys *System) {
	if sys.Getenv(d.fallback) == "" {
		d.fallback = "AUDIT_OWNER_URL"
	}
}

// resolve returns the connection string: the flag, then AUDIT_DATABASE_URL,
// then the variable of the role that `otelaudit dev` writes.
func (d *databaseFlags) resolve(sys *System) (string, error) {
	for _, candidate := range []string{d.url, sys.Getenv("AUDIT_DATABASE_URL"), sys.Getenv(d.fallback)} {
		if candidate != "" {
			return candidate, nil
		}
	}
	return "", usageError("--database-url, AUDIT_DATABASE_URL or "+d.fallback+"; with 'otelaudit dev' running: set -a; . .dev/dev.env; set +a",
		"no database is named")
}

// describeDatabase gives the errors of a database their hint. It never repeats
// a connection string: what pgx says about one may quote it.
func describeDatabase(err error) error {
	if err == nil {
		return nil
	}
	if _, known := errors.AsType[*failure](err); known {
		return err
	}
	if other, ok := errors.AsType[*migrations.PrefixError](err); ok {
		hint := ""
		if prefix := other.Prefix(); prefix != "" {
			hint = "say --role-prefix " + prefix
		}
		return environmentError(hint, err)
	}
	if server, ok := errors.AsType[*pgconn.PgError](err); ok {
		hint := serverHint(server)
		if store.IsRaised(err) && server.Hint != "" {
			hint = server.Hint
		}
		return environmentError(hint, withoutRepetition(err))
	}
	op, _ := errors.AsType[*net.OpError](err)
	_, unresolved := errors.AsType[*net.DNSError](err)
	switch {
	case unresolved:
		return environmentError("does the host in --database-url or AUDIT_DATABASE_URL exist?", err)
	case op != nil && op.Op == "dial", errors.Is(err, os.ErrNotExist):
		return environmentError("is PostgreSQL running at the host and port of the database URL? 'otelaudit dev' starts one", err)
	case errors.Is(err, context.Canceled):
		return environmentError("", errors.New("interrupted"))
	}
	return environmentError("", err)
}

// serverHint is the remedy for what PostgreSQL said.
func serverHint(e *pgconn.PgError) string {
	switch e.Code {
	case "28P01":
		return "the password in the database URL is not this user's"
	case "28000":
		return "the server does not admit this user from here: see its pg_hba.conf, and that the role may log in"
	case "3D000":
		return "the database in the URL does not exist"
	case "42P01", "3F000", "42883":
		return "the audit tables are not there: run 'otelaudit migrate up' as the owner, or name their --schema"
	case "42703":
		return "the audit tables are older than this program: run 'otelaudit migrate up' as the owner"
	case "42501":
		return "this login lacks the right: list, show, count, monthly and timeline need the reader role, quarantine the operator or auditor, hold and retention the operator, access the auditor or the owner, migrate the owner"
	case "57014":
		return "it took longer than a statement may: narrow it down with --since; --trace-id, --request-id and --ip have no index"
	case "53300":
		return "the server has no connection left"
	}
	return ""
}

// withoutRepetition cuts the "ERROR: " and the "(SQLSTATE 42501)" that pgconn
// adds; the words between say the same to a person, and the hint what to do.
func withoutRepetition(err error) error {
	server, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return err
	}
	return fmt.Errorf("%s%w", strings.Replace(err.Error(), server.Error(), server.Message, 1), silent{err})
}

// silent keeps an error in the chain without saying it again.
type silent struct{ err error }

func (silent) Error() string   { return "" }
func (s silent) Unwrap() error { return s.err }
