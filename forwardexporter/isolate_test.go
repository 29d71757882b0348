package forwardexporter

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// scattered makes n records in a random shape: empty resources and scopes, too.
// Each record's body names its resource and scope.
func scattered(random *rand.Rand, n int) plog.Logs {
	ld := plog.NewLogs()
	for made := 0; made < n; {
		rl := ld.ResourceLogs().AppendEmpty()
		resource := strconv.Itoa(random.IntN(1000))
		rl.Resource().Attributes().PutStr("name", resource)
		rl.SetSchemaUrl("r" + resource)
		for range random.IntN(3) {
			sl := rl.ScopeLogs().AppendEmpty()
			scope := strconv.Itoa(random.IntN(1000))
			sl.Scope().SetName(scope)
			sl.SetSchemaUrl("s" + scope)
			for range random.IntN(4) {
				if made == n {
					return ld
				}
				sl.LogRecords().AppendEmpty().Body().SetStr(resource + "/" + scope + "/" + strconv.Itoa(made))
				made++
			}
		}
	}
	return ld
}

// described are the records with the resource and scope they stand in.
func described(ld plog.Logs) []string {
	var found []string
	for _, rl := range ld.ResourceLogs().All() {
		name, _ := rl.Resource().Attributes().Get("name")
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				found = append(found, name.Str()+rl.SchemaUrl()+"/"+sl.Scope().Name()+sl.SchemaUrl()+"/"+lr.Body().Str())
			}
		}
	}
	return found
}

// TestCut keeps every record, in order, with its resource and scope.
func TestCut(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 0))
		n := 1 + random.IntN(40)
		ld := scattered(random, n)
		before := described(ld)
		at := random.IntN(n + 1)
		first, others := cut(ld, at)
		require.Equal(t, at, first.LogRecordCount(), "seed %d", seed)
		require.Equal(t, before, append(described(first), described(others)...), "seed %d", seed)
	}
}

// TestIsolate: whatever records a gateway will not have, the others arrive
// within a few attempts, each as it was, and those stay.
func TestIsolate(t *testing.T) {
	for seed := range uint64(40) {
		random := rand.New(rand.NewPCG(seed, 1))
		ld := scattered(random, 1+random.IntN(120))
		poison := map[string]bool{}
		for _, name := range bodies(ld) {
			if random.IntN(10) == 0 {
				poison[name] = true
			}
		}
		var arrived []string
		gateway := newGateway(t, func(ld plog.Logs) (int64, error) {
			for _, name := range bodies(ld) {
				if poison[name] {
					return 0, status.Error(codes.PermissionDenied, "no")
				}
			}
			arrived = append(arrived, described(ld)...)
			return 0, nil
		})
		f := bare(t, gateway.address, newTelemetry(t), func() bool { return random.IntN(2) == 0 })
		want := described(ld)
		var kept []string
		for range 200 {
			err := f.consume(t.Context(), ld)
			if err == nil {
				kept = nil
				break
			}
			var rest consumererror.Logs
			require.ErrorAs(t, err, &rest)
			ld = rest.Data()
			kept = described(ld)
			if len(kept) == len(poison) {
				break
			}
		}
		require.Len(t, kept, len(poison), "seed %d", seed)
		require.ElementsMatch(t, want, append(arrived, kept...), "seed %d: lost, changed or sent twice", seed)
	}
}
