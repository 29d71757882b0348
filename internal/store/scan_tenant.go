package store

import (
	"context"

	"github.com/otelaudit/otelaudit/internal/pgurl"
)

// For returns a Scanner for another tenant on the same connections; Close of
// either closes both. A login that does not see the tenant finds nothing: Admits
// tells.
func (s *Scanner) For(tenant string) *Scanner {
	other := *s
	other.tenant = tenant
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
