package store

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/otelaudit/otelaudit/internal/record"
)

// partitionPrefix begins the name of every month's partition.
const partitionPrefix = "audit_events_"

// eventColumns are the columns of a month's partition in the order of an
// event's tuple. The first three are holes, filled under the tenant's lock.
const eventColumns = "seq, recorded_at, epoch, time_unix_nano, observed_time_unix_nano, severity, " +
	"tenant_id, event_id, action, outcome, correlation_id, causation_id, idempotency_key, " +
	"trace_id, span_id, event_name, severity_text, schema_version, reason, flags, " +
	"original, actor, target, changes, context, payload, producer, source, attributes, body, leaf_hash, mac"

const eventColumnCount = 32

// idColumns are the columns of audit_event_ids in the order of an identity's
// tuple, with the same holes at the same places.
const idColumns = "seq, recorded_at, epoch, kind, tenant_id, id, fingerprint"

const idColumnCount = 7

// Offsets of the holes within a tuple: a 16-bit field count, then fields with a
// 32-bit length in front.
const (
	holeSeq        = 2 + 4
	holeRecordedAt = holeSeq + 8 + 4
	holeEpoch      = holeRecordedAt + 8 + 4
	holesEnd       = holeEpoch + 4
)

// Kinds of identity, the values of audit_event_ids.kind.
const (
	kindEvent = 'e'
	kindKey   = 'k'
)

// Event is an audit record made ready to be written: everything that does not
// depend on its place in the tenant's log is computed and encoded, so that
// nothing of it happens while the tenant is locked. It does not refer to the
// record it was made from.
type Event struct {
	TenantID    string
	EventID     string
	Key         string   // the idempotency key where it binds, otherwise ""
	Fingerprint [32]byte // what happened, see record.Record.Fingerprint
	Leaf        [32]byte // record.LeafHash of the canonical bytes

	row []byte // a binary COPY tuple of eventColumns
}

// Size is the number of bytes the event holds in memory while it waits.
func (e *Event) Size() int { return len(e.row) + eventOverhead }

// eventOverhead is the rest of an Event and what the writer adds to it: two
// identities with their tenant and fingerprint.
const eventOverhead = 512

// Encoder makes events of records. It keeps buffers between calls and is not
// safe for concurrent use; events do not share memory with it after Encode.
type Encoder struct {
	canonical record.Canonicalizer
	arena     []byte
}

// arenaSize is how much an Encoder allocates at a time for rows.
const arenaSize = 64 << 10

// Encode makes an event of a record that has a tenant, an event id, an action
// and an outcome. mac is what a processor at the edge made over the leaf, in the
// form hmac-sha256:<key id>:<base64url>; it is stored as it is, and "" as NULL.
func (enc *Encoder) Encode(rec *record.Record, mac string) (Event, error) {
	if rec.TenantID == "" || rec.EventID == "" || rec.Action == "" {
		return Event{}, fmt.Errorf("a record without %s cannot be stored", firstEmpty(rec))
	}
	enc.canonical.Write(rec)
	event := Event{
		TenantID:    rec.TenantID,
		EventID:     rec.EventID,
		Fingerprint: enc.canonical.Fingerprint(),
		Leaf:        enc.canonical.Leaf(),
	}
	if rec.BindsKey() {
		event.Key = rec.IdempotencyKey
	}
	if room := enc.canonical.Len()*2 + len(mac) + 512; cap(enc.arena)-len(enc.arena) < room {
		enc.arena = make([]byte, 0, max(arenaSize, room))
	}
	start := len(enc.arena)
	enc.arena = appendEventRow(enc.arena, rec, &enc.canonical, &event.Leaf, mac)
	event.row = enc.arena[start:len(enc.arena):len(enc.arena)]
	return event, nil
}

// CanonicalBytes is the length of the canonical record encoded last.
func (enc *Encoder) CanonicalBytes() int { return enc.canonical.Len() }

func firstEmpty(rec *record.Record) string {
	switch {
	case rec.TenantID == "":
		return "a tenant"
	case rec.EventID == "":
		return "an event id"
	default:
		return "an action"
	}
}

func appendHoles(dst []byte, fields int16) []byte {
	dst = appendTuple(dst, fields)
	dst = appendInt64(dst, 0)
	dst = appendInt64(dst, 0)
	return appendInt32(dst, 0)
}

// fillHoles writes an event's place into its tuple.
func fillHoles(tuple []byte, seq, recordedAt int64, epoch int32) {
	binary.BigEndian.PutUint64(tuple[holeSeq:], uint64(seq))               //nolint:gosec // never negative
	binary.BigEndian.PutUint64(tuple[holeRecordedAt:], uint64(recordedAt)) //nolint:gosec // two's complement on the wire
	binary.BigEndian.PutUint32(tuple[holeEpoch:], uint32(epoch))           //nolint:gosec // never negative
}

// jsonColumns are the columns of eventColumns that hold JSON, in its order.
var jsonColumns = [...]record.MemberName{
	record.MemberOriginal, record.MemberActor, record.MemberTarget, record.MemberChanges, record.MemberContext,
	record.MemberPayload, record.MemberProducer, record.MemberSource, record.MemberAttributes, record.MemberBody,
}

// appendEventRow appends the tuple of a record whose canonical bytes were written
// last.
func appendEventRow(dst []byte, rec *record.Record, canonical *record.Canonicalizer, leaf *[sha256.Size]byte, mac string) []byte {
	dst = appendHoles(dst, eventColumnCount)
	dst = appendTimeOrNull(dst, rec.TimeUnixNano)
	dst = appendTimeOrNull(dst, rec.ObservedTimeUnixNano)
	if rec.Severity == 0 {
		dst = appendNull(dst)
	} else {
		dst = appendInt16(dst, int16(rec.Severity)) //nolint:gosec // OTLP severities are 1 to 24
	}
	for _, text := range [...]string{
		rec.TenantID, rec.EventID, rec.Action, rec.Outcome, rec.CorrelationID, rec.CausationID, rec.IdempotencyKey,
		rec.TraceID, rec.SpanID, rec.EventName, rec.SeverityText, rec.SchemaVersion, rec.Reason,
	} {
		dst = appendTextOrNull(dst, text)
	}
	dst = appendFlags(dst, rec.Flags)
	for _, column := range jsonColumns {
		dst = appendJSONB(dst, canonical.JSON(column))
	}
	return appendTextOrNull(appendBytes(dst, leaf[:]), mac)
}

// appendTimeOrNull stores 0, which is an absent time, as NULL.
func appendTimeOrNull(dst []byte, nanoseconds int64) []byte {
	if nanoseconds == 0 {
		return appendNull(dst)
	}
	return appendInt64(dst, nanoseconds)
}

func appendFlags(dst []byte, flags []string) []byte {
	if len(flags) == 0 {
		return appendNull(dst)
	}
	dst, start := openField(dst)
	dst = appendArrayHeader(dst, oidText, len(flags))
	for _, flag := range flags {
		dst = appendText(dst, flag)
	}
	closeField(dst, start)
	return dst
}

// appendJSONB stores an absent value, of which there is no JSON, as NULL.
func appendJSONB(dst, json []byte) []byte {
	if json == nil {
		return appendNull(dst)
	}
	dst = binary.BigEndian.AppendUint32(dst, uint32(1+len(json))) //nolint:gosec // capped far below 4 GiB
	dst = append(dst, jsonbVersion)
	return append(dst, json...)
}

func appendIDRow(dst []byte, event *Event, kind byte, id string) []byte {
	dst = appendHoles(dst, idColumnCount)
	dst = append(dst, 0, 0, 0, 1, kind)
	dst = appendText(dst, event.TenantID)
	dst = appendText(dst, id)
	return appendBytes(dst, event.Fingerprint[:])
}

// lockBuckets is the number of advisory locks that tenants share: few enough
// that a batch of every tenant does not exhaust the server's lock table.
const lockBuckets = 1024

// LockClass is the first half of the two-integer advisory lock ("audt").
const LockClass = 0x61756474

// LockKey is the second half of a tenant's advisory lock, 0 to 1023. In SQL:
// (get_byte(sha256(convert_to(tenant_id, 'UTF8')), 0) << 8 | get_byte(…, 1)) & 1023.
func LockKey(tenantID string) int32 {
	sum := sha256.Sum256([]byte(tenantID))
	return int32(binary.BigEndian.Uint16(sum[:2]) % lockBuckets)
}
