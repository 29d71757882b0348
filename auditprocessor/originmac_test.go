package auditprocessor

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelaudit/otelaudit/auditprocessor/internal/metadata"
	"github.com/otelaudit/otelaudit/auditprocessor/internal/metadatatest"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/otlpmap"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/record/recordtest"
)

// macLine is the line of a MAC key file, the key made of one repeated byte.
func macLine(id string, with byte) string {
	return id + " " + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{with}, 32)) + "\n"
}

var (
	edge1 = macLine("edge-1", 1)
	edge2 = macLine("edge-2", 2)
	gate1 = macLine("gate-1", 3)
)

func ringOf(t testing.TB, text string) *keys.MACRing {
	t.Helper()
	ring, err := keys.ParseMACRing([]byte(text))
	require.NoError(t, err)
	return ring
}

// signing configures an agent.
func signing(lines string) func(*Config) {
	return func(c *Config) { c.OriginMAC.Keys = configopaque.String(lines) }
}

// trusting configures a gateway behind the forwarder "agent".
func trusting(lines string, sign bool, onUnverified string) func(*Config) {
	return func(c *Config) {
		c.Tenant.FromAuth = "username"
		c.Tenant.OnUnauthenticated = policyClaims
		c.Tenant.Forwarders = []ForwarderConfig{{Identity: "agent", Tenants: []string{"*"}}}
		c.OriginMAC = OriginMACConfig{Keys: configopaque.String(lines), Sign: sign, OnUnverified: onUnverified}
	}
}

// stored is what the exporter reads of what came out.
func stored(t testing.TB, logs plog.Logs) otlpmap.Decoded {
	t.Helper()
	rl := logs.ResourceLogs().At(0)
	d := otlpmap.NewDecoder(otlpmap.Options{TenantAttributes: []string{}}).
		Decode(rl.Resource(), rl.ScopeLogs().At(0).Scope(), first(logs), true)
	require.Nil(t, d.Mark, "quarantined: %+v", d.Mark)
	require.Nil(t, d.Problem)
	require.True(t, d.Canonical)
	return d
}

// leafOf is the leaf as the store computes it.
func leafOf(d otlpmap.Decoded) [32]byte { return record.LeafHash(d.Record.AppendCanonical(nil)) }

// overTheWire is what the next collector receives.
func overTheWire(t testing.TB, logs plog.Logs, json bool) plog.Logs {
	t.Helper()
	var back plog.Logs
	var err error
	if json {
		var b []byte
		b, err = new(plog.JSONMarshaler).MarshalLogs(logs)
		require.NoError(t, err)
		back, err = new(plog.JSONUnmarshaler).UnmarshalLogs(b)
	} else {
		back, err = new(plog.ProtoUnmarshaler).UnmarshalLogs([]byte(bytesOf(t, logs)))
	}
	require.NoError(t, err)
	return back
}

func TestFinishedRecordsAreSigned(t *testing.T) {
	d := stored(t, newRig(t, signing(edge1+edge2)).send(context.Background(), t, one(t, flat())))
	require.NoError(t, ringOf(t, edge1).Verify(leafOf(d), d.MAC), "the first key signs")

	d = stored(t, newRig(t, nil).send(context.Background(), t, one(t, flat())))
	assert.Empty(t, d.MAC, "no keys, no MAC")
	d = stored(t, newRig(t, func(c *Config) {
		trusting(edge1, false, policyKeep)(c)
	}).send(context.Background(), t, one(t, flat())))
	assert.Empty(t, d.MAC, "sign: false")
}

// TestTheVectorsMAC holds the form of the published vector: what an auditor
// computes in another language must be what agents write.
func TestTheVectorsMAC(t *testing.T) {
	file, err := os.ReadFile("../internal/record/testdata/audit-record-v1.json")
	require.NoError(t, err)
	var vector struct {
		Key     string            `json:"mac_key"`
		MAC     string            `json:"mac"`
		Records []json.RawMessage `json:"records"`
	}
	require.NoError(t, json.Unmarshal(file, &vector))
	secret, err := hex.DecodeString(vector.Key)
	require.NoError(t, err)
	first, err := record.ParseJSON(vector.Records[0])
	require.NoError(t, err)
	ring := ringOf(t, "edge-2026-01 "+base64.StdEncoding.EncodeToString(secret))
	require.Equal(t, vector.MAC, ring.Sign(record.LeafHash(first.AppendJSON(nil))))
}

// TestOrdinaryAndQuarantinedRecordsAreNotSigned: a MAC is over a leaf, and these
// have none.
func TestOrdinaryAndQuarantinedRecordsAreNotSigned(t *testing.T) {
	for _, attrs := range []map[string]any{{"http.route": "/"}, with(map[string]any{"audit.action": nil})} {
		out := newRig(t, signing(edge1)).send(context.Background(), t, one(t, attrs))
		_, found := first(out).Attributes().Get(otlpmap.AttrOriginMAC)
		assert.False(t, found)
	}
}

// TestAClientsMACProvesNothing covers every shape in which a client can send
// one, also under the mark of a record that needs no further work.
func TestAClientsMACProvesNothing(t *testing.T) {
	genuine := stored(t, newRig(t, signing(edge1)).send(context.Background(), t, one(t, flat()))).MAC
	require.NotEmpty(t, genuine)
	event := map[string]any{"action": "a", "actor": map[string]any{"id": "u"}, "tenantId": "acme", "context": map[string]any{"tenantId": "acme"}}
	nested := map[string]any{"origin": map[string]any{"mac": genuine}}
	for name, attrs := range map[string]map[string]any{
		"flat":      with(map[string]any{"audit.origin.mac": genuine}),
		"canonical": with(map[string]any{"audit.origin.mac": genuine, "audit.canonical": 1}),
		"map":       with(map[string]any{"audit.origin": map[string]any{"mac": genuine}}),
		"nested":    {"audit": merged(event, nested)},
		"dotted":    {"audit": merged(event, map[string]any{"origin.mac": genuine})},
		"json":      {"audit": `{"action":"a","actor":{"id":"u"},"context":{"tenantId":"acme"},"origin":{"mac":"` + genuine + `"}}`},
		"canonical json": {
			"audit.canonical": 1, "audit.origin.mac": genuine,
			"audit": `{"action":"a","actor":{"id":"u"},"context":{"tenantId":"acme"}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := stored(t, newRig(t, nil).send(context.Background(), t, one(t, attrs)))
			assert.Empty(t, d.MAC)
			assert.Equal(t, genuine, d.Record.Producer.Get("origin").Get("mac").Text(), "kept as the client's own word")

			d = stored(t, newRig(t, signing(gate1)).send(context.Background(), t, one(t, attrs)))
			assert.NotEqual(t, genuine, d.MAC)
			require.NoError(t, ringOf(t, gate1).Verify(leafOf(d), d.MAC))

			// Somebody who is authenticated, but no forwarder.
			d = stored(t, newRig(t, trusting(edge1, false, policyQuarantine)).send(user("acme"), t, one(t, attrs)))
			assert.Empty(t, d.MAC)
		})
	}
}

func merged(a, b map[string]any) map[string]any {
	m := maps.Clone(a)
	maps.Copy(m, b)
	return m
}

// TestAMACIsNoPartOfTheIdentity: the same event through a signing and a plain
// sender is one event with one leaf.
func TestAMACIsNoPartOfTheIdentity(t *testing.T) {
	plain := stored(t, newRig(t, nil).send(context.Background(), t, one(t, flat())))
	signed := stored(t, newRig(t, signing(edge1)).send(context.Background(), t, one(t, flat())))
	assert.Equal(t, leafOf(plain), leafOf(signed))
	claimed := stored(t, newRig(t, nil).send(context.Background(), t, one(t, with(map[string]any{"audit.origin.mac": signed.MAC}))))
	assert.Equal(t, plain.Record.EventID, claimed.Record.EventID)
}

// TestMACsHoldFromTheEdgeToTheStore sends anything an application may send
// through a signing agent, over the wire, through a checking gateway and over
// the wire again: what the store computes is what the edge signed, and the
// gateway changed no byte.
func TestMACsHoldFromTheEdgeToTheStore(t *testing.T) {
	agent := newRig(t, signing(edge1))
	gate := newRig(t, trusting(gate1+edge1, true, policyQuarantine))
	ring := ringOf(t, edge1)
	events := 0
	for seed := range uint64(3000) {
		logs := anything(t, seed)
		if !otlpmap.IsAudit(first(logs)) {
			continue
		}
		sent := overTheWire(t, agent.send(context.Background(), t, logs), seed%2 == 0)
		before := bytesOf(t, sent)
		out := overTheWire(t, gate.send(user("agent"), t, sent), seed%3 == 0)
		require.Equal(t, before, bytesOf(t, out), "seed %d", seed)
		if _, quarantined := otlpmap.QuarantineMarkOf(first(out)); quarantined {
			continue
		}
		events++
		d := stored(t, out)
		require.NoError(t, ring.Verify(leafOf(d), d.MAC), "seed %d", seed)
	}
	require.Greater(t, events, 1000)
}

// anything is a request of one record: hostile for odd seeds, one that carries
// every kind of value for even ones.
func anything(t testing.TB, seed uint64) plog.Logs {
	rng := rand.New(rand.NewPCG(seed, 4))
	if seed%2 == 1 {
		s := smuggler{rng}
		logs := s.request(t)
		s.damage(first(logs))
		return logs
	}
	logs := plog.NewLogs()
	lr := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	otlpmap.Encode(recordtest.Arbitrary(rng), lr)
	if rng.IntN(2) == 0 {
		lr.Attributes().Remove(otlpmap.AttrCanonical)
	}
	return logs
}

// TestAChangedRecordGoesToQuarantine changes what a forwarder signed, one thing
// at a time.
func TestAChangedRecordGoesToQuarantine(t *testing.T) {
	agent := newRig(t, signing(edge1))
	gate := newRig(t, trusting(edge1, false, policyKeep))
	other := stored(t, agent.send(context.Background(), t, one(t, with(map[string]any{"audit.action": "user.delete"})))).MAC
	for name, change := range map[string]func(plog.LogRecord){
		"outcome":  func(lr plog.LogRecord) { lr.Attributes().PutStr(otlpmap.AttrOutcome, "failure") },
		"tenant":   func(lr plog.LogRecord) { lr.Attributes().PutStr(otlpmap.AttrTenantID, "globex") },
		"event id": func(lr plog.LogRecord) { lr.Attributes().PutStr(otlpmap.AttrEventID, "other") },
		"time":     func(lr plog.LogRecord) { lr.SetTimestamp(lr.Timestamp() + 1) },
		"body":     func(lr plog.LogRecord) { lr.Body().SetStr("x") },
		"flag": func(lr plog.LogRecord) {
			lr.Attributes().PutEmptySlice(otlpmap.AttrFlags).AppendEmpty().SetStr("time_arrival")
		},
		"addition":   func(lr plog.LogRecord) { lr.Attributes().PutInt("x", 1) },
		"removal":    func(lr plog.LogRecord) { lr.Attributes().Remove("http.route") },
		"severity":   func(lr plog.LogRecord) { lr.SetSeverityNumber(plog.SeverityNumberFatal) },
		"trace":      func(lr plog.LogRecord) { lr.SetTraceID(pcommon.TraceID{1}) },
		"wrong MAC":  func(lr plog.LogRecord) { otlpmap.PutOriginMAC(lr, other) },
		"no MAC":     func(lr plog.LogRecord) { otlpmap.PutOriginMAC(lr, "none") },
		"cut MAC":    func(lr plog.LogRecord) { otlpmap.PutOriginMAC(lr, other[:len(other)-1]) },
		"long MAC":   func(lr plog.LogRecord) { otlpmap.PutOriginMAC(lr, other+"A") },
		"NUL in MAC": func(lr plog.LogRecord) { otlpmap.PutOriginMAC(lr, "hmac-sha256:e\x00"+other[len("hmac-sha256:e"):]) },
		"MAC of another type": func(lr plog.LogRecord) {
			lr.Attributes().PutInt(otlpmap.AttrOriginMAC, 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			logs := overTheWire(t, agent.send(context.Background(), t, one(t, flat())), false)
			change(first(logs))
			mark := markOf(t, gate.send(user("agent"), t, logs))
			assert.Equal(t, record.ReasonMACInvalid, mark.Reason, mark.Detail)
			assert.NotEmpty(t, mark.Detail)
			assert.Equal(t, "acme", map[bool]string{true: "acme", false: mark.TenantID}[name == "tenant"])
		})
	}
}

func TestWhatCannotBeVerified(t *testing.T) {
	signed := func(lines string) plog.Logs {
		return newRig(t, signing(lines)).send(context.Background(), t, one(t, flat()))
	}
	for name, sent := range map[string]func() plog.Logs{
		"unknown key": func() plog.Logs { return signed(edge2) },
		"no MAC":      func() plog.Logs { return signed("") },
	} {
		t.Run(name, func(t *testing.T) {
			logs := sent()
			before := bytesOf(t, logs)
			for _, sign := range []bool{true, false} {
				out := newRig(t, trusting(gate1+edge1, sign, policyKeep)).send(user("agent"), t, overTheWire(t, logs, false))
				assert.Equal(t, before, bytesOf(t, out), "kept byte for byte, and never signed for the agent")
			}
			mark := markOf(t, newRig(t, trusting(edge1, false, policyQuarantine)).send(user("agent"), t, logs))
			assert.Equal(t, record.ReasonMACInvalid, mark.Reason)
			assert.Contains(t, mark.Detail, "origin_mac.on_unverified")
		})
	}
	t.Run("gateway without keys", func(t *testing.T) {
		logs := signed(edge1)
		before := bytesOf(t, logs)
		out := newRig(t, trusting("", true, policyKeep)).send(user("agent"), t, logs)
		assert.Equal(t, before, bytesOf(t, out))
	})
}

// TestAGatewayThatChangesARecord redacts what the agent let through: the agent's
// MAC is over something that is not stored.
func TestAGatewayThatChangesARecord(t *testing.T) {
	sent := func() plog.Logs {
		return newRig(t, signing(edge1)).send(context.Background(), t, one(t, with(map[string]any{"audit.payload.iban": "DE89"})))
	}
	stricter := func(change func(*Config)) *rig {
		return newRig(t, func(c *Config) {
			change(c)
			c.Redaction.Keys = []string{"iban"}
		})
	}
	d := stored(t, stricter(trusting(gate1+edge1, true, policyQuarantine)).send(user("agent"), t, sent()))
	assert.Equal(t, "[REDACTED]", d.Record.Payload.Get("iban").Text())
	require.NoError(t, ringOf(t, gate1).Verify(leafOf(d), d.MAC), "replaced by the gateway's own")

	d = stored(t, stricter(trusting(edge1, false, policyQuarantine)).send(user("agent"), t, sent()))
	assert.Equal(t, "[REDACTED]", d.Record.Payload.Get("iban").Text())
	assert.Empty(t, d.MAC, "dropped")

	d = stored(t, stricter(trusting("", true, policyKeep)).send(user("agent"), t, sent()))
	assert.Empty(t, d.MAC, "dropped without keys, too: a MAC that does not hold is worse than none")

	tampered := sent()
	first(tampered).Attributes().PutStr(otlpmap.AttrOutcome, "failure")
	mark := markOf(t, stricter(trusting(gate1+edge1, true, policyKeep)).send(user("agent"), t, tampered))
	assert.Equal(t, record.ReasonMACInvalid, mark.Reason, "checked before it is replaced")
}

// TestAForwarderThatFinishesNothing is a stock collector on the list, or an
// agent that passes on what it does not know: the gateway finishes the record,
// so it is the origin.
func TestAForwarderThatFinishesNothing(t *testing.T) {
	claimed := stored(t, newRig(t, signing(edge1)).send(context.Background(), t, one(t, flat()))).MAC
	d := stored(t, newRig(t, trusting(gate1+edge1, true, policyQuarantine)).
		send(user("agent"), t, one(t, with(map[string]any{"audit.origin.mac": claimed}))))
	require.NoError(t, ringOf(t, gate1).Verify(leafOf(d), d.MAC))
	assert.Equal(t, claimed, d.Record.Producer.Get("origin").Get("mac").Text())
}

// TestRotationOfMACKeys is the procedure of the README, step by step: at no step
// does a record go to quarantine, and at the end the old key is of no use.
func TestRotationOfMACKeys(t *testing.T) {
	file := func(dir, text string) string {
		path := filepath.Join(dir, "mac.keys")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	agentDir, gateDir := t.TempDir(), t.TempDir()
	agent := func(text string) *rig {
		path := file(agentDir, text)
		return newRig(t, func(c *Config) { c.OriginMAC.KeyFile = path })
	}
	gate := func(text string) *rig {
		path := file(gateDir, text)
		return newRig(t, func(c *Config) {
			trusting("", false, policyQuarantine)(c)
			c.OriginMAC.KeyFile = path
		})
	}
	deliver := func(from, to *rig) otlpmap.Decoded {
		return stored(t, to.send(user("agent"), t, from.send(context.Background(), t, one(t, flat()))))
	}
	old, fresh := ringOf(t, edge1), ringOf(t, edge2)

	before := deliver(agent(edge1), gate(edge1))
	require.NoError(t, old.Verify(leafOf(before), before.MAC))
	queued := agent(edge1).send(context.Background(), t, one(t, flat()))

	// 1. The gateway learns the new key. 2. The agent signs with it.
	require.NoError(t, old.Verify(leafOf(before), deliver(agent(edge1), gate(edge1+edge2)).MAC))
	after := deliver(agent(edge2+edge1), gate(edge1+edge2))
	require.NoError(t, fresh.Verify(leafOf(after), after.MAC))
	// What waited in the agent's queue all the while.
	late := stored(t, gate(edge1+edge2).send(user("agent"), t, overTheWire(t, queued, false)))
	require.NoError(t, old.Verify(leafOf(late), late.MAC))

	// 3. The old key leaves the gateway, and whoever has stolen it gains nothing.
	stolen := agent(edge1).send(context.Background(), t, one(t, flat()))
	require.Equal(t, record.ReasonMACInvalid, markOf(t, gate(edge2).send(user("agent"), t, stolen)).Reason)
	// The auditor keeps both: what was stored stays to be verified.
	auditor := ringOf(t, edge2+edge1)
	for _, d := range []otlpmap.Decoded{before, after, late} {
		require.NoError(t, auditor.Verify(leafOf(d), d.MAC))
	}
}

func TestKeysThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), mode))
		require.NoError(t, os.Chmod(path, mode))
		return path
	}
	for name, tt := range map[string]struct{ path, want string }{
		"missing":     {filepath.Join(dir, "nowhere"), "no such file"},
		"readable":    {write("readable", edge1, 0o644), "chmod 600"},
		"garbage":     {write("garbage", "edge-1 secretsecret\n", 0o600), "line 1"},
		"empty":       {write("empty", "", 0o600), "holds no key"},
		"a directory": {dir, "not a regular file"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := createDefaultConfig().(*Config)
			cfg.OriginMAC.KeyFile = tt.path
			p, err := NewFactory().CreateLogs(context.Background(), processortest.NewNopSettings(metadata.Type), cfg, consumertest.NewNop())
			require.NoError(t, err, "the factory reads nothing")
			err = p.Start(context.Background(), componenttest.NewNopHost())
			require.ErrorContains(t, err, "origin_mac: key_file: ")
			require.ErrorContains(t, err, tt.path)
			require.ErrorContains(t, err, tt.want)
			require.NotContains(t, err.Error(), "secretsecret")
			require.NoError(t, p.Shutdown(context.Background()))
		})
	}
}

func TestMetricsOfMACs(t *testing.T) {
	count := func(t *testing.T, change func(*Config), logs func() plog.Logs, want map[string]int64) {
		t.Helper()
		tel := componenttest.NewTelemetry()
		t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.Background())) })
		set := metadatatest.NewSettings(tel)
		newRigWith(t, set, change).send(user("agent"), t, logs())
		var points []metricdata.DataPoint[int64]
		for word, n := range want {
			points = append(points, metricdata.DataPoint[int64]{Value: n, Attributes: attribute.NewSet(attribute.String("mac", word))})
		}
		metadatatest.AssertEqualProcessorAuditOriginMacs(t, tel, points, metricdatatest.IgnoreTimestamp())
	}
	plain := func() plog.Logs { return one(t, flat()) }
	signed := func() plog.Logs { return newRig(t, signing(edge1)).send(context.Background(), t, plain()) }
	count(t, trusting(edge1, true, policyKeep), plain, map[string]int64{"signed": 1})
	count(t, trusting(edge1, true, policyKeep), signed, map[string]int64{"verified": 1})
	count(t, trusting(edge2, true, policyKeep), signed, map[string]int64{"unverified": 1})
	count(t, trusting(edge2, true, policyQuarantine), signed, map[string]int64{"unverified": 1})
	for _, damage := range []string{"hmac-sha256:edge-1:" + base64.RawURLEncoding.EncodeToString(make([]byte, 32)), "none"} {
		count(t, trusting(edge1, true, policyKeep), func() plog.Logs {
			logs := signed()
			otlpmap.PutOriginMAC(first(logs), damage)
			return logs
		}, map[string]int64{"failed": 1})
	}
	for sign, word := range map[bool]string{true: "replaced", false: "dropped"} {
		count(t, func(c *Config) {
			trusting(edge1, sign, policyKeep)(c)
			c.Redaction.Paths = []string{"attributes.http.route"}
		}, signed, map[string]int64{"verified": 1, word: 1})
	}
}

// BenchmarkOriginMAC reports what a MAC costs one record of about 900 bytes: at
// the agent that makes it, and at the gateway that checks it.
func BenchmarkOriginMAC(b *testing.B) {
	flatLogs := shapes(b)["flat_id"]
	signedLogs := newRig(b, signing(edge1)).send(context.Background(), b, copyOf(flatLogs))
	plainLogs := newRig(b, nil).send(context.Background(), b, copyOf(flatLogs))
	for _, bench := range []struct {
		name   string
		change func(*Config)
		logs   plog.Logs
	}{
		{"agent/off", nil, flatLogs},
		{"agent/sign", signing(edge1), flatLogs},
		{"gateway/off", trusting("", true, policyKeep), plainLogs},
		{"gateway/check", trusting(edge1, false, policyQuarantine), signedLogs},
	} {
		b.Run(bench.name, func(b *testing.B) {
			cfg := createDefaultConfig().(*Config)
			if bench.change != nil {
				bench.change(cfg)
			}
			p, err := NewFactory().CreateLogs(context.Background(), processortest.NewNopSettings(metadata.Type), cfg, consumertest.NewNop())
			require.NoError(b, err)
			require.NoError(b, p.Start(context.Background(), componenttest.NewNopHost()))
			defer func() { require.NoError(b, p.Shutdown(context.Background())) }()
			n := bench.logs.LogRecordCount()
			copies := make([]plog.Logs, 64)
			var used, began time.Duration
			b.ReportAllocs()
			b.ResetTimer()
			for i := 0; i < b.N; i += n {
				if k := i / n % len(copies); k == 0 {
					b.StopTimer()
					if i > 0 {
						used += cpuTime(b) - began
					}
					for j := range copies {
						copies[j] = copyOf(bench.logs)
					}
					began = cpuTime(b)
					b.StartTimer()
				}
				require.NoError(b, p.ConsumeLogs(user("agent"), copies[i/n%len(copies)]))
			}
			b.ReportMetric(float64(used+cpuTime(b)-began)/float64(b.N), "cpu-ns/op")
		})
	}
}

func copyOf(logs plog.Logs) plog.Logs {
	c := plog.NewLogs()
	logs.CopyTo(c)
	return c
}
