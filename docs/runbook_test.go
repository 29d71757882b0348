package docs_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRunbookNamesEveryMetricAndFinding holds the runbook against what the
// components emit and what verify and reconcile find, both ways.
func TestRunbookNamesEveryMetricAndFinding(t *testing.T) {
	runbook := readDocument(t, "runbook.md")
	components, err := filepath.Glob("../*/documentation.md")
	require.NoError(t, err)
	emitted := maps.Clone(ofTheCollector)
	for _, component := range components {
		for _, match := range regexp.MustCompile(`(?m)^### (otelcol_\w+)$`).FindAllStringSubmatch(readDocument(t, component), -1) {
			emitted[match[1]] = true
			require.Regexp(t, "`"+match[1]+"[`{]", runbook, component)
		}
	}
	require.Greater(t, len(emitted), 40)
	for _, named := range regexp.MustCompile(`otelcol_\w+`).FindAllString(runbook, -1) {
		require.True(t, emitted[named], "the runbook names %s, which nothing emits", named)
	}
	found := 0
	for _, source := range []string{"../internal/verify/*.go", "../internal/reconcile/*.go"} {
		files, err := filepath.Glob(source)
		require.NoError(t, err)
		for _, file := range files {
			for _, match := range regexp.MustCompile(`(?m)^\s+\w+\s+Kind = "(\w+)"`).FindAllStringSubmatch(readDocument(t, file), -1) {
				found++
				require.Contains(t, runbook, "`"+match[1]+"`", file)
			}
		}
	}
	require.Greater(t, found, 25)
}

func readDocument(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(text)
}
