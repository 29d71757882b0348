package verify_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/verify"
)

// Of a history that is lost there are anchors of every size, and the statement
// names the largest. All of them are acknowledged by it, and nothing beyond.
func TestAnchorsOfALostHistoryAreAcknowledged(t *testing.T) {
	for name, grown := range map[string]int{"still behind": 3, "as many": 30, "more": 60} {
		t.Run(name, func(t *testing.T) {
			v := newTrail(t)
			v.fill("acme", 0, 20, 10)
			v.fill("acme", 20, 30, 6)
			state, err := (*verify.State)(nil).Next(v.verify(), v.trust)
			require.NoError(t, err)
			root := v.rootAt(50)
			smaller := v.rootAt(44)
			v.tamper(`DELETE FROM audit_events WHERE tenant_id = 'acme' AND seq >= 20`)
			v.tamper(`DELETE FROM audit_event_ids WHERE tenant_id = 'acme' AND seq >= 20`)
			v.tamper(`DELETE FROM audit_commits WHERE tenant_id = 'acme' AND size > 20`)
			v.rotate(v.ring) // a collector that has no anchors
			v.fill("acme", 1000, grown, 3)
			with := func(o *verify.Options) { o.State = state }
			require.Equal(t, verify.Tampered, v.verify().Verdict, "before it is acknowledged")

			s := statement(int64(20+grown), v.rootAt(20+grown))
			s.LostSize, s.LostRoot = 44, smaller
			v.openEpoch(s)
			require.Equal(t, verify.Tampered, v.verify().Verdict, "an anchor beyond what is acknowledged")
			v.tamper(`DELETE FROM audit_epochs`)

			s.LostSize, s.LostRoot = 50, root
			v.openEpoch(s)
			v.writeEpoch()
			for _, report := range []*verify.Report{v.verify(), v.verify(with)} {
				requireIntact(t, report)
				require.True(t, hasNotice(report, verify.LossAcknowledged))
			}

			v.tamper(`UPDATE audit_events SET reason = 'edited' WHERE tenant_id = 'acme' AND epoch = 0 AND seq = 21`)
			require.Equal(t, verify.Tampered, v.verify().Verdict, "what is there instead is signed itself")
		})
	}
}
