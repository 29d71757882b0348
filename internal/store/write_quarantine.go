package store

import (
	"context"
	"fmt"
	"strings"
)

// Quarantined is a record that could not become an event. Empty texts are
// absent; tenant, event id and action are what the record claims.
type Quarantined struct {
	TenantID string
	EventID  string
	Action   string
	Reason   string // one of record's Reason constants
	SQLState string
	Detail   string   // for people, without values of the record
	SHA256   [32]byte // of the record as it came
	OTLP     []byte   // the redacted record, LogsData with one log record
	Encoding string   // of OTLP: json or protobuf
}

// Quarantine commits records to the quarantine, in one transaction. A record
// that is there already, by its SHA-256 and tenant, stays as it is, so repeating the
// call is harmless.
func (w *Writer) Quarantine(ctx context.Context, entries []Quarantined) error {
	if len(entries) == 0 {
		return nil
	}
	if err := w.connect(ctx); err != nil {
		return err
	}
	text := func(limit int, of func(*Quarantined) string) []byte {
		values := make([][]byte, len(entries))
		for i := range entries {
			if s := storable(of(&entries[i]), limit); s != "" {
				values[i] = []byte(s)
			}
		}
		return nullableArray(oidText, values)
	}
	digests, otlp := make([][]byte, len(entries)), make([][]byte, len(entries))
	for i := range entries {
		digests[i], otlp[i] = entries[i].SHA256[:], entries[i].OTLP
		if otlp[i] == nil {
			otlp[i] = []byte{}
		}
	}
	w.queueBegin()
	w.wire.queueStatement(w.sql.quarantine, quarantineTypes,
		text(maxClaimBytes, func(q *Quarantined) string { return q.TenantID }),
		text(maxClaimBytes, func(q *Quarantined) string { return q.EventID }),
		text(maxClaimBytes, func(q *Quarantined) string { return q.Action }),
		text(maxClaimBytes, func(q *Quarantined) string { return q.Reason }),
		text(maxClaimBytes, func(q *Quarantined) string { return q.SQLState }),
		text(maxDetailBytes, func(q *Quarantined) string { return q.Detail }),
		nullableArray(oidBytea, digests),
		nullableArray(oidBytea, otlp),
		text(maxClaimBytes, func(q *Quarantined) string { return q.Encoding }),
	)
	w.wire.queueStatement("COMMIT", nil)
	w.wire.queueSync()
	tags, err := w.wire.exchange(ctx)
	if err != nil {
		w.rollback(ctx)
		return err
	}
	if last := len(tags) - 1; last < 0 || tags[last] != "COMMIT" {
		return fmt.Errorf("the database answered %q to a quarantine", tags)
	}
	return nil
}

var quarantineTypes = []uint32{
	oidTextArray, oidTextArray, oidTextArray, oidTextArray, oidTextArray, oidTextArray, oidByteArray, oidByteArray, oidTextArray,
}

// Caps of texts: audit_quarantine has an index on the tenant, and the rest is
// what a broken record says of itself.
const (
	maxClaimBytes  = 512
	maxDetailBytes = 4096
)

// storable makes a text of a broken record one that PostgreSQL takes.
func storable(s string, limit int) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "")
}
