package e2e

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/testbed/loadgen"
)

// agentOf prepares an agent that forwards to gateway and logs in there.
func agentOf(t *testing.T, gateway *deployment, password string) *deployment {
	t.Helper()
	agent := deploy(t, "agent.yaml", map[string]string{"TESTBED_GATEWAY": gateway.grpc})
	agent.logsInWith(password)
	return agent
}

func (d *deployment) logsInWith(password string) {
	credentials := base64.StdEncoding.EncodeToString([]byte("agent:" + password))
	d.env["TESTBED_AGENT_CREDENTIALS"] = credentials
	d.secrets = append(d.secrets, credentials)
}

// acknowledge sends n requests of one event and expects success for each.
func acknowledge(t *testing.T, agent *deployment, g *loadgen.Generator, ledger *loadgen.Ledger, n int) {
	t.Helper()
	client := agent.client()
	for range n {
		logs, events := g.Request(1)
		require.NoError(t, loadgen.Deliver(within(t, patience), client, logs, events, ledger, loadgen.Patient))
	}
}

// TestWrongPasswordOfAnAgent: what the agent has acknowledged survives a gateway
// that does not let it in, its own death meanwhile and an orderly stop. The stock
// exporter loses all of it.
func TestWrongPasswordOfAnAgent(t *testing.T) {
	t.Parallel()
	acquire(t, 2)
	db := newDatabase(t)
	gateway := authenticated(t, db, "quarantine")
	agent := agentOf(t, gateway, "hunter2-outdated").start()
	g := generator("fwdpw", loadgen.Options{Tenants: 1})
	ledger := loadgen.NewLedger()

	acknowledge(t, agent, g, ledger, 10)
	failures := func() float64 { return agent.metric("audit_forward_failed_attempts", "code", "Unauthenticated") }
	eventually(t, func() bool { return failures() > 3 }, "the gateway refuses the agent")
	require.NoError(t, agent.process.WaitHealth(within(t, patience), 500))
	assert.Equal(t, 1, strings.Count(agent.process.Log(), "records are not forwarded and stay in the queue"), "one line, however many attempts")

	agent.process.Kill()
	agent.launch()
	require.NoError(t, agent.process.WaitServing(within(t, patience)))
	acknowledge(t, agent, g, ledger, 10)
	eventually(t, func() bool { return failures() > 3 }, "the gateway refuses the agent again")
	agent.stop()
	assert.NotContains(t, agent.process.Log(), "Dropping data")
	assert.Zero(t, count(t, db, `SELECT count(*) FROM audit_events`))

	agent.logsInWith(agentPassword)
	agent.start()
	eventually(t, func() bool { return count(t, db, `SELECT count(*) FROM audit_events`) == 20 }, "20 events stored")
	report := reckon(t, db, "fwdpw", ledger)
	assert.Equal(t, 20, report.Stored)
	assert.Zero(t, report.Quarantine)
}

// TestGatewayThatRejects: a gateway which answers 403 to a tenant holds up that
// tenant's events and no others, and they arrive when it takes them.
func TestGatewayThatRejects(t *testing.T) {
	t.Parallel()
	acquire(t, 2)
	db := newDatabase(t)
	gateway := authenticated(t, db, "reject")
	agent := agentOf(t, gateway, agentPassword).start()
	g := generator("forbid", loadgen.Options{})
	ledger := loadgen.NewLedger()
	stored := func(n int) func() bool {
		return func() bool { return count(t, db, `SELECT count(*) FROM audit_events`) == n }
	}

	events := append(claiming(g, "acme"), claiming(g, "globex")...)
	foreign := claiming(g, "initech") // not a tenant the agent may speak for
	all := slices.Concat(events, foreign)
	require.NoError(t, loadgen.Deliver(within(t, patience), agent.client(), g.Pack(all), all, ledger, loadgen.Patient))
	eventually(t, stored(len(events)), "what the gateway takes arrives, although its batch is refused")
	require.NoError(t, agent.process.WaitHealth(within(t, patience), 500))

	agent.process.Kill()
	agent.launch()
	require.NoError(t, agent.process.WaitServing(within(t, patience)))
	later := claiming(g, "acme")
	require.NoError(t, loadgen.Deliver(within(t, patience), agent.client(), g.Pack(later), later, ledger, loadgen.Patient))
	eventually(t, stored(len(events)+len(later)), "what comes later arrives, too")

	gateway.stop()
	gateway.env["TESTBED_ON_CONFLICT"] = "quarantine"
	gateway.start()
	eventually(t, func() bool { return count(t, db, `SELECT count(*) FROM audit_quarantine`) == len(foreign) }, "the gateway keeps the rest")
	require.NoError(t, agent.process.WaitHealth(within(t, patience), 200))
	report := reckon(t, db, "forbid", ledger)
	assert.Equal(t, len(events)+len(later), report.Stored)
	assert.Equal(t, len(foreign), report.Quarantine)
}
