package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/otelaudit/otelaudit/internal/access"
)

// LegalHold keeps what a tenant recorded in a window from being pruned, or what
// of it is about a target. Zero times are open ends.
type LegalHold struct {
	ID         int64
	TenantID   string
	Since      time.Time // UTC, of recorded_at
	Until      time.Time // UTC, exclusive
	TargetType string    // "" holds whatever it is about
	TargetID   string    // "" holds all targets of the type

	// The rest is absent in what LegalHolds returns.

	Reason        string
	PlacedAt      time.Time // UTC
	PlacedBy      string    // login
	ReleasedAt    time.Time // UTC; zero while the hold stands
	ReleasedBy    string    // login
	ReleaseReason string
}

// ErrHoldsHidden is a login that does not see the holds of every tenant.
var ErrHoldsHidden = errors.New("this login does not see the legal holds of every tenant: use one with the auditor, the operator or the pruner role")

// LegalHolds returns all holds that are not released, oldest first. A login that
// would see only some of them gets ErrHoldsHidden: a hold that is not seen is
// broken.
func (r *Reader) LegalHolds(ctx context.Context) ([]LegalHold, error) {
	var holds []LegalHold
	err := r.read(ctx, "", func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, r.sql.heldOpen)
		if err != nil {
			return err
		}
		holds, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (LegalHold, error) {
			var h LegalHold
			err := h.scan(row)
			return h, err
		})
		return err
	})
	if server, ok := errors.AsType[*pgconn.PgError](err); ok && server.Code == insufficientPrivilege {
		return nil, ErrHoldsHidden
	}
	return holds, err
}

// HoldList returns the holds of a tenant, "" for those of all, oldest first, the
// released ones too if asked. The login must be an operator or auditor.
func (r *Reader) HoldList(ctx context.Context, tenant string, released bool) (holds []LegalHold, err error) {
	if err := checkTenant(tenant); err != nil {
		return nil, err
	}
	err = r.read(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, r.sql.heldAll, orNull(tenant), released)
		if err != nil {
			return err
		}
		holds, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (LegalHold, error) {
			var h LegalHold
			var releasedAt *time.Time
			var releasedBy, releaseReason *string
			err := h.scan(row, &h.Reason, &h.PlacedAt, &h.PlacedBy, &releasedAt, &releasedBy, &releaseReason)
			h.PlacedAt, h.ReleasedAt = h.PlacedAt.UTC(), utcOrZero(releasedAt)
			h.ReleasedBy, h.ReleaseReason = textOrEmpty(releasedBy), textOrEmpty(releaseReason)
			return h, err
		})
		return err
	})
	return holds, err
}

func (h *LegalHold) scan(row pgx.Row, further ...any) error {
	var since, until *time.Time
	var targetType, targetID *string
	err := row.Scan(append([]any{&h.ID, &h.TenantID, &since, &until, &targetType, &targetID}, further...)...)
	h.Since, h.Until = utcOrZero(since), utcOrZero(until)
	h.TargetType, h.TargetID = textOrEmpty(targetType), textOrEmpty(targetID)
	return err
}

// AddHold places a hold and returns its id. The login must be an operator.
func (r *Reader) AddHold(ctx context.Context, caller access.Caller, h *LegalHold) (id int64, err error) {
	if err := errors.Join(checkTenant(h.TenantID), checkText("target-type", h.TargetType), checkText("target-id", h.TargetID), checkText("reason", h.Reason)); err != nil {
		return 0, err
	}
	err = r.change(ctx, caller, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, r.sql.holdAdd, h.TenantID, timeOrNull(h.Since), timeOrNull(h.Until), orNull(h.TargetType), orNull(h.TargetID), h.Reason).Scan(&id)
	})
	return id, decided(err)
}

// ReleaseHold releases a hold and returns its tenant. The login must be an
// operator; a hold that is not there is ErrNotFound, one that was released
// before a *DecisionError.
func (r *Reader) ReleaseHold(ctx context.Context, caller access.Caller, id int64, reason string) (tenant string, err error) {
	if err := checkText("reason", reason); err != nil {
		return "", err
	}
	err = r.change(ctx, caller, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, r.sql.holdRelease, id, reason).Scan(&tenant)
	})
	return tenant, decided(err)
}

// KnowsTenant reports whether the store has, or had, events of a tenant. The login
// must be an operator, pruner or auditor.
func (r *Reader) KnowsTenant(ctx context.Context, tenant string) (known bool, err error) {
	if err := checkText("tenant", tenant); err != nil {
		return false, err
	}
	err = r.read(ctx, "", func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, r.sql.tenantKnown, tenant).Scan(&known)
	})
	return known, err
}

// DecisionError is a change that the store refuses, in the words of its function:
// they name what was asked for and nothing else.
type DecisionError struct {
	Reason string
	Hint   string // what to do; "" where the reason says it
	// State is the SQLSTATE: 22023 for what cannot be meant, 55000 for what was
	// decided before.
	State string
}

// Error says why.
func (e *DecisionError) Error() string { return e.Reason }

// Before says that it was decided before, rather than asked wrongly.
func (e *DecisionError) Before() bool { return e.State == objectNotInState }

const (
	insufficientPrivilege = "42501"
	invalidParameter      = "22023"
	objectNotInState      = "55000"
	noData                = "P0002"
)

// absentError is ErrNotFound in the words of the function that looked.
type absentError string

func (e absentError) Error() string { return string(e) }
func (absentError) Unwrap() error   { return ErrNotFound }

// IsRaised reports that a function of the database refused, in words of its own,
// rather than PostgreSQL.
func IsRaised(err error) bool {
	server, ok := errors.AsType[*pgconn.PgError](err)
	return ok && server.Routine == "exec_stmt_raise"
}

// decided gives the refusals of the functions that change something their type.
func decided(err error) error {
	server, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return err
	}
	switch server.Code {
	case noData:
		return absentError(server.Message)
	case invalidParameter, objectNotInState:
		return &DecisionError{Reason: server.Message, Hint: server.Hint, State: server.Code}
	}
	return err
}

func utcOrZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

func timeOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

func textOrEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
