package otlpmap

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// TestEvlogDerivedKeysDoNotBind reads keys that the npm package evlog 2.29.0
// made itself, and one that an application gave it.
func TestEvlogDerivedKeysDoNotBind(t *testing.T) {
	file, err := os.ReadFile("testdata/evlog-keys.json")
	require.NoError(t, err)
	var events []struct {
		Time  time.Time       `json:"time"`
		Audit json.RawMessage `json:"audit"`
	}
	require.NoError(t, json.Unmarshal(file, &events))
	require.Len(t, events, 11)
	for i, e := range events {
		lr := plog.NewLogRecord()
		lr.SetTimestamp(pcommon.NewTimestampFromTime(e.Time))
		lr.Attributes().PutStr("audit", string(e.Audit))
		lr.Attributes().PutStr("audit.tenant.id", "acme")
		r, problem := finished(NewDecoder(Options{}), sent{pcommon.NewResource(), pcommon.NewInstrumentationScope(), lr})
		require.Nil(t, problem)
		require.NotEmpty(t, r.IdempotencyKey)
		require.Equal(t, i == len(events)-1, r.BindsKey(), "%s", e.Audit)

		// Through a collector and back the answer is the same.
		Encode(r, lr)
		require.Equal(t, r.BindsKey(), decodeTrusted(t, wire(t, lr)).Record.BindsKey())

		// One second later the same text is a key like any other.
		if r.TimeUnixNano += int64(time.Second); i < len(events)-1 {
			require.True(t, r.BindsKey(), "%s", e.Audit)
		}
	}
}
