package verify

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// An interruption leaves most of a store: ten tenants are named, and the others
// counted. What is said of single events stays.
func TestTenantsLeftForOneReasonAreCounted(t *testing.T) {
	r := newReport()
	for i := range 55_202 {
		r.Unchecked = append(r.Unchecked, Unchecked{Tenant: fmt.Sprintf("t-%d", i), Seq: -1, Until: -1, Reason: "interrupted"})
	}
	r.Unchecked = append(r.Unchecked, Unchecked{Tenant: "acme", Seq: -1, Until: -1, Reason: "crashed"}, Unchecked{Tenant: "acme", Seq: 0, Until: 5, Reason: "interrupted"})
	r.finish()
	require.Len(t, r.Unchecked, 13)
	require.Equal(t, "t-9", r.Unchecked[9].Tenant)
	require.Equal(t, Unchecked{Seq: -1, Until: -1, Reason: "and 55192 more tenants: interrupted"}, r.Unchecked[10])
	require.Equal(t, Incomplete, r.Verdict)

	r = newReport()
	for i := range maxAlike {
		r.Unchecked = append(r.Unchecked, Unchecked{Tenant: fmt.Sprintf("t-%d", i), Seq: -1, Until: -1, Reason: "interrupted"})
	}
	r.finish()
	require.Len(t, r.Unchecked, maxAlike)
}
