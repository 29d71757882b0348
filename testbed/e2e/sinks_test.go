package e2e

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"google.golang.org/grpc/codes"

	"github.com/otelaudit/otelaudit/testbed/loadgen"
	"github.com/otelaudit/otelaudit/testbed/otlpclient"
)

// TestSecondSinkFails runs with a second sink that nobody serves.
func TestSecondSinkFails(t *testing.T) {
	t.Parallel()
	t.Run("best effort", func(t *testing.T) {
		t.Parallel()
		acquire(t, 1)
		db := newDatabase(t)
		env := db.environment()
		env["TESTBED_REQUIRED"], env["TESTBED_BEST_EFFORT"] = "[logs/audit]", "[logs/second]"
		env["TESTBED_SECOND"] = "127.0.0.1:" + port(t)
		d := deploy(t, "sinks.yaml", env).start()
		g := generator("best", loadgen.Options{Tenants: 2, OrdinaryShare: 0.5})
		ledger := loadgen.NewLedger()
		logs, events := g.Request(100)
		require.NoError(t, loadgen.Deliver(within(t, patience), d.client(), logs, events, ledger, loadgen.Patience{Timeout: patience}), "the answer does not depend on it")
		assert.Equal(t, 100, reckon(t, db, "best", ledger).Stored)
		eventually(t, func() bool {
			return d.metric("connector_audit_sink_records", "requirement", "best_effort", "result", "failed") == 100
		}, "the failure is counted")
		d.stop()
		assert.NotEmpty(t, applicationLog(t, d), "the rest is served")
	})
	t.Run("required", func(t *testing.T) {
		t.Parallel()
		acquire(t, 2)
		db := newDatabase(t)
		env := db.environment()
		env["TESTBED_REQUIRED"], env["TESTBED_BEST_EFFORT"] = "[logs/audit, logs/second]", "[]"
		env["TESTBED_SECOND"] = "127.0.0.1:" + port(t)
		d := deploy(t, "sinks.yaml", env).start()
		g := generator("required", loadgen.Options{Tenants: 2, OrdinaryShare: 0.5})
		logs, events := g.Request(100)
		err := d.client().Send(within(t, patience), logs)
		var refused *otlpclient.StatusError
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, codes.Unavailable, refused.GRPC, "a client must try again")
		web := otlpclient.NewHTTP(d.http, otlpclient.Options{})
		require.ErrorAs(t, web.Send(within(t, patience), logs), &refused)
		assert.Equal(t, 503, refused.HTTP)

		// Ordinary records are none of the sink's business.
		ordinary := plog.NewLogs()
		loadgen.Ordinary(ordinary.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty(), "alone", events[0].Time)
		require.NoError(t, d.client().Send(within(t, patience), ordinary))

		// The sink comes; the client's next try is all duplicates where it was
		// stored before, and is acknowledged.
		second := deploy(t, "sink.yaml", map[string]string{"TESTBED_GRPC": env["TESTBED_SECOND"]}).start()
		ledger := loadgen.NewLedger()
		require.NoError(t, loadgen.Deliver(within(t, patience), d.client(), logs, events, ledger, loadgen.Patient))
		assert.Equal(t, 100, reckon(t, db, "required", ledger).Stored)
		second.stop()
		assert.Len(t, applicationLog(t, second), 100, "the second sink has the audit records and nothing else")
	})
}
