package e2e

import (
	"encoding/base64"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/testbed/loadgen"
)

// retained is a store that is pruned, with what an auditor has of it.
type retained struct {
	*deployment

	db    *databaseURLs
	state string // what verify remembers
}

// keeping prepares a gateway whose clients log in, with both sinks.
func keeping(t *testing.T, db *databaseURLs) *retained {
	t.Helper()
	env := db.environment()
	env["TESTBED_ACME_PASSWORD"], env["TESTBED_GLOBEX_PASSWORD"] = acmePassword, globexPassword
	env["TESTBED_AGENT_PASSWORD"], env["TESTBED_RETENTION_PASSWORD"] = agentPassword, retentionPassword
	env["TESTBED_ON_CONFLICT"] = "quarantine"
	r := &retained{deployment: deploy(t, "retention.yaml", env), db: db, state: filepath.Join(t.TempDir(), "verified")}
	r.start()
	return r
}

// emit sends n requests of ten events of a tenant, as that tenant.
func (r *retained) emit(g *loadgen.Generator, tenant, password string, n int, ledger *loadgen.Ledger) {
	r.t.Helper()
	client := r.clientAs(tenant, password)
	for range n {
		events := make([]loadgen.Event, 10)
		for i := range events {
			events[i] = g.Event()
			events[i].Tenant = tenant
		}
		require.NoError(r.t, loadgen.Deliver(within(r.t, patience), client, g.Pack(events), events, ledger, loadgen.Patient))
	}
}

// later lets the prune functions believe that days have passed: what was recorded
// is signed with its time and stays as it is.
func (r *retained) later(days int) {
	r.t.Helper()
	run(r.t, r.db, fmt.Sprintf(`DO $do$ DECLARE f regproc; BEGIN
		FOR f IN SELECT oid FROM pg_proc WHERE proname IN ('audit_prune_cutoff', 'audit_prune_check') LOOP
			EXECUTE replace(pg_get_functiondef(f), 'clock_timestamp()', '(clock_timestamp() + interval ''%d days'')');
		END LOOP; END $do$`, days))
}

// prune runs the command against the gateway, as someone who logs in. No month is
// dropped: announcements are written in the one that seems to be over.
func (r *retained) prune(name, password string, args ...string) (code int, stdout, stderr string) {
	r.t.Helper()
	credential := base64.StdEncoding.EncodeToString([]byte(name + ":" + password))
	code, stdout, stderr = otelaudit(r.t, map[string]string{"AUDIT_PRUNER_URL": r.db.Pruner}, append([]string{
		"prune", "--older-than", "30d", "--batch-size", "20", "--no-drop", "--format", "json", "--endpoint", r.http, "--header", "Authorization=Basic " + credential,
	}, args...)...)
	assert.NotContains(r.t, stdout+stderr, credential)
	assert.NotContains(r.t, stdout+stderr, password)
	return code, stdout, stderr
}

// intact fails the test unless everything that an auditor can do finds nothing:
// verify from the beginning and from what was verified before, with the journal
// and without, reconcile, and bundles by both verifiers.
func (r *retained) intact(tenants ...string) {
	r.t.Helper()
	must := func(args ...string) string {
		r.t.Helper()
		code, stdout, stderr := r.otelaudit(r.db, args...)
		require.Zero(r.t, code, "%v\n%s%s", args, stdout, stderr)
		return stdout
	}
	dir := r.env["AUDIT_JOURNAL_DIR"]
	assert.Contains(r.t, must("verify", "--format", "json"), `"verdict": "intact"`)
	assert.Contains(r.t, must("verify", "--format", "json", "--state", r.state), `"verdict": "intact"`)
	assert.Contains(r.t, must("verify", "--format", "json", "--journal", dir), `"verdict": "intact"`)
	must("reconcile", "--journal", dir)
	for _, tenant := range tenants {
		file := filepath.Join(r.t.TempDir(), tenant)
		must("bundle", "--tenant", tenant, "--key", r.db.Key, "--out", file)
		must("verify-bundle", "--trust", r.db.Trust, file)
		second := exec.CommandContext(within(r.t, time.Minute), "node", filepath.Join("..", "..", "verifier", "verify.mjs"), "bundle", r.db.Trust, file)
		output, err := second.CombinedOutput()
		require.NoError(r.t, err, "%s", output)
	}
}

func (r *retained) events(tenant string) int {
	r.t.Helper()
	return count(r.t, r.db, `SELECT count(*) FROM audit_events WHERE tenant_id = $1`, tenant)
}

// TestAPruneIsAnnouncedThroughTheCollector: a pruner without any key prunes as the
// identity that may speak for _system, and as nobody else; whatever an auditor
// does finds nothing, before, after and with what was remembered from before.
func TestAPruneIsAnnouncedThroughTheCollector(t *testing.T) {
	t.Parallel()
	acquire(t, 1)
	db := newDatabase(t)
	r := keeping(t, db)
	g := generator("prune", loadgen.Options{})
	ledger := loadgen.NewLedger()
	r.emit(g, "acme", acmePassword, 6, ledger)
	r.emit(g, "globex", globexPassword, 3, ledger)
	eventually(t, func() bool { return outboxed(t, db) == 0 }, "the traces go")
	r.intact("acme", "globex")

	code, stdout, stderr := r.prune("retention", retentionPassword)
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, `"deleted": 0`, "all is of today")

	r.later(40)
	r.refused("retention", "guess", "401 Unauthorized")
	r.refused("acme", acmePassword, "is not in the log of _system", "tenant.forwarders")
	require.Len(t, quarantineOf(t, connect(t, db.Owner), "_system"), 3, "of acme, globex and _system")

	code, stdout, stderr = r.prune("retention", retentionPassword, "--tenant", "acme")
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, `"deleted": 60`)
	require.Zero(t, r.events("acme"))
	require.Equal(t, 30, r.events("globex"))
	r.intact("globex")
	r.emit(g, "acme", acmePassword, 2, ledger)
	r.intact("acme", "globex")
	require.Equal(t, []string{"acme"}, announced(t, db))

	code, stdout, stderr = r.prune("retention", retentionPassword)
	require.Zero(t, code, stderr)
	require.NotContains(t, stdout, `"deleted": 0`)
	require.Zero(t, r.events("globex"))
	r.emit(g, "globex", globexPassword, 1, ledger)
	r.intact("globex", "_system")
	eventually(t, func() bool { return outboxed(t, db) == 0 }, "what was done goes into the log")
	r.intact("globex", "_system")
	r.stop()
	r.intact("globex", "_system")
}

// refused fails the test unless a prune removes nothing and says why.
func (r *retained) refused(name, password string, why ...string) {
	r.t.Helper()
	before := count(r.t, r.db, `SELECT count(*) FROM audit_events WHERE tenant_id <> '_system'`)
	code, stdout, stderr := r.prune(name, password)
	require.NotZero(r.t, code, stdout)
	for _, text := range why {
		require.Contains(r.t, stderr, text)
	}
	require.Equal(r.t, before, count(r.t, r.db, `SELECT count(*) FROM audit_events WHERE tenant_id <> '_system'`))
	require.Zero(r.t, count(r.t, r.db, `SELECT count(*) FROM audit_prunes`))
}

// announced are the tenants of which the log of _system announces a removal.
func announced(t *testing.T, db *databaseURLs) (tenants []string) {
	t.Helper()
	for _, one := range storedTraces(t, db) {
		if one.Action == "audit.prune" {
			tenants = append(tenants, one.Target.ID)
		}
	}
	return tenants
}
