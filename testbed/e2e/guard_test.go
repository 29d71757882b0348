package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/otelaudit/otelaudit/testbed/collector"
	"github.com/otelaudit/otelaudit/testbed/loadgen"
	"github.com/otelaudit/otelaudit/testbed/otlpclient"
	"github.com/otelaudit/otelaudit/testbed/poison"
)

// guardedDepth is the default of audit_guard's max_depth.
const guardedDepth = 4096

// guarded puts the guard and the limits of the shipped configurations into a
// configuration of the test bed.
func guarded(d *deployment) *deployment {
	for _, change := range [][2]string{
		{"extensions:\n", "extensions:\n  audit_guard: {}\n"},
		{"  extensions: [", "  extensions: [audit_guard, "},
		{"        endpoint: ${env:TESTBED_GRPC}\n", "        endpoint: ${env:TESTBED_GRPC}\n        max_recv_msg_size_mib: 32\n        middlewares: [{id: audit_guard}]\n"},
		{"        endpoint: ${env:TESTBED_HTTP}\n", "        endpoint: ${env:TESTBED_HTTP}\n        max_request_body_size: 33554432\n        middlewares: [{id: audit_guard}]\n"},
	} {
		require.Equal(d.t, 1, strings.Count(d.config, change[0]), change[0])
		d.config = strings.Replace(d.config, change[0], change[1], 1)
	}
	return d
}

func guardedGateway(t *testing.T, db *databaseURLs) *deployment {
	t.Helper()
	env := db.environment()
	env["TESTBED_ACME_PASSWORD"] = acmePassword
	env["TESTBED_GLOBEX_PASSWORD"] = globexPassword
	env["TESTBED_AGENT_PASSWORD"] = agentPassword
	env["TESTBED_RETENTION_PASSWORD"] = retentionPassword
	env["TESTBED_ON_CONFLICT"] = "quarantine"
	return guarded(deploy(t, "authenticated.yaml", env)).start()
}

// wrapped is the innermost bytes in so many messages, each the only field of the
// next; they are written from the inside, which takes linear time only backwards.
func wrapped(innermost []byte, times int, fields ...protowire.Number) []byte {
	buffer := make([]byte, len(innermost)+times*len(fields)*10)
	at := len(buffer) - len(innermost)
	copy(buffer[at:], innermost)
	for range times {
		for _, field := range slices.Backward(fields) {
			head := protowire.AppendTag(nil, field, protowire.BytesType)
			head = protowire.AppendVarint(head, uint64(len(buffer)-at))
			at -= len(head)
			copy(buffer[at:], head)
		}
	}
	return buffer[at:]
}

// deepBody is a request of one log record whose body is lists in lists, of so
// many levels.
func deepBody(levels int) []byte {
	return wrapped(wrapped(nil, levels-1, 5, 1), 1, 1, 2, 2, 5)
}

// TestGuard sends what would end the process at the limits that are shipped: it
// is refused for good, by everybody who sends it, in bounded memory.
func TestGuard(t *testing.T) { //nolint:tparallel // the subtests share one collector
	t.Parallel()
	acquire(t, 1)
	db := newDatabase(t)
	d := guardedGateway(t, db)
	before, err := collector.PeakRSS(d.process.PID())
	require.NoError(t, err)

	const levels = 1_400_000
	deep := deepBody(levels)
	maps := wrapped(wrapped(nil, 900_000, 6, 1, 2), 1, 1, 2, 2, 5)
	text := []byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{` + strings.Repeat(`"arrayValue":{"values":[{`, 1_300_000))
	for _, body := range [][]byte{deep, maps, text} {
		require.Greater(t, len(body), 12<<20)
		require.Less(t, len(body), 32<<20)
	}
	for _, gzip := range []bool{false, true} {
		for _, user := range []string{"acme", ""} {
			options := otlpclient.Options{Gzip: gzip}
			if user != "" {
				options.Username, options.Password = user, acmePassword
			}
			name := fmt.Sprintf("gzip %t, user %q", gzip, user)
			for what, body := range map[string][]byte{"lists": deep, "maps": maps} {
				t.Run("gRPC, "+what+", "+name, func(t *testing.T) {
					client, err := otlpclient.DialGRPC(d.grpc, options)
					require.NoError(t, err)
					defer client.Close()
					refusedForGood(t, client.SendRaw(within(t, time.Minute), body))
				})
			}
			if user == "" {
				continue // HTTP authenticates before it reads
			}
			client := otlpclient.NewHTTP(d.http, options)
			t.Cleanup(func() { _ = client.Close() })
			for what, body := range map[string][]byte{"lists": deep, "maps": maps} {
				t.Run("HTTP, "+what+", "+name, func(t *testing.T) {
					refusedForGood(t, client.SendRaw(within(t, time.Minute), "application/x-protobuf", body))
				})
			}
			t.Run("JSON, "+name, func(t *testing.T) {
				refusedForGood(t, client.SendRaw(within(t, time.Minute), "application/json", text))
			})
		}
	}
	after, err := collector.PeakRSS(d.process.PID())
	require.NoError(t, err)
	t.Logf("peak memory: %d MiB before, %d MiB after", before>>20, after>>20)
	// The bytes of a request, twice, and what the collector's garbage adds.
	assert.Less(t, after-before, int64(128<<20))

	g := generator("guard", loadgen.Options{Tenants: 1})
	events := claiming(g, "acme")
	ledger := loadgen.NewLedger()
	require.NoError(t, loadgen.Deliver(within(t, patience), d.clientAs("acme", acmePassword), g.Pack(events), events, ledger, loadgen.Patient))
	assert.Equal(t, len(events), reckon(t, db, "guard", ledger).Stored)
}

func refusedForGood(t *testing.T, err error) {
	t.Helper()
	var refused *otlpclient.StatusError
	require.ErrorAs(t, err, &refused)
	assert.False(t, refused.Retryable(), err)
	assert.ErrorContains(t, err, "nested too deeply")
}

// TestGuardTakesNoOthersAlong sends a record as deep as the guard lets through
// among good ones to an agent: all of them arrive, this one in quarantine. One
// level more, and it does not get past the agent, whose queue would lose the
// others of its batch with it.
func TestGuardTakesNoOthersAlong(t *testing.T) {
	t.Parallel()
	acquire(t, 2)
	db := newDatabase(t)
	gateway := guardedGateway(t, db)
	agent := guarded(agentOf(t, gateway, agentPassword)).start()
	g := generator("fwd", loadgen.Options{Tenants: 2})
	ledger := loadgen.NewLedger()
	conn := connect(t, db.Auditor)
	client := agent.client()
	for i, tt := range []struct {
		name   string
		deepen func(v pcommon.Value, levels int)
	}{
		{name: "maps", deepen: func(v pcommon.Value, levels int) { poison.Nest(v, levels-1) }},
		{name: "lists", deepen: func(v pcommon.Value, levels int) {
			for range levels - 1 {
				v = v.SetEmptySlice().AppendEmpty()
			}
		}},
	} {
		logs, events := g.Request(100)
		bad := g.Event()
		bad.Shape = loadgen.Flat
		lr := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().AppendEmpty()
		bad.Put(lr)
		tt.deepen(lr.Attributes().PutEmpty("audit.payload.deep"), guardedDepth+1)
		refusedForGood(t, client.Send(within(t, patience), logs))
		tt.deepen(lr.Attributes().PutEmpty("audit.payload.deep"), guardedDepth)
		require.NoError(t, client.Send(within(t, patience), logs), tt.name)
		ledger.Record(loadgen.Acknowledged, events...)
		ledger.Record(loadgen.Acknowledged, bad)
		eventually(t, func() bool {
			return count(t, db, `SELECT count(*) FROM audit_events`) == (i+1)*len(events) && len(quarantineOf(t, conn, bad.Marker)) == 1
		}, "%s: the good ones stored, the deep one in quarantine", tt.name)
		assert.Equal(t, "too_deep", quarantineOf(t, conn, bad.Marker)[0].Reason)
	}
	reckon(t, db, "fwd", ledger)
}
