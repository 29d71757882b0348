package guardextension

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

// TestMessages: as the encoding of a receiver of messages the guard decodes what
// it can, and refuses before it decodes what would end the process.
func TestMessages(t *testing.T) {
	guard := newRig(t)
	logs := plog.NewLogs()
	record := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	record.Body().SetStr("taken")
	message, err := new(plog.ProtoMarshaler).MarshalLogs(logs)
	require.NoError(t, err)
	decoded, err := guard.UnmarshalLogs(message)
	require.NoError(t, err)
	assert.Equal(t, logs, decoded)

	_, err = guard.UnmarshalLogs(message[:len(message)-1])
	require.Error(t, err)
	_, err = guard.UnmarshalLogs(logWith(field(5, nestedValue(1_400_000))))
	require.ErrorIs(t, err, errTooDeep)
	guard.requireCounted(t, 1, "too_deep", "message")
}
