package store

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/otelaudit/otelaudit/internal/record"
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

// Size is the number of bytes the entry holds in memory while it waits.
func (q *Quarantined) Size() int {
	return len(q.TenantID) + len(q.EventID) + len(q.Action) + len(q.Detail) + len(q.OTLP) + quarantineOverhead
}

// quarantineOverhead is the rest of an entry.
const quarantineOverhead = 256

// Quarantine commits records to the quarantine, in one transaction unless the
// database refuses one of them: that one is kept in a form that it takes, with
// the SQLSTATE. A record that is there already, by its SHA-256 and tenant, stays as
// it is, so repeating the call is harmless.
func (w *Writer) Quarantine(ctx context.Context, entries []Quarantined) error {
	if len(entries) == 0 {
		return nil
	}
	if err := w.connect(ctx); err != nil {
		return err
	}
	return w.quarantineOrHalve(ctx, quarantineRows(entries))
}

// quarantineRows makes entries ones that fit the table, each once, in the order
// of its key: two writers of the same records in different orders deadlock.
func quarantineRows(entries []Quarantined) []Quarantined {
	rows := make([]Quarantined, len(entries))
	for i := range entries {
		rows[i] = fitting(entries[i])
	}
	slices.SortStableFunc(rows, func(p, q Quarantined) int {
		return cmp.Or(bytes.Compare(p.SHA256[:], q.SHA256[:]), cmp.Compare(p.TenantID, q.TenantID))
	})
	return slices.CompactFunc(rows, func(p, q Quarantined) bool {
		return p.SHA256 == q.SHA256 && p.TenantID == q.TenantID
	})
}

// fitting returns an entry with texts that PostgreSQL takes and nothing empty
// that must not be.
func fitting(q Quarantined) Quarantined {
	for _, text := range [...]*string{&q.TenantID, &q.EventID, &q.Action, &q.Reason, &q.SQLState, &q.Encoding} {
		*text = storable(*text, maxClaimBytes)
	}
	q.Detail = storable(q.Detail, maxDetailBytes)
	if q.Reason == "" {
		q.Reason = record.ReasonMalformed
	}
	if q.Encoding != "json" {
		q.Encoding = "protobuf"
	}
	if q.OTLP == nil {
		q.OTLP = []byte{}
	}
	return q
}

// quarantineOrHalve isolates entries that PostgreSQL refuses even here.
func (w *Writer) quarantineOrHalve(ctx context.Context, rows []Quarantined) error {
	err := w.insertQuarantined(ctx, rows)
	if err == nil || !isData(err) {
		return err
	}
	if len(rows) == 1 {
		return w.quarantineLess(ctx, rows[0], SQLState(err))
	}
	half := len(rows) / 2
	if err := w.quarantineOrHalve(ctx, rows[:half]); err != nil {
		return err
	}
	return w.quarantineOrHalve(ctx, rows[half:])
}

// quarantineLess keeps of an entry that was refused what says that it was here:
// without the texts it claims, and if that is not enough without its bytes.
func (w *Writer) quarantineLess(ctx context.Context, q Quarantined, sqlState string) error {
	less := fitting(Quarantined{
		TenantID: q.TenantID, Reason: record.ReasonDatabase, SQLState: sqlState,
		Detail: q.Reason + ": " + q.Detail + "; " + ExplainRejection(sqlState),
		SHA256: q.SHA256, OTLP: q.OTLP, Encoding: q.Encoding,
	})
	err := w.insertQuarantined(ctx, []Quarantined{less})
	if err != nil && isData(err) {
		less.OTLP = []byte{}
		err = w.insertQuarantined(ctx, []Quarantined{less})
	}
	return err
}

// insertQuarantined is one transaction.
func (w *Writer) insertQuarantined(ctx context.Context, rows []Quarantined) error {
	text := func(of func(*Quarantined) string) []byte {
		values := make([][]byte, len(rows))
		for i := range rows {
			if s := of(&rows[i]); s != "" {
				values[i] = []byte(s)
			}
		}
		return nullableArray(oidText, values)
	}
	digests, otlp := make([][]byte, len(rows)), make([][]byte, len(rows))
	for i := range rows {
		digests[i], otlp[i] = rows[i].SHA256[:], rows[i].OTLP
	}
	w.queueBegin()
	w.wire.queueStatement(w.sql.quarantine, quarantineTypes,
		text(func(q *Quarantined) string { return q.TenantID }),
		text(func(q *Quarantined) string { return q.EventID }),
		text(func(q *Quarantined) string { return q.Action }),
		text(func(q *Quarantined) string { return q.Reason }),
		text(func(q *Quarantined) string { return q.SQLState }),
		text(func(q *Quarantined) string { return q.Detail }),
		nullableArray(oidBytea, digests),
		nullableArray(oidBytea, otlp),
		text(func(q *Quarantined) string { return q.Encoding }),
	)
	w.queueSettle() // it may have been there already
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
