package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// QuarantineFilter narrows a list of quarantined records down. It works across
// tenants: what a quarantined record says of its tenant is a claim.
type QuarantineFilter struct {
	Tenant   string // claimed tenant; "" lists all
	Reason   string // one of record's reasons; "" lists all
	Resolved bool   // also those replayed or discarded
	Limit    int    // 1 to MaxLimit; 0 means DefaultLimit
	Before   int64  // only ids below it: QuarantinePage.Next; 0 begins with the newest
}

// QuarantinePage is one page of quarantined records, newest first.
type QuarantinePage struct {
	Records []QuarantinedRecord
	Next    int64 // QuarantineFilter.Before of the page after, 0 on the last one
}

// QuarantinedRecord is a record that could not become an event.
type QuarantinedRecord struct {
	ID         int64
	ReceivedAt time.Time // UTC, the database server's clock
	TenantID   string    // as claimed, may be absent
	EventID    string    // as claimed, may be absent
	Action     string    // as claimed, may be absent
	Reason     string    // one of record's reasons
	SQLState   string    // of the database's refusal, mostly absent
	Detail     string    // what happened, for people
	SHA256     []byte    // of the record as it came, before redaction, 32 bytes

	ResolvedAt       time.Time // UTC; zero while open
	Resolution       string    // "replayed", "discarded" or absent
	ResolutionReason string
	ResolvedBy       string

	OTLP     []byte // LogsData with this record alone, redacted; QuarantineGet only
	Encoding string // of OTLP: "json" or "protobuf"
}

// QuarantineList returns a page of quarantined records without their OTLP. The
// login must be an operator or auditor.
func (r *Reader) QuarantineList(ctx context.Context, f QuarantineFilter) (QuarantinePage, error) {
	limit := f.Limit
	switch {
	case limit == 0:
		limit = DefaultLimit
	case limit < 0 || limit > MaxLimit:
		return QuarantinePage{}, &FilterError{"limit", fmt.Sprintf("want 1 to %d, found %d", MaxLimit, limit)}
	}
	if err := errors.Join(checkTenant(f.Tenant), checkText("reason", f.Reason)); err != nil {
		return QuarantinePage{}, err
	}
	var before any
	if f.Before != 0 {
		before = f.Before
	}
	var page QuarantinePage
	err := r.read(ctx, f.Tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, r.sql.quarantineList, orNull(f.Tenant), orNull(f.Reason), before, f.Resolved, limit+1)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var q QuarantinedRecord
			if err := q.scan(rows); err != nil {
				return err
			}
			page.Records = append(page.Records, q)
		}
		return rows.Err()
	})
	if len(page.Records) > limit {
		page.Records = page.Records[:limit]
		page.Next = page.Records[limit-1].ID
	}
	return page, err
}

// QuarantineGet returns one quarantined record with its OTLP.
func (r *Reader) QuarantineGet(ctx context.Context, id int64) (QuarantinedRecord, error) {
	var q QuarantinedRecord
	err := r.read(ctx, "", func(tx pgx.Tx) error {
		return q.scan(tx.QueryRow(ctx, r.sql.quarantineGet, id), &q.OTLP, &q.Encoding)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		err = fmt.Errorf("quarantined record %d: %w", id, ErrNotFound)
	}
	return q, err
}

func (q *QuarantinedRecord) scan(row pgx.Row, further ...any) error {
	var resolvedAt *time.Time
	texts := []*string{&q.TenantID, &q.EventID, &q.Action, &q.Reason, &q.SQLState, &q.Detail, &q.Resolution, &q.ResolutionReason, &q.ResolvedBy}
	null := make([]*string, len(texts))
	into := []any{
		&q.ID, &q.ReceivedAt, &null[0], &null[1], &null[2], &null[3], &null[4], &null[5], &q.SHA256,
		&resolvedAt, &null[6], &null[7], &null[8],
	}
	if err := row.Scan(append(into, further...)...); err != nil {
		return err
	}
	for i, text := range texts {
		if null[i] != nil {
			*text = *null[i]
		}
	}
	q.ReceivedAt = q.ReceivedAt.UTC()
	if resolvedAt != nil {
		q.ResolvedAt = resolvedAt.UTC()
	}
	return nil
}
