package verify_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/verify"
)

// Small logs are read together and large ones by themselves; what was done to
// either is found where it was done, with any number of workers, and by a run
// that goes on from an earlier one.
func TestTenantsThatAreReadTogether(t *testing.T) {
	v := newTrail(t)
	tenant := func(i int) string { return fmt.Sprintf("t-%02d", i) }
	events := int64(0)
	for i := range 40 {
		v.fill(tenant(i), 0, i+1, 3)
		events += int64(i + 1)
	}
	for _, workers := range []int{1, 3} {
		report := v.verify(func(o *verify.Options) { o.Workers = workers })
		requireIntact(t, report)
		require.Equal(t, events, report.Coverage.Events)
		require.EqualValues(t, 40, report.Coverage.Tenants)
	}
	state, err := (*verify.State)(nil).Next(v.verify(), v.trust)
	require.NoError(t, err)
	for i := range 40 {
		v.fill(tenant(i), 100, 2, 1)
	}
	report := v.verify(func(o *verify.Options) { o.State = state })
	requireIntact(t, report)
	require.EqualValues(t, 80, report.Coverage.Events)
	require.Equal(t, events, report.Coverage.Skipped)

	v.tamper(`UPDATE audit_events SET reason = 'x' WHERE (tenant_id, seq) IN (('t-03', 1), ('t-25', 24))`)
	v.tamper(`DELETE FROM audit_events WHERE (tenant_id, seq) IN (('t-00', 0), ('t-30', 30))`)
	v.tamper(`DELETE FROM audit_commits WHERE (tenant_id, size) = ('t-04', 7)`)
	v.tamper(`DELETE FROM audit_event_ids WHERE (tenant_id, id) = ('t-05', 'ev-000002')`)
	want := []string{
		"event_missing t-00/0[0,1)", "event_changed t-03/0[1,2) ev-000001", "commit_missing t-04/0[6,7)",
		"column_edited t-05/0[2,3) ev-000002", "event_changed t-25/0[24,25) ev-000024", "event_missing t-30/0[30,31)",
	}
	for _, workers := range []int{1, 3} {
		got := found(v.verify(func(o *verify.Options) { o.Workers = workers }))
		require.Len(t, got, len(want), "%q", got)
		for i := range want {
			require.Contains(t, got[i], want[i])
		}
	}
}
