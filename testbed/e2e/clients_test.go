package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/testbed/collector"
)

// sentLine is one line that a JavaScript client prints.
type sentLine struct {
	Name         string          `json:"name"`
	Acknowledged bool            `json:"acknowledged"`
	Error        string          `json:"error"`
	Event        json.RawMessage `json:"event"`
}

// installOnce installs the JavaScript clients at the versions of the lockfile.
var installOnce = sync.OnceValue(func() error {
	root, err := collector.Root()
	if err != nil {
		return err
	}
	dir := filepath.Join(root, "testbed", "js")
	// npm writes this file last; it is older than the lockfile after a change.
	installed, err := os.Stat(filepath.Join(dir, "node_modules", ".package-lock.json"))
	lock, lockErr := os.Stat(filepath.Join(dir, "package-lock.json"))
	if lockErr != nil {
		return lockErr
	}
	if err == nil && !installed.ModTime().Before(lock.ModTime()) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "npm", "ci", "--no-audit", "--no-fund")
	cmd.Dir = dir
	cmd.Stderr = os.Stderr
	return cmd.Run()
})

// runJS runs a client of testbed/js and returns what it says it sent.
func runJS(t *testing.T, script string, args ...string) []sentLine {
	t.Helper()
	lines := printedByJS(t, script, args...)
	for _, line := range lines {
		require.True(t, line.Acknowledged, "%s was not acknowledged: %s", line.Name, line.Error)
	}
	return lines
}

// printedByJS runs a JavaScript client and returns what it printed.
func printedByJS(t *testing.T, script string, args ...string) []sentLine {
	t.Helper()
	require.NoError(t, installOnce(), "the JavaScript clients cannot be installed: node 20 and npm are needed")
	root, err := collector.Root()
	require.NoError(t, err)
	cmd := exec.CommandContext(within(t, 60*time.Second), "node", append([]string{script}, args...)...)
	cmd.Dir = filepath.Join(root, "testbed", "js")
	var errors bytes.Buffer
	cmd.Stderr = &errors
	out, err := cmd.Output()
	require.NoError(t, err, "%s: %s", script, errors.String())
	var lines []sentLine
	for scanner := bufio.NewScanner(bytes.NewReader(out)); scanner.Scan(); {
		var line sentLine
		require.NoError(t, json.Unmarshal(scanner.Bytes(), &line), scanner.Text())
		lines = append(lines, line)
	}
	return lines
}

// event is a row of audit_events as far as these tests compare it.
type event struct {
	Tenant, Action, Outcome, ActorType, ActorID, TargetID, Reason string
	Correlation, Causation, Key, RequestID, IP                    string
	Flags                                                         []string
	Target, Actor, Changes, Context, Producer, Source, All        string
}

// eventsOf are the events of the tenants that begin with prefix, by tenant and
// target id.
func eventsOf(t *testing.T, conn *pgx.Conn, prefix string) map[string][]event {
	t.Helper()
	rows, err := conn.Query(t.Context(), `SELECT tenant_id, action, outcome, coalesce(actor_type, ''), coalesce(actor_id, ''), coalesce(target_id, ''), coalesce(reason, ''),
			coalesce(correlation_id, ''), coalesce(causation_id, ''), coalesce(idempotency_key, ''), coalesce(request_id, ''), coalesce(client_ip, ''), coalesce(flags, '{}'),
			coalesce(target::text, ''), coalesce(actor::text, ''), coalesce(changes::text, ''), coalesce(context::text, ''), coalesce(producer::text, ''), coalesce(source::text, ''),
			to_jsonb(e)::text
		FROM audit_events e WHERE starts_with(tenant_id, $1) ORDER BY tenant_id, seq`, prefix)
	require.NoError(t, err)
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[event])
	require.NoError(t, err)
	found := map[string][]event{}
	for _, e := range all {
		found[e.TargetID] = append(found[e.TargetID], e)
	}
	return found
}

// TestEvlog runs evlog's own client, both shapes of its OTLP drain.
func TestEvlog(t *testing.T) { //nolint:tparallel // the subtests share one collector
	t.Parallel()
	acquire(t, 1)
	db := newDatabase(t)
	d := deploy(t, "gateway.yaml", db.environment()).start()
	conn := connect(t, db.Auditor)
	for _, shape := range []string{"json", "compact"} {
		t.Run(shape, func(t *testing.T) {
			tenant := "evlog-" + shape
			lines := runJS(t, "evlog.mjs", "--endpoint", d.http, "--shape", shape, "--tenant", tenant, "--run", shape, "--count", "500")
			require.Len(t, lines, 513, "what the script sends")
			events := eventsOf(t, conn, tenant)
			total := 0
			for _, of := range events {
				total += len(of)
			}
			require.Equal(t, 512, total, "every audit event once, the ordinary one not: %s", quarantineReasons(t, conn))
			only := func(target string) event {
				t.Helper()
				require.Len(t, events[target], 1, target)
				return events[target][0]
			}

			created := only("inv-" + shape + "-1")
			assert.Equal(t, tenant, created.Tenant)
			assert.Equal(t, "invoice.create", created.Action)
			assert.Equal(t, "success", created.Outcome)
			assert.Equal(t, "user", created.ActorType)
			assert.Equal(t, "usr-"+shape, created.ActorID)
			assert.Equal(t, "cor-"+shape, created.Correlation)
			assert.Equal(t, "req-"+shape+"-success", created.RequestID)
			assert.Equal(t, "203.0.113.7", created.IP)
			assert.Contains(t, created.Context, "testbed/1.0")
			assert.Contains(t, created.Actor, "ada@example.com")
			assert.Contains(t, created.Source, "evlog-app")
			assert.NotEmpty(t, created.Key, "evlog's derived key is kept in its column")

			failed := only("inv-" + shape + "-2")
			assert.Equal(t, "failure", failed.Outcome)
			assert.Equal(t, "card declined", failed.Reason)
			assert.Equal(t, "cause-"+shape, failed.Causation)

			denied := only("inv-" + shape + "-3")
			assert.Equal(t, "denied", denied.Outcome, "though evlog sends it with severity INFO")
			assert.Equal(t, "not the owner", denied.Reason)

			changed := only("usr-" + shape + "-changed")
			var changes struct {
				Before map[string]any `json:"before"`
				After  map[string]any `json:"after"`
				Patch  []struct {
					Path  string `json:"path"`
					Value any    `json:"value"`
				} `json:"patch"`
			}
			require.NoError(t, json.Unmarshal([]byte(changed.Changes), &changes), changed.Changes)
			assert.Equal(t, "old@example.com", changes.Before["email"])
			assert.Equal(t, "[REDACTED]", changes.Before["password"])
			assert.Equal(t, "[REDACTED]", changes.After["password"])
			require.Len(t, changes.Patch, 4)
			for _, op := range changes.Patch {
				if op.Path == "/password" {
					assert.Equal(t, "[REDACTED]", op.Value)
				}
			}

			agent := only("doc-" + shape)
			assert.Equal(t, "agent", agent.ActorType)
			assert.Contains(t, agent.Actor, `["search", "read"]`, "an array in both shapes")

			same := events["inv-"+shape+"-same"]
			require.Len(t, same, 3, "two refunds in one second, and one of another tenant, share evlog's derived key and are three events")
			assert.Equal(t, "key-"+shape, only("ord-"+shape).Key)

			anonymous := only("ses-" + shape)
			assert.Equal(t, "anonymous", anonymous.ActorType)
			assert.Contains(t, anonymous.Flags, "actor_missing")

			assert.Contains(t, only("rep-"+shape).Producer, "hash", "evlog's own hash chain is kept as the producer's")
			for _, of := range events {
				for _, e := range of {
					assert.NotContains(t, e.All, "hunter2")
					assert.NotContains(t, e.All, "secret-"+shape)
				}
			}
			assert.Empty(t, quarantineOf(t, conn, shape))
		})
	}
	consistent(t, db)
}

// TestOpenTelemetryJavaScript runs the OpenTelemetry SDK with each of its
// exporters.
func TestOpenTelemetryJavaScript(t *testing.T) { //nolint:tparallel // the subtests share one collector
	t.Parallel()
	acquire(t, 1)
	db := newDatabase(t)
	d := deploy(t, "gateway.yaml", db.environment()).start()
	conn := connect(t, db.Auditor)
	for _, c := range []struct{ name, endpoint, protocol, compression string }{
		{"json", d.http, "json", "none"},
		{"jsongzip", d.http, "json", "gzip"},
		{"protobuf", d.http, "protobuf", "none"},
		{"protobufgzip", d.http, "protobuf", "gzip"},
		{"grpc", "http://" + d.grpc, "grpc", "none"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tenant := "otel-" + c.name + "-"
			runJS(t, "otel.mjs", "--endpoint", c.endpoint, "--protocol", c.protocol, "--compression", c.compression, "--tenant", tenant, "--run", c.name, "--count", "1500")
			events := eventsOf(t, conn, tenant)
			for _, shape := range []struct{ name, outcome, actor string }{
				{"flat", "success", "usr-" + c.name},
				{"nested", "failure", "usr-" + c.name},
				{"json-text", "denied", "usr-" + c.name},
				{"body-map", "success", "nightly"},
				{"body-text", "success", "nightly"},
				{"event-name", "success", "nightly"},
				{"draft-signal", "success", "usr-" + c.name},
				{"words", "success", "svc-" + c.name},
			} {
				of := events["inv-"+c.name+"-"+shape.name]
				if assert.Len(t, of, 1, "%s; quarantine: %s", shape.name, quarantineReasons(t, conn)) {
					assert.Equal(t, tenant, of[0].Tenant)
					assert.Equal(t, "invoice.create", of[0].Action)
					assert.Equal(t, shape.outcome, of[0].Outcome, shape.name)
					assert.Equal(t, shape.actor, of[0].ActorID, shape.name)
					assert.NotContains(t, of[0].All, "hunter2")
				}
			}
			assert.Len(t, events, 1508)
		})
	}
	consistent(t, db)
}
