package e2e

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/testbed/loadgen"
	"github.com/otelaudit/otelaudit/testbed/otlpclient"
)

// TestLimitIsWaitedOut: whoever is over its rate gets the answer that clients of
// OTLP send the same again for, and everything is stored in the end.
func TestLimitIsWaitedOut(t *testing.T) {
	t.Parallel()
	acquire(t, 1)
	db := newDatabase(t)
	d := deploy(t, "gateway.yaml", db.environment())
	const before = "processors:\n  audit: {}\n"
	require.Equal(t, 1, strings.Count(d.config, before))
	d.config = strings.Replace(d.config, before, "processors:\n  audit:\n    limits:\n      records_per_second: 30\n      burst_records: 1\n", 1)
	d.start()
	overHTTP := otlpclient.NewHTTP(d.http, otlpclient.Options{})
	t.Cleanup(func() { _ = overHTTP.Close() })
	for run, client := range map[string]otlpclient.Client{"limhttp": overHTTP, "limgrpc": d.client()} {
		g, ledger := generator(run, loadgen.Options{Tenants: 1}), loadgen.NewLedger()
		for range 2 {
			logs, events := g.Request(100)
			require.NoError(t, loadgen.Deliver(within(t, patience), client, logs, events, ledger, loadgen.Patient))
			logs, _ = g.Request(1)
			var refused *otlpclient.StatusError
			require.ErrorAs(t, client.Send(within(t, patience), logs), &refused)
			assert.True(t, refused.Retryable())
			assert.Contains(t, refused.Message, "over its rate")
		}
		reckon(t, db, run, ledger)
	}
	// At least the two records that were refused here, one each by HTTP and gRPC
	// in each of two rounds.
	assert.GreaterOrEqual(t, d.metric("processor_audit_refused_records", "reason", "rate_limit"), 4.0)
}
