package guardextension

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

func TestConfigFromYAML(t *testing.T) {
	tests := []struct {
		name string
		yaml map[string]any
		want Config
	}{
		{name: "defaults", want: Config{MaxDepth: 4096, MaxMessages: 1_000_000, MaxExpandedBytes: 32 << 20, MaxInFlightBytes: 96 << 20}},
		{name: "everything", yaml: map[string]any{"max_depth": 128, "max_messages": 20_000, "max_expanded_bytes": 2097152, "max_in_flight_bytes": 1 << 30}, want: Config{MaxDepth: 128, MaxMessages: 20_000, MaxExpandedBytes: 2097152, MaxInFlightBytes: 1 << 30}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := NewFactory().CreateDefaultConfig()
			require.NoError(t, confmap.NewFromStringMap(tt.yaml).Unmarshal(got))
			require.NoError(t, confmap.Validate(got))
			assert.Equal(t, &tt.want, got)
		})
	}
}

func TestConfigUnknownKey(t *testing.T) {
	err := confmap.NewFromStringMap(map[string]any{"maxdepth": 100}).Unmarshal(NewFactory().CreateDefaultConfig())
	require.ErrorContains(t, err, "maxdepth")
}

func TestConfigInvalid(t *testing.T) {
	for depth, want := range map[int]string{
		63:     "max_depth: 63 is not between 64 and 10000",
		-1:     "max_depth: -1 is not between 64 and 10000",
		10_001: "max_depth: 10001 is not between 64 and 10000",
	} {
		require.EqualError(t, confmap.Validate(&Config{MaxDepth: depth, MaxMessages: defaultMaxMessages, MaxExpandedBytes: defaultExpanded, MaxInFlightBytes: defaultInFlight}), want)
	}
	for _, depth := range []int{64, 10_000} {
		require.NoError(t, confmap.Validate(&Config{MaxDepth: depth, MaxMessages: defaultMaxMessages, MaxExpandedBytes: defaultExpanded, MaxInFlightBytes: defaultInFlight}))
	}
	for _, messages := range []int64{9_999, 100_000_001} {
		require.ErrorContains(t, confmap.Validate(&Config{MaxDepth: 64, MaxMessages: messages, MaxExpandedBytes: defaultExpanded, MaxInFlightBytes: defaultInFlight}), "max_messages: ")
	}
	for _, size := range []int64{1<<20 - 1, 1<<40 + 1} {
		require.ErrorContains(t, confmap.Validate(&Config{MaxDepth: 64, MaxMessages: 10_000, MaxExpandedBytes: size, MaxInFlightBytes: defaultInFlight}), "max_expanded_bytes: ")
	}
	for _, size := range []int64{1<<24 - 1, 1<<40 + 1} {
		require.ErrorContains(t, confmap.Validate(&Config{MaxDepth: 64, MaxMessages: 10_000, MaxExpandedBytes: defaultExpanded, MaxInFlightBytes: size}), "max_in_flight_bytes: ")
	}
}
