package auditexporter

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/otlpmap"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// withQuarantined adds n records that a processor sent to quarantine.
func withQuarantined(logs plog.Logs, n int) plog.Logs {
	list := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for i := range n {
		lr := list.AppendEmpty()
		lr.Attributes().PutStr("audit.action", "x")
		otlpmap.Quarantine(lr, otlpmap.QuarantineMark{
			Reason: record.ReasonTooDeep, Detail: "d", SHA256: [32]byte{byte(i), byte(i >> 8), 1}, TenantID: "acme",
		})
	}
	return logs
}

// The bounds of one transaction hold for the quarantine too.
func TestLargeQuarantine(t *testing.T) {
	d := storetest.NewDatabase(t)
	e := start(t, d.WriterURL, func(c *Config) { c.Batch.MaxRecords = 100 })
	require.NoError(t, e.ConsumeLogs(t.Context(), withQuarantined(plog.NewLogs(), 1000)))
	assert.Equal(t, 1000, count(t, d, "audit_quarantine"))
	assert.Equal(t, 1000, e.sum(t, "quarantined_records"))
	conn, err := pgx.Connect(t.Context(), d.SuperURL)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	var largest int
	require.NoError(t, conn.QueryRow(t.Context(),
		"SELECT max(n) FROM (SELECT count(*) AS n FROM audit_quarantine GROUP BY xmin::text) AS t").Scan(&largest))
	assert.LessOrEqual(t, largest, 100)
	e.requireBalance(t)
}

// The quarantine does not wait for the events of its request.
func TestQuarantineBesideEvents(t *testing.T) {
	d := storetest.NewDatabase(t)
	e := start(t, d.WriterURL, func(c *Config) { c.Batch.MaxRecords, c.Timeout = 10, time.Second })
	unlock := lockTenant(t, d, "t0")
	logs := plog.NewLogs()
	canonical(t, refund("t0", "e", 1)).CopyTo(logs)
	require.ErrorIs(t, e.ConsumeLogs(t.Context(), withQuarantined(logs, 250)), errUnavailable)
	assert.NotZero(t, count(t, d, "audit_quarantine"))
	unlock()
	require.NoError(t, e.ConsumeLogs(t.Context(), logs))
	assert.Equal(t, 250, count(t, d, "audit_quarantine"))
	assert.Equal(t, 1, count(t, d, "audit_events"))
	e.requireBalance(t)
}

// Conflicts are found late, and are as many as the events.
func TestManyConflicts(t *testing.T) {
	d := storetest.NewDatabase(t)
	e := start(t, d.WriterURL, func(c *Config) { c.Batch.MaxRecords = 50 })
	require.NoError(t, e.ConsumeLogs(t.Context(), canonical(t, refunds(5, 300)...)))
	changed := refunds(5, 300)
	for i := range changed {
		changed[i].Reason = fmt.Sprint("another ", i)
	}
	require.NoError(t, e.ConsumeLogs(t.Context(), canonical(t, changed...)))
	assert.Equal(t, 300, count(t, d, "audit_events"))
	assert.Equal(t, 300, count(t, d, "audit_quarantine"))
	e.requireBalance(t)
	require.Eventually(t, func() bool { return e.Logs.(*auditExporter).waiting.Load() == 0 }, 10*time.Second, time.Millisecond)
}
