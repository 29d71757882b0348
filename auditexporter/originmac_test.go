package auditexporter

import (
	"context"
	"encoding/base64"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/otelaudit/otelaudit/auditprocessor"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/otlpmap"
	"github.com/otelaudit/otelaudit/internal/record/recordtest"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// forwarder is the authenticated identity of an agent.
type forwarder string

func (f forwarder) GetAttribute(name string) any {
	if name == "username" {
		return string(f)
	}
	return nil
}

func (forwarder) GetAttributeNames() []string { return []string{"username"} }

// station starts an audit processor in front of next.
func station(t *testing.T, next consumer.Logs, config map[string]any) processor.Logs {
	t.Helper()
	factory := auditprocessor.NewFactory()
	cfg := factory.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(config).Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))
	p, err := factory.CreateLogs(t.Context(), processortest.NewNopSettings(component.MustNewType("audit")), cfg, next)
	require.NoError(t, err)
	require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, p.Shutdown(context.Background())) })
	return p
}

// TestOriginMACsHoldAgainstStoredLeaves signs at an agent, sends OTLP to a
// gateway that checks, stores, and verifies what PostgreSQL gives back.
func TestOriginMACsHoldAgainstStoredLeaves(t *testing.T) {
	const events = 300
	line := "edge-1 " + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))
	d := storetest.NewDatabase(t)
	e := start(t, d.WriterURL)

	gateway := station(t, e, map[string]any{
		"tenant":     map[string]any{"from_auth": "username", "forwarders": []any{map[string]any{"identity": "agent", "tenants": []any{"*"}}}},
		"origin_mac": map[string]any{"keys": line, "sign": false, "on_unverified": "quarantine"},
	})
	wire, err := consumer.NewLogs(func(_ context.Context, logs plog.Logs) error {
		b, err := new(plog.ProtoMarshaler).MarshalLogs(logs)
		require.NoError(t, err)
		received, err := new(plog.ProtoUnmarshaler).UnmarshalLogs(b)
		require.NoError(t, err)
		return gateway.ConsumeLogs(client.NewContext(t.Context(), client.Info{Auth: forwarder("agent")}), received)
	})
	require.NoError(t, err)
	agent := station(t, wire, map[string]any{"origin_mac": map[string]any{"keys": line}})

	for seed := range uint64(events / 10) {
		logs := plog.NewLogs()
		list := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
		for i := range uint64(10) {
			r := recordtest.Arbitrary(rand.New(rand.NewPCG(seed, i)))
			r.TenantID, r.EventID, r.IdempotencyKey = "acme", "", "" // no two of one identity by chance
			require.Nil(t, r.Normalize())
			r.TimeUnixNano = int64(1_763_800_000_000_000_000 + seed*1000 + i)
			otlpmap.Encode(r, list.AppendEmpty())
		}
		require.NoError(t, agent.ConsumeLogs(t.Context(), logs))
	}
	e.requireBalance(t)

	ring, err := keys.ParseMACRing([]byte(line))
	require.NoError(t, err)
	conn, err := pgx.Connect(t.Context(), d.AuditorURL)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	rows, err := conn.Query(t.Context(), "SELECT leaf_hash, mac FROM audit_events")
	require.NoError(t, err)
	var leaf []byte
	var mac string
	verified := 0
	_, err = pgx.ForEachRow(rows, []any{&leaf, &mac}, func() error {
		verified++
		return ring.Verify([32]byte(leaf), mac)
	})
	require.NoError(t, err)
	// What contradicts itself is no event. None of it because of a MAC.
	require.Equal(t, events, verified+count(t, d, "audit_quarantine"))
	require.Zero(t, count(t, d, "audit_quarantine WHERE reason = 'mac_invalid'"))
	require.Greater(t, verified, events/2)
}
