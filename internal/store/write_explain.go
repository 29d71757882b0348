package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/otelaudit/otelaudit/internal/pgurl"
)

// Explain says in one line what is wrong with the database and what to do. It
// never holds a connection string, a password or a value of a record: messages
// of data errors quote values, so those are reduced to their code.
func Explain(err error) string {
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		return explainCode(pgErr)
	}
	var netErr net.Error
	switch {
	case errors.Is(err, context.Canceled):
		return "the exporter is shutting down"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		return "PostgreSQL does not answer in time"
	}
	return pgurl.Describe(err).Error()
}

func explainCode(pgErr *pgconn.PgError) string {
	hint := ""
	switch code := pgErr.Code; {
	case Classify(pgErr) == ClassData, code == "23505":
		return "PostgreSQL refuses the data (SQLSTATE " + code + ")"
	case code == "28P01":
		return "PostgreSQL refuses the password of the login (SQLSTATE 28P01): check url or user and password"
	case code == "28000":
		return "PostgreSQL refuses the login (SQLSTATE 28000): check the user, pg_hba.conf and tls"
	case code == "3D000":
		hint = "check the name of the database"
	case code == "42501":
		hint = "the login must be a member of the writer role and of no other"
	case code == "42P01", code == "42883", code == "42703", code == "3F000":
		hint = "run otelaudit migrate up, or check the key schema"
	case code == "53100":
		hint = "the disk of the database server is full"
	case code == "53300":
		hint = "too many connections; lower workers or raise max_connections"
	case code == "57P03":
		hint = "the database server is starting or stopping"
	case code == "25006":
		hint = "this server is a standby; writing goes on when the primary is reached"
	case strings.HasPrefix(code, "57P"):
		hint = "the database server ended the connection"
	case code == lockNotAvailable:
		hint = "another writer holds the tenant's lock"
	}
	text := fmt.Sprintf("PostgreSQL: %s (SQLSTATE %s)", pgErr.Message, pgErr.Code)
	if hint != "" {
		text += ": " + hint
	}
	return text
}

// ExplainRejection says in a quarantine's detail why PostgreSQL refused a
// record, by code only.
func ExplainRejection(sqlState string) string {
	what := map[string]string{
		"22021": "text that is not valid UTF-8 or holds U+0000",
		"22P05": "JSON text with U+0000 or a lone surrogate",
		"22P02": "a value of the wrong form",
		"22P03": "a value of the wrong binary form",
		"22003": "a number out of range",
		"22008": "a time out of range",
		"23502": "a required column is empty",
		"23505": "an identity that collides however often it is tried",
		"23514": "a value that a constraint of the table forbids",
		"54000": "a value too large for an index or the database",
		"54001": "nested too deeply for the database",
	}[sqlState]
	if what == "" {
		what = "data the database does not take"
	}
	return "PostgreSQL refused this record while it stored the others of its batch: " + what + " (SQLSTATE " + sqlState + ")"
}
