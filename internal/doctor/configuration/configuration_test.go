package configuration_test

import (
	"bufio"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/doctor"
	"github.com/otelaudit/otelaudit/internal/doctor/configuration"
)

// password is in every test's environment, and must be in no report.
const password = "correct-horse"

// environment is one of variables, with the files of the disk.
func environment(variables map[string]string) configuration.Environment {
	return configuration.Environment{
		Lookup: func(name string) (string, bool) {
			text, set := variables[name]
			return text, set
		},
		Read: os.ReadFile,
	}
}

func sound() map[string]string {
	return map[string]string{
		"AUDIT_WRITER_URL":     "postgres://writer:" + password + "@db.example.com/audit",
		"AUDIT_OUTBOX_URL":     "postgres://outbox:" + password + "@db.example.com/audit",
		"AUDIT_KAFKA_PASSWORD": password,
		"GOMEMLIMIT":           "350MiB",
	}
}

// look makes all checks.
func look(t *testing.T, variables map[string]string, files ...string) *doctor.Report {
	t.Helper()
	c, err := configuration.Load(files, environment(variables))
	require.NoError(t, err)
	report := doctor.NewReport()
	require.NoError(t, doctor.Run(t.Context(), report, doctor.Choice{}, configuration.Probes(), c))
	report.Sort()
	severities := map[string]doctor.Severity{}
	for _, check := range doctor.Checks(configuration.Probes()) {
		severities[check.ID] = check.Severity
	}
	for _, f := range report.Findings {
		require.False(t, f.Severity.Worse(severities[f.ID]), "%s is worse than the documentation has it: %+v", f.ID, f)
		require.NotContains(t, f.Detail+f.Where+f.Title+f.Fix, password)
	}
	return report
}

// found are the findings of a report, as the comments in testdata have them.
func found(report *doctor.Report) []string {
	all := []string{}
	for _, f := range report.Findings {
		all = append(all, filepath.Base(f.Where)+" "+string(f.Severity)+" "+f.ID)
	}
	slices.Sort(all)
	return all
}

// wanted are the findings that the comments of a file announce: "# want P0 config.x".
func wanted(t *testing.T, file string) []string {
	t.Helper()
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	all := []string{}
	lines := bufio.NewScanner(f)
	for number := 1; lines.Scan(); number++ {
		for _, want := range strings.Split(lines.Text(), "# want ")[1:] {
			all = append(all, filepath.Base(file)+":"+strconv.Itoa(number)+" "+strings.TrimSpace(want))
		}
	}
	require.NoError(t, lines.Err())
	slices.Sort(all)
	return all
}

func TestSoundConfigurationHasNoFinding(t *testing.T) {
	report := look(t, sound(), "testdata/base.yaml")
	require.Empty(t, found(report))
	require.Empty(t, report.Unchecked)
}

// TestEveryCheckFindsItsFault lays each fault over the sound configuration and
// expects what its comments say, at these lines, and nothing else. A file called
// good.* is the same with the fault mended.
func TestEveryCheckFindsItsFault(t *testing.T) {
	files, err := filepath.Glob("testdata/*/*.yaml")
	require.NoError(t, err)
	covered := map[string]bool{}
	for _, file := range files {
		t.Run(strings.TrimPrefix(strings.TrimSuffix(file, ".yaml"), "testdata/"), func(t *testing.T) {
			check := filepath.Base(filepath.Dir(file))
			want := wanted(t, file)
			good := strings.HasPrefix(filepath.Base(file), "good")
			require.Equal(t, good, len(want) == 0, "a good file announces nothing, a bad one something")
			for _, w := range want {
				if strings.HasSuffix(w, " config."+check) {
					covered[check] = true
				}
			}
			report := look(t, sound(), "testdata/base.yaml", file)
			require.Equal(t, want, found(report))
			require.Empty(t, report.Unchecked)
			if good {
				require.FileExists(t, filepath.Join(filepath.Dir(file), "bad.yaml"), "a good twin of nothing")
			}
		})
	}
	for _, probe := range configuration.Probes() {
		id := strings.TrimPrefix(probe.ID, "config.")
		if id == "gomemlimit" || id == "resolved" || id == "no_sink" {
			continue // tests of their own
		}
		require.True(t, covered[id], "testdata/%s has no file with a finding of %s", id, probe.ID)
		require.FileExists(t, filepath.Join("testdata", id, "good.yaml"))
	}
}

var heading = regexp.MustCompile(`(?m)^#+ (.+)$`)

// TestSectionsExist: what a finding points to is there.
func TestSectionsExist(t *testing.T) {
	for _, probe := range configuration.Probes() {
		document, anchor, _ := strings.Cut(probe.Section, "#")
		text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", document))
		require.NoError(t, err, probe.ID)
		if anchor == "" {
			continue
		}
		anchors := []string{}
		for _, match := range heading.FindAllStringSubmatch(string(text), -1) {
			anchors = append(anchors, slug(match[1]))
		}
		require.Contains(t, anchors, anchor, probe.ID)
	}
}

// slug is what a heading is linked by.
func slug(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-', r == '_', unicode.IsLetter(r), unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, text)
}
