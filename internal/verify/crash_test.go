package verify_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/verify"
)

// A panic while a tenant is checked is in the report, by the name of the tenant,
// and hides nothing of the others.
func TestACrashIsNoErrorOfTheEnvironment(t *testing.T) {
	v := newTrail(t)
	v.fill("acme", 0, 20, 10)
	v.fill("other", 0, 5, 5)
	crash := func(o *verify.Options) {
		var once sync.Once
		o.Workers = 1
		o.Progress = func(verify.Progress) { once.Do(func() { panic("made to") }) }
	}
	report := v.verify(crash)
	require.Empty(t, report.Findings)
	require.Len(t, report.Unchecked, 1)
	require.Equal(t, "acme", report.Unchecked[0].Tenant)
	require.Regexp(t, `crashed while .*: made to \(crash_test.go:\d+\)$`, report.Unchecked[0].Reason)
	require.Equal(t, verify.Incomplete, report.Verdict)
	require.Equal(t, int64(2), report.Coverage.Tenants)

	v.tamper(`UPDATE audit_events SET payload = '{}' WHERE tenant_id = 'other' AND seq = 2`)
	report = v.verify(crash)
	require.Equal(t, []string{"event_changed other/0[2,3) ev-000002"}, found(report))
	require.Len(t, report.Unchecked, 1)
	require.Equal(t, verify.Tampered, report.Verdict)
}
