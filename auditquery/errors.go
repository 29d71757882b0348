package auditquery

import (
	"context"
	"errors"
	"reflect"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/otelaudit/otelaudit/internal/access"
	"github.com/otelaudit/otelaudit/internal/store"
)

// Errors that a caller may want to tell apart with errors.Is.
var (
	// ErrNotFound is an event that the tenant does not have. Another tenant's
	// event is not found either.
	ErrNotFound = store.ErrNotFound
	// ErrCursor is a cursor that was not given out for this tenant and filter.
	ErrCursor = store.ErrCursor
	// ErrNotSigned, within a *RefusedError, is a trace that is stored and that no
	// collector has taken into the signed log in time.
	ErrNotSigned = access.ErrNotSigned

	// ErrNotPermitted is a login that lacks the role for what was asked, or that
	// is bound to other tenants.
	ErrNotPermitted = errors.New("not permitted")
	// ErrNotMigrated is a schema without the audit tables, or with older ones than
	// this version needs.
	ErrNotMigrated = errors.New("not migrated")
	// ErrRefused is a prune that a policy, a legal hold or the state of the log
	// forbids.
	ErrRefused = errors.New("refused by policy")
	// ErrTimeout is a question that took longer than a statement may, 30 seconds:
	// narrow it down with Since.
	ErrTimeout = errors.New("statement timeout")
)

// NotAdmittedError is a login that the owner of the store has bound to other
// tenants ('otelaudit doctor' and audit_login_tenants say to which). Whether there is
// such a tenant it does not say.
type NotAdmittedError struct {
	Login  string // of the database
	Tenant string
}

// Error names the login and the tenant.
func (e *NotAdmittedError) Error() string {
	return (&store.NotAdmittedError{Login: e.Login, Tenant: e.Tenant}).Error()
}

// Is makes it an ErrNotPermitted.
func (e *NotAdmittedError) Is(target error) bool { return target == ErrNotPermitted }

// FilterError is a question that cannot be meant: a mistake of the caller.
type FilterError struct {
	Field  string // in snake_case, such as "limit" or "tenant"
	Reason string
}

// Error names the field.
func (e *FilterError) Error() string { return e.Field + ": " + e.Reason }

// RefusedError is a read whose result is withheld, because its trace could not be
// recorded.
type RefusedError struct {
	Action string // of the trace, such as "audit.read.list"
	Cause  error
	text   string
}

// Error says what was refused and why.
func (e *RefusedError) Error() string { return e.text }

// Unwrap returns the cause.
func (e *RefusedError) Unwrap() error { return e.Cause }

// publicError replaces the errors whose types are not for others to see.
func publicError(err error) error {
	if err == nil {
		return nil
	}
	if bound, ok := errors.AsType[*store.NotAdmittedError](err); ok {
		return &NotAdmittedError{Login: bound.Login, Tenant: bound.Tenant}
	}
	if filter, ok := errors.AsType[*store.FilterError](err); ok {
		if filter.Field == "as" {
			return &FilterError{Field: "actor", Reason: filter.Reason}
		}
		return &FilterError{Field: filter.Field, Reason: filter.Reason}
	}
	if refused, ok := errors.AsType[*access.RefusedError](err); ok {
		return &RefusedError{Action: refused.Action, Cause: publicError(refused.Cause), text: refused.Error()}
	}
	kind := kindOf(err)
	if kind == nil && !strings.Contains(reflect.Indirect(reflect.ValueOf(err)).Type().PkgPath(), "/internal/") {
		return err
	}
	e := &storeError{text: err.Error()}
	if kind == ErrTimeout { //nolint:errorlint // one of ours
		e.text += ": " + timeoutHint
	}
	for _, is := range []error{kind, ErrNotFound, ErrCursor, ErrPruning, ErrUnannounced, context.Canceled, context.DeadlineExceeded} {
		if is != nil && (errors.Is(err, is) || is == kind) { //nolint:errorlint // the very one
			e.is = append(e.is, is)
		}
	}
	if server, ok := errors.AsType[*pgconn.PgError](err); ok {
		e.is = append(e.is, server)
	}
	return e
}

const timeoutHint = "narrow the question down with Since; trace id, request id and IP have no index"

// kindOf is which of the exported errors the store's error is, nil for none.
func kindOf(err error) error {
	var (
		login    *store.AccessError
		pruner   *store.PrunerError
		tenant   *store.NotAdmittedError
		schema   *store.SchemaError
		version  *store.VersionError
		decision *store.DecisionError
	)
	switch {
	case errors.As(err, &login), errors.As(err, &pruner), errors.As(err, &tenant):
		return ErrNotPermitted
	case errors.As(err, &schema), errors.As(err, &version):
		return ErrNotMigrated
	case errors.As(err, &decision):
		return ErrRefused
	}
	switch store.SQLState(err) {
	case "42501":
		return ErrNotPermitted
	case "42P01", "42883", "42703", "3F000":
		return ErrNotMigrated
	case "57014":
		return ErrTimeout
	}
	return nil
}

// storeError is an error of the store in its words.
type storeError struct {
	text string
	is   []error
}

func (e *storeError) Error() string   { return e.text }
func (e *storeError) Unwrap() []error { return e.is }
