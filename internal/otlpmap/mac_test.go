package otlpmap

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/record/recordtest"
)

const someMAC = "hmac-sha256:edge-2026-01:3DEe69EA00AX9lEWPd4WGwyR166xhVIHLOz3-Il0X3k"

func canonicalWithMAC(mac string) plog.LogRecord {
	lr := plog.NewLogRecord()
	Encode(recordtest.Typical(), lr)
	PutOriginMAC(lr, mac)
	KeepFromSampling(lr, "keep.me")
	return lr
}

func TestAMACIsReadFromCanonicalRecordsOnly(t *testing.T) {
	lr := wire(t, canonicalWithMAC(someMAC))
	out := decodeTrusted(t, lr)
	assert.Equal(t, someMAC, out.MAC)
	want := recordtest.Typical()
	assert.Equal(t, string(want.AppendCanonical(nil)), string(out.Record.AppendCanonical(nil)), "no part of the record")

	d := NewDecoder(Options{})
	out = d.Decode(pcommon.NewResource(), pcommon.NewInstrumentationScope(), lr, false)
	assert.Empty(t, out.MAC, "a client's")
	assert.Equal(t, someMAC, out.Record.Producer.Get("origin").Get("mac").Text())

	lr.Attributes().Remove(AttrCanonical)
	out = decodeTrusted(t, lr)
	assert.Empty(t, out.MAC, "of a record that nobody has finished")
	assert.Equal(t, someMAC, out.Record.Producer.Get("origin").Get("mac").Text())
}

func TestEncodeTakesAMACAway(t *testing.T) {
	lr := canonicalWithMAC(someMAC)
	Encode(recordtest.Typical(), lr)
	assert.Empty(t, decodeTrusted(t, lr).MAC)
}

func TestWhatIsNoMAC(t *testing.T) {
	for name, mac := range map[string]string{
		"empty":             "",
		"another algorithm": strings.Replace(someMAC, "sha256", "sha512", 1),
		"no key id":         strings.Replace(someMAC, "edge-2026-01", "", 1),
		"cut":               someMAC[:len(someMAC)-1],
		"long":              someMAC + "A",
		"padded":            someMAC + "=",
		"a space":           strings.Replace(someMAC, "edge", "ed e", 1),
		"a line end":        strings.Replace(someMAC, "3DEe", "3D\n\n", 1),
		"NUL":               strings.Replace(someMAC, "edge", "ed\x00e", 1),
		"not UTF-8":         strings.Replace(someMAC, "edge", "ed\xffe", 1),
		"a spare bit":       someMAC[:len(someMAC)-1] + "l",
	} {
		t.Run(name, func(t *testing.T) {
			out := decodeTrusted(t, wire(t, canonicalWithMAC(mac)))
			require.NotNil(t, out.Problem)
			assert.Equal(t, record.ReasonMACInvalid, out.Problem.Reason)
			assert.Empty(t, out.MAC)
		})
	}
	t.Run("twice", func(t *testing.T) {
		lr := canonicalWithMAC(someMAC)
		lr.Attributes().PutStr("audit.origin.mab", strings.Replace(someMAC, "3", "4", 1))
		b, err := MarshalOne(pcommon.NewResource(), pcommon.NewInstrumentationScope(), lr)
		require.NoError(t, err)
		logs, err := new(plog.ProtoUnmarshaler).UnmarshalLogs([]byte(strings.Replace(string(b), "audit.origin.mab", AttrOriginMAC, 1)))
		require.NoError(t, err)
		out := decodeTrusted(t, logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0))
		require.NotNil(t, out.Problem)
		assert.Equal(t, record.ReasonAmbiguous, out.Problem.Reason)
	})
}

// TestAnAttributeOfThatNameIsNoMAC: a record may hold an attribute that is called
// like ours.
func TestAnAttributeOfThatNameIsNoMAC(t *testing.T) {
	r := recordtest.Typical()
	r.Attributes = r.Attributes.Set(AttrOriginMAC, record.StringValue("x"))
	lr := plog.NewLogRecord()
	Encode(r, lr)
	out := decodeTrusted(t, wire(t, lr))
	require.Nil(t, out.Problem)
	assert.Empty(t, out.MAC)
	assert.Equal(t, string(r.AppendCanonical(nil)), string(out.Record.AppendCanonical(nil)))
}
