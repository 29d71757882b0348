// Package docs_test keeps the documentation true: snippets are the files the
// tests run, and the files people click exist.
package docs_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the example files into the documents")

var (
	example = regexp.MustCompile("(?s)<!-- example: (\\S+) -->\n(?:\n```[a-z]+\n.*?\n```\n)?")
	link    = regexp.MustCompile(`\]\(([^)#\s]+)(?:#[^)]*)?\)`)
)

// fences names the language of a code block after the file's extension.
var fences = map[string]string{".sh": "sh", ".mjs": "js", ".go": "go", ".py": "python", ".java": "java"}

func TestExamplesAreTheFilesThatRun(t *testing.T) {
	doc, err := os.ReadFile("emitting.md")
	require.NoError(t, err)

	found := 0
	want := example.ReplaceAllStringFunc(string(doc), func(block string) string {
		found++
		name := example.FindStringSubmatch(block)[1]
		code, err := os.ReadFile(filepath.Join("examples", name))
		require.NoError(t, err)
		return "<!-- example: " + name + " -->\n\n```" + fences[filepath.Ext(name)] + "\n" + string(code) + "```\n"
	})
	require.Equal(t, 6, found, "an example of docs/emitting.md went missing")

	if *update {
		require.NoError(t, os.WriteFile("emitting.md", []byte(want), 0o600))
		return
	}
	require.Equal(t, want, string(doc), "docs/emitting.md differs from docs/examples; run: go test ./docs -update")
}

func TestDocumentsAreComplete(t *testing.T) {
	var documents []string
	for _, pattern := range []string{"../*.md", "*.md", "adr/*.md", "../*/README.md"} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		documents = append(documents, files...)
	}
	require.Contains(t, documents, "../README.md")

	for _, document := range documents {
		text, err := os.ReadFile(document)
		require.NoError(t, err)
		require.NotRegexp(t, `@[A-Z]{2,}@`, string(text), "%s: a placeholder was never filled in", document)
		for _, match := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(match[1], "://") || strings.HasPrefix(match[1], "mailto:") {
				continue
			}
			_, err := os.Stat(filepath.Join(filepath.Dir(document), match[1]))
			require.NoErrorf(t, err, "%s links to %s", document, match[1])
		}
	}
}
