package auditconnector

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pipeline"

	"github.com/otelaudit/otelaudit/auditconnector/internal/metadata"
)

var (
	logsAudit   = pipeline.NewIDWithName(pipeline.SignalLogs, "audit")
	logsJournal = pipeline.NewIDWithName(pipeline.SignalLogs, "journal")
	logsSIEM    = pipeline.NewIDWithName(pipeline.SignalLogs, "siem")
	logsApp     = pipeline.NewIDWithName(pipeline.SignalLogs, "app")
	logsPlain   = pipeline.NewID(pipeline.SignalLogs)
)

func TestConfigFromYAML(t *testing.T) {
	everything := &Config{
		Required:          []pipeline.ID{logsAudit, logsJournal},
		BestEffort:        []pipeline.ID{logsSIEM},
		Rest:              []pipeline.ID{logsApp, logsPlain},
		AuditRecords:      AuditRecordsAuditOnly,
		SamplingAttribute: "sampling.keep",
		BestEffortTimeout: 250 * time.Millisecond,
	}
	minimal := defaultConfig()
	minimal.Required = []pipeline.ID{logsAudit}

	cm, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	for name, want := range map[string]*Config{"audit": minimal, "audit/everything": everything} {
		t.Run(name, func(t *testing.T) {
			sub, err := cm.Sub(name)
			require.NoError(t, err)
			got := NewFactory().CreateDefaultConfig()
			require.NoError(t, sub.Unmarshal(got))
			require.NoError(t, confmap.Validate(got))
			assert.Equal(t, want, got)
		})
	}
}

func TestConfigUnknownKey(t *testing.T) {
	cm := confmap.NewFromStringMap(map[string]any{"required": []any{"logs/audit"}, "requird": []any{"logs/audit"}})
	require.ErrorContains(t, cm.Unmarshal(NewFactory().CreateDefaultConfig()), "requird")
}

func TestConfigInvalid(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{
			name:   "no required pipeline",
			change: func(cfg *Config) { cfg.Required = nil },
			want:   `required: name at least one pipeline that must accept every audit record, for example [logs/audit]`,
		},
		{
			name: "not a logs pipeline",
			change: func(cfg *Config) {
				cfg.BestEffort = []pipeline.ID{pipeline.NewIDWithName(pipeline.SignalTraces, "app")}
			},
			want: `best_effort: "traces/app" is not a logs pipeline; audit records are logs`,
		},
		{
			name:   "in two lists",
			change: func(cfg *Config) { cfg.Rest = []pipeline.ID{logsApp, logsAudit} },
			want:   `rest: pipeline "logs/audit" already stands in required; each belongs to one list, once`,
		},
		{
			name:   "twice in one list",
			change: func(cfg *Config) { cfg.Required = []pipeline.ID{logsAudit, logsAudit} },
			want:   `required: pipeline "logs/audit" already stands in required; each belongs to one list, once`,
		},
		{
			name:   "unknown audit_records",
			change: func(cfg *Config) { cfg.AuditRecords = "copy" },
			want:   `audit_records: "copy" is neither "both" nor "audit_only"`,
		},
		{
			name:   "sampling_attribute with a space",
			change: func(cfg *Config) { cfg.SamplingAttribute = "sampling.priority " },
			want:   `sampling_attribute: "sampling.priority " begins or ends with a space`,
		},
		{
			name:   "no time for best effort",
			change: func(cfg *Config) { cfg.BestEffortTimeout = 0 },
			want:   `best_effort_timeout: 0s is not a time to wait; use for example 1s`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := defaultConfig()
			cfg.Required = []pipeline.ID{logsAudit}
			tt.change(cfg)
			require.EqualError(t, confmap.Validate(cfg), tt.want)
		})
	}
}

func TestPipelinesMustMatchTheService(t *testing.T) {
	tests := []struct {
		name     string
		change   func(*Config)
		attached []pipeline.ID
		want     string
	}{
		{
			name:     "named but not attached",
			change:   func(cfg *Config) { cfg.Rest = []pipeline.ID{logsApp} },
			attached: []pipeline.ID{logsAudit},
			want:     `rest: pipeline "logs/app" does not receive from this connector; list the connector among that pipeline's receivers`,
		},
		{
			name:     "attached but not named",
			change:   func(*Config) {},
			attached: []pipeline.ID{logsSIEM, logsAudit, logsApp},
			want: `pipeline "logs/app" receives from this connector but stands in none of required, best_effort and rest` + "\n" +
				`pipeline "logs/siem" receives from this connector but stands in none of required, best_effort and rest`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := defaultConfig()
			cfg.Required = []pipeline.ID{logsAudit}
			tt.change(cfg)
			consumers := map[pipeline.ID]consumer.Logs{}
			for _, id := range tt.attached {
				consumers[id] = consumertest.NewNop()
			}
			_, err := NewFactory().CreateLogsToLogs(t.Context(),
				connectortest.NewNopSettings(metadata.Type), cfg, connector.NewLogsRouter(consumers))
			require.EqualError(t, err, tt.want)
		})
	}
}
