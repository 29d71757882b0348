package cli

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

var update = flag.Bool("update", false, "write the table of checks into docs/doctor.md")

var (
	docs         = filepath.Join("..", "..", "docs")
	checksTable  = regexp.MustCompile(`(?s)(<!-- checks -->\n).*(<!-- /checks -->)`)
	headingLines = regexp.MustCompile(`(?m)^#+ (.+)$`)
)

// The table of all checks is what the program has:
// go test ./internal/cli -run TestDoctorDocument -update
func TestDoctorDocument(t *testing.T) {
	var table strings.Builder
	table.WriteString("\n| check | severity | what is wrong | what to do | read on |\n|---|---|---|---|---|\n")
	cellOf := strings.NewReplacer("|", `\|`, "\n", " ").Replace
	for _, c := range doctorChecks() {
		document, anchor, _ := strings.Cut(c.Section, "#")
		target := c.Section
		if document == "doctor.md" {
			target = "#" + anchor
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s | [%s](%s) |\n", c.ID, c.Severity, cellOf(c.Title), cellOf(c.Fix), document, target)
	}
	path := filepath.Join(docs, "doctor.md")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	want := checksTable.ReplaceAllStringFunc(string(text), func(string) string {
		return "<!-- checks -->\n" + table.String() + "\n<!-- /checks -->"
	})
	require.Contains(t, want, "`store.roles.superuser`")
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(want), 0o600))
		return
	}
	require.Equal(t, want, string(text), "run: go test ./internal/cli -run TestDoctorDocument -update")
}

// Ids are stable names, and what a finding points to is there.
func TestEveryCheckIsNamedAndDocumented(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range doctorChecks() {
		require.Regexp(t, `^(config|store|server|log|data)(\.[a-z_]+)+$`, c.ID)
		require.False(t, seen[c.ID], c.ID)
		seen[c.ID] = true
		require.NotEmpty(t, c.Title, c.ID)
		require.NotEmpty(t, c.Fix, c.ID)
		require.NotEmpty(t, c.Needs, c.ID)
		document, anchor, _ := strings.Cut(c.Section, "#")
		text, err := os.ReadFile(filepath.Join(docs, document))
		require.NoError(t, err, c.ID)
		var anchors []string
		for _, match := range headingLines.FindAllStringSubmatch(string(text), -1) {
			anchors = append(anchors, anchorOf(match[1]))
		}
		if anchor != "" {
			require.True(t, slices.Contains(anchors, anchor), "%s: %s has no section %q", c.ID, document, anchor)
		}
	}
}

// anchorOf is what a heading is linked by.
func anchorOf(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-', r == '_', unicode.IsLetter(r), unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
}

// Reading events leaves a trace, by the auditor's login; where it cannot be
// recorded nothing of what was read is shown, and the rest is.
func TestDoctorLeavesItsTrace(t *testing.T) {
	db := storetest.NewDatabase(t)
	db.RequireTraces(t)
	plant(t, db.WriterURL)
	super := func(statement string) {
		require.NoError(t, storetest.Cluster(t).Exec(t.Context(), db.Name, statement))
	}
	examine := func() (stdout string) {
		var out, errs bytes.Buffer
		Run(t.Context(), &System{
			Stdout: &out, Stderr: &errs, Now: time.Now, User: "tester", Getenv: func(string) string { return "" },
		}, []string{
			"doctor", "--database-url", db.AuditorURL, "--only", "data.actions.form,log.unsigned", "--tenant", "acme", "--as", "eve", "--format", "table",
		})
		return out.String()
	}
	require.Contains(t, examine(), "P2  data.actions.form")
	super(fmt.Sprintf(`DO $$ BEGIN
		ASSERT (SELECT count(*) = 1 FROM audit_outbox WHERE record @> '{"action": "audit.read.doctor", "actor": {"id": "eve"},
			"target": {"id": "acme"}, "payload": {"database_user": "%s", "rows": 5}}'), (SELECT string_agg(record::text, ' ') FROM audit_outbox);
	END $$`, db.Login("auditor")))

	super("REVOKE EXECUTE ON FUNCTION audit_trace(text, text, text, jsonb, bigint) FROM audit_auditor")
	said := examine()
	require.NotContains(t, said, "P2  data.actions.form")
	require.Contains(t, said, "??  data.actions.form  could not be checked: refused, because the trace of this read")
	require.Contains(t, said, "P0  log.unsigned")
}
