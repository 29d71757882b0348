package configuration_test

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/doctor"
)

// meant are findings in the shipped configurations that are their purpose. Each
// is named in a comment of its file.
var meant = map[string][]string{
	"gateway.yaml":         {"config.one_sink"},
	"gateway-durable.yaml": {"config.one_sink"},
	"kafka-gateway.yaml":   {"config.one_sink"},
}

// TestShippedConfigurationsPass makes all checks of config/*.yaml, with each
// environment's values.
func TestShippedConfigurationsPass(t *testing.T) {
	files, err := filepath.Glob("../../../config/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	environments, err := filepath.Glob("../../../config/env/*.env")
	require.NoError(t, err)
	require.NotEmpty(t, environments)
	for _, file := range files {
		for _, env := range environments {
			if filepath.Base(file) == "dev.yaml" && filepath.Base(env) != "dev.env" {
				continue // for loopback addresses only, and says so
			}
			t.Run(filepath.Base(file)+" "+filepath.Base(env), func(t *testing.T) {
				report := look(t, shipped(t, env), file)
				worse := []string{}
				for _, f := range report.Findings {
					if f.Severity != doctor.P2 {
						worse = append(worse, f.ID)
					}
				}
				require.ElementsMatch(t, meant[filepath.Base(file)], worse, "%+v", report.Findings)
				require.Empty(t, report.Unchecked)
			})
		}
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, id := range meant[filepath.Base(file)] {
			require.Contains(t, string(text), id, "%s has a finding that nobody says is meant", file)
		}
	}
}

// shipped are the variables of an env file, and the secrets that come from elsewhere.
func shipped(t *testing.T, file string) map[string]string {
	t.Helper()
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	variables := sound()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if name, text, found := strings.Cut(lines.Text(), "="); found && !strings.HasPrefix(name, "#") {
			variables[name] = text
		}
	}
	require.NoError(t, lines.Err())
	return variables
}
