package storageextension

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.yaml.in/yaml/v3"
)

// TestREADME: the default and the range are those of the code, and the example
// is valid.
func TestREADME(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	assert.Contains(t, string(text), fmt.Sprintf("| `reserve_mib` | `%d` |", defaultReserve))
	assert.Contains(t, string(text), fmt.Sprintf("request, %d to %d |", leastReserve, greatReserve))
	_, example, found := strings.Cut(string(text), "```yaml\n")
	require.True(t, found)
	example, _, _ = strings.Cut(example, "```")
	var doc struct {
		Extensions map[string]map[string]any `yaml:"extensions"`
	}
	require.NoError(t, yaml.Unmarshal([]byte(example), &doc))
	cfg := NewFactory().CreateDefaultConfig().(*Config)
	require.NoError(t, confmap.NewFromStringMap(doc.Extensions["file_storage/queue"]).Unmarshal(cfg))
	require.NoError(t, cfg.Validate())
	assert.True(t, cfg.FSync)
}
