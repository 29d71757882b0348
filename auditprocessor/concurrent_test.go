package auditprocessor

import (
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/otelaudit/otelaudit/internal/otlpmap"
)

// TestConcurrentRequests is for the race detector, and checks that requests do
// not see each other's records.
func TestConcurrentRequests(t *testing.T) {
	r := newRig(t, authenticated)
	var wg sync.WaitGroup
	for tenant := range 8 {
		name := string(rune('a' + tenant))
		wg.Go(func() {
			for seed := range uint64(50) {
				logs := smuggler{rand.New(rand.NewPCG(seed, uint64(tenant)))}.request(t)
				assert.NoError(t, r.ConsumeLogs(user(name), logs))
				assert.NoError(t, r.ConsumeLogs(user(name), one(t, with(map[string]any{"audit.tenant.id": name}))))
			}
		})
	}
	wg.Wait()
	for _, logs := range r.sink.AllLogs() {
		if otlpmap.IsAudit(first(logs)) {
			assert.NotContains(t, jsonOf(t, logs), secretText)
		}
	}
}
