package cli

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/verify"
)

// A file of MAC keys of which none fits is the wrong file; one that lacks some is
// a note.
func TestAFileOfMACKeysThatFitsNothing(t *testing.T) {
	for name, test := range map[string]struct {
		macs    verify.MACCounts
		without bool // a file
		want    verify.Verdict
	}{
		"no MACs":           {verify.MACCounts{Absent: 9}, false, verify.Intact},
		"none fits":         {verify.MACCounts{Absent: 9, UnknownKey: 4}, false, verify.Incomplete},
		"some fit":          {verify.MACCounts{Valid: 1, UnknownKey: 4}, false, verify.Intact},
		"one fits, wrongly": {verify.MACCounts{Invalid: 1, UnknownKey: 4}, false, verify.Intact}, // found elsewhere
		"no file":           {verify.MACCounts{UnknownKey: 4}, true, verify.Intact},
	} {
		t.Run(name, func(t *testing.T) {
			o := &verifyOptions{macKeys: "edge.keys", macs: &keys.MACRing{}}
			if test.without {
				o.macs = nil
			}
			report := &verify.Report{Verdict: verify.Intact, Coverage: verify.Coverage{MACs: test.macs}}
			o.judgeMACs(&verifyResult{Store: report})
			require.Equal(t, test.want, report.Verdict)
			if test.want == verify.Incomplete {
				require.Equal(t, "no key of edge.keys fits: the MACs of 4 events name others. Is it the right file?", report.Unchecked[0].Reason)
			}
		})
	}
}
