package access

import (
	"fmt"
	"slices"
	"strings"

	"github.com/otelaudit/otelaudit/internal/record"
)

// admitted are the actions that may come out of the outbox. Whoever administers
// the database can put rows there, so what an event of _system has power by is
// not among them: an audit.prune is the permission to remove events.
var admitted = []string{
	"audit.read.*", "audit.hold.*", "audit.retention.*", "audit.quarantine.*", "audit.access.*", "audit.identities.*",
	"audit.prune.complete",
}

// IsAdmitted reports whether an action may be passed on.
func IsAdmitted(action string) bool {
	return slices.ContainsFunc(admitted, func(pattern string) bool {
		prefix, family := strings.CutSuffix(pattern, "*")
		if family {
			return strings.HasPrefix(action, prefix) && len(action) > len(prefix)
		}
		return action == pattern
	})
}

// Reasons of a RowError.
const (
	RowAction     = "action"     // it does not come out of an outbox
	RowUnreadable = "unreadable" // it is no record of _system, or not that of its row
)

// RowError is a row of the outbox that is not passed on.
type RowError struct {
	Reason string // RowAction or RowUnreadable
	Detail string
}

// Error says what is wrong with the row.
func (e *RowError) Error() string { return e.Detail }

// ReadRow makes a record of a row of the outbox, whose record is JSON. Its errors
// are *RowError.
func ReadRow(eventID, text string) (*record.Record, error) {
	parsed, err := record.ParseText(text)
	if err != nil {
		return nil, &RowError{RowUnreadable, err.Error()}
	}
	rec, err := record.FromValue(parsed.Value)
	switch {
	case err != nil:
		return nil, &RowError{RowUnreadable, err.Error()}
	case rec.TenantID != record.SystemTenant || rec.EventID != eventID:
		return nil, &RowError{RowUnreadable, "it is not of the tenant " + record.SystemTenant + ", or has another event id than its row"}
	case !IsAdmitted(rec.Action):
		return nil, &RowError{RowAction, fmt.Sprintf("the action %.80q does not come out of an outbox", rec.Action)}
	}
	return rec, nil
}
