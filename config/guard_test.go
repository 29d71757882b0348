package config_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// TestEveryEntranceIsGuarded: one request from anybody who can connect ends a
// collector whose receiver decodes without audit_guard. With the same limit everywhere,
// what the gateway would refuse does not get past an agent.
func TestEveryEntranceIsGuarded(t *testing.T) {
	for _, role := range roles {
		t.Run(role, func(t *testing.T) {
			var doc struct {
				Extensions map[string]map[string]any `yaml:"extensions"`
				Receivers  map[string]struct {
					Logs struct {
						Encoding string `yaml:"encoding"`
					} `yaml:"logs"`
					Protocols map[string]struct {
						Middlewares []struct {
							ID string `yaml:"id"`
						} `yaml:"middlewares"`
					} `yaml:"protocols"`
				} `yaml:"receivers"`
				Service struct {
					Extensions []string `yaml:"extensions"`
				} `yaml:"service"`
			}
			require.NoError(t, yaml.Unmarshal([]byte(readFile(t, role+".yaml")), &doc))
			assert.Empty(t, doc.Extensions["audit_guard"], "max_depth is the default")
			assert.Contains(t, doc.Service.Extensions, "audit_guard")
			if kafka, found := doc.Receivers["kafka/audit"]; found {
				assert.Equal(t, "audit_guard", kafka.Logs.Encoding)
				return
			}
			require.Len(t, doc.Receivers["otlp"].Protocols, 2)
			for protocol, settings := range doc.Receivers["otlp"].Protocols {
				require.Len(t, settings.Middlewares, 1, protocol)
				assert.Equal(t, "audit_guard", settings.Middlewares[0].ID, protocol)
			}
		})
	}
}
