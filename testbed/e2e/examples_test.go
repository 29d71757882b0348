package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/testbed/collector"
)

// TestExamples runs what people copy from docs/emitting.md. The document holds
// these files word for word; its own test sees to that.
func TestExamples(t *testing.T) { //nolint:tparallel // the subtests share one collector
	t.Parallel()
	acquire(t, 1)
	db := newDatabase(t)
	d := deploy(t, "gateway.yaml", db.environment()).start()
	conn := connect(t, db.Auditor)

	require.NoError(t, installOnce(), "the JavaScript clients cannot be installed: node 20 and npm are needed")
	root, err := collector.Root()
	require.NoError(t, err)
	examples := filepath.Join(root, "docs", "examples")
	// Node looks for packages beside the script, so the scripts get a folder
	// that has the testbed's.
	javaScript := t.TempDir()
	require.NoError(t, os.Symlink(filepath.Join(root, "testbed", "js", "node_modules"), filepath.Join(javaScript, "node_modules")))
	for _, name := range []string{"emit.mjs", "evlog.mjs"} {
		script, err := os.ReadFile(filepath.Join(examples, "js", name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(javaScript, name), script, 0o600))
	}

	type kept struct {
		Outcome, ActorID, TargetID, Service, Payload string
	}
	read := func(t *testing.T, where string, arg any) kept {
		t.Helper()
		var k kept
		require.NoError(t, conn.QueryRow(t.Context(),
			`SELECT outcome, actor_id, target_id, source ->> 'service.name', coalesce(payload::text, '')
			FROM audit_events WHERE tenant_id = 'acme' AND action = 'invoice.refund' AND `+where, arg).
			Scan(&k.Outcome, &k.ActorID, &k.TargetID, &k.Service, &k.Payload), quarantineReasons(t, conn))
		return k
	}

	for _, tt := range []struct {
		name, dir, where, match, outcome, payload string
		command                                   []string
	}{
		{
			name: "curl", dir: filepath.Join(examples, "curl"), command: []string{"sh", "emit.sh"},
			where: "idempotency_key = $1", match: "refund:inv_889:3", outcome: "success", payload: `{"password": "[REDACTED]", "amount_cents": 12990}`,
		},
		{
			name: "go", dir: filepath.Join(examples, "go"), command: []string{"go", "run", "."},
			where: "idempotency_key = $1", match: "refund:inv_889:1", outcome: "success", payload: `{"currency": "EUR", "amount_cents": 12990}`,
		},
		{
			name: "javascript", dir: javaScript, command: []string{"node", "emit.mjs"},
			where: "idempotency_key = $1", match: "refund:inv_889:2", outcome: "success", payload: `{"currency": "EUR", "amount_cents": 12990}`,
		},
		{
			name: "evlog", dir: javaScript, command: []string{"node", "evlog.mjs"},
			where: "reason = $1", match: "Insufficient permissions", outcome: "denied",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cmd := exec.CommandContext(within(t, 3*time.Minute), tt.command[0], tt.command[1:]...)
			cmd.Dir = tt.dir
			cmd.WaitDelay = time.Second // what it started may hold its output when it is killed
			cmd.Env = append(os.Environ(), "OTEL_EXPORTER_OTLP_ENDPOINT="+d.http, "OTEL_SERVICE_NAME=billing")
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, string(out))
			assert.Equal(t, kept{tt.outcome, "usr_42", "inv_889", "billing", tt.payload}, read(t, tt.where, tt.match))
		})
	}
}
