package stage

import "github.com/otelaudit/otelaudit/internal/record"

// ContextValue is a member of a record's context that a request supplies.
type ContextValue struct {
	Name, Value string
}

// Enrich fills in what a record's context lacks. What the record says stays.
func Enrich(rec *record.Record, values []ContextValue) {
	for _, v := range values {
		if v.Value != "" && rec.Context.Get(v.Name).IsAbsent() {
			rec.Context = rec.Context.Set(v.Name, record.StringValue(v.Value))
		}
	}
}
