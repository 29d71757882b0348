package docs_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/testbed/poison"
)

// TestPoisonTableIsTheTests holds the documented matrix against the one that the
// end-to-end tests send.
func TestPoisonTableIsTheTests(t *testing.T) {
	const begin, end = "<!-- poison: begin -->\n", "<!-- poison: end -->\n"
	doc, err := os.ReadFile("reliability.md")
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(doc), begin)
	require.True(t, found, "docs/reliability.md has no %s", begin)
	_, after, found := strings.Cut(rest, end)
	require.True(t, found, "docs/reliability.md has no %s", end)
	want := before + begin + "\n" + poison.Table() + "\n" + end + after
	if *update {
		require.NoError(t, os.WriteFile("reliability.md", []byte(want), 0o600))
		return
	}
	require.Equal(t, want, string(doc), "docs/reliability.md differs from testbed/poison; run: go test ./docs -update")
	tests, err := os.ReadFile("../testbed/e2e/poison_test.go")
	require.NoError(t, err)
	for _, name := range []string{"TestPoison", "TestPoisonInTheQueue", "TestPoisonTwice", "TestPoisonWhilePostgresGoesDown", "TestNothingInARequest", "TestGarbageIsRefused"} {
		require.Contains(t, string(doc), "`"+name+"`")
		require.Contains(t, string(tests), "func "+name+"(")
	}
}
