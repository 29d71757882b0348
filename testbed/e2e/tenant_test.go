package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/otelaudit/otelaudit/testbed/loadgen"
	"github.com/otelaudit/otelaudit/testbed/otlpclient"
)

const (
	acmePassword      = "hunter2-acme"
	globexPassword    = "hunter2-globex"
	agentPassword     = "hunter2-agent"
	retentionPassword = "hunter2-retention"
)

// authenticated prepares a gateway whose clients log in.
func authenticated(t *testing.T, db *databaseURLs, onConflict string) *deployment {
	t.Helper()
	env := db.environment()
	env["TESTBED_ACME_PASSWORD"] = acmePassword
	env["TESTBED_GLOBEX_PASSWORD"] = globexPassword
	env["TESTBED_AGENT_PASSWORD"] = agentPassword
	env["TESTBED_RETENTION_PASSWORD"] = retentionPassword
	env["TESTBED_ON_CONFLICT"] = onConflict
	return deploy(t, "authenticated.yaml", env).start()
}

// claiming makes one event of every shape that claims a tenant.
func claiming(g *loadgen.Generator, tenant string) []loadgen.Event {
	events := make([]loadgen.Event, len(loadgen.Shapes()))
	for i := range events {
		events[i] = g.Event()
		events[i].Tenant = tenant
	}
	return events
}

// TestAuthenticatedTenant checks that nobody writes into another's trail.
func TestAuthenticatedTenant(t *testing.T) {
	t.Parallel()
	acquire(t, 1)
	db := newDatabase(t)
	d := authenticated(t, db, "quarantine")
	g := generator("auth", loadgen.Options{})
	ledger := loadgen.NewLedger()
	conn := connect(t, db.Auditor)

	nobody := claiming(g, "acme")
	err := loadgen.Deliver(within(t, patience), d.client(), g.Pack(nobody), nobody, ledger, loadgen.Patience{Timeout: patience})
	require.ErrorContains(t, err, codes.Unauthenticated.String())
	wrong := claiming(g, "acme")
	err = loadgen.Deliver(within(t, patience), d.clientAs("acme", "guess"), g.Pack(wrong), wrong, ledger, loadgen.Patience{Timeout: patience})
	require.ErrorContains(t, err, codes.Unauthenticated.String())

	own := claiming(g, "acme")
	require.NoError(t, loadgen.Deliver(within(t, patience), d.clientAs("acme", acmePassword), g.Pack(own), own, ledger, loadgen.Patient))
	silent := claiming(g, "")
	require.NoError(t, loadgen.Deliver(within(t, patience), d.clientAs("acme", acmePassword), g.Pack(silent), silent, ledger, loadgen.Patient))
	foreign := claiming(g, "globex")
	mixed := append(claiming(g, "acme"), foreign...)
	require.NoError(t, loadgen.Deliver(within(t, patience), d.clientAs("acme", acmePassword), g.Pack(mixed), mixed, ledger, loadgen.Patient), "a violation is quarantined, the rest stored")

	report := reckon(t, db, "auth", ledger)
	assert.Equal(t, len(own)+len(silent)+len(mixed)-len(foreign), report.Stored)
	assert.Equal(t, len(foreign), report.Quarantine)
	var elsewhere int
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT count(*) FROM audit_events WHERE tenant_id <> 'acme'`).Scan(&elsewhere))
	assert.Zero(t, elsewhere)
	for _, e := range foreign {
		if found := quarantineOf(t, conn, e.Marker); assert.Len(t, found, 1, e.Shape) {
			assert.Equal(t, "tenant_violation", found[0].Reason, e.Shape)
		}
	}
}

// TestRejectedTenant checks that a violation refuses the whole request and that
// nothing of it is written.
func TestRejectedTenant(t *testing.T) {
	t.Parallel()
	acquire(t, 1)
	db := newDatabase(t)
	d := authenticated(t, db, "reject")
	g := generator("reject", loadgen.Options{})
	ledger := loadgen.NewLedger()

	mixed := append(claiming(g, "acme"), claiming(g, "globex")...)
	err := loadgen.Deliver(within(t, patience), d.clientAs("acme", acmePassword), g.Pack(mixed), mixed, ledger, loadgen.Patience{Timeout: patience})
	var refused *otlpclient.StatusError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, codes.PermissionDenied, refused.GRPC)

	again := claiming(g, "globex")
	web := otlpclient.NewHTTP(d.http, otlpclient.Options{JSON: true, Username: "acme", Password: acmePassword})
	err = loadgen.Deliver(within(t, patience), web, g.Pack(again), again, ledger, loadgen.Patience{Timeout: patience})
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, http.StatusForbidden, refused.HTTP)

	own := claiming(g, "globex")
	require.NoError(t, loadgen.Deliver(within(t, patience), d.clientAs("globex", globexPassword), g.Pack(own), own, ledger, loadgen.Patient))
	report := reckon(t, db, "reject", ledger)
	assert.Equal(t, len(own), report.Stored)
	assert.Zero(t, report.Quarantine)
}

// TestForwarder sends through an agent with a durable queue to a gateway that
// knows it: identity, tenant and quarantine marks stay as the agent made them.
func TestForwarder(t *testing.T) {
	t.Parallel()
	acquire(t, 2)
	db := newDatabase(t)
	gateway := authenticated(t, db, "quarantine")
	agent := agentOf(t, gateway, agentPassword).start()
	g := generator("fwd", loadgen.Options{Tenants: 4, OrdinaryShare: 0.3, RecordIDs: 0.3, FillerBytes: 10})
	ledger := loadgen.NewLedger()
	client := agent.client()
	stored := func(n int) {
		t.Helper()
		eventually(t, func() bool { return count(t, db, `SELECT count(*) FROM audit_events`) >= n }, "%d events stored", n)
	}

	logs, events := g.Request(300)
	require.NoError(t, loadgen.Deliver(within(t, patience), client, logs, events, ledger, loadgen.Patient))
	stored(300)

	// The agent quarantines a record without an action; the gateway must not
	// turn the mark back into an event, nor lose it.
	bad := loadgen.Event{Marker: "lg-fwd-9999999", Tenant: "fwd-t000", Shape: loadgen.Flat, Outcome: "success", Time: events[0].Time}
	request := g.Pack([]loadgen.Event{bad})
	for _, lr := range request.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
		lr.Attributes().Remove("audit.action")
	}
	require.NoError(t, loadgen.Deliver(within(t, patience), client, request, []loadgen.Event{bad}, ledger, loadgen.Patient))
	conn := connect(t, db.Auditor)
	eventually(t, func() bool { return len(quarantineOf(t, conn, bad.Marker)) == 1 }, "the agent's quarantine mark arrived")
	assert.Equal(t, "missing_action", quarantineOf(t, conn, bad.Marker)[0].Reason)

	// The gateway is away: the agent acknowledges from its disk, is killed, and
	// delivers everything when both are back.
	gateway.stop()
	for range 5 {
		logs, events := g.Request(100)
		require.NoError(t, loadgen.Deliver(within(t, patience), client, logs, events, ledger, loadgen.Patient))
	}
	agent.process.Kill()
	agent.start()
	gateway.start()
	stored(800)
	report := reckon(t, db, "fwd", ledger)
	assert.Equal(t, 800, report.Stored)

	// A tenant that the forwarder may not speak for is a violation.
	foreign := loadgen.Event{Marker: "lg-fwd-8888888", Tenant: "initech", Shape: loadgen.Flat, Outcome: "success", Time: events[0].Time}
	require.NoError(t, loadgen.Deliver(within(t, patience), agent.client(), g.Pack([]loadgen.Event{foreign}), []loadgen.Event{foreign}, ledger, loadgen.Patient))
	eventually(t, func() bool { return len(quarantineOf(t, conn, foreign.Marker)) == 1 }, "the violation is in quarantine")
	assert.Equal(t, "tenant_violation", quarantineOf(t, conn, foreign.Marker)[0].Reason)
}

// TestIdentityDoesNotDependOnTheWay sends the same records directly and through
// an agent: one event each.
func TestIdentityDoesNotDependOnTheWay(t *testing.T) {
	t.Parallel()
	acquire(t, 2)
	db := newDatabase(t)
	gateway := authenticated(t, db, "quarantine")
	agent := agentOf(t, gateway, agentPassword).start()
	g := generator("way", loadgen.Options{RecordIDs: 0.3, FillerBytes: 10})
	ledger := loadgen.NewLedger()
	events := claiming(g, "acme")
	request := g.Pack(events)
	require.NoError(t, loadgen.Deliver(within(t, patience), gateway.clientAs("acme", acmePassword), request, events, ledger, loadgen.Patient))
	before := leaves(t, db)
	require.NoError(t, loadgen.Deliver(within(t, patience), agent.client(), request, events, ledger, loadgen.Patient))
	eventually(t, func() bool { return gateway.metric("audit_exporter_duplicate_records") >= float64(len(events)) }, "the agent's copies arrived as duplicates")
	report := reckon(t, db, "way", ledger)
	assert.Equal(t, len(events), report.Stored)
	assert.Zero(t, report.Quarantine)
	assert.Equal(t, before, leaves(t, db))
}
