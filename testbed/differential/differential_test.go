package differential

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/testbed/loadgen"
	"github.com/otelaudit/otelaudit/testbed/poison"
)

// request makes the bytes of a request of a tape.
func request(t testing.TB, tape []byte) []byte {
	t.Helper()
	encoded, err := poison.Encode(newTape(tape).logs(), poison.GRPC)
	require.NoError(t, err)
	return encoded
}

// TestStoreOrQuarantine gives the chain a fixed number of made-up requests.
func TestStoreOrQuarantine(t *testing.T) {
	c := newChain(t)
	for seed := range 300 {
		c.give(t, request(t, fmt.Appendf(nil, "seed %d", seed)))
	}
	c.check(t)
	ends := c.ends()
	t.Logf("%+v", ends)
	require.Greater(t, min(ends.stored, ends.duplicate, ends.quarantined), 100, "of everything enough")
}

// FuzzStoreOrQuarantine makes requests of the fuzzer's choices: all types of
// values, odd names, every shape mixed with every other.
func FuzzStoreOrQuarantine(f *testing.F) {
	for seed := range 20 {
		f.Add(fmt.Appendf(nil, "%d seed", seed))
	}
	r := newRun(f)
	f.Fuzz(func(t *testing.T, tape []byte) { r.give(t, request(t, tape)) })
}

// largestSeed lets through what is too large for a record by default, but not
// what is too large for a request: mutating that is all a fuzzer would do.
const largestSeed = 512 << 10

// FuzzWire gives the chain whatever bytes OTLP's decoder accepts.
func FuzzWire(f *testing.F) {
	cases := poison.Cases()
	large := 0
	for i := range cases {
		logs, _, _ := cases[i].Request(loadgen.New(loadgen.Options{Run: "wire", Start: time.Unix(1_700_000_000, 0)}), 0)
		encoded, err := poison.Encode(logs, poison.GRPC)
		require.NoError(f, err)
		if len(encoded) >= 4096 && len(encoded) <= largestSeed {
			large++
		}
		if len(encoded) <= largestSeed {
			f.Add(encoded)
		}
	}
	require.Greater(f, large, 5, "seeds of more than a page")
	r := newRun(f)
	f.Fuzz(func(t *testing.T, request []byte) {
		if _, err := new(plog.ProtoUnmarshaler).UnmarshalLogs(request); err != nil {
			return
		}
		r.give(t, request)
	})
}
