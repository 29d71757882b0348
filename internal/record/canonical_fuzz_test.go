package record_test

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/record/recordtest"
)

// FuzzCanonical: the canonical form of a canonical form is itself, the value
// rules applied twice are those applied once, and what is written is read back as
// the same record with the same identity.
func FuzzCanonical(f *testing.F) {
	file, err := os.ReadFile("testdata/audit-record-v1.json")
	require.NoError(f, err)
	var vector struct {
		Records []json.RawMessage `json:"records"`
	}
	require.NoError(f, json.Unmarshal(file, &vector))
	for i, raw := range vector.Records {
		f.Add(uint64(i), []byte(raw), "a\x00b\xff", int32(1<<15))
	}
	f.Add(uint64(9), []byte(`{"a":[1e400,-0,"\ud800",9007199254740993]}`), "enc:x", int32(-1))
	f.Fuzz(func(t *testing.T, seed uint64, payload []byte, text string, severity int32) {
		r := recordtest.Arbitrary(rand.New(rand.NewPCG(seed, 1)))
		if v, err := record.ParseJSON(payload); err == nil {
			r.Payload = v
		}
		r.Reason, r.EventName, r.SeverityText, r.Severity = text, text, text, int(severity)
		r.Attributes = r.Attributes.Set(text, record.StringValue(text))
		if r.Normalize() != nil {
			return
		}
		once := string(r.AppendCanonical(nil))
		require.Nil(t, r.Normalize())
		require.Equal(t, once, string(r.AppendCanonical(nil)), "the value rules twice")
		v, err := record.ParseJSON([]byte(once))
		require.NoError(t, err)
		require.Equal(t, once, string(v.AppendJSON(nil)), "canonical twice")
		again, err := record.ParseCanonical([]byte(once))
		require.NoError(t, err)
		require.Equal(t, once, string(again.AppendCanonical(nil)))
		require.Equal(t, r.DeriveEventID(), again.DeriveEventID())
		require.Equal(t, r.Fingerprint(), again.Fingerprint())
	})
}
