package accessreceiver

import (
	"time"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/otlpmap"
	"github.com/otelaudit/otelaudit/internal/record"
)

// row is one of the outbox.
type row struct {
	eventID string
	record  string // JSON
	placed  time.Time
	age     time.Duration // by the server's clock
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
