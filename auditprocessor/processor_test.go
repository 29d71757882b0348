package auditprocessor

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/otelaudit/otelaudit/auditprocessor/internal/metadata"
	"github.com/otelaudit/otelaudit/internal/otlpmap"
	"github.com/otelaudit/otelaudit/internal/record"
)

// clock is the arrival time of all tests.
var clock = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

const sent = pcommon.Timestamp(1_760_000_000_123_456_789)

// rig is a processor with what came out of it.
type rig struct {
	processor.Logs
	sink *consumertest.LogsSink
}

func newRig(t testing.TB, change func(*Config)) *rig {
	t.Helper()
	return newRigWith(t, processortest.NewNopSettings(metadata.Type), change)
}

func newRigWith(t testing.TB, set processor.Settings, change func(*Config)) *rig {
	t.Helper()
	return newRigAt(t, set, func() time.Time { return clock }, change)
}

func newRigAt(t testing.TB, set processor.Settings, now func() time.Time, change func(*Config)) *rig {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	if change != nil {
		change(cfg)
	}
	sink := new(consumertest.LogsSink)
	p, err := newLogs(context.Background(), set, cfg, sink, now)
	require.NoError(t, err)
	require.NoError(t, p.Start(context.Background(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, p.Shutdown(context.Background())) })
	return &rig{Logs: p, sink: sink}
}

// send returns what one request becomes.
func (r *rig) send(ctx context.Context, t testing.TB, logs plog.Logs) plog.Logs {
	t.Helper()
	r.sink.Reset()
	require.NoError(t, r.ConsumeLogs(ctx, logs))
	require.LessOrEqual(t, len(r.sink.AllLogs()), 1)
	if len(r.sink.AllLogs()) == 0 {
		return plog.NewLogs()
	}
	return r.sink.AllLogs()[0]
}

// one makes a request of a single record.
func one(t testing.TB, attrs map[string]any) plog.Logs {
	t.Helper()
	logs := plog.NewLogs()
	lr := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	require.NoError(t, lr.Attributes().FromRaw(attrs))
	lr.SetTimestamp(sent)
	return logs
}

func first(logs plog.Logs) plog.LogRecord {
	return logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
}

// decode reads what came out as the exporter does.
func decode(t testing.TB, logs plog.Logs) *record.Record {
	t.Helper()
	rl := logs.ResourceLogs().At(0)
	d := otlpmap.NewDecoder(otlpmap.Options{TenantAttributes: []string{}}).
		Decode(rl.Resource(), rl.ScopeLogs().At(0).Scope(), first(logs), true)
	require.Nil(t, d.Mark, "quarantined: %+v", d.Mark)
	require.Nil(t, d.Problem)
	return d.Record
}

func markOf(t testing.TB, logs plog.Logs) otlpmap.QuarantineMark {
	t.Helper()
	mark, ok := otlpmap.QuarantineMarkOf(first(logs))
	require.True(t, ok, "not quarantined: %v", first(logs).Attributes().AsRaw())
	return mark
}

func flat() map[string]any {
	return map[string]any{
		"audit.tenant.id": "acme", "audit.action": "user.update", "audit.outcome": "success",
		"audit.actor.type": "user", "audit.actor.id": "u1", "audit.target.type": "user", "audit.target.id": "u2",
		"audit.payload.password": "hunter2", "http.route": "/users",
	}
}

// with returns flat with changes; a nil value removes.
func with(changes map[string]any) map[string]any {
	attrs := flat()
	for k, v := range changes {
		if v == nil {
			delete(attrs, k)
		} else {
			attrs[k] = v
		}
	}
	return attrs
}

func TestFlatRecordBecomesCanonical(t *testing.T) {
	out := newRig(t, nil).send(context.Background(), t, one(t, flat()))
	rec := decode(t, out)
	assert.Equal(t, "acme", rec.TenantID)
	assert.Equal(t, "user.update", rec.Action)
	assert.Equal(t, "u1", rec.ActorID())
	assert.JSONEq(t, `{"password":"[REDACTED]"}`, string(rec.Payload.AppendJSON(nil)))
	assert.JSONEq(t, `{"http.route":"/users"}`, string(rec.Attributes.AppendJSON(nil)))
	assert.Equal(t, int64(sent), rec.TimeUnixNano)
	assert.Len(t, rec.EventID, 36)
	mark, ok := first(out).Attributes().Get("sampling.priority")
	require.True(t, ok)
	assert.InDelta(t, 100, mark.Double(), 0)
}

func TestRetryIsTheSameEvent(t *testing.T) {
	r := newRig(t, nil)
	id := decode(t, r.send(context.Background(), t, one(t, flat()))).EventID
	assert.Equal(t, id, decode(t, r.send(context.Background(), t, one(t, flat()))).EventID)
	assert.NotEqual(t, id, decode(t, r.send(context.Background(), t, one(t, with(map[string]any{"audit.payload.n": 1})))).EventID)
}

func TestOthers(t *testing.T) {
	logs := func() plog.Logs {
		logs := one(t, flat())
		logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().AppendEmpty().Body().SetStr("hello")
		ordinary := logs.ResourceLogs().AppendEmpty()
		ordinary.Resource().Attributes().PutStr("password", "ordinary resources are not touched")
		lr := ordinary.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		lr.Attributes().PutStr("password", "hunter2")
		lr.Attributes().PutStr("sampling.priority", "7")
		return logs
	}
	out := newRig(t, nil).send(context.Background(), t, logs())
	assert.Equal(t, 3, out.LogRecordCount())
	assert.Equal(t, logs().ResourceLogs().At(1).Resource().Attributes().AsRaw(), out.ResourceLogs().At(1).Resource().Attributes().AsRaw())
	assert.Equal(t, map[string]any{"password": "hunter2", "sampling.priority": "7"},
		out.ResourceLogs().At(1).ScopeLogs().At(0).LogRecords().At(0).Attributes().AsRaw())

	r := newRig(t, func(c *Config) { c.Others = othersDrop })
	out = r.send(context.Background(), t, logs())
	assert.Equal(t, 1, out.LogRecordCount())
	assert.Equal(t, 1, out.ResourceLogs().Len())

	only := plog.NewLogs()
	only.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	assert.Zero(t, r.send(context.Background(), t, only).LogRecordCount())
	assert.Empty(t, r.sink.AllLogs(), "nothing is passed on")
}

func TestSamplingMark(t *testing.T) {
	for _, client := range []any{nil, "100", 7, 0.0, true} {
		out := newRig(t, nil).send(context.Background(), t, one(t, with(map[string]any{"sampling.priority": client})))
		v, _ := first(out).Attributes().Get("sampling.priority")
		assert.Equal(t, pcommon.ValueTypeDouble, v.Type())
		assert.InDelta(t, 100, v.Double(), 0)
		assert.True(t, decode(t, out).Attributes.Get("sampling.priority").IsAbsent())
	}
	out := newRig(t, func(c *Config) { c.Sampling.Attribute = "keep.me" }).send(context.Background(), t, one(t, with(map[string]any{"keep.me": "1"})))
	v, _ := first(out).Attributes().Get("keep.me")
	assert.InDelta(t, 100, v.Double(), 0)
	assert.True(t, decode(t, out).Attributes.Get("keep.me").IsAbsent())
}

func TestArrivalTime(t *testing.T) {
	r := newRig(t, nil)
	logs := one(t, flat())
	first(logs).SetTimestamp(0)
	rec := decode(t, r.send(context.Background(), t, logs))
	assert.Equal(t, clock.UnixNano(), rec.TimeUnixNano)
	assert.Contains(t, rec.Flags, record.FlagTimeArrival)

	logs = one(t, flat())
	first(logs).SetTimestamp(0)
	first(logs).SetObservedTimestamp(sent)
	rec = decode(t, r.send(context.Background(), t, logs))
	assert.Equal(t, int64(sent), rec.TimeUnixNano)
	assert.NotContains(t, rec.Flags, record.FlagTimeArrival)
}

func TestQuarantine(t *testing.T) {
	tests := []struct {
		name, reason string
		attrs        map[string]any
	}{
		{"empty audit", record.ReasonMalformed, map[string]any{"audit": ""}},
		{"audit of the wrong type", record.ReasonMalformed, map[string]any{"audit": 5}},
		{"no action", record.ReasonMissingAction, with(map[string]any{"audit.action": nil})},
		{"no actor", record.ReasonMissingActor, with(map[string]any{"audit.actor.id": nil, "audit.actor.type": nil})},
		{"no tenant", record.ReasonMissingTenant, with(map[string]any{"audit.tenant.id": nil})},
		{"reserved tenant", record.ReasonInvalidTenant, with(map[string]any{"audit.tenant.id": "_system"})},
		{"long tenant", record.ReasonInvalidTenant, with(map[string]any{"audit.tenant.id": strings.Repeat("x", 256)})},
		{"two tenants", record.ReasonTenantConflict, with(map[string]any{"audit.tenantId": "other"})},
		{"two actions", record.ReasonAmbiguous, with(map[string]any{"audit": map[string]any{"action": "other"}})},
		{"long action", record.ReasonTooLong, with(map[string]any{"audit.action": strings.Repeat("x", 256)})},
		{"large", record.ReasonTooLarge, with(map[string]any{"audit.payload.x": strings.Repeat("x", 256<<10)})},
		{"deep", record.ReasonTooDeep, with(map[string]any{"audit.payload.x": nested(70)})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			logs := one(t, tt.attrs)
			rl := logs.ResourceLogs().At(0)
			digest := otlpmap.Digest(rl.Resource(), rl.ScopeLogs().At(0).Scope(), first(logs))
			out := newRig(t, nil).send(context.Background(), t, logs)
			mark := markOf(t, out)
			assert.Equal(t, tt.reason, mark.Reason, mark.Detail)
			assert.NotEmpty(t, mark.Detail)
			assert.Equal(t, digest, mark.SHA256)
			v, _ := first(out).Attributes().Get("sampling.priority")
			assert.InDelta(t, 100, v.Double(), 0)
			assert.NotContains(t, bytesOf(t, out), "hunter2", "a quarantined record is redacted too")
			assert.True(t, otlpmap.IsAudit(first(out)))
		})
	}
}

func TestDigestIsOfWhatCame(t *testing.T) {
	logs := one(t, with(map[string]any{"audit.action": nil, "raw": []byte(`{"token":"hunter2"}`)}))
	rl := logs.ResourceLogs().At(0)
	rl.Resource().Attributes().PutEmptyBytes("raw").FromRaw([]byte(`{"token":"hunter2"}`))
	digest := otlpmap.Digest(rl.Resource(), rl.ScopeLogs().At(0).Scope(), first(logs))
	out := newRig(t, nil).send(context.Background(), t, logs)
	assert.Equal(t, digest, markOf(t, out).SHA256)
	assert.NotContains(t, bytesOf(t, out), "hunter2")
}

func nested(levels int) map[string]any {
	m := map[string]any{"end": 1}
	for range levels {
		m = map[string]any{"m": m}
	}
	return m
}

func bytesOf(t testing.TB, logs plog.Logs) string {
	t.Helper()
	b, err := new(plog.ProtoMarshaler).MarshalLogs(logs)
	require.NoError(t, err)
	return string(b)
}

func TestAnonymousDenialIsStored(t *testing.T) {
	rec := decode(t, newRig(t, nil).send(context.Background(), t, one(t, with(map[string]any{
		"audit.actor.id": nil, "audit.actor.type": nil, "audit.outcome": "DENIED",
	}))))
	assert.Equal(t, record.ActorAnonymous, rec.ActorType())
	assert.Equal(t, record.OutcomeDenied, rec.Outcome)
	assert.Contains(t, rec.Flags, record.FlagActorMissing)
}

func TestResourceSecretsOfAuditRecordsAreMasked(t *testing.T) {
	logs := one(t, flat())
	logs.ResourceLogs().At(0).Resource().Attributes().PutStr("api.token", "hunter2")
	logs.ResourceLogs().At(0).ScopeLogs().At(0).Scope().Attributes().PutStr("secret", "hunter2")
	assert.NotContains(t, bytesOf(t, newRig(t, nil).send(context.Background(), t, logs)), "hunter2")
}

func TestRedactionOff(t *testing.T) {
	out := newRig(t, func(c *Config) { c.Redaction.Enabled = false }).send(context.Background(), t, one(t, flat()))
	assert.Equal(t, "hunter2", decode(t, out).Payload.Get("password").Text())
}

func TestEnrich(t *testing.T) {
	r := newRig(t, func(c *Config) {
		c.Enrich.Headers = map[string]string{"x-request-id": "request_id", "x-twice": "twice", "x-long": "long"}
	})
	ctx := client.NewContext(context.Background(), client.Info{Metadata: client.NewMetadata(map[string][]string{
		"x-request-id": {"r1"}, "x-long": {strings.Repeat("x", 513)}, "x-twice": {"a", "b"}, "user-agent": {"curl"},
	})})
	assert.JSONEq(t, `{"request_id":"r1"}`, string(decode(t, r.send(ctx, t, one(t, flat()))).Context.AppendJSON(nil)))
	own := one(t, with(map[string]any{"audit.context.request_id": "mine"}))
	assert.JSONEq(t, `{"request_id":"mine"}`, string(decode(t, r.send(ctx, t, own)).Context.AppendJSON(nil)))
}

func TestKeep(t *testing.T) {
	attrs := with(map[string]any{"other": 1})
	for keep, want := range map[string]string{
		"all": `{"http.route":"/users","other":1}`, "none": `null`, "http.*": `{"http.route":"/users"}`,
	} {
		rec := decode(t, newRig(t, func(c *Config) { c.Keep = []string{keep} }).send(context.Background(), t, one(t, attrs)))
		got := "null"
		if !rec.Attributes.IsAbsent() {
			got = string(rec.Attributes.AppendJSON(nil))
		}
		assert.JSONEq(t, want, got, keep)
	}
}
