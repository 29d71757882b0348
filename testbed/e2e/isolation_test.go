package e2e

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/testbed/loadgen"
)

// TestOneDatabasePerTenant runs docs/examples/isolation on three databases, of
// which one is a server of its own that goes away: each tenant's events are in its
// own database and in no other, everybody else's and all quarantine in a third,
// and a tenant whose database is there does not notice.
func TestOneDatabasePerTenant(t *testing.T) {
	t.Parallel()
	acquire(t, 2)
	server, globex := ownServer(t)
	acme, others := newDatabase(t), newDatabase(t)
	d := deploy(t, "gateway.yaml", nil)
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "examples", "isolation", "gateway.yaml"))
	require.NoError(t, err)
	d.config = string(text)
	maps.Copy(d.env, map[string]string{
		"AUDIT_HEALTH_ENDPOINT": d.env["TESTBED_HEALTH"], "AUDIT_METRICS_HOST": "127.0.0.1", "AUDIT_METRICS_PORT": d.env["TESTBED_METRICS"],
		"AUDIT_GRPC_ENDPOINT": d.grpc, "AUDIT_HTTP_ENDPOINT": d.env["TESTBED_HTTP"], "AUDIT_MEMORY_LIMIT_MIB": "400", "AUDIT_MEMORY_SPIKE_MIB": "60", "AUDIT_MAX_IN_FLIGHT_BYTES": "134217728",
	})
	for name, db := range map[string]*databaseURLs{"ACME": acme, "GLOBEX": globex, "OTHERS": others} {
		for key, value := range db.environment() {
			if rest, found := strings.CutPrefix(key, "AUDIT_"); found {
				d.env["AUDIT_"+name+"_"+rest] = value
			}
		}
	}
	d.start()
	client := d.client()
	g := generator("iso", loadgen.Options{Shapes: []loadgen.Shape{loadgen.Flat, loadgen.JSONText}})
	ledgers := map[string]*loadgen.Ledger{"acme": loadgen.NewLedger(), "globex": loadgen.NewLedger(), "initech": loadgen.NewLedger()}
	of := func(tenant string) []loadgen.Event {
		e := g.Event()
		e.Tenant = tenant
		return []loadgen.Event{e}
	}
	send := func(patience loadgen.Patience, tenants ...string) error {
		var all []loadgen.Event
		for _, tenant := range tenants {
			events := of(tenant)
			ledgers[tenant].Record(loadgen.Sent, events...)
			all = append(all, events...)
		}
		err := loadgen.Deliver(within(t, patience.Timeout*3), client, g.Pack(all), all, loadgen.NewLedger(), patience)
		for _, e := range all {
			if err == nil {
				ledgers[e.Tenant].Record(loadgen.Acknowledged, e)
			}
		}
		return err
	}
	once := loadgen.Patience{Timeout: patience}
	require.NoError(t, send(once, "acme", "globex", "initech"))
	poison := generator("iso", loadgen.Options{Shapes: []loadgen.Shape{loadgen.Flat}}).Pack(of("acme"))
	poison.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().PutStr("audit.tenantId", "globex")
	require.NoError(t, client.Send(within(t, patience), poison), "quarantined: it names two tenants")

	require.NoError(t, server.Kill())
	require.NoError(t, send(once, "acme"), "acme has its database")
	require.NoError(t, send(once, "initech"))
	require.Error(t, send(once, "globex"))
	require.Error(t, send(once, "acme", "globex"), "not acknowledged as a whole")
	assert.Equal(t, 3, count(t, acme, `SELECT count(*) FROM audit_events`), "acme's part of the mixed request is stored")
	require.NoError(t, d.process.WaitHealth(within(t, patience), 500))
	require.NoError(t, server.Restart(within(t, patience)))
	require.NoError(t, send(loadgen.Patient, "acme", "globex"))
	require.NoError(t, d.process.WaitHealth(within(t, patience), 200))
	d.balanced() // the three exporters together have what the processor passed on
	d.stop()

	for tenant, db := range map[string]*databaseURLs{"acme": acme, "globex": globex, "initech": others} {
		reckon(t, db, "iso", ledgers[tenant])
		assert.Zero(t, count(t, db, `SELECT count(*) FROM audit_events WHERE tenant_id NOT IN ($1, '_system')`, tenant), "%s shares its database", tenant)
	}
	assert.Zero(t, count(t, acme, `SELECT count(*) FROM audit_quarantine`)+count(t, globex, `SELECT count(*) FROM audit_quarantine`))
	assert.Equal(t, 1, count(t, others, `SELECT count(*) FROM audit_quarantine`))
}
