package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrNotFound is returned for an id that the tenant, or the quarantine, does not
// have. Another tenant's id is not found either.
var ErrNotFound = errors.New("not found")

// Get returns the tenant's event with that event id.
func (r *Reader) Get(ctx context.Context, tenant, eventID string) (StoredEvent, error) {
	if tenant == "" {
		return StoredEvent{}, &FilterError{"tenant", "is required"}
	}
	if err := errors.Join(checkTenant(tenant), checkText("event_id", eventID)); err != nil {
		return StoredEvent{}, err
	}
	var found StoredEvent
	err := r.read(ctx, tenant, func(tx pgx.Tx) error {
		var err error
		found, err = r.get(ctx, tx, tenant, eventID)
		return err
	})
	return found, err
}

// quoted is an id in a message: no event has a longer one.
func quoted(id string) string {
	const most = 512
	if len(id) <= most {
		return strconv.Quote(id)
	}
	return fmt.Sprintf("%s… (%d bytes)", strconv.Quote(strings.ToValidUTF8(id[:80], "")), len(id))
}

func (r *Reader) get(ctx context.Context, tx pgx.Tx, tenant, eventID string) (StoredEvent, error) {
	var epoch int32
	var seq int64
	var recordedAt time.Time
	err := tx.QueryRow(ctx, r.sql.locate, eventID).Scan(&epoch, &seq, &recordedAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return StoredEvent{}, fmt.Errorf("event %s of tenant %q: %w", quoted(eventID), tenant, ErrNotFound)
	}
	if err != nil {
		return StoredEvent{}, err
	}
	rows, err := tx.Query(ctx, r.sql.get, tenant, epoch, seq, recordedAt)
	if err != nil {
		return StoredEvent{}, err
	}
	events, err := collectEvents(rows)
	if err != nil {
		return StoredEvent{}, err
	}
	if len(events) == 0 {
		// Identities outlive their events by 90 days.
		return StoredEvent{}, fmt.Errorf("event %s of tenant %q was recorded at %s and has been pruned: %w",
			quoted(eventID), tenant, recordedAt.UTC().Format(time.RFC3339), ErrNotFound)
	}
	return events[0], nil
}
