package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/otelaudit/otelaudit/internal/access"
)

// The names under which audit_retention says what is no tenant's.
const (
	RetentionDefault    = "_default"    // tenants without a policy of their own
	RetentionQuarantine = "_quarantine" // quarantined records
	RetentionJournal    = "_journal"    // segments of journals
)

// RetentionPolicy says how long a tenant's events are kept.
type RetentionPolicy struct {
	TenantID  string // or one of the names above
	KeepDays  int    // of 24 hours, since recorded_at
	Framework string // names of frameworks, joined by commas; "" for none
	Reason    string
	UpdatedAt time.Time // UTC
	UpdatedBy string    // login
}

// RetentionList returns all policies, those that are no tenant's first. The login
// must be an operator or auditor.
func (r *Reader) RetentionList(ctx context.Context) (policies []RetentionPolicy, err error) {
	err = r.read(ctx, "", func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, r.sql.retention)
		if err != nil {
			return err
		}
		policies, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (RetentionPolicy, error) {
			var p RetentionPolicy
			var framework, reason *string
			err := row.Scan(&p.TenantID, &p.KeepDays, &framework, &reason, &p.UpdatedAt, &p.UpdatedBy)
			p.Framework, p.Reason, p.UpdatedAt = textOrEmpty(framework), textOrEmpty(reason), p.UpdatedAt.UTC()
			return p, err
		})
		return err
	})
	return policies, err
}

// KeepDays returns the days of the policy with exactly this name, 0 where there
// is none. The login must be a pruner, operator or auditor.
func (r *Reader) KeepDays(ctx context.Context, name string) (int, error) {
	var days *int
	err := r.read(ctx, "", func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, r.sql.keepDays, name).Scan(&days)
	})
	if days == nil {
		return 0, err
	}
	return *days, err
}

// SetRetention writes a policy and returns the days of the one before, 0 for
// none. The login must be an operator.
func (r *Reader) SetRetention(ctx context.Context, caller access.Caller, p *RetentionPolicy) (before int, err error) {
	if err := errors.Join(checkTenant(p.TenantID), checkText("framework", p.Framework), checkText("reason", p.Reason)); err != nil {
		return 0, err
	}
	var days *int
	err = r.change(ctx, caller, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, r.sql.retentionSet, p.TenantID, p.KeepDays, orNull(p.Framework), orNull(p.Reason)).Scan(&days)
	})
	if days != nil {
		before = *days
	}
	return before, decided(err)
}

// UnsetRetention takes a policy back and returns its days. The login must be an
// operator; without such a policy it returns ErrNotFound.
func (r *Reader) UnsetRetention(ctx context.Context, caller access.Caller, name, reason string) (before int, err error) {
	if err := errors.Join(checkTenant(name), checkText("reason", reason)); err != nil {
		return 0, err
	}
	err = r.change(ctx, caller, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, r.sql.retentionUnset, name, orNull(reason)).Scan(&before)
	})
	return before, decided(err)
}
