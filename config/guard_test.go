package config_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// TestEveryEntranceIsGuarded: one request from anybody who can connect ends a
// collector whose receiver decodes without audit_guard. With the same limit everywhere,
// what the gateway would refuse does not get past an agent.
func TestEveryEntranceIsGuarded(t *testing.T) {
	for _, role := range slices.Concat(roles, []string{"../docs/examples/isolation/gateway"}) {
		t.Run(role, func(t *testing.T) {
			var doc struct {
				Extensions map[string]map[string]any `yaml:"extensions"`
				Receivers  map[string]struct {
					Logs struct {
						Encoding string `yaml:"encoding"`
					} `yaml:"logs"`
					Protocols map[string]struct {
						CompressionAlgorithms []string      `yaml:"compression_algorithms"`
						ReadHeaderTimeout     time.Duration `yaml:"read_header_timeout"`
						ReadTimeout           time.Duration `yaml:"read_timeout"`
						IdleTimeout           time.Duration `yaml:"idle_timeout"`
						ReadBufferSize        int           `yaml:"read_buffer_size"`
						WriteBufferSize       int           `yaml:"write_buffer_size"`

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
			guard := doc.Extensions["audit_guard"]
			assert.NotContains(t, guard, "max_depth", "the default")
			assert.NotContains(t, guard, "max_messages", "the default")
			assert.Contains(t, guard["max_in_flight_bytes"], "${env:AUDIT_MAX_IN_FLIGHT_BYTES")
			assert.Contains(t, doc.Service.Extensions, "audit_guard")
			if kafka, found := doc.Receivers["kafka/audit"]; found {
				assert.Equal(t, "audit_guard", kafka.Logs.Encoding)
				return
			}
			require.Len(t, doc.Receivers["otlp"].Protocols, 2)
			assert.ElementsMatch(t, []string{"", "gzip"}, doc.Receivers["otlp"].Protocols["http"].CompressionAlgorithms)
			slow := doc.Receivers["otlp"].Protocols["http"]
			for _, timeout := range []time.Duration{slow.ReadHeaderTimeout, slow.ReadTimeout, slow.IdleTimeout} {
				assert.Positive(t, timeout, "the receiver waits for ever where it is told nothing")
			}
			fat := doc.Receivers["otlp"].Protocols["grpc"]
			assert.Equal(t, []int{16384, 4096}, []int{fat.ReadBufferSize, fat.WriteBufferSize}, "544 KiB for each connection, also an idle one")
			for protocol, settings := range doc.Receivers["otlp"].Protocols {
				require.Len(t, settings.Middlewares, 1, protocol)
				assert.Equal(t, "audit_guard", settings.Middlewares[0].ID, protocol)
			}
		})
	}
}

// TestMemoryBoundsFitTogether: the runtime collects garbage before memory_limiter
// refuses, and what the guard lets in leaves room for the rest.
func TestMemoryBoundsFitTogether(t *testing.T) {
	for _, name := range []string{"dev", "staging", "production"} {
		t.Run(name, func(t *testing.T) {
			values := map[string]int64{}
			for line := range strings.Lines(readFile(t, "env/"+name+".env")) {
				key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
				if n, err := strconv.ParseInt(strings.TrimSuffix(value, "MiB"), 10, 64); err == nil {
					values[key] = n
				}
			}
			goal, limit, spike := values["GOMEMLIMIT"], values["AUDIT_MEMORY_LIMIT_MIB"], values["AUDIT_MEMORY_SPIKE_MIB"]
			inFlight := values["AUDIT_MAX_IN_FLIGHT_BYTES"] >> 20
			require.Positive(t, goal)
			require.Positive(t, inFlight)
			assert.Less(t, goal, limit-spike)
			assert.Less(t, 2*inFlight, goal)
		})
	}
}
