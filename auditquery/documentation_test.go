package auditquery_test

import (
	"bytes"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/cli"
)

var update = flag.Bool("update", false, "write the outputs into docs/querying.md")

// documented is a command line of the document with its output.
var documented = regexp.MustCompile("(?s)<!-- run -->\n\n```sh\notelaudit ([^\n]*)\n```\n\n```text\n(.*?)```\n")

// unstable is what differs from store to store: when an event arrived.
var unstable = regexp.MustCompile(`"recorded_at":( ?)"[^"]*"`)

// The commands of docs/querying.md print what it says, on a terminal of 120
// columns: the table is what a person sees first.
func TestTheDocumentedCommandsPrintWhatTheDocumentSays(t *testing.T) {
	const document = "../docs/querying.md"
	text, err := os.ReadFile(document)
	require.NoError(t, err)
	url, done := exampleStore()
	defer done()
	found := 0
	want := documented.ReplaceAllStringFunc(string(text), func(block string) string {
		found++
		parts := documented.FindStringSubmatch(block)
		return "<!-- run -->\n\n```sh\notelaudit " + parts[1] + "\n```\n\n```text\n" + printed(t, url, parts[1]) + "```\n"
	})
	require.Greater(t, found, 5)
	if *update {
		require.NoError(t, os.WriteFile(document, []byte(want), 0o600))
		return
	}
	require.Equal(t, want, string(text), "run: go test ./auditquery -run Documented -update")
}

// printed is what a person sees of a command: its result, then its errors.
func printed(t *testing.T, url, line string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cli.Run(t.Context(), &cli.System{
		Stdout: &stdout, Stderr: &stderr, StdoutTerminal: true, Width: 120, Now: time.Now,
		Getenv: func(name string) string { return map[string]string{"AUDIT_READER_URL": url}[name] },
	}, strings.Fields(line)) // the document quotes nothing
	return unstable.ReplaceAllString(stdout.String(), `"recorded_at":$1"2026-11-22T14:05:46.082751Z"`) + stderr.String()
}
