package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/otelaudit/otelaudit/internal/access"
)

// OutboxRow is a trace that waits for a collector.
type OutboxRow struct {
	EventID  string
	PlacedAt time.Time // UTC
	Record   string    // JSON
}

// Outbox hands the rows of the outbox to f, oldest first, until it returns false.
// The login must be an auditor or the owner.
func (r *Reader) Outbox(ctx context.Context, f func(*OutboxRow) bool) error {
	const page = 1000
	var last OutboxRow
	for {
		rows, err := r.outboxPage(ctx, &last, page)
		if err != nil {
			return err
		}
		for i := range rows {
			rows[i].PlacedAt = rows[i].PlacedAt.UTC()
			if !f(&rows[i]) {
				return nil
			}
		}
		if len(rows) < page {
			return nil
		}
		last = rows[page-1]
	}
}

func (r *Reader) outboxPage(ctx context.Context, behind *OutboxRow, most int) (rows []OutboxRow, err error) {
	var at any
	if !behind.PlacedAt.IsZero() {
		at = behind.PlacedAt
	}
	err = r.read(ctx, "", func(tx pgx.Tx) error {
		found, err := tx.Query(ctx, r.sql.outbox, at, behind.EventID, most)
		if err != nil {
			return err
		}
		rows, err = pgx.CollectRows(found, pgx.RowToStructByPos[OutboxRow])
		return err
	})
	return rows, err
}

// DiscardOutbox takes rows out of the outbox, all of them or none, leaves a trace
// of each, and returns how many. Where one is not there it returns ErrNotFound, for
// more than 1,000 a *DecisionError. The login must be the owner.
func (r *Reader) DiscardOutbox(ctx context.Context, caller access.Caller, eventIDs []string, reason string) (discarded int64, err error) {
	for _, id := range eventIDs {
		if err := checkText("event_id", id); err != nil {
			return 0, err
		}
	}
	if err := checkText("reason", reason); err != nil {
		return 0, err
	}
	err = r.change(ctx, caller, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, r.sql.outboxDiscard, eventIDs, reason).Scan(&discarded)
	})
	return discarded, decided(err)
}
