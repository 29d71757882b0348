package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// LegalHold keeps what a tenant recorded in a window from being pruned. Zero
// times are open ends.
type LegalHold struct {
	TenantID string
	Since    time.Time // UTC
	Until    time.Time // UTC, exclusive
}

// ErrHoldsHidden is a login that does not see the holds of every tenant.
var ErrHoldsHidden = errors.New("this login does not see the legal holds of every tenant: use one with the auditor role")

// LegalHolds returns all holds that are not released. A login that would see
// only some of them gets ErrHoldsHidden: a hold that is not seen is broken.
func (r *Reader) LegalHolds(ctx context.Context) ([]LegalHold, error) {
	var holds []LegalHold
	sawAll := false
	err := r.read(ctx, "", func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, r.sql.holds)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var tenant *string
			var since, until *time.Time
			var complete bool
			if err := rows.Scan(&tenant, &since, &until, &complete); err != nil {
				return err
			}
			if tenant == nil {
				sawAll = complete
				continue
			}
			hold := LegalHold{TenantID: *tenant}
			if since != nil {
				hold.Since = since.UTC()
			}
			if until != nil {
				hold.Until = until.UTC()
			}
			holds = append(holds, hold)
		}
		return rows.Err()
	})
	if err == nil && !sawAll {
		err = ErrHoldsHidden
	}
	return holds, err
}
