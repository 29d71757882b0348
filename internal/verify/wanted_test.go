package verify_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/verify"
)

// Where one tenant is verified, only its anchors and those of _system are looked
// into: a file may be of a hundred thousand others.
func TestAnchorsOfOtherTenantsAreNotLookedInto(t *testing.T) {
	v := newTrail(t)
	v.fill("acme", 0, 5, 5)
	private, _ := keyPair(t, "a key that nobody trusts")
	ring, err := keys.ParseRing([]byte(private))
	require.NoError(t, err)
	forged := func(tenant string) []byte {
		checkpoint := merkle.Checkpoint{Origin: merkle.TenantOrigin(logName, tenant, 0), Size: 9, Root: merkle.Hash{1}}
		note, err := ring.Sign(checkpoint.Text())
		require.NoError(t, err)
		return bytes.Clone(note)
	}
	for tenant, refused := range map[string]bool{"other": false, "acme": true, "_system": true} {
		o := v.options()
		o.Tenant, o.Anchors = "acme", append(o.Anchors, forged(tenant))
		report, err := verify.Store(t.Context(), o)
		if refused {
			var bad *verify.AnchorError
			require.ErrorAs(t, err, &bad, tenant)
			require.Equal(t, len(o.Anchors)-1, bad.Index)
			continue
		}
		require.NoError(t, err)
		requireIntact(t, report)
		o.Tenant = ""
		_, err = verify.Store(t.Context(), o)
		require.Error(t, err, "all tenants are verified")
	}
}
