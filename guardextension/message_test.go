package guardextension

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

// TestMessages: as the encoding of a receiver of messages the guard decodes what
// it can, and keeps what would end the process without decoding it.
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

	deep := logWith(field(5, nestedValue(1_400_000)))
	requireKept(t, guard, deep)
	guard.requireCounted(t, 2, "too_deep", "message")
	requireKept(t, guard, message[:len(message)-1])
	requireKept(t, guard, []byte("no OTLP at all"))
	requireKept(t, guard, slices.Repeat(field(1, nil), messageWidth*defaultMaxMessages+1))
}

// requireKept holds that nothing of a message is lost that cannot be decoded, and
// that it is the same record each time.
func requireKept(t *testing.T, guard *rig, message []byte) {
	t.Helper()
	logs, err := guard.UnmarshalLogs(message)
	require.NoError(t, err)
	require.Equal(t, 1, logs.LogRecordCount())
	kept, found := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().Get(attrMessage)
	require.True(t, found)
	require.True(t, slices.Equal(message, kept.Bytes().AsRaw()))
	again, err := guard.UnmarshalLogs(message)
	require.NoError(t, err)
	require.Equal(t, logs, again)
}

// TestWiderThanARequest: what an agent has taken is wider when its processor is
// done with it.
func TestWiderThanARequest(t *testing.T) {
	guard := newRig(t)
	logs, err := guard.UnmarshalLogs(slices.Repeat(field(1, nil), messageWidth*defaultMaxMessages))
	require.NoError(t, err)
	assert.Equal(t, messageWidth*defaultMaxMessages, logs.ResourceLogs().Len())
}

// TestMessagesWaitForMemory: messages that have no room in the budget together are
// decoded one after the other, each once those before it are garbage, and all are.
func TestMessagesWaitForMemory(t *testing.T) {
	guard := newRig(t)
	_, share := guard.budget.of(logsRequest)
	message := logWith(field(5, field(1, make([]byte, share/memoryPerByte/2))))
	var held, tooMany atomic.Int64
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 4 {
				logs, err := guard.UnmarshalLogs(message)
				assert.NoError(t, err) //nolint:testifylint // not on the test's goroutine
				if held.Add(1) > 2 {
					tooMany.Add(1)
				}
				runtime.Gosched()
				held.Add(-1)
				runtime.KeepAlive(logs)
			}
		})
	}
	wait.Wait()
	assert.Zero(t, tooMany.Load())
	require.Eventually(t, func() bool {
		runtime.GC()
		return guard.budget.logs.Load() == 0
	}, time.Minute, 10*time.Millisecond, "all is given back")
}
