package auditquery

import (
	"errors"

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
)

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
	if filter, ok := errors.AsType[*store.FilterError](err); ok {
		return &FilterError{Field: filter.Field, Reason: filter.Reason}
	}
	if refused, ok := errors.AsType[*access.RefusedError](err); ok {
		return &RefusedError{Action: refused.Action, Cause: refused.Cause, text: refused.Error()}
	}
	return err
}
