package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/testbed/loadgen"
	"github.com/otelaudit/otelaudit/testbed/otlpclient"
)

// limitedTo sets a limit for each tenant, with next to no burst.
func limitedTo(perSecond int, d *deployment) *deployment {
	const before = "processors:\n  audit: {}\n"
	require.Equal(d.t, 1, strings.Count(d.config, before))
	d.config = strings.Replace(d.config, before,
		fmt.Sprintf("processors:\n  audit:\n    limits:\n      records_per_second: %d\n      burst_records: 1\n", perSecond), 1)
	return d
}

// TestJavaScriptIsRefused holds what docs/emitting.md says of the OpenTelemetry
// SDK: over HTTP it sends again as it is told, over gRPC it never does.
func TestJavaScriptIsRefused(t *testing.T) { //nolint:tparallel // the subtests share one collector
	t.Parallel()
	acquire(t, 1)
	db := newDatabase(t)
	d := limitedTo(20, deploy(t, "gateway.yaml", db.environment())).start()
	for _, c := range []struct {
		protocol, endpoint string
		again              bool
	}{{"json", d.http, true}, {"grpc", "http://" + d.grpc, false}} {
		t.Run(c.protocol, func(t *testing.T) {
			tenant := "refused-" + c.protocol
			before := d.metric("processor_audit_refused_records", "reason", "rate_limit")
			lines := printedByJS(t, "refused.mjs", "--endpoint", c.endpoint, "--protocol", c.protocol, "--tenant", tenant, "--run", c.protocol)
			require.Len(t, lines, 2)
			assert.True(t, lines[0].Acknowledged, lines[0].Error)
			assert.Equal(t, c.again, lines[1].Acknowledged, lines[1].Error)
			assert.Greater(t, d.metric("processor_audit_refused_records", "reason", "rate_limit"), before, "the second was refused at first")
			want := 101
			if !c.again {
				assert.Contains(t, lines[1].Error, "over its rate")
				want = 100
			}
			assert.Equal(t, want, count(t, db, `SELECT count(*) FROM audit_events WHERE tenant_id = $1`, tenant))
		})
	}
	consistent(t, db)
}

// TestLimitIsWaitedOut: whoever is over its rate gets the answer that clients of
// OTLP send the same again for, and everything is stored in the end.
func TestLimitIsWaitedOut(t *testing.T) {
	t.Parallel()
	acquire(t, 1)
	db := newDatabase(t)
	d := limitedTo(30, deploy(t, "gateway.yaml", db.environment())).start()
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
