package journalexporter

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/journal"
	"github.com/otelaudit/otelaudit/internal/otlpmap"
	"github.com/otelaudit/otelaudit/internal/record"
)

// request is one call's records, made ready to be written.
type request struct {
	entries []journal.Entry
	skipped int
}

// take decodes, encodes and hashes everything in the caller's goroutine.
func (e *journalExporter) take(ctx context.Context, logs plog.Logs) *request {
	in := intake{exporter: e, request: &request{}}
	for _, rl := range logs.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			in.from = e.decoder.From(rl.Resource(), sl.Scope())
			for _, lr := range sl.LogRecords().All() {
				if !otlpmap.IsAudit(lr) {
					in.request.skipped++
					continue
				}
				in.add(ctx, origin{resource: rl.Resource(), scope: sl.Scope(), record: lr})
			}
		}
	}
	return in.request
}

// origin is where a log record stands.
type origin struct {
	resource pcommon.Resource
	scope    pcommon.InstrumentationScope
	record   plog.LogRecord
}

// intake fills a request.
type intake struct {
	exporter *journalExporter
	request  *request
	from     *otlpmap.From
	hasher   journal.Hasher
	arena    []byte // lines are cut from it; a full one is left to them
}

// arenaSize is how much is allocated at a time for lines.
const arenaSize = 64 << 10

func (in *intake) add(ctx context.Context, from origin) {
	decoded := in.from.Decode(from.record, true)
	if mark := decoded.Mark; mark != nil {
		q := from.quarantined(&record.Record{TenantID: mark.TenantID}, mark.Reason, mark.Detail)
		if mark.SHA256 != ([32]byte{}) {
			q.SHA256 = hex.EncodeToString(mark.SHA256[:])
		}
		in.quarantine(ctx, &q)
		return
	}
	rec, problem := decoded.Record, decoded.Problem
	if problem == nil && !decoded.Canonical {
		problem = decoded.Settle(in.exporter.now())
	}
	if problem == nil {
		problem = incomplete(rec)
	}
	if problem == nil {
		problem = in.record(rec, &decoded)
	}
	if problem != nil {
		q := from.quarantined(rec, problem.Reason, problem.Detail)
		in.quarantine(ctx, &q)
	}
}

// record adds a record's canonical bytes.
func (in *intake) record(rec *record.Record, decoded *otlpmap.Decoded) *record.Problem {
	line := in.line(rec.AppendCanonical)
	limit := journal.MaxLineBytes
	if !decoded.Canonical {
		limit = record.DefaultMaxRecordBytes
	}
	if len(line) > limit {
		return &record.Problem{Reason: record.ReasonTooLarge, Detail: fmt.Sprintf(
			"the record has %d bytes, at most %d are allowed", len(line), limit)}
	}
	entry, err := in.hasher.NewEntry(line, decoded.MAC)
	if err != nil {
		return &record.Problem{Reason: record.ReasonMalformed, Detail: err.Error()}
	}
	in.request.entries = append(in.request.entries, entry)
	return nil
}

// line cuts what write appends from the arena.
func (in *intake) line(write func(dst []byte) []byte) []byte {
	if cap(in.arena)-len(in.arena) < arenaSize/8 {
		in.arena = make([]byte, 0, arenaSize)
	}
	start := len(in.arena)
	in.arena = write(in.arena)
	return in.arena[start:len(in.arena):len(in.arena)]
}

// incomplete is the problem of a record that cannot be stored for want of
// something.
func incomplete(rec *record.Record) *record.Problem {
	var missing string
	switch {
	case rec.TenantID == "":
		missing = "a tenant"
	case rec.EventID == "":
		missing = "an event id"
	case rec.Action == "":
		missing = "an action"
	default:
		return nil
	}
	return &record.Problem{Reason: record.ReasonMalformed, Detail: fmt.Sprintf("a record without %s cannot be stored", missing)}
}

// quarantine adds an entry for what cannot become an event. One that is too
// long for a line is kept without its bytes: the digest still says which it was.
func (in *intake) quarantine(ctx context.Context, q *journal.Quarantined) {
	in.exporter.counts.quarantined(ctx, q.Reason)
	line := in.line(q.AppendLine)
	if len(line) > journal.MaxLineBytes {
		q.OTLP = nil
		line = in.line(q.AppendLine)
	}
	entry, err := in.hasher.NewEntry(line, "")
	if err != nil {
		// Without its bytes an entry has only capped texts and fits.
		panic("journalexporter: " + err.Error())
	}
	in.request.entries = append(in.request.entries, entry)
}

func (o origin) quarantined(rec *record.Record, reason, detail string) journal.Quarantined {
	digest := otlpmap.Digest(o.resource, o.scope, o.record)
	q := journal.Quarantined{Reason: reason, Detail: text(detail, maxDetailBytes), SHA256: hex.EncodeToString(digest[:])}
	if rec != nil {
		q.TenantID, q.EventID, q.Action = text(rec.TenantID, maxClaimBytes), text(rec.EventID, maxClaimBytes), text(rec.Action, maxClaimBytes)
	}
	if otlp, err := otlpmap.MarshalOne(o.resource, o.scope, o.record); err == nil {
		q.OTLP = otlp
	}
	return q
}

// Caps of what a broken record says of itself, as in the quarantine of the
// database.
const (
	maxClaimBytes  = 512
	maxDetailBytes = 4096
)

// text makes a text of a broken record one that JSON can hold.
func text(s string, limit int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "")
}
