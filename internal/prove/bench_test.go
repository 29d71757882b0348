package prove_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/prove"
	"github.com/otelaudit/otelaudit/internal/prove/provetest"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/record/recordtest"
)

// BenchmarkEventAmongAMillion proves random events of a tenant with a million,
// committed a thousand at a time. Making them takes a minute:
//
//	go test ./internal/prove -run '^$' -bench Million -timeout 20m
func BenchmarkEventAmongAMillion(b *testing.B) {
	const commits, size = 1000, 1000
	s := provetest.NewStore(b, provetest.NewKeys(b, "a"))
	for commit := range commits {
		batch := make([]*record.Record, size)
		for i := range batch {
			batch[i] = recordtest.Typical()
			batch[i].TenantID, batch[i].EventID = "acme", fmt.Sprintf("%03d-%03d", commit, i)
		}
		s.Write(b, batch...)
	}
	scanner := s.Scanner(b, "acme")
	random := rand.New(rand.NewPCG(1, 2))
	b.ResetTimer()
	for b.Loop() {
		_, err := prove.Event(b.Context(), scanner, "acme", fmt.Sprintf("%03d-%03d", random.IntN(commits), random.IntN(size)), 0)
		require.NoError(b, err)
	}
}
