package otlpmap

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDocumentationNamesEverySpelling keeps docs/record.md complete.
func TestDocumentationNamesEverySpelling(t *testing.T) {
	file, err := os.ReadFile("../../docs/record.md")
	require.NoError(t, err)
	doc := string(file)
	for path := range spellings {
		if path == "integrity" || path == "sequence" {
			path += ".*"
		}
		require.Contains(t, doc, "`audit."+path+"`")
	}
	for _, name := range DefaultTenantAttributes() {
		require.Contains(t, doc, "`"+name+"`")
	}
	for _, e := range enrichments {
		require.Contains(t, doc, "`"+e.member+"`")
		for _, name := range e.from {
			require.Contains(t, doc, "`"+name+"`")
		}
	}
	for _, file := range []string{"../record/record.go", "../record/problem.go"} {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		words := regexp.MustCompile(`(?m)^\t(?:Flag|Reason|Outcome)\w+ += "(\w+)"`).FindAllSubmatch(source, -1)
		require.NotEmpty(t, words)
		for _, w := range words {
			if word := string(w[1]); word != "success" && word != "failure" && word != "denied" && word != "unknown" {
				require.Contains(t, doc, "`"+word+"`")
			}
		}
	}
}
