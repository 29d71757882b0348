package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/otelaudit/otelaudit/internal/pgurl"
)

// ErrOtherTenant is wrapped where a Scanner is asked for what it can answer of
// the tenant that it was opened for only.
var ErrOtherTenant = errors.New("the scanner was opened for another tenant")

// For returns a Scanner for another tenant on the same connections; Close of
// either closes both. A login that does not see the tenant finds nothing: Admits
// tells. It takes no part in a snapshot.
func (s *Scanner) For(tenant string) *Scanner {
	other := *s
	other.tenant, other.snapshot = tenant, nil
	return &other
}

// Admits reports whether the login may read the tenant's events.
func (s *Scanner) Admits(ctx context.Context, tenant string) (bool, error) {
	if s.access.AllTenants {
		return true, nil
	}
	var admitted bool
	err := s.reader.pool.QueryRow(ctx, s.sql.admits, tenant).Scan(&admitted)
	return admitted, pgurl.Describe(err)
}

// isOf guards what identities answer: they are those of the session's tenant.
func (s *Scanner) isOf(tenant string) error {
	if tenant != s.tenant {
		return fmt.Errorf("%w: %q, not %q", ErrOtherTenant, s.tenant, tenant)
	}
	return nil
}
