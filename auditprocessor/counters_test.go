package auditprocessor

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelaudit/otelaudit/auditprocessor/internal/metadata"
	"github.com/otelaudit/otelaudit/auditprocessor/internal/metadatatest"
)

func TestMetrics(t *testing.T) {
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	set := processortest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = tel.NewTelemetrySettings()
	r := newRigWith(t, set, func(c *Config) {
		authenticated(c)
		c.Tenant.OnConflict = policyReject
		c.Telemetry.Actions = []string{"user.update"}
	})

	logs := one(t, flat())
	records := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
	for _, attrs := range []map[string]any{
		flat(),
		with(map[string]any{"audit.action": "unnamed", "audit.outcome": "denied", "audit.payload.token": "x"}),
		with(map[string]any{"audit.action": nil}),
		{"ordinary": true},
	} {
		require.NoError(t, records.AppendEmpty().Attributes().FromRaw(attrs))
	}
	r.send(user("acme"), t, logs)
	require.Error(t, r.ConsumeLogs(user("evil"), one(t, flat())))

	point := func(n int64, labels ...string) metricdata.DataPoint[int64] {
		var kvs []attribute.KeyValue
		for i := 0; i < len(labels); i += 2 {
			kvs = append(kvs, attribute.String(labels[i], labels[i+1]))
		}
		return metricdata.DataPoint[int64]{Value: n, Attributes: attribute.NewSet(kvs...)}
	}
	metadatatest.AssertEqualProcessorAuditRecords(t, tel, []metricdata.DataPoint[int64]{
		point(2, "result", "audit", "outcome", "success", "action", "user.update"),
		point(1, "result", "audit", "outcome", "denied"),
		point(1, "result", "quarantined", "reason", "missing_action"),
		point(1, "result", "ordinary"),
	}, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualProcessorAuditRedactedValues(t, tel, []metricdata.DataPoint[int64]{point(5)}, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualProcessorAuditRefusedRequests(t, tel, []metricdata.DataPoint[int64]{
		point(1, "reason", "tenant_violation"),
	}, metricdatatest.IgnoreTimestamp())
}
