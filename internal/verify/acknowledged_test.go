package verify_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/verify"
)

// A loss that a statement acknowledges is one for the state of an earlier run,
// too, and the state goes on with what is there.
func TestAStateGoesOnBehindAnAcknowledgedLoss(t *testing.T) {
	for name, grown := range map[string]int{"rolled back": 0, "forked, and smaller": 5, "forked": 10, "forked, and larger": 20} {
		t.Run(name, func(t *testing.T) {
			v := newTrail(t)
			v.fill("acme", 0, 20, 10)
			v.fill("acme", 20, 10, 10)
			state, err := (*verify.State)(nil).Next(v.verify(), v.trust)
			require.NoError(t, err)
			s := statement(20, merkle.Hash{})
			s.LostSize, s.LostRoot = 30, v.rootAt(30)
			v.tamper(`DELETE FROM audit_events WHERE tenant_id = 'acme' AND seq >= 20`)
			v.tamper(`DELETE FROM audit_event_ids WHERE tenant_id = 'acme' AND seq >= 20`)
			v.tamper(`DELETE FROM audit_commits WHERE tenant_id = 'acme' AND size > 20`)
			if grown > 0 {
				v.rotate(v.ring) // a collector that has no anchors
				v.fill("acme", 1000, grown, grown)
			}
			with := func(o *verify.Options) { o.State = state }
			require.Equal(t, verify.Tampered, v.verify(with).Verdict, "before it is acknowledged")

			s.PreviousSize, s.PreviousRoot = int64(20+grown), v.rootAt(20+grown)
			v.openEpoch(s)
			v.writeEpoch()
			requireIntact(t, v.verify())
			report := v.verify(with)
			requireIntact(t, report)
			require.True(t, hasNotice(report, verify.LossAcknowledged))
			require.EqualValues(t, 20+grown+2, report.Coverage.Events, "what was lost is not gone on from")

			state, err = state.Next(report, v.trust)
			require.NoError(t, err)
			text, err := state.Bytes()
			require.NoError(t, err)
			require.Contains(t, string(text), fmt.Sprintf(`"verified_events":%d`, 20+grown))
			report = v.verify(with)
			requireIntact(t, report)
			require.Zero(t, report.Coverage.Events)
			require.EqualValues(t, 20+grown+2, report.Coverage.Skipped)
		})
	}
}
