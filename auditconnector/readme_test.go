package auditconnector

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

// TestREADMETable compares the table of keys with the defaults.
func TestREADMETable(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	documented := map[string]string{}
	_, table, found := strings.Cut(string(readme), "## Configuration")
	require.True(t, found)
	table, _, _ = strings.Cut(table, "```")
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| (?:`([^`]*)`|\\(([^)]*)\\)) \\|").FindAllStringSubmatch(table, -1) {
		documented[row[1]] = row[2] + row[3]
	}

	want := map[string]string{}
	defaults := reflect.ValueOf(*defaultConfig())
	for i := range defaults.NumField() {
		key := defaults.Type().Field(i).Tag.Get("mapstructure")
		switch field := defaults.Field(i); {
		case key == "required":
			want[key] = "must be set"
		case field.Kind() == reflect.Slice:
			require.Zero(t, field.Len())
			want[key] = "[]"
		default:
			want[key] = fmt.Sprint(field.Interface())
		}
	}
	assert.Equal(t, want, documented)
}

// TestREADMEExample: the example is valid, and each pipeline it names receives
// from the connector.
func TestREADMEExample(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, example, found := strings.Cut(string(readme), "```yaml\n")
	require.True(t, found)
	example, _, _ = strings.Cut(example, "```")
	var doc struct {
		Connectors map[string]map[string]any `yaml:"connectors"`
		Service    struct {
			Pipelines map[string]struct {
				Receivers []string `yaml:"receivers"`
			} `yaml:"pipelines"`
		} `yaml:"service"`
	}
	require.NoError(t, yaml.Unmarshal([]byte(example), &doc))
	cfg := defaultConfig()
	require.NoError(t, confmap.NewFromStringMap(doc.Connectors["audit/route"]).Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))

	var attached []string
	for name, pipeline := range doc.Service.Pipelines {
		if len(pipeline.Receivers) == 1 && pipeline.Receivers[0] == "audit/route" {
			attached = append(attached, name)
		}
	}
	var named []string
	for _, list := range cfg.lists() {
		for _, id := range list.ids {
			text, err := id.MarshalText()
			require.NoError(t, err)
			named = append(named, string(text))
		}
	}
	assert.ElementsMatch(t, attached, named)
}

// TestREADMEMetrics compares the table of metrics with the generated list.
func TestREADMEMetrics(t *testing.T) {
	metric := regexp.MustCompile(`otelcol_connector_audit_[a-z_]+`)
	names := func(file string) []string {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		return metric.FindAllString(string(text), -1)
	}
	assert.ElementsMatch(t, names("documentation.md"), names("README.md"))
}
