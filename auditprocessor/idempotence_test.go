package auditprocessor

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/otlpmap"
)

// TestASecondProcessorChangesNothing sends what an agent made of anything
// through a gateway that trusts it: same bytes, events and quarantine alike.
func TestASecondProcessorChangesNothing(t *testing.T) {
	agent := newRig(t, nil)
	gate := newRig(t, func(c *Config) {
		c.Tenant.FromAuth = "username"
		c.Tenant.Forwarders = []ForwarderConfig{{Identity: "agent", Tenants: []string{"*"}}}
	})
	for seed := range uint64(3000) {
		s := smuggler{rand.New(rand.NewPCG(seed, 2))}
		logs := s.request(t)
		if !otlpmap.IsAudit(first(logs)) {
			continue
		}
		s.damage(first(logs))
		came := jsonOf(t, logs)
		out := agent.send(context.Background(), t, logs)
		before := bytesOf(t, out)
		if !assert.Equal(t, before, bytesOf(t, gate.send(user("agent"), t, out)), "seed %d: %s", seed, came) {
			return
		}
	}
}

// damage adds what the value rules repair, and words of our own.
func (s smuggler) damage(lr plog.LogRecord) {
	texts := []string{"a\x00b", "a\xffb", "enc:x", "\uFFFD", "[REDACTED]", "9007199254740993", "\U0001F600", "", "NaN"}
	names := []string{
		"audit.reason", "audit.payload.x", "audit.context.ip", "audit.unknown", "audit.flags", "audit.original", "audit.source.id",
		"audit.attributes", "audit.record.id", "audit.idempotency.key", "audit.outcome", "x\x00y", "enc:k", "audit.context.traceId",
		"audit.signature", "audit.integrity.hash", "audit.sequence.no", "audit.canonical", "audit.mark", "audit.producer",
	}
	for range s.IntN(4) {
		name := s.one(names...)
		switch s.IntN(5) {
		case 0:
			lr.Attributes().PutInt(name, int64(s.Uint64()))
		case 1:
			lr.Attributes().PutDouble(name, s.NormFloat64())
		default:
			lr.Attributes().PutStr(name, s.one(texts...))
		}
	}
	if s.IntN(2) == 0 {
		lr.SetObservedTimestamp(sent)
	}
	if s.IntN(2) == 0 {
		lr.SetTimestamp(sent + 1)
	}
	lr.SetSeverityText(s.one("", "INFO", "\xff"))
	lr.SetEventName(s.one("", "audit", "n\x00"))
}

// FuzzProcessor feeds arbitrary OTLP: nothing panics, nothing that claims to be
// audit is lost, and what comes out is accepted by the next component.
func FuzzProcessor(f *testing.F) {
	for seed := range uint64(40) {
		logs := smuggler{rand.New(rand.NewPCG(seed, 3))}.request(f)
		b, err := new(plog.ProtoMarshaler).MarshalLogs(logs)
		require.NoError(f, err)
		f.Add(b)
	}
	agent := newRig(f, signing(edge1))
	gate := newRig(f, trusting(gate1+edge1, true, policyQuarantine))
	f.Add([]byte(bytesOf(f, agent.send(context.Background(), f, one(f, flat())))))
	f.Fuzz(func(t *testing.T, b []byte) {
		logs, err := new(plog.ProtoUnmarshaler).UnmarshalLogs(b)
		if err != nil || logs.LogRecordCount() == 0 {
			return
		}
		audit := countAudit(logs)
		in := logs.LogRecordCount()
		out := agent.send(context.Background(), t, logs)
		require.Equal(t, in, out.LogRecordCount())
		require.Equal(t, audit, countAudit(out))
		before := bytesOf(t, out)
		require.Equal(t, before, bytesOf(t, gate.send(user("agent"), t, out)))

		// The same from a forwarder who may have made it up: no MAC leaves the
		// gateway that does not hold.
		logs, err = new(plog.ProtoUnmarshaler).UnmarshalLogs(b)
		require.NoError(t, err)
		requireSoundMACs(t, gate.send(user("agent"), t, logs))
	})
}

// requireSoundMACs checks every MAC that a gateway lets through.
func requireSoundMACs(t *testing.T, logs plog.Logs) {
	t.Helper()
	ring := ringOf(t, gate1+edge1)
	decoder := otlpmap.NewDecoder(otlpmap.Options{TenantAttributes: []string{}})
	for _, rl := range logs.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				if !otlpmap.IsAudit(lr) {
					continue
				}
				if d := decoder.Decode(rl.Resource(), sl.Scope(), lr, true); d.Mark == nil {
					require.Nil(t, d.Problem)
					require.NoError(t, ring.Verify(leafOf(d), d.MAC))
				}
			}
		}
	}
}

func countAudit(logs plog.Logs) int {
	n := 0
	for _, rl := range logs.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				if otlpmap.IsAudit(lr) {
					n++
				}
			}
		}
	}
	return n
}
