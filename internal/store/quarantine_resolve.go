package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/otelaudit/otelaudit/internal/access"
)

// ReplayIdentity is what an event that a quarantined record became is known by.
type ReplayIdentity struct {
	TenantID string // of the event
	EventID  string // the record's own, "" where it brings none
	Key      string // its idempotency key where that is an identity, else ""
	// TimeUnixMilli is the time with which the derived id of a record without an
	// id begins.
	TimeUnixMilli int64
	Fingerprint   [32]byte
}

// What ResolveReplayed found.
const (
	ReplayStored    = "stored"    // the event is there: resolved now
	ReplayReplayed  = "replayed"  // it was resolved before
	ReplayDiscarded = "discarded" // it was discarded before
	ReplayConflict  = "conflict"  // an event with the identity says something else
	ReplayDiffers   = "differs"   // the same, but redaction may have made it so: it takes a reason
	ReplayAbsent    = "absent"    // there is no such event
)

// MayResolve reports whether this login may resolve quarantined records: asked
// before a record is sent again, not after.
func (r *Reader) MayResolve(ctx context.Context) (may bool, err error) {
	err = r.read(ctx, "", func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, r.sql.mayResolve).Scan(&may)
	})
	return may, err
}

// ResolveReplayed resolves a quarantined record as replayed if an event with its
// identity is stored, and says what it found. The login must be an operator.
func (r *Reader) ResolveReplayed(ctx context.Context, caller access.Caller, id int64, event *ReplayIdentity, reason string) (found string, err error) {
	if err := checkText("reason", reason); err != nil {
		return "", err
	}
	err = r.change(ctx, caller, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, r.sql.quarantineReplayed, id, event.TenantID, orNull(event.EventID), orNull(event.Key),
			event.TimeUnixMilli, event.Fingerprint[:], orNull(reason)).Scan(&found)
	})
	return found, decided(err)
}

// Discard says of a quarantined record that it will not become an event. The
// login must be an operator; a record that is not there is ErrNotFound, one that
// was resolved before a *DecisionError.
func (r *Reader) Discard(ctx context.Context, caller access.Caller, id int64, reason string) error {
	if err := checkText("reason", reason); err != nil {
		return err
	}
	return decided(r.change(ctx, caller, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, r.sql.quarantineDiscard, id, reason)
		return err
	}))
}

// QuarantineTwin returns the newest other record in quarantine with this SHA-256,
// without its OTLP, or ErrNotFound.
func (r *Reader) QuarantineTwin(ctx context.Context, id int64, sha256 [32]byte) (QuarantinedRecord, error) {
	var q QuarantinedRecord
	err := r.read(ctx, "", func(tx pgx.Tx) error {
		return q.scan(tx.QueryRow(ctx, r.sql.quarantineTwin, id, sha256[:]))
	})
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrNotFound
	}
	return q, err
}
