package guardextension

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.yaml.in/yaml/v3"
)

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	return string(text)
}

// TestREADMETable compares the table of keys with the defaults and the range.
func TestREADMETable(t *testing.T) {
	documented := map[string]string{}
	_, table, found := strings.Cut(readme(t), "## Configuration")
	require.True(t, found)
	table, _, _ = strings.Cut(table, "```")
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| `([^`]*)` \\|").FindAllStringSubmatch(table, -1) {
		documented[row[1]] = row[2]
	}
	want := map[string]string{}
	defaults := reflect.ValueOf(*defaultConfig())
	for i := range defaults.NumField() {
		want[defaults.Type().Field(i).Tag.Get("mapstructure")] = fmt.Sprint(defaults.Field(i).Interface())
	}
	assert.Equal(t, want, documented)
	assert.Contains(t, table, fmt.Sprintf("%d to %d;", leastMaxDepth, greatMaxDepth))
	assert.Contains(t, table, fmt.Sprintf("`%d * max_depth + %d`", bracketsPerLevel, bracketsAround))
}

// TestREADMEExample: the example is valid, and all that it lists is the guard.
func TestREADMEExample(t *testing.T) {
	_, example, found := strings.Cut(readme(t), "```yaml\n")
	require.True(t, found)
	example, _, _ = strings.Cut(example, "```")
	var doc struct {
		Extensions map[string]map[string]any `yaml:"extensions"`
		Receivers  struct {
			OTLP struct {
				Protocols map[string]struct {
					Middlewares []map[string]string `yaml:"middlewares"`
				} `yaml:"protocols"`
			} `yaml:"otlp"`
		} `yaml:"receivers"`
		Service struct {
			Extensions []string `yaml:"extensions"`
		} `yaml:"service"`
	}
	require.NoError(t, yaml.Unmarshal([]byte(example), &doc))
	const name = "audit_guard"
	assert.Equal(t, name, NewFactory().Type().String())
	cfg := defaultConfig()
	require.NoError(t, confmap.NewFromStringMap(doc.Extensions[name]).Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))
	assert.Equal(t, []string{name}, doc.Service.Extensions)
	require.Len(t, doc.Receivers.OTLP.Protocols, 2)
	for protocol, settings := range doc.Receivers.OTLP.Protocols {
		assert.Equal(t, []map[string]string{{"id": name}}, settings.Middlewares, protocol)
	}
}

// TestREADMEMetrics compares the table of metrics with the generated list.
func TestREADMEMetrics(t *testing.T) {
	metric := regexp.MustCompile(`otelcol_extension_audit_guard_[a-z_]+`)
	generated, err := os.ReadFile("documentation.md")
	require.NoError(t, err)
	assert.ElementsMatch(t, metric.FindAllString(string(generated), -1), metric.FindAllString(readme(t), -1))
}
