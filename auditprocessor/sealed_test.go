package auditprocessor

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/otlpmap"
	"github.com/otelaudit/otelaudit/internal/record"
)

// behindBroker configures a gateway that knows its agent by the key alone.
func behindBroker(c *Config) {
	c.Tenant.Forwarders = []ForwarderConfig{{MACKeys: []string{"edge-1", "edge-3"}, Tenants: []string{"acme"}}}
	c.OriginMAC = OriginMACConfig{Keys: configopaque.String(edge1 + edge2), OnUnverified: policyKeep}
	c.Enrich.Headers = map[string]string{"x-request-id": "request_id"}
}

func TestASealedRecordIsItsForwarders(t *testing.T) {
	logs := newRig(t, signing(edge1)).send(context.Background(), t, one(t, flat()))
	before := bytesOf(t, logs)
	gate := newRig(t, behindBroker)
	for range 2 {
		out := gate.send(as(nil, map[string][]string{"x-request-id": {"of the broker"}}), t, overTheWire(t, logs, false))
		assert.Equal(t, before, bytesOf(t, out), "kept byte for byte, and the message's headers are not the application's")
		require.NoError(t, ringOf(t, edge1).Verify(leafOf(stored(t, out)), stored(t, out).MAC))
	}
}

// TestWhoeverWritesToTheTopicIsNobody: without the key, nothing that is put into
// the broker becomes an event of a tenant.
func TestWhoeverWritesToTheTopicIsNobody(t *testing.T) {
	agent := newRig(t, signing(edge1))
	sealed := func() plog.Logs { return agent.send(context.Background(), t, one(t, flat())) }
	changed := func(change func(pcommon.Map)) func() plog.Logs {
		return func() plog.Logs {
			logs := sealed()
			change(first(logs).Attributes())
			return logs
		}
	}
	for name, tt := range map[string]struct {
		logs   func() plog.Logs
		reason string
	}{
		"plain claim": {func() plog.Logs { return one(t, flat()) }, record.ReasonMissingTenant},
		"canonical":   {func() plog.Logs { return newRig(t, nil).send(context.Background(), t, one(t, flat())) }, record.ReasonMissingTenant},
		"another key": {func() plog.Logs { return newRig(t, signing(edge2)).send(context.Background(), t, one(t, flat())) }, record.ReasonMissingTenant},
		"forged key": {func() plog.Logs {
			return newRig(t, signing(macLine("edge-1", 9))).send(context.Background(), t, one(t, flat()))
		}, record.ReasonMACInvalid},
		"key not here": {func() plog.Logs {
			return newRig(t, signing(macLine("edge-3", 9))).send(context.Background(), t, one(t, flat()))
		}, record.ReasonMACInvalid},
		"other tenant":  {changed(func(m pcommon.Map) { m.PutStr(otlpmap.AttrTenantID, "globex") }), record.ReasonTenantViolation},
		"changed":       {changed(func(m pcommon.Map) { m.PutStr(otlpmap.AttrOutcome, "denied") }), record.ReasonMACInvalid},
		"tenant taken":  {changed(func(m pcommon.Map) { m.Remove(otlpmap.AttrTenantID) }), record.ReasonMissingTenant},
		"not canonical": {changed(func(m pcommon.Map) { m.Remove(otlpmap.AttrCanonical) }), record.ReasonMissingTenant},
		"not its tenant": {func() plog.Logs {
			return agent.send(context.Background(), t, one(t, with(map[string]any{"audit.tenant.id": "globex"})))
		}, record.ReasonTenantViolation},
		"forged mark": {changed(func(m pcommon.Map) { m.PutStr(otlpmap.AttrQuarantineReason, "malformed") }), record.ReasonMissingTenant},
	} {
		t.Run(name, func(t *testing.T) {
			out := newRig(t, behindBroker).send(context.Background(), t, overTheWire(t, tt.logs(), false))
			mark := markOf(t, out)
			assert.Equal(t, tt.reason, mark.Reason, mark.Detail)
		})
	}
}

// TestSealedAndForgedInOneRequest: each record of a message is judged alone, and
// the standing of one is not the next one's.
func TestSealedAndForgedInOneRequest(t *testing.T) {
	logs := newRig(t, signing(edge1)).send(context.Background(), t, one(t, flat()))
	records := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
	require.NoError(t, records.AppendEmpty().Attributes().FromRaw(flat()))
	records.At(0).CopyTo(records.AppendEmpty())
	out := newRig(t, behindBroker).send(context.Background(), t, logs)
	records = out.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
	require.Equal(t, 3, records.Len())
	for i, quarantined := range []bool{false, true, false} {
		_, marked := otlpmap.QuarantineMarkOf(records.At(i))
		assert.Equal(t, quarantined, marked, "record %d", i)
	}
}

// TestWhatAnAgentQuarantined goes to quarantine behind the broker, too, with the
// reason that the agent found.
func TestWhatAnAgentQuarantined(t *testing.T) {
	logs := newRig(t, signing(edge1)).send(context.Background(), t, one(t, with(map[string]any{"audit.action": nil})))
	word := markOf(t, logs)
	mark := markOf(t, newRig(t, behindBroker).send(context.Background(), t, overTheWire(t, logs, false)))
	assert.Equal(t, record.ReasonMissingTenant, mark.Reason)
	assert.Contains(t, mark.Detail, "it came marked as "+word.Reason+": "+word.Detail)
}

// TestNobodyPaysForWhatAnotherClaims: whoever names a key and does not have it
// uses up no tenant's allowance.
func TestNobodyPaysForWhatAnotherClaims(t *testing.T) {
	gate := newRig(t, func(c *Config) {
		behindBroker(c)
		c.Limits.RecordsPerSecond, c.Limits.BurstRecords = 1, 2
	})
	forged := newRig(t, signing(macLine("edge-1", 9))).send(context.Background(), t, one(t, flat()))
	sealed := newRig(t, signing(edge1)).send(context.Background(), t, one(t, flat()))
	for range 2 {
		require.NoError(t, gate.ConsumeLogs(context.Background(), overTheWire(t, forged, false)))
	}
	retryAfter(t, gate.ConsumeLogs(context.Background(), overTheWire(t, forged, false)))
	for range 2 {
		require.NoError(t, gate.ConsumeLogs(context.Background(), overTheWire(t, sealed, false)))
	}
	retryAfter(t, gate.ConsumeLogs(context.Background(), overTheWire(t, sealed, false)))
}
