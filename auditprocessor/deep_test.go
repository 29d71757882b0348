package auditprocessor

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelaudit/otelaudit/internal/record"
)

// TestVeryDeepRecord nests as far as a message of the receiver's default limit
// of 4 MiB can: the record goes to quarantine, the process lives.
func TestVeryDeepRecord(t *testing.T) {
	logs := one(t, flat())
	v := pcommon.NewValueEmpty()
	v.SetEmptyMap().PutStr("password", "hunter2")
	for range 400_000 {
		outer := pcommon.NewValueSlice()
		v.MoveTo(outer.Slice().AppendEmpty())
		v = outer
	}
	v.MoveTo(first(logs).Attributes().PutEmpty("audit.payload.deep"))
	out := newRig(t, nil).send(context.Background(), t, logs)
	assert.Equal(t, record.ReasonTooDeep, markOf(t, out).Reason)
	require.NotContains(t, bytesOf(t, out), "hunter2")
}
