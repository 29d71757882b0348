package otlpmap

import (
	"fmt"
	"strings"
	"time"

	"github.com/otelaudit/otelaudit/internal/record"
)

// Settle does for a record that no processor has seen what cannot be left out:
// value rules, tenant, time, identity. Redaction is the processor's. Every sink
// settles in this one way, or the same record would have another leaf in each.
// now stands in for a time that the record does not have. A problem says why it
// cannot become an event.
func (d *Decoded) Settle(now time.Time) *record.Problem {
	for _, c := range d.Claims {
		if first := &d.Claims[0]; c.Level == first.Level && c.Value != first.Value {
			return &record.Problem{Reason: record.ReasonTenantConflict, Detail: fmt.Sprintf(
				"%s and %s of the %s name different tenants", first.Attribute, c.Attribute, c.Level)}
		}
	}
	rec := d.Record
	if strings.HasPrefix(rec.TenantID, "_") {
		return &record.Problem{Reason: record.ReasonInvalidTenant, Detail: "tenant names that begin with _ are reserved"}
	}
	if problem := rec.Normalize(); problem != nil {
		return problem
	}
	rec.SettleTime(now.UnixNano())
	if rec.EventID == "" {
		rec.EventID = rec.DeriveEventID()
	}
	return nil
}
