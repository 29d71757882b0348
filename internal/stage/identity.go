package stage

import "github.com/otelaudit/otelaudit/internal/record"

// Identify gives a record without an id of its own the one derived from its
// content, so that a retry is the same event. It comes after redaction and
// normalization, because the id is made from what will be stored.
func Identify(rec *record.Record) {
	if rec.EventID == "" {
		rec.EventID = rec.DeriveEventID()
	}
}
