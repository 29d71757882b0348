package accessreceiver

import (
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/otlpmap"
	"github.com/otelaudit/otelaudit/internal/record"
)

// admitted are the actions that may come out of the outbox. Whoever administers
// the database can put rows there, so what an event of _system has power by is
// not among them: an audit.prune is the permission to remove events.
var admitted = []string{
	"audit.read.*", "audit.hold.*", "audit.retention.*", "audit.quarantine.*", "audit.access.*", "audit.identities.*",
	"audit.prune.complete",
}

// isAdmitted reports whether an action may be passed on.
func isAdmitted(action string) bool {
	return slices.ContainsFunc(admitted, func(pattern string) bool {
		prefix, family := strings.CutSuffix(pattern, "*")
		if family {
			return strings.HasPrefix(action, prefix) && len(action) > len(prefix)
		}
		return action == pattern
	})
}

// The values of the attribute reason.
const (
	refusedAction     = "action"
	refusedUnreadable = "unreadable"
)

// refusal is why a row is not passed on.
type refusal struct {
	reason string
	detail string
}

// row is one of the outbox.
type row struct {
	eventID string
	record  string // JSON
}

// read makes a record of a row.
func (r *row) read() (*record.Record, *refusal) {
	parsed, err := record.ParseText(r.record)
	if err != nil {
		return nil, &refusal{refusedUnreadable, err.Error()}
	}
	rec, err := record.FromValue(parsed.Value)
	switch {
	case err != nil:
		return nil, &refusal{refusedUnreadable, err.Error()}
	case rec.TenantID != record.SystemTenant || rec.EventID != r.eventID:
		return nil, &refusal{refusedUnreadable, "it is not of the tenant " + record.SystemTenant + ", or has another event id than its row"}
	case !isAdmitted(rec.Action):
		return nil, &refusal{refusedAction, fmt.Sprintf("the action %.80q does not come out of an outbox", rec.Action)}
	}
	return rec, nil
}

// logsOf makes a request of records, in the form in which an application sends
// them: what becomes of it is the processor's.
func logsOf(records []*record.Record) plog.Logs {
	logs := plog.NewLogs()
	for _, rec := range records {
		resource := logs.ResourceLogs().AppendEmpty()
		for _, m := range rec.Source.Members() {
			value := resource.Resource().Attributes().PutEmpty(m.Name)
			otlpmap.PutValue(value, m.Value)
		}
		lr := resource.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		plain := *rec
		plain.Source = record.Value{}
		otlpmap.Encode(&plain, lr)
		lr.Attributes().Remove(otlpmap.AttrCanonical)
	}
	return logs
}
