package auditprocessor

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelaudit/otelaudit/auditprocessor/internal/metadata"
)

func TestFirstEventOfAnUnknownAction(t *testing.T) {
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	core, logged := observer.New(zap.WarnLevel)
	set := processortest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = tel.NewTelemetrySettings()
	set.Logger = zap.New(core)
	r := newRigWith(t, set, func(c *Config) { c.Telemetry.KnownActions = []string{"user.*", "login"} })
	count := func(name string) int64 {
		rest, _, _ := sum(t, tel, name, "")
		return rest
	}
	assert.Zero(t, count("otelcol_processor_audit_unknown_actions"), "there from the start, so that the first is a rise")
	for _, action := range []string{"user.update", "login", "logins", "logins", "user"} {
		require.NoError(t, r.ConsumeLogs(t.Context(), one(t, with(map[string]any{"audit.action": action}))))
	}
	assert.Equal(t, int64(2), count("otelcol_processor_audit_unknown_actions"))
	assert.Equal(t, int64(3), count("otelcol_processor_audit_unknown_action_records"))
	assert.Equal(t, 5, r.sink.LogRecordCount(), "unknown or not, they are stored")
	assert.Equal(t, 1, logged.FilterField(zap.Strings("actions", []string{"logins"})).Len(), "named once")
}

// TestUnknownActionsAreBounded makes actions and tenants up: memory has an end,
// the count of records has none, known ones stay known, and nobody is blinded by
// what others make up.
func TestUnknownActionsAreBounded(t *testing.T) {
	core, logged := observer.New(zap.WarnLevel)
	u := newUnknownActions([]string{"known.*"}, zap.New(core))
	made := make([]stranger, 3*maxJudged)
	for i := range made {
		made[i] = stranger{tenant: "evil", action: fmt.Sprintf("made-up-%d", i)}
		require.True(t, u.strange(made[i].action))
		require.False(t, u.strange(fmt.Sprintf("known.%d", i)))
	}
	assert.Equal(t, maxSeen, u.announce(made))
	require.Equal(t, 1, logged.Len(), "one line, because of many at once most are left out")
	assert.Len(t, logged.All()[0].ContextMap()["actions"], maxNamed)
	assert.Zero(t, u.announce(made))
	for i := range made {
		made[i].tenant = fmt.Sprintf("invented-%d", i)
	}
	assert.Equal(t, len(made), u.announce(made))
	assert.Len(t, u.judged, maxJudged)
	assert.Len(t, u.seen, maxStrange)
	assert.Equal(t, 1, u.announce([]stranger{{tenant: "acme", action: "made-up-1"}}), "another tenant's first")
}

// TestUnknownActionOfARefusedRecord is counted when the record is passed on.
func TestUnknownActionOfARefusedRecord(t *testing.T) {
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	set := processortest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = tel.NewTelemetrySettings()
	r := newRigWith(t, set, func(c *Config) {
		c.Telemetry.KnownActions = []string{"nothing"}
		c.Limits.Tenants = []TenantLimitConfig{{Names: []string{"flood"}, LimitConfig: LimitConfig{RecordsPerDay: 1}}}
	})
	require.NoError(t, r.ConsumeLogs(t.Context(), tenants(t, "flood")))
	require.Error(t, r.ConsumeLogs(t.Context(), tenants(t, "flood", "flood")))
	records, _, _ := sum(t, tel, "otelcol_processor_audit_unknown_action_records", "")
	assert.Equal(t, int64(1), records)
}
