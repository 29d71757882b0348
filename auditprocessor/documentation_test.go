package auditprocessor

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/record"
)

// TestRecordDocumentationNamesTheDefaults compares what docs/record.md says of
// defaults and limits with the code.
func TestRecordDocumentationNamesTheDefaults(t *testing.T) {
	file, err := os.ReadFile("../docs/record.md")
	require.NoError(t, err)
	doc := strings.Join(strings.Fields(string(file)), " ")
	cfg := createDefaultConfig().(*Config)
	require.Empty(t, cfg.Enrich.Headers)
	require.Error(t, validateKeep(nil))
	for _, claim := range []string{
		fmt.Sprintf("`keep` narrows it down: the default `[%s]` keeps all, `[%s]` nothing", strings.Join(cfg.Keep, ", "), keepNone),
		"An empty list is refused.",
		fmt.Sprintf("`keep: [%s]` with a", keepNone),
		fmt.Sprintf("over `max_record_bytes` (%d KiB by default)", cfg.MaxRecordBytes>>10),
		fmt.Sprintf("ids and `context.ip` over %d bytes, `action`, types and tenants over %d bytes.", record.MaxIDBytes, record.MaxActionBytes),
		fmt.Sprintf("nesting over %d levels", record.MaxDepth),
		"`enrich.headers` names (none by default)",
	} {
		require.Contains(t, doc, claim)
	}
	require.Equal(t, record.MaxActionBytes, record.MaxTenantBytes)
}
