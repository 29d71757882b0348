package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/otelaudit/otelaudit/internal/epoch"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/systemlog"
)

// systemTenant is the tenant whose log records what is done to the logs
// themselves. No client can write for it.
const systemTenant = record.SystemTenant

// Actions of the system tenant.
const actionEpochOpen = "audit.epoch.open"

// writeSystemEvent writes an event of the system tenant into the store, signed,
// as a member of the writer role, and returns when it is committed. Anchors are
// signed checkpoints known outside the store; nil where there are none. The
// record may leave the tenant and the event id out.
func writeSystemEvent(ctx context.Context, sys *System, databaseURL string, ring *keys.Ring, anchors [][]byte, rec *record.Record) error {
	log := systemLog{url: databaseURL, schema: "public", ring: ring, notes: anchors}
	status, err := log.write(ctx, sys, rec)
	if err == nil && status == store.Conflict {
		return environmentError("", fmt.Errorf("another event of the tenant %s has the id %s", systemTenant, rec.EventID))
	}
	return err
}

// newSystemRecord is an event of the system tenant that its user causes now.
func newSystemRecord(sys *System, action string, at time.Time) *record.Record {
	user := sys.User
	if user == "" {
		user = "unknown"
	}
	return &record.Record{
		TenantID: systemTenant, Action: action, Outcome: record.OutcomeSuccess,
		Actor:        record.EmptyObject().Set("type", record.StringValue("user")).Set("id", record.StringValue(user)),
		Source:       record.EmptyObject().Set("service.name", record.StringValue("otelaudit")),
		TimeUnixNano: at.UnixNano(),
	}
}

// openingRecord is the event of an epoch that was opened. All of it follows from
// the signed statement and the user, and its id from the statement alone, so
// that it can be written again.
func openingRecord(sys *System, tenant string, ring *keys.Ring, note []byte) (*record.Record, error) {
	statement, number, err := openStatement(ring, note)
	if err != nil {
		return nil, err
	}
	rec := newSystemRecord(sys, actionEpochOpen, statement.RecordedAt)
	rec.EventID = epoch.EventID(note)
	rec.Target = record.EmptyObject().Set("type", record.StringValue("tenant_log")).Set("id", record.StringValue(tenant))
	rec.Reason = statement.Reason
	rec.Payload = record.EmptyObject().
		Set("epoch", record.NumberValue(float64(number))).
		Set("previous_size", record.NumberValue(float64(statement.PreviousSize))).
		Set("lost_size", record.NumberValue(float64(statement.LostSize))).
		Set("statement", record.StringValue(string(note)))
	return rec, nil
}

// openStatement opens what our key signed, and says which epoch it opens.
func openStatement(ring *keys.Ring, note []byte) (merkle.EpochStatement, int32, error) {
	text, err := ring.Open(note)
	if err != nil {
		return merkle.EpochStatement{}, 0, err
	}
	statement, err := merkle.ParseEpochStatement(text)
	if err != nil {
		return statement, 0, err
	}
	origin, err := merkle.ParseOrigin(statement.Origin)
	return statement, origin.Epoch, err
}

// newJournalOpeningRecord is the event of a journal that began anew.
func newJournalOpeningRecord(sys *System, reason string, opened *recoveredJournal) *record.Record {
	rec := newSystemRecord(sys, actionEpochOpen, sys.Now())
	rec.Target = record.EmptyObject().Set("type", record.StringValue("journal")).Set("id", record.StringValue(opened.Origin))
	rec.Reason = reason
	rec.Payload = record.EmptyObject().
		Set("previous_origin", record.StringValue(opened.PreviousOrigin)).
		Set("previous_size", record.NumberValue(float64(opened.PreviousSize))).
		Set("lost_size", record.NumberValue(float64(opened.LostSize))).
		Set("segment", record.StringValue(opened.Segment))
	return rec
}

// systemLog is the log of the system tenant in one store.
type systemLog struct {
	url    string // of a login in the writer role
	schema string
	ring   *keys.Ring
	notes  [][]byte // checkpoints known outside the store
	// anchors is an anchor file of this user that takes the checkpoint of what is
	// written, unless a collector has it in use; "" is none. The collectors' own
	// would belong to this user afterwards, so only `dev` names one.
	anchors string
}

// write normalizes and stores a record. The status is Stored, Duplicate or
// Conflict.
func (l *systemLog) write(ctx context.Context, sys *System, rec *record.Record) (store.Status, error) {
	rec.TenantID = systemTenant
	log := systemlog.Log{URL: l.url, Schema: l.schema, Ring: l.ring, Notes: l.notes, Anchors: l.anchors, Now: sys.Now}
	statuses, err := log.Write(ctx, rec)
	if err != nil {
		return store.Pending, environmentError("", err)
	}
	return statuses[0], nil
}
