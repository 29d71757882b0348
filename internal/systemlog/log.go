// Package systemlog writes events into the signed logs of a store with the log's
// own key, past any collector: what is done to the logs themselves, as events of
// the tenant _system. Who has the key and a login of the writer role may; no
// client can.
package systemlog

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/pgurl"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/seal"
	"github.com/otelaudit/otelaudit/internal/store"
)

// Log writes into the logs of one store. Every Write connects and loads what is
// known anew, so it is for what happens seldom.
type Log struct {
	URL    string // of a login in the writer role; a secret
	Schema string
	Ring   *keys.Ring
	Notes  [][]byte // checkpoints known outside the store
	// Anchors is an anchor file of this user that takes the checkpoint of what is
	// written to _system, unless a collector has it in use; "" is none.
	Anchors string
	Now     func() time.Time
}

// Write normalizes the records and stores them in one transaction, if none is
// refused. Each status is Stored, Duplicate or Conflict. It gives those without
// an id one that follows from their content.
func (l *Log) Write(ctx context.Context, records ...*record.Record) ([]store.Status, error) {
	events, err := encode(records)
	if err != nil {
		return nil, err
	}
	config, err := pgurl.Parse(l.URL, "otelaudit")
	if err != nil {
		return nil, err
	}
	known, remove, err := l.known()
	if err != nil {
		return nil, err
	}
	defer remove()
	sealer := seal.New(seal.Options{Ring: l.Ring, Anchors: known, Now: l.Now})
	writer := store.NewWriter(store.WriterOptions{Connection: &config.Config, Schema: l.Schema, RolePrefix: "audit_", Sealer: sealer, Now: l.Now})
	defer writer.Close()
	outcomes := make([]store.Outcome, len(events))
	if err := writer.Write(ctx, events, outcomes); err != nil {
		return nil, fmt.Errorf("write the event %s of the tenant %s: %s", records[0].Action, records[0].TenantID, store.Explain(err))
	}
	statuses, stored, err := judge(records, outcomes)
	if err == nil && stored {
		err = l.anchor(known)
	}
	return statuses, err
}

func encode(records []*record.Record) ([]*store.Event, error) {
	events := make([]*store.Event, len(records))
	var encoder store.Encoder
	for i, rec := range records {
		if p := rec.Normalize(); p != nil {
			return nil, p
		}
		if rec.EventID == "" {
			rec.EventID = rec.DeriveEventID()
		}
		event, err := encoder.Encode(rec, "")
		if err != nil {
			return nil, err
		}
		events[i] = &event
	}
	return events, nil
}

func judge(records []*record.Record, outcomes []store.Outcome) (statuses []store.Status, stored bool, err error) {
	for i, outcome := range outcomes {
		switch outcome.Status {
		case store.Stored, store.Duplicate, store.Conflict:
			stored = stored || outcome.Status == store.Stored
		case store.Refused:
			return nil, false, fmt.Errorf("write the event %s of the tenant %s: %w", records[i].Action, records[i].TenantID, outcome.Cause)
		default:
			return nil, false, fmt.Errorf("PostgreSQL refuses the event %s of the tenant %s (SQLSTATE %s)", records[i].Action, records[i].TenantID, outcome.SQLState)
		}
		statuses = append(statuses, outcome.Status)
	}
	return statuses, stored, nil
}

// anchor copies the checkpoint of what was written to where collectors keep
// theirs.
func (l *Log) anchor(known *anchor.File) error {
	if l.Anchors == "" {
		return nil
	}
	note, _, err := known.LatestEpoch(merkle.TenantOrigin(l.Ring.LogName(), record.SystemTenant, 0))
	if err != nil || note == nil {
		return err
	}
	file, err := anchor.Open(l.Anchors)
	if errors.Is(err, anchor.ErrInUse) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(file.Append(note), file.Close())
}

// known puts the known checkpoints into an anchor file of their own: the
// collector's is locked by the collector.
func (l *Log) known() (_ *anchor.File, remove func(), err error) {
	dir, err := os.MkdirTemp("", "otelaudit-anchors-")
	if err != nil {
		return nil, nil, err
	}
	file, err := anchor.Open(filepath.Join(dir, "anchors"))
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	remove = func() {
		_ = file.Close()
		_ = os.RemoveAll(dir)
	}
	if err := file.Append(l.Notes...); err != nil {
		remove()
		return nil, nil, fmt.Errorf("keep the known checkpoints: %w", err)
	}
	return file, remove, nil
}
