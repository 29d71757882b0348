package retention_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/retention"
	"github.com/otelaudit/otelaudit/internal/retention/retentiontest"
)

// An age is held against the policy of the tenant that is named, whatever is
// kept of others.
func TestAnAgeIsHeldAgainstThePolicyOfTheNamedTenant(t *testing.T) {
	h := retentiontest.New(t)
	h.Commit("acme", 0, h.Now.Add(-60*day), 5, true)
	h.Commit("globex", 0, h.Now.Add(-60*day), 5, true)
	h.Exec(`INSERT INTO audit_retention (tenant_id, keep_days) VALUES ('_default', 365), ('acme', 30)`)
	o := options(h, 50*day)
	o.Tenant = "acme"
	result, err := retention.Run(t.Context(), h.Pruner(), o)
	require.NoError(t, err)
	require.EqualValues(t, 5, result.Deleted)

	o.Age = 20 * day
	_, err = retention.Run(t.Context(), h.Pruner(), o)
	require.ErrorContains(t, err, `the policy of tenant "acme" keeps 30 days`)
	for _, tenant := range []string{"", "globex", "nobody"} {
		o.Tenant, o.Age = tenant, 50*day
		_, err = retention.Run(t.Context(), h.Pruner(), o)
		require.ErrorContains(t, err, "keeps 365 days", tenant)
	}
	requireIntact(t, h)
}
