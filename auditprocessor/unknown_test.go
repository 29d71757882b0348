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
	assert.Equal(t, 1, logged.FilterField(zap.String("action", "logins")).Len(), "named once")
}

// TestUnknownActionsAreBounded makes actions up: memory and log have an end, the
// count of records has none, and known ones stay known.
func TestUnknownActionsAreBounded(t *testing.T) {
	u := newUnknownActions([]string{"known.*"}, zap.NewNop())
	for i := range 3 * maxJudged {
		unknown, first := u.see(fmt.Sprintf("made-up-%d", i))
		require.True(t, unknown)
		require.Equal(t, i < maxUnknown, first)
		unknown, _ = u.see(fmt.Sprintf("known.%d", i))
		require.False(t, unknown)
	}
	assert.Len(t, u.judged, maxJudged)
}
