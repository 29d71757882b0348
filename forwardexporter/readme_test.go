package forwardexporter

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.yaml.in/yaml/v3"
	"google.golang.org/grpc/codes"
)

func configurationOf(t *testing.T) (table, example string) {
	t.Helper()
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(readme), "## Configuration")
	require.True(t, found)
	table, example, found = strings.Cut(section, "```yaml\n")
	require.True(t, found)
	example, _, found = strings.Cut(example, "```")
	require.True(t, found)
	return table, example
}

// TestREADMETable compares the table of keys with the defaults. Of the gRPC
// client it names the endpoint and what differs from the client's own default.
func TestREADMETable(t *testing.T) {
	table, _ := configurationOf(t)
	documented := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_.]+)` \\| (?:`([^`]*)`|\\(([^)]*)\\)) \\|").FindAllStringSubmatch(table, -1) {
		documented[row[1]] = row[2] + row[3]
	}

	cfg := defaultConfig()
	assert.Empty(t, cfg.ClientConfig.Endpoint)
	queue, retry := cfg.SendingQueue.Get(), cfg.RetryOnFailure
	assert.Nil(t, queue.StorageID)
	assert.False(t, queue.Batch.HasValue())
	want := map[string]string{
		"endpoint":                              "must be set",
		"compression":                           string(cfg.ClientConfig.Compression),
		"timeout":                               cfg.Timeout.String(),
		"sending_queue.storage":                 "must be set",
		"sending_queue.sizer":                   queue.Sizer.String(),
		"sending_queue.queue_size":              strconv.FormatInt(queue.QueueSize, 10),
		"sending_queue.num_consumers":           strconv.Itoa(queue.NumConsumers),
		"sending_queue.block_on_overflow":       strconv.FormatBool(queue.BlockOnOverflow),
		"sending_queue.wait_for_result":         strconv.FormatBool(queue.WaitForResult),
		"sending_queue.batch":                   "none",
		"retry_on_failure.enabled":              strconv.FormatBool(retry.Enabled),
		"retry_on_failure.initial_interval":     retry.InitialInterval.String(),
		"retry_on_failure.max_interval":         retry.MaxInterval.String(),
		"retry_on_failure.multiplier":           fmt.Sprint(retry.Multiplier),
		"retry_on_failure.randomization_factor": fmt.Sprint(retry.RandomizationFactor),
		"retry_on_failure.max_elapsed_time":     retry.MaxElapsedTime.String(),
	}
	assert.Equal(t, want, documented)

	marshaled := confmap.New()
	require.NoError(t, marshaled.Marshal(cfg))
	for _, key := range marshaled.AllKeys() {
		key = strings.ReplaceAll(key, "::", ".")
		if strings.HasPrefix(key, "sending_queue.") || strings.HasPrefix(key, "retry_on_failure.") {
			assert.Contains(t, documented, key)
		}
	}
}

func TestREADMEExample(t *testing.T) {
	_, example := configurationOf(t)
	var doc struct {
		Exporters map[string]map[string]any `yaml:"exporters"`
	}
	require.NoError(t, yaml.Unmarshal([]byte(example), &doc))
	cfg := defaultConfig()
	require.NoError(t, confmap.NewFromStringMap(doc.Exporters["audit_forward/gateway"]).Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))
}

// TestREADMEAnswers: the table says of each code whether the batch is divided.
func TestREADMEAnswers(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	for code, answer := range answers() {
		gateway := newGateway(t, answer)
		f := bare(t, gateway.address, newTelemetry(t), firstHalfFirst)
		require.Error(t, f.consume(t.Context(), request("a", "b")))
		name := "`" + code + "`"
		if code == partialSuccess {
			name = "partial success"
		}
		row := regexp.MustCompile(`(?m)^\|[^|]*` + name + `[^|]*\| (kept|divided)`).FindStringSubmatch(string(readme))
		switch {
		case gateway.asked() > 1:
			require.NotNil(t, row, code)
			assert.Equal(t, "divided", row[1], code)
		case row != nil:
			assert.Equal(t, "kept", row[1], code)
		default:
			assert.NotEqual(t, codes.Unauthenticated.String(), code)
		}
	}
}
